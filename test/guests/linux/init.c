/*
 * The first process of a Linux guest whose clocks are watched: without libc, so that nothing is between it and the
 * kernel. What it does is said on the kernel's command line, in words that the kernel hands on, or typed:
 *
 *   every=MS      a line of all clocks each MS milliseconds of CLOCK_MONOTONIC, until count=N of them
 *   sleepers=MS   six sleepers, each of which sleeps MS milliseconds again and again and says how late it woke
 *   spread=N      on each of the first N CPUs six sleepers, and a process that does what `every` says
 *   steal=1       clocks with what /proc/stat says was stolen of the CPU
 *   for=MS        after which it ends
 *   then=off      how: off (default), reboot, panic, or stay
 *
 *   typed lines: clocks, sleep MS, echo WORDS, off, reboot; all answer with a line
 *
 *   @clocks N tb T realtime NS monotonic NS boottime NS monotonic-raw NS [steal NS] tb T; of CPUs but the first:
 *     N cpu C tb T …
 *   @sleeps KIND CLOCK asked NS tb T
 *   @woke KIND CLOCK slept NS asked NS late NS at NS tb T; KIND is followed by @C where they are spread
 */
typedef unsigned long u64;
typedef long i64;

enum { EXIT = 1, FORK = 2, READ = 3, WRITE = 4, OPEN = 5, CLOSE = 6, MOUNT = 21, SYNC = 36, MKDIR = 39, REBOOT = 88 };
enum { SET_AFFINITY = 222, PPOLL = 281 };
enum { CLOCK_GETTIME = 246, NANOSLEEP = 162, CLOCK_NANOSLEEP = 248, TIMERFD_CREATE = 306, TIMERFD_SETTIME = 311 };
enum { REALTIME = 0, MONOTONIC = 1, RAW = 4, BOOTTIME = 7, ABSOLUTE = 1 };

struct time { i64 seconds, ns; };
struct timer { struct time interval, first; };
struct watched { int fd; short events, seen; };

static i64 call(i64 number, i64 a, i64 b, i64 c, i64 d) {
  register i64 r0 __asm__("r0") = number;
  register i64 r3 __asm__("r3") = a;
  register i64 r4 __asm__("r4") = b;
  register i64 r5 __asm__("r5") = c;
  register i64 r6 __asm__("r6") = d;
  register i64 r7 __asm__("r7") = 0;
  i64 failed;
  __asm__ volatile("sc\n\tmfcr %6"
                   : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7), "=r"(failed)
                   :
                   : "r8", "r9", "r10", "r11", "r12", "ctr", "cr0", "memory");
  return failed & 0x10000000 ? -r3 : r3;
}

static u64 timebase(void) {
  u64 tb;
  __asm__ volatile("mftb %0" : "=r"(tb));
  return tb;
}

static i64 now(int clock) {
  struct time t;
  call(CLOCK_GETTIME, clock, (i64)&t, 0, 0);
  return t.seconds * 1000000000 + t.ns;
}

static struct time time_of(i64 ns) { return (struct time){ns / 1000000000, ns % 1000000000}; }

/* A line is put together and written at once, so that those of several processes do not mix. */
struct line { int used; char text[256]; };

static void add(struct line *to, const char *text) {
  while (*text && to->used < 255) to->text[to->used++] = *text++;
}

static void add_number(struct line *to, const char *name, i64 value) {
  char digits[24];
  int n = 23;
  u64 left = value < 0 ? -(u64)value : (u64)value;
  digits[n] = 0;
  do digits[--n] = '0' + left % 10;
  while (left /= 10);
  if (value < 0) digits[--n] = '-';
  add(to, name);
  add(to, digits + n);
}

static void say(struct line *line) {
  add(line, "\n");
  call(WRITE, 1, (i64)line->text, line->used, 0);
  line->used = 0;
}

static void say_text(const char *text) {
  struct line line;
  line.used = 0;
  add(&line, text);
  say(&line);
}

/* The CPU that this process stays on; -1: any. */
static int cpu = -1;

static void stay_on(int number) {
  u64 mask = 1ul << number;
  cpu = number;
  call(SET_AFFINITY, 0, sizeof mask, (i64)&mask, 0);
}

static i64 steal;

static void mount_proc(void) {
  call(MKDIR, (i64)"/proc", 0555, 0, 0);
  call(MOUNT, (i64)"proc", (i64)"/proc", (i64)"proc", 0);
}

