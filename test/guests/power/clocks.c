/*
 * What a kernel does with TB and DEC, and nothing else: every PERIOD ticks DEC interrupts, the timebase is turned into ns
 * by the frequency that pseries has at boot, and lines say what was seen (src/world/code/told.ts reads them).
 *
 *   @clocks 0 tb T counter TB monotonic NS tb T    @sleeps dec monotonic asked NS tb T
 *   @woke dec monotonic tb T                       @dec DEC tb T
 */
typedef unsigned long long u64;
typedef long long s64;
typedef unsigned long ul;

#define PERIOD 5120000ull /* 10 ms of 512 MHz */

extern long hcall(ul, ...);
char stack[32768] __attribute__((aligned(64)));
static u64 first, due;

static u64 timebase(void) { u64 v; __asm__ volatile("mfspr %0,268" : "=r"(v)); return v; }
static u64 decrementer(void) { u64 v; __asm__ volatile("mfspr %0,22" : "=r"(v)); return v; }
static void set_decrementer(u64 v) { __asm__ volatile("mtspr 22,%0" ::"r"(v)); }
static u64 ns(u64 ticks) { return ticks / 64 * 125 + ticks % 64 * 125 / 64; }

/* Up to 16 characters a call, most significant byte first. */
static char line[128];
static ul used;
static void flush(void) {
  for (ul at = 0; at < used; at += 16) {
    ul word[2] = { 0, 0 }, n = used - at < 16 ? used - at : 16;
    for (ul i = 0; i < n; i++) word[i >> 3] |= (ul)(unsigned char)line[at + i] << (56 - 8 * (i & 7));
    hcall(0x58, 0x71000000ul, n, word[0], word[1]);
  }
  used = 0;
}
static void text(const char *s) { while (*s) line[used++] = *s++; }
static void hex(u64 v) {
  text(" 0x");
  for (int i = 60; i >= 0; i -= 4) line[used++] = "0123456789abcdef"[(v >> i) & 15];
}
static void number(const char *name, u64 v) { text(name); hex(v); }
static void end_line(u64 tb) { number(" tb", tb); text("\n"); flush(); }

static void sleep_on(u64 tb) {
  due += PERIOD;
  if ((s64)(due - tb) <= 0) due = tb + PERIOD; /* time has jumped */
  set_decrementer(due - tb);
  number("@sleeps dec monotonic asked", ns(due - tb));
  end_line(tb);
}

void dec_interrupt(void) {
  u64 tb = timebase(), dec = decrementer();
  text("@woke dec monotonic");
  end_line(tb);
  number("@clocks 0 tb", tb);
  number(" counter", tb);
  number(" monotonic", ns(tb - first));
  end_line(tb);
  number("@dec", dec);
  end_line(tb);
  sleep_on(timebase());
}

void cmain(void) { first = due = timebase(); sleep_on(first); }
