/* An idle kernel's tick: DEC interrupts 100 times a second, and nothing else happens. */
typedef unsigned long long u64;

#define PERIOD 5120000ull /* 10 ms of 512 MHz */

char stack[32768] __attribute__((aligned(64)));
static u64 due;

static u64 timebase(void) { u64 v; __asm__ volatile("mfspr %0,268" : "=r"(v)); return v; }
static void set_decrementer(u64 v) { __asm__ volatile("mtspr 22,%0" ::"r"(v)); }

void dec_interrupt(void) {
  due += PERIOD;
  set_decrementer(due - timebase());
}

void cmain(void) {
  due = timebase();
  dec_interrupt();
}