/* The eighth number of the CPU's line in /proc/stat, in hundredths of a second. */
static i64 stolen(void) {
  char text[1024];
  int fd = call(OPEN, (i64)"/proc/stat", 0, 0, 0);
  i64 n = call(READ, fd, (i64)text, sizeof text - 1, 0), hundredths = 0;
  call(CLOSE, fd, 0, 0, 0);
  if (n <= 0) return -1;
  text[n] = 0;
  const char *at = text;
  for (int line = cpu > 0 ? cpu : 0; line >= 0; line--) /* the first is of all */
    while (*at && *at++ != '\n');
  for (int field = 0; *at && field < 8; field++) {
    while (*at && *at++ != ' ');
    for (hundredths = 0; *at >= '0' && *at <= '9'; at++) hundredths = hundredths * 10 + *at - '0';
  }
  return hundredths * 10000000;
}

static void clocks(i64 n) {
  struct line line;
  line.used = 0;
  i64 gone = steal ? stolen() : 0;
  u64 before = timebase();
  i64 realtime = now(REALTIME), monotonic = now(MONOTONIC), boottime = now(BOOTTIME), raw = now(RAW);
  u64 after = timebase();
  add_number(&line, "@clocks ", n);
  if (cpu > 0) add_number(&line, " cpu ", cpu);
  add_number(&line, " tb ", before);
  add_number(&line, " realtime ", realtime);
  add_number(&line, " monotonic ", monotonic);
  add_number(&line, " boottime ", boottime);
  add_number(&line, " monotonic-raw ", raw);
  if (steal) add_number(&line, " steal ", gone);
  add_number(&line, " tb ", after);
  say(&line);
}

enum way { RELATIVE, UNTIL, TIMER };
struct sleeper { const char *kind; const char *on; enum way way; int clock; };

static void add_name(struct line *to, const struct sleeper *s) {
  add(to, s->kind);
  if (cpu >= 0) add_number(to, "@", cpu);
  add(to, " ");
  add(to, s->on);
}

static void sleeps(const struct sleeper *s, i64 asked, u64 tb) {
  struct line line;
  line.used = 0;
  add(&line, "@sleeps ");
  add_name(&line, s);
  add_number(&line, " asked ", asked);
  add_number(&line, " tb ", tb);
  say(&line);
}

static void woke(const struct sleeper *s, i64 began, i64 deadline, i64 asked, i64 at, u64 tb) {
  struct line line;
  line.used = 0;
  add(&line, "@woke ");
  add_name(&line, s);
  add_number(&line, " slept ", at - began);
  add_number(&line, " asked ", asked);
  add_number(&line, " late ", at - deadline);
  add_number(&line, " at ", at);
  add_number(&line, " tb ", tb);
  say(&line);
}

static const struct sleeper SLEEPERS[] = {
  {"nanosleep", "monotonic", RELATIVE, MONOTONIC}, {"until", "monotonic", UNTIL, MONOTONIC},
  {"until", "realtime", UNTIL, REALTIME},          {"until", "boottime", UNTIL, BOOTTIME},
  {"timerfd", "monotonic", TIMER, MONOTONIC},      {"timerfd", "realtime", TIMER, REALTIME},
};

static void sleep_once(const struct sleeper *s, i64 asked) {
  i64 began = now(s->clock), deadline = began + asked;
  struct time t = time_of(s->way == RELATIVE ? asked : deadline);
  sleeps(s, asked, timebase());
  if (s->way == RELATIVE) call(NANOSLEEP, (i64)&t, 0, 0, 0);
  else if (s->way == UNTIL) call(CLOCK_NANOSLEEP, s->clock, ABSOLUTE, (i64)&t, 0);
  else {
    struct timer timer;
    timer.interval = time_of(0);
    timer.first = t;
    u64 expired;
    int fd = call(TIMERFD_CREATE, s->clock, 0, 0, 0);
    call(TIMERFD_SETTIME, fd, ABSOLUTE, (i64)&timer, 0);
    call(READ, fd, (i64)&expired, 8, 0);
    call(CLOSE, fd, 0, 0, 0);
  }
  woke(s, began, deadline, asked, now(s->clock), timebase());
}

static void start_sleepers(i64 ms) {
  for (unsigned i = 0; i < sizeof SLEEPERS / sizeof *SLEEPERS; i++) {
    if (call(FORK, 0, 0, 0, 0) == 0)
      for (;;) sleep_once(&SLEEPERS[i], ms * 1000000);
  }
}

