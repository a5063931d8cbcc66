/*
 * Random loads under the radix MMU: MEBIBYTES of memory in pages of 4 KiB, reached one doubleword at a time in no order, so
 * that a TLB seldom has the page. Code and stack lie in one page of 1 GiB, at their real addresses.
 */
typedef unsigned long u64;
typedef unsigned int u32;

extern long hcall(u64, ...);
volatile u32 dec_count, dec_limit = 1;
volatile int dec_reload = 0x7fffffff;
char stack[32768] __attribute__((aligned(64)));
static u32 rtas_args[16] __attribute__((aligned(64)));

#define MIB 0x100000ul
#define PROCESS_TABLE (8 * MIB)
#define ROOT (8 * MIB + 0x10000)
#define LEVEL1 (8 * MIB + 0x20000)
#define LEVEL2 (8 * MIB + 0x21000)
#define LEAVES (9 * MIB) /* 32 tables of 512 entries */
#define DATA (16 * MIB)
#define BYTES (MEBIBYTES * MIB)
#define WHERE 0x4000000000ul /* effective address of the data */
#define LOADS 10000000ul

#define VALID (1ul << 63)
#define LEAF (1ul << 62)
#define ALL 7ul /* read, write, execute */

static void putch(char c) { hcall(0x58, 0x71000000ul, 1ul, (u64)(unsigned char)c << 56, 0ul); }
static void print(const char *s) { while (*s) putch(*s++); }
static void hex(u64 v) { for (int i = 60; i >= 0; i -= 4) putch("0123456789abcdef"[(v >> i) & 15]); }
static u64 tb(void) { u64 v; __asm__ volatile("mfspr %0,268" : "=r"(v)); return v; }
static void report(const char *what, u64 a, u64 b) { print("@radix "); print(what); putch(' '); hex(a); putch(' '); hex(b); putch('\n'); }
void ctrap(u64 v) { print("TRAP "); hex(v); putch('\n'); for (;;); }

static void tables(void) {
  u64 *root = (u64 *)ROOT, *one = (u64 *)LEVEL1, *two = (u64 *)LEVEL2, *leaves = (u64 *)LEAVES;
  for (u64 *p = (u64 *)PROCESS_TABLE; p < (u64 *)LEAVES; p++) *p = 0;
  *(u64 *)PROCESS_TABLE = 2ul << 61 | ROOT | 5ul << 5 | 13;
  root[0] = VALID | LEVEL1 | 9;
  one[0] = VALID | LEAF | ALL; /* the first GiB as it is */
  one[WHERE >> 30] = VALID | LEVEL2 | 9;
  for (u64 i = 0; i < BYTES >> 21; i++) two[i] = VALID | (u64)(leaves + 512 * i) | 9;
  for (u64 i = 0; i < BYTES >> 12; i++) leaves[i] = VALID | LEAF | (DATA + (i << 12)) | ALL;
}

static __attribute__((noinline)) u64 wander(const char *base, u64 count) {
  u64 s = 88172645463325252ul, sum = 0;
  while (count--) {
    s ^= s << 13;
    s ^= s >> 7;
    s ^= s << 17;
    sum += *(const u64 *)(base + (s & (BYTES - 8)));
  }
  return sum;
}

void cmain(void) {
  print("HELLO\n");
  for (u64 i = 0; i < BYTES / 8; i++) ((u64 *)DATA)[i] = i * 0x9e3779b97f4a7c15ul;
  tables();
  hcall(0x37c, 0x1dul, PROCESS_TABLE, 0ul, 0ul); /* new table, radix, tlbie */
  __asm__ volatile("mtspr 48,%0" ::"r"(0ul));
  u64 msr;
  __asm__ volatile("mfmsr %0" : "=r"(msr));
  __asm__ volatile("mtmsrd %0; isync" ::"r"(msr | 0x30));
  report("START", 0, 0);
  u64 from = tb();
  u64 sum = wander((const char *)WHERE, LOADS);
  report("END", tb() - from, sum);
  __asm__ volatile("mtmsrd %0; isync" ::"r"(msr));
  rtas_args[0] = 0x2003;
  rtas_args[1] = 2;
  rtas_args[2] = 1;
  rtas_args[3] = rtas_args[4] = 0xffffffff;
  hcall(0xf000, (u64)rtas_args);
  for (;;);
}
