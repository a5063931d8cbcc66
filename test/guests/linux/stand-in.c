/*
 * A kernel of some 280 lines, for when Debian's cannot be fetched. It comes in as Linux does and finds what it needs where Linux
 * does: command line, initial RAM disk, RTAS and its tokens in the device tree. It says what it found, then sleeps by DEC and
 * H_CEDE, count=N times every=MS milliseconds, reads what is typed when the console interrupts, and powers off.
 *
 *   @clocks N tb T monotonic NS tb T   @sleeps dec monotonic asked NS tb T   @woke dec monotonic tb T
 */
typedef unsigned int u32;
typedef unsigned long u64;

enum { H_EOI = 0x64, H_CPPR = 0x68, H_XIRR = 0x74, H_GET_TERM_CHAR = 0x54, H_PUT_TERM_CHAR = 0x58, H_CEDE = 0xe0 };
enum { VTY = 0x71000000, VTY_SOURCE = 0x1100, EXTERNAL = 1, DEC = 2 };

extern long hcall(u64, ...);
char stack[32768] __attribute__((aligned(64)));
u64 returned[3];
volatile u32 happened;

static u64 timebase(void) { u64 v; __asm__ volatile("mftb %0" : "=r"(v)); return v; }
static u64 first;
static u32 tb_hz;

/* ---- lines */

static char line[256];
static u64 used;

static void flush(void) {
  for (u64 at = 0; at < used; at += 16) {
    u64 word[2] = {0, 0}, n = used - at < 16 ? used - at : 16;
    for (u64 i = 0; i < n; i++) word[i >> 3] |= (u64)(unsigned char)line[at + i] << (56 - 8 * (i & 7));
    hcall(H_PUT_TERM_CHAR, (u64)VTY, n, word[0], word[1]);
  }
  used = 0;
}

static void text(const char *s) { while (*s && used < 255) line[used++] = *s++; }

static void number(const char *name, u64 value) {
  char digits[24];
  int n = 23;
  digits[n] = 0;
  do digits[--n] = '0' + value % 10;
  while (value /= 10);
  text(name);
  text(digits + n);
}

static void end_line(void) { text("\n"); flush(); }

/* ---- the device tree: tokens 1 a node begins, 2 it ends, 3 a property, 9 the end */

static int same(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}

/* The value of the first property of that name; 0 if there is none. */
static const u32 *property(const u32 *tree, const char *name) {
  const char *names = (const char *)tree + tree[3];
  const u32 *at = (const u32 *)((const char *)tree + tree[2]);
  for (;;) {
    u32 token = *at++;
    if (token == 1) {
      const char *skipped = (const char *)at;
      while (*skipped) skipped++;
      at = (const u32 *)(((u64)skipped + 4) & ~3ul);
    } else if (token == 3) {
      if (same(names + at[1], name)) return at + 2;
      at = (const u32 *)((const char *)(at + 2) + ((at[0] + 3) & ~3u));
    } else if (token == 9) return 0;
  }
}

/* ---- RTAS */

static u32 block[16];
static u64 rtas_at;

static u32 rtas(const u32 *token, u32 inputs, u32 outputs) {
  block[0] = *token;
  block[1] = inputs;
  block[2] = outputs;
  ((void (*)(u32 *, u64))rtas_at)(block, rtas_at);
  return block[3 + inputs];
}

static void say_day(const u32 *tree) {
  static const char *const names[] = {"time of day ", "-", "-", " ", ":", ":", "."};
  if (rtas(property(tree, "get-time-of-day"), 0, 8) != 0) text("no time of day");
  else for (int i = 0; i < 7; i++) number(names[i], block[4 + i]);
  end_line();
}

/* ---- a RAM disk: newc, its first member named `init` */

static u64 hexadecimal(const char *at) {
  u64 value = 0;
  for (int i = 0; i < 8; i++) value = value * 16 + (at[i] <= '9' ? at[i] - '0' : (at[i] | 32) - 'a' + 10);
  return value;
}

static void say_init(const u32 *from) {
  if (!from) return;
  const char *at = (const char *)((u64)from[0] << 32 | from[1]);
  for (;;) {
    u64 size = hexadecimal(at + 54), name = hexadecimal(at + 94), content = (110 + name + 3) & ~3ul;
    if (same(at + 110, "TRAILER!!!")) return;
    if (same(at + 110, "init")) {
      number("init of ", size);
      text(" bytes");
      end_line();
    }
    at += (content + size + 3) & ~3ul;
  }
}

/* ---- words of the command line */

static u64 word(const char *line, const char *name) {
  for (; *line; line++) {
    const char *a = line, *b = name;
    while (*b && *a == *b) a++, b++;
    if (*b) continue;
    u64 value = 0;
    for (; *a >= '0' && *a <= '9'; a++) value = value * 10 + *a - '0';
    return value;
  }
  return 0;
}

/* ---- time */

static u64 ns(u64 ticks) { return ticks / tb_hz * 1000000000 + ticks % tb_hz * 1000000000 / tb_hz; }

static void clocks(u64 n) {
  u64 tb = timebase();
  number("@clocks ", n);
  number(" tb ", tb);
  number(" monotonic ", ns(tb - first));
  number(" tb ", tb);
  end_line();
}

/* What was typed is printed, all of it: there is one interrupt for the first character that waits. */
static void typed(void) {
  hcall(H_XIRR);
  u64 xirr = returned[0];
  text("typed ");
  while (hcall(H_GET_TERM_CHAR, (u64)VTY) == 0 && returned[0] != 0) {
    u64 n = returned[0], words[2] = {returned[1], returned[2]};
    for (u64 i = 0; i < n && used < 255; i++) line[used++] = words[i >> 3] >> (56 - 8 * (i & 7));
  }
  end_line();
  hcall(H_EOI, xirr);
}

static void sleep_until(u64 due) {
  number("@sleeps dec monotonic asked ", ns(due - timebase()));
  number(" tb ", timebase());
  end_line();
  for (;;) {
    __asm__ volatile("mtdec %0" ::"r"(due - timebase()));
    happened = 0;
    hcall(H_CEDE);
    if (happened & EXTERNAL) typed();
    if (happened & DEC) break;
  }
  number("@woke dec monotonic tb ", timebase());
  end_line();
}

void cmain(const u32 *tree, u64 stood, u64 r5) {
  first = timebase();
  if (*tree != 0xd00dfeed || stood != 0x400000 || r5 != 0) text("entered otherwise than Linux\n");
  const char *words = (const char *)property(tree, "bootargs");
  text("command line: ");
  text(words);
  end_line();
  tb_hz = *property(tree, "timebase-frequency");
  rtas_at = *property(tree, "linux,rtas-entry");
  say_init(property(tree, "linux,initrd-start"));
  say_day(tree);
  block[3] = VTY_SOURCE;
  block[4] = 0;
  block[5] = 5;
  rtas(property(tree, "ibm,set-xive"), 3, 1);
  hcall(H_CPPR, 0xfful);
  text("@userspace");
  end_line();
  u64 every = word(words, "every=") * (tb_hz / 1000), count = word(words, "count=");
  u64 due = first;
  for (u64 n = 0; n < count; n++) {
    clocks(n);
    due += every;
    if ((long)(due - timebase()) <= 0) due = timebase() + every; /* time has jumped */
    sleep_until(due);
  }
  clocks(count);
  say_day(tree);
  text("@end off");
  end_line();
  block[3] = block[4] = ~0u;
  rtas(property(tree, "power-off"), 2, 1);
}
