/*
 * The loops of assembly/lab-batch.ts in C. ../native.ts compiles this with gcc -O3 -march=native.
 *
 *   clock CASE spells N   the least time an operation took in one of N spells, ns
 *   clock CASE results    what one pass computes, a word in hex a line
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef __AVX2__
#include <immintrin.h>
#endif

#define WORDS 2048
#define PAGES 512
#define MUL 3579139413u /* 2.4 GHz */
#define SHIFT (-1)
#define TICK 1000000u
#define HZ 1000u
#define TSC_A_TICK 2400000u
#define CHAIN_STEP 0x123456789abcdefu
#define READ_STEP 1000003u
/* A TSC of 2.4 GHz that is 3 ppb fast, its first instant and the distance to the next, and 1 ms of counts. */
#define NUM 2400000007200000000u
#define DEN 1000000000000000000u
#define FIRST 1000000000000000u
#define APART 1000003u
#define AHEAD 2400000u
#define TB_NUM 512020480000000000u /* 512 MHz, 40 ppm fast */
#define TB_HZ 512000000u
#define DEC_LATER 1000u

struct page {
  uint32_t version, pad0;
  uint64_t tsc_timestamp, system_time;
  uint32_t tsc_to_system_mul;
  int8_t tsc_shift;
  uint8_t flags, pad1[2];
};

struct ticker {
  uint64_t tsc, processed, jiffies, sum, left;
};

static uint64_t in[WORDS], out[WORDS], times[WORDS], values[WORDS];
static struct page pages[PAGES];
static struct ticker ticker;

/* Another CPU may write the page between two loads. */
#define barrier() __asm__ volatile("" ::: "memory")

static inline uint64_t scale_delta(uint64_t delta, uint32_t mul, int shift) {
  delta = shift < 0 ? delta >> -shift : delta << shift;
  return (uint64_t)(((unsigned __int128)delta * mul) >> 32);
}

static inline uint64_t page_read(const struct page *p, uint64_t tsc) {
  uint32_t version;
  uint64_t ns;
  do {
    version = p->version & ~1u;
    barrier();
    ns = p->system_time + scale_delta(tsc - p->tsc_timestamp, p->tsc_to_system_mul, p->tsc_shift);
    barrier();
  } while (p->version != version);
  return ns;
}

static void page_write(struct page *p, uint64_t tsc, uint64_t time) {
  p->version = (p->version + 1) | 1;
  barrier();
  p->tsc_timestamp = tsc;
  p->system_time = time;
  p->tsc_to_system_mul = MUL;
  p->tsc_shift = SHIFT;
  p->flags = 0;
  barrier();
  p->version++;
}

static __attribute__((noipa)) uint64_t page_read_call(const struct page *p, uint64_t tsc) {
  return page_read(p, tsc);
}

static __attribute__((noipa)) void scale_each(const uint64_t *from, uint64_t *to, size_t n, uint32_t mul, int shift) {
  for (size_t i = 0; i < n; i++) to[i] = scale_delta(from[i], mul, shift);
}

static __attribute__((noipa)) uint64_t scale_chain(uint64_t ns, size_t n, uint32_t mul, int shift) {
  while (n--) ns = scale_delta(ns + CHAIN_STEP, mul, shift);
  return ns;
}

/* In parts of 32 bits, a form that gcc makes vectors of. */
static inline uint64_t scale_parts(uint64_t delta, uint32_t mul) {
  return (delta >> 32) * mul + (((delta & 0xffffffff) * mul) >> 32);
}

static __attribute__((noipa)) void scale_batch(const uint64_t *restrict from, uint64_t *restrict to, size_t n,
                                                  uint32_t mul, int shift) {
  if (shift < 0)
    for (size_t i = 0; i < n; i++) to[i] = scale_parts(from[i] >> -shift, mul);
  else
    for (size_t i = 0; i < n; i++) to[i] = scale_parts(from[i] << shift, mul);
}