static void end(const char *how) {
  i64 command = 0x4321fedc; /* power off */
  if (*how == 'r') command = 0x01234567;
  say_text(*how == 'r' ? "@end reboot" : *how == 'p' ? "@end panic" : "@end off");
  if (*how == 'p') call(EXIT, 1, 0, 0, 0); /* exit: a kernel without its first process panics */
  call(SYNC, 0, 0, 0, 0);
  call(REBOOT, 0xfee1dead, 672274793, command, 0);
}

/* What follows `name` in a word; 0 when it is another word. */
static const char *after(const char *word, const char *name) {
  while (*name)
    if (*word++ != *name++) return 0;
  return word;
}

static i64 number(const char *text) {
  i64 value = 0;
  while (*text >= '0' && *text <= '9') value = value * 10 + *text++ - '0';
  return value;
}

static void obey(char *typed) {
  const char *rest;
  if (after(typed, "clocks")) clocks(-1);
  else if ((rest = after(typed, "sleep "))) sleep_once(&SLEEPERS[0], number(rest) * 1000000);
  else if ((rest = after(typed, "echo "))) say_text(rest);
  else if (after(typed, "off")) end("off");
  else if (after(typed, "reboot")) end("reboot");
  else say_text("@unknown");
}

/* Typed lines, as the console hands them over: whole. */
static void read_typed(void) {
  char text[256];
  i64 n = call(READ, 0, (i64)text, 255, 0);
  if (n <= 0) return;
  if (text[n - 1] == '\n') n--;
  text[n] = 0;
  obey(text);
}

static i64 every, count = -1, sleepers, spread, ends_after;
static const char *then = "off";

static void option(const char *word) {
  const char *value;
  if ((value = after(word, "every="))) every = number(value);
  if ((value = after(word, "count="))) count = number(value);
  if ((value = after(word, "sleepers="))) sleepers = number(value);
  if ((value = after(word, "spread="))) spread = number(value);
  if ((value = after(word, "steal="))) steal = number(value);
  if ((value = after(word, "for="))) ends_after = number(value);
  if ((value = after(word, "then="))) then = value;
}

/* Clocks each `every` milliseconds of CLOCK_MONOTONIC, as long as nothing else ends it. */
static void read_for_ever(void) {
  i64 next = now(MONOTONIC), n = 0;
  for (;;) {
    i64 at = now(MONOTONIC);
    do next += every * 1000000;
    while (next <= at); /* after a jump of the clock nothing is made up for */
    struct time until = time_of(next);
    call(CLOCK_NANOSLEEP, MONOTONIC, ABSOLUTE, (i64)&until, 0);
    if (n != count) clocks(++n);
  }
}

/* The other CPUs get a process each; this one stays on the first. */
static void start_others(void) {
  for (int other = 1; other < spread; other++) {
    if (call(FORK, 0, 0, 0, 0)) continue;
    stay_on(other);
    if (sleepers) start_sleepers(sleepers);
    if (every) read_for_ever();
    call(EXIT, 0, 0, 0, 0);
  }
  stay_on(0);
}

void run(u64 *stack) {
  /* argc, arguments, 0, environment, 0: words with `=` come as environment, others as arguments. */
  for (u64 *at = stack + 1, zeros = 0; zeros < 2; at++) {
    if (*at) option((const char *)*at);
    else zeros++;
  }
  if (steal) mount_proc();
  say_text("@userspace");
  clocks(0);
  if (spread) start_others();
  if (sleepers) start_sleepers(sleepers);
  i64 began = now(MONOTONIC), next = every ? began + every * 1000000 : 0, n = 0;
  for (;;) {
    i64 at = now(MONOTONIC), until = ends_after ? began + ends_after * 1000000 : 0;
    if (until && at >= until) break;
    if (next && at >= next) {
      clocks(++n);
      if (n == count) break;
      next += every * 1000000;
      continue;
    }
    i64 wake = next && (!until || next < until) ? next : until;
    struct watched console = {0, 1, 0};
    struct time left = time_of(wake - at);
    if (call(PPOLL, (i64)&console, 1, wake ? (i64)&left : 0, 0) > 0) read_typed();
  }
  if (*then == 's') for (;;) read_typed();
  end(then);
}

/* The stack pointer as the kernel left it, before anyone used it. */
__asm__(".globl _start\n_start:\n"
        "0: addis 2,12,.TOC.-0b@ha\n addi 2,2,.TOC.-0b@l\n"
        " mr 3,1\n clrrdi 1,1,4\n li 0,0\n stdu 0,-64(1)\n b run\n");
