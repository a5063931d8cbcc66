/*
 * What the vCPUs of a kernel do with their decrementers: each has a period of its own, and in every interrupt says what
 * TB and DEC show, and when by TB its DEC was to reach 0. Between interrupts some cede at once and some work for a while,
 * so that at any instant one runs, some wait for their turn and some sleep.
 *
 *   @dec cpu C due T tb T dec D            in the interrupt; `due` as it was set
 *   @clocks C cpu C tb T counter T monotonic NS tb T
 *   @sleeps dec@C monotonic asked NS tb T    @woke dec@C monotonic tb T
 */
typedef unsigned long long u64;
typedef long long s64;
typedef unsigned long ul;

#define VCPUS 4
#define RTAS 0xf000ul
#define START_CPU 0x2006

extern long hcall(ul, ...);
extern char secondary[];
extern void work(ul);

char stacks[VCPUS][8192] __attribute__((aligned(64)));
/* Ticks of 512 MHz: 10 ms, 3 ms, 7.3 ms, 1 ms. */
static const u64 PERIODS[VCPUS] = { 5120000, 1536000, 3737600, 512000 };
/* A line is put together and then handed over by 16 characters a call, as one. */
struct line { ul used; char text[248]; };
static struct vcpu { struct line line; u64 due; u64 interrupts; } vcpus[VCPUS];
static u64 first;
static volatile unsigned console_lock;

static u64 timebase(void) { u64 v; __asm__ volatile("mfspr %0,268" : "=r"(v)); return v; }
/* Of 512 MHz. */
static u64 ns(u64 ticks) { return ticks / 64 * 125 + ticks % 64 * 125 / 64; }

static void text(struct line *to, const char *s) { while (*s) to->text[to->used++] = *s++; }
static void number(struct line *to, const char *name, u64 v) {
  text(to, name);
  text(to, " 0x");
  for (int i = 60; i >= 0; i -= 4) to->text[to->used++] = "0123456789abcdef"[(v >> i) & 15];
}
/* The first character is the most significant byte. */
static void flush(struct line *from) {
  for (ul at = 0; at < from->used; at += 16) {
    ul word[2] = { 0, 0 }, n = from->used - at < 16 ? from->used - at : 16;
    for (ul i = 0; i < n; i++) word[i >> 3] |= (ul)(unsigned char)from->text[at + i] << (56 - 8 * (i & 7));
    hcall(0x58, 0x71000000ul, n, word[0], word[1]);
  }
  from->used = 0;
}

static void lock(void) {
  unsigned seen;
  do {
    __asm__ volatile("1: lwarx %0,0,%1\n cmpwi %0,0\n bne 2f\n stwcx. %2,0,%1\n bne 1b\n isync\n2:"
                     : "=&r"(seen) : "r"(&console_lock), "r"(1) : "cr0", "memory");
  } while (seen);
}
static void unlock(void) {
  __asm__ volatile("lwsync" ::: "memory");
  console_lock = 0;
}

static void end_line(struct line *line, u64 tb) {
  number(line, " tb", tb);
  text(line, "\n");
  lock();
  flush(line);
  unlock();
}

static void name(struct line *line, const char *before, ul cpu) {
  text(line, before);
  line->text[line->used++] = '0' + cpu;
}

/* DEC reaches 0 two instructions after TB shows `due`; done again if somebody else ran in between, or time jumped. */
static void arm(struct vcpu *v) {
  u64 before, after;
  do {
    __asm__ volatile("mfspr %0,268\n subf %1,%0,%2\n mtspr 22,%1\n mfspr %1,268"
                     : "=&r"(before), "=&r"(after) : "r"(v->due));
  } while (after - before > 3);
}

/* TB, and DEC of the instruction after it. */
static u64 look(u64 *dec) {
  u64 before, after;
  do __asm__ volatile("mfspr %0,268\n mfspr %1,22\n mfspr %2,268" : "=r"(before), "=r"(*dec), "=r"(after));
  while (after - before > 2);
  return before;
}

static void sleep_on(ul cpu) {
  struct vcpu *v = &vcpus[cpu];
  u64 tb = timebase();
  v->due += PERIODS[cpu];
  if ((s64)(v->due - tb) <= 0) v->due = tb + PERIODS[cpu]; /* time has jumped */
  name(&v->line, "@sleeps dec@", cpu);
  number(&v->line, " monotonic asked", ns(v->due - tb));
  end_line(&v->line, tb);
  arm(v);
}

void dec_interrupt(ul cpu) {
  struct vcpu *v = &vcpus[cpu];
  u64 dec, tb = look(&dec);
  name(&v->line, "@woke dec@", cpu);
  text(&v->line, " monotonic");
  end_line(&v->line, tb);
  name(&v->line, "@clocks ", cpu);
  name(&v->line, " cpu ", cpu);
  number(&v->line, " tb", tb);
  number(&v->line, " counter", tb);
  number(&v->line, " monotonic", ns(tb - first));
  end_line(&v->line, tb);
  name(&v->line, "@dec cpu ", cpu);
  number(&v->line, " due", v->due);
  number(&v->line, " dec", dec);
  end_line(&v->line, tb);
  if (v->interrupts++ % 4 == cpu) work(10000); /* others' turns come, and their DECs pass */
  sleep_on(cpu);
}

void vcpu_main(ul cpu) {
  struct vcpu *v = &vcpus[cpu];
  v->due = timebase();
  sleep_on(cpu);
}

void cmain(void) {
  first = timebase();
  for (unsigned cpu = 1; cpu < VCPUS; cpu++) {
    unsigned call[] = { START_CPU, 3, 1, cpu, (unsigned)(ul)secondary, cpu, 0 };
    hcall(RTAS, call); /* one that is not there answers so */
  }
  vcpu_main(0);
}