static __attribute__((noipa)) void read_batch(const struct page *p, const uint64_t *restrict from,
                                                 uint64_t *restrict to, size_t n) {
  uint32_t version;
  do {
    version = p->version & ~1u;
    barrier();
    uint64_t stamp = p->tsc_timestamp, time = p->system_time;
    uint32_t mul = p->tsc_to_system_mul;
    int shift = p->tsc_shift;
    barrier();
    if (shift < 0)
      for (size_t i = 0; i < n; i++) to[i] = time + scale_parts((from[i] - stamp) >> -shift, mul);
    else
      for (size_t i = 0; i < n; i++) to[i] = time + scale_parts((from[i] - stamp) << shift, mul);
    barrier();
  } while (p->version != version);
}

static __attribute__((noipa)) void read_pages(const struct page *p, const uint64_t *from, uint64_t *to, size_t n) {
  for (size_t i = 0; i < n; i++) to[i] = page_read(p + i, from[i]);
}

static __attribute__((noipa)) uint64_t page_reads(const struct page *p, uint64_t tsc, size_t n) {
  uint64_t sum = 0;
  for (size_t i = 0; i < n; i++) sum += page_read(p, tsc + i * READ_STEP);
  return sum;
}

static __attribute__((noipa)) void ticks(struct page *p, struct ticker *t, size_t n) {
  while (n--) {
    t->tsc += TSC_A_TICK;
    if (t->left-- == 0) {
      t->left = HZ - 1;
      page_write(p, t->tsc, page_read_call(p, t->tsc));
    }
    uint64_t now = page_read_call(p, t->tsc);
    t->sum += now;
    while (now - t->processed >= TICK) {
      t->processed += TICK;
      t->jiffies++;
    }
  }
}

/* The same with the read in the loop and all of the ticker in registers. */
static __attribute__((noipa)) void ticks_inlined(struct page *p, struct ticker *state, size_t n) {
  struct ticker t = *state;
  while (n--) {
    t.tsc += TSC_A_TICK;
    if (t.left-- == 0) {
      t.left = HZ - 1;
      page_write(p, t.tsc, page_read(p, t.tsc));
    }
    uint64_t now = page_read(p, t.tsc);
    t.sum += now;
    while (now - t.processed >= TICK) {
      t.processed += TICK;
      t.jiffies++;
    }
  }
  *state = t;
}

struct counter {
  uint64_t t0, base, rem, num, den;
};

static struct counter counter = {.base = 17, .num = NUM, .den = DEN};
static struct counter timebase = {.num = TB_NUM, .den = DEN};

static inline unsigned __int128 counter_total(const struct counter *c, uint64_t now) {
  return (unsigned __int128)(now - c->t0) * c->num + c->rem;
}

static __attribute__((noipa)) void counter_reads(const struct counter *c, const uint64_t *now, uint64_t *to, size_t n) {
  for (size_t i = 0; i < n; i++) to[i] = c->base + (uint64_t)(counter_total(c, now[i]) / c->den);
}

static __attribute__((noipa)) void counter_whens(const struct counter *c, const uint64_t *now, const uint64_t *value,
                                                 uint64_t *to, size_t n) {
  for (size_t i = 0; i < n; i++) {
    unsigned __int128 wanted = (unsigned __int128)(value[i] - c->base) * c->den - c->rem;
    uint64_t when = c->t0 + (uint64_t)((wanted + c->num - 1) / c->num);
    to[i] = when > now[i] ? when : now[i];
  }
}

/* DEC is written with the low half of the count: the ns at which it is 0, and what it reads later. */
static __attribute__((noipa)) void decs(const uint64_t *ticks, uint64_t *to, size_t n, uint64_t hz) {
  for (size_t i = 0; i < n; i++) {
    uint64_t next = ticks[i] + (uint32_t)ticks[i];
    uint64_t expiry = (uint64_t)(((unsigned __int128)next * 1000000000u + hz - 1) / hz);
    to[i] = expiry + (uint32_t)(next - (ticks[i] + DEC_LATER));
  }
}

