/*
 * What a kernel does with TB and DEC, and nothing else: every PERIOD ticks DEC interrupts, the timebase is turned into ns
 * by the frequency that pseries has at boot, and lines say what was seen (src/world/code/told.ts reads them).
 *
 *   @read counter TB TB     @read monotonic NS TB     @wake dec TB     @sleep dec monotonic NS TB     @dec DEC TB
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
static char line[96];
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
static void say(const char *what, u64 value, u64 tb) { text(what); hex(value); hex(tb); text("\n"); flush(); }

static void sleep_on(u64 tb) {
  due += PERIOD;
  if ((s64)(due - tb) <= 0) due = tb + PERIOD; /* time has jumped */
  set_decrementer(due - tb);
  say("@sleep dec monotonic", ns(due - tb), tb);
}

void dec_interrupt(void) {
  u64 tb = timebase(), dec = decrementer();
  text("@wake dec"); hex(tb); text("\n"); flush();
  say("@read counter", tb, tb);
  say("@read monotonic", ns(tb - first), tb);
  say("@dec", dec, tb);
  sleep_on(timebase());
}

void cmain(void) { first = due = timebase(); sleep_on(first); }