/* Xen leaves a page alone that says the same already. */
static __attribute__((noipa)) void publishes(struct page *p, size_t n, uint64_t step, uint32_t mul, int shift) {
  for (uint64_t tsc = step, time = TICK; n--; tsc += step, time += TICK) {
    if (p->tsc_timestamp == tsc && p->system_time == time && p->tsc_to_system_mul == mul && p->tsc_shift == shift &&
        !p->flags && !p->pad0 && !p->pad1[0] && !p->pad1[1])
      continue;
    page_write(p, tsc, time);
  }
}

#ifdef __AVX2__
static inline __m256i load(const uint64_t *from) { return _mm256_loadu_si256((const __m256i *)from); }

static inline __m256i scale_four(__m256i x, __m128i count, int shift, __m256i mul) {
  x = shift < 0 ? _mm256_srl_epi64(x, count) : _mm256_sll_epi64(x, count);
  __m256i low = _mm256_mul_epu32(x, mul), high = _mm256_mul_epu32(_mm256_srli_epi64(x, 32), mul);
  return _mm256_add_epi64(high, _mm256_srli_epi64(low, 32));
}

static __attribute__((noipa)) void scale_avx2(const uint64_t *from, uint64_t *to, size_t n, uint32_t mul, int shift) {
  __m256i m = _mm256_set1_epi64x(mul);
  __m128i count = _mm_cvtsi32_si128(shift < 0 ? -shift : shift);
  for (size_t i = 0; i < n; i += 4)
    _mm256_storeu_si256((__m256i *)(to + i), scale_four(load(from + i), count, shift, m));
}

static __attribute__((noipa)) void read_avx2(const struct page *p, const uint64_t *from, uint64_t *to, size_t n) {
  uint32_t version;
  do {
    version = p->version & ~1u;
    barrier();
    __m256i stamp = _mm256_set1_epi64x(p->tsc_timestamp), time = _mm256_set1_epi64x(p->system_time);
    __m256i m = _mm256_set1_epi64x(p->tsc_to_system_mul);
    int shift = p->tsc_shift;
    __m128i count = _mm_cvtsi32_si128(shift < 0 ? -shift : shift);
    for (size_t i = 0; i < n; i += 4) {
      __m256i ns = scale_four(_mm256_sub_epi64(load(from + i), stamp), count, shift, m);
      _mm256_storeu_si256((__m256i *)(to + i), _mm256_add_epi64(time, ns));
    }
    barrier();
  } while (p->version != version);
}
#endif

/* The generator of ../clock-cases.ts. */
static uint64_t state = 1;

static uint64_t next(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return state >> 20;
}

static void set_page(struct page *p, uint64_t stamp, uint64_t time, uint32_t mul) {
  *p = (struct page){.version = 2, .tsc_timestamp = stamp, .system_time = time, .tsc_to_system_mul = mul, .tsc_shift = SHIFT};
}

/* Every case starts from the same numbers, in the order in which ../clock-cases.ts makes them. */
static void set_up(void) {
  for (size_t i = 0; i < WORDS; i++) in[i] = next();
  for (size_t i = 0; i < WORDS; i++) times[i] = FIRST + i * APART;
  counter_reads(&counter, times, values, WORDS);
  for (size_t i = 0; i < WORDS; i++) values[i] += AHEAD;
  for (size_t i = 0; i < PAGES; i++) {
    uint64_t stamp = in[i] - (next() & 0xfffffffff), time = next();
    set_page(&pages[i], stamp, time, MUL - (uint32_t)i);
  }
}

/* One pass of each case. What it computes is in `out`, or added to out[0]. */
static void run_each(void) { scale_each(in, out, WORDS, MUL, SHIFT); }
static void run_chain(void) { out[0] = scale_chain(0, WORDS, MUL, SHIFT); }
static void run_batch(void) { scale_batch(in, out, WORDS, MUL, SHIFT); }
static void run_read_batch(void) { read_batch(pages, in, out, WORDS); }
static void run_pages(void) { read_pages(pages, in, out, PAGES); }
static void run_reads(void) { out[0] = page_reads(pages, in[0], WORDS); }

static void run_counter_reads(void) { counter_reads(&counter, times, out, WORDS); }
static void run_counter_whens(void) { counter_whens(&counter, times, values, out, WORDS); }

static void run_timebase_reads(void) { counter_reads(&timebase, times, out, WORDS); }
static void run_decs(void) { decs(in, out, WORDS, TB_HZ); }
static void run_publishes(void) {
  set_page(&pages[0], 0, 0, MUL);
  publishes(pages, WORDS, TSC_A_TICK, MUL, SHIFT);
  out[0] = pages[0].version;
  out[1] = pages[0].tsc_timestamp;
  out[2] = pages[0].system_time;
}

static void run_ticks(void (*loop)(struct page *, struct ticker *, size_t)) {
  set_page(&pages[0], 0, 0, MUL);
  memset(&ticker, 0, sizeof ticker);
  loop(pages, &ticker, 4 * WORDS);
  memcpy(out, &ticker, sizeof ticker);
}
static void run_tick_calls(void) { run_ticks(ticks); }
static void run_tick_inlined(void) { run_ticks(ticks_inlined); }
#ifdef __AVX2__
static void run_scale_avx2(void) { scale_avx2(in, out, WORDS, MUL, SHIFT); }
static void run_read_avx2(void) { read_avx2(pages, in, out, WORDS); }
#endif

static const struct {
  const char *name;
  void (*run)(void);
  size_t operations, results;
} cases[] = {
    {"scale-each", run_each, WORDS, WORDS},
    {"scale-chain", run_chain, WORDS, 1},
    {"scale-batch", run_batch, WORDS, WORDS},
    {"read-batch", run_read_batch, WORDS, WORDS},
    {"read-pages", run_pages, PAGES, PAGES},
    {"page-reads", run_reads, WORDS, 1},
    {"counter-reads", run_counter_reads, WORDS, WORDS},
    {"counter-whens", run_counter_whens, WORDS, WORDS},
    {"timebase-reads", run_timebase_reads, WORDS, WORDS},
    {"decs", run_decs, WORDS, WORDS},
    {"publishes", run_publishes, WORDS, 3},
    {"ticks", run_tick_calls, 4 * WORDS, 4},
    {"ticks-inlined", run_tick_inlined, 4 * WORDS, 4},
#ifdef __AVX2__
    {"scale-batch-avx2", run_scale_avx2, WORDS, WORDS},
    {"read-batch-avx2", run_read_avx2, WORDS, WORDS},
#endif
};

static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

/* A spell is short, so that most of them are not interrupted, and long beside the reading of the clock. */
static double least(size_t which, int spells) {
  size_t passes = 1 + 16384 / cases[which].operations;
  double best = 1e9;
  while (spells-- > 0) {
    double start = now_ns();
    for (size_t i = 0; i < passes; i++) cases[which].run();
    double each = (now_ns() - start) / (passes * cases[which].operations);
    if (each < best) best = each;
  }
  return best;
}

int main(int argc, char **argv) {
  set_up();
  for (size_t i = 0; argc > 2 && i < sizeof cases / sizeof *cases; i++) {
    if (strcmp(cases[i].name, argv[1])) continue;
    if (!strcmp(argv[2], "spells")) {
      printf("%.4f\n", least(i, argc > 3 ? atoi(argv[3]) : 100));
    } else {
      cases[i].run();
      for (size_t k = 0; k < cases[i].results; k++) printf("%" PRIx64 "\n", out[k]);
    }
    return 0;
  }
  return 1; /* no such case, or none on this processor */
}
