/*
 * fs/tty/ldisc_test.c: the line discipline's cases, each run twice: on a pty of the system that runs the test (the
 * oracle, where there is one: Linux), and on ours. Both must give the bytes that the case says.
 *
 * A case is a row: how the terminal is set, what is typed, the output that must appear, and what reads give back, one
 * after another, each asking for `size` bytes. Signals are not in the table (a pty without a session sends none to us);
 * those are checked on our discipline alone at the end.
 */
#include "arch/host/host.h"
#include "fs/tty/ldisc.h"
#include <asm/ioctls.h>
#include <linux/fcntl.h>
#undef O_RDWR

int posix_openpt(int flags);
int grantpt(int fd);
int unlockpt(int fd);
int ptsname_r(int fd, char *buf, size_t n);
int open(const char *path, int flags, ...);
int close(int fd);
ssize_t read(int fd, void *buf, size_t n);
ssize_t write(int fd, const void *buf, size_t n);
int ioctl(int fd, unsigned long cmd, ...);
int usleep(unsigned us);
#define O_RDWR 2
#define O_NOCTTY_HOST 0400
#define O_NONBLOCK_HOST 04000

#define READS 6
#define END "<end>"		/* a read of 0 bytes: end of file */

struct ldisc_case {
	const char *name;
	unsigned lflag_on, lflag_off, iflag_on, iflag_off, oflag_on, oflag_off;
	struct { int which; u8 value; } character[3];	/* value 0: none */
	const char *typed;
	const char *output;
	size_t size;		/* of each read; 0: 100 */
	const char *reads[READS];
	const char *written;	/* by the program, before anything is typed */
};

static const struct ldisc_case cases[] = {
	{ .name = "line", .typed = "hello\n", .output = "hello\r\n", .reads = { "hello\n" } },
	{ .name = "no line yet", .typed = "hello", .output = "hello" },
	{ .name = "two lines", .typed = "a\nb\n", .output = "a\r\nb\r\n", .reads = { "a\n", "b\n" } },
	{ .name = "return is newline", .typed = "a\r", .output = "a\r\n", .reads = { "a\n" } },
	{ .name = "return stays", .iflag_off = ICRNL, .typed = "a\rb\n", .output = "a^Mb\r\n", .reads = { "a\rb\n" } },
	{ .name = "return ignored", .iflag_on = IGNCR, .typed = "a\rb\n", .output = "ab\r\n", .reads = { "ab\n" } },
	{ .name = "newline is return", .iflag_on = INLCR, .iflag_off = ICRNL, .typed = "a\nb\r", .output = "a^Mb^M" },
	{ .name = "small reads", .typed = "hello\n", .output = "hello\r\n", .size = 4, .reads = { "hell", "o\n" } },
	{ .name = "exact read", .typed = "abc\n", .output = "abc\r\n", .size = 4, .reads = { "abc\n" } },
	{ .name = "erase", .typed = "abc\177\177x\n", .output = "abc\b \b\b \bx\r\n", .reads = { "ax\n" } },
	{ .name = "erase nothing", .typed = "\177\177x\n", .output = "x\r\n", .reads = { "x\n" } },
	{ .name = "erase stops at line", .typed = "a\n\177b\n", .output = "a\r\nb\r\n", .reads = { "a\n", "b\n" } },
	{ .name = "erase control", .typed = "a\001\177b\n", .output = "a^A\b \b\b \bb\r\n", .reads = { "ab\n" } },
	{ .name = "erase control without ECHOCTL", .lflag_off = ECHOCTL, .typed = "a\001\177b\n", .output = "a\001b\r\n",
	  .reads = { "ab\n" } },
	{ .name = "erase tab", .typed = "ab\t\177c\n", .output = "ab\t\b\b\b\b\b\bc\r\n", .reads = { "abc\n" } },
	{ .name = "erase second tab", .typed = "a\tb\t\177c\n", .output = "a\tb\t\b\b\b\b\b\b\bc\r\n",
	  .reads = { "a\tbc\n" } },
	{ .name = "erase tab after prompt", .written = "prompt> ", .typed = "ab\t\177c\n",
	  .output = "prompt> ab\t\b\b\b\b\b\bc\r\n", .reads = { "abc\n" } },
	{ .name = "erase tab after short prompt", .written = "$ ", .typed = "ab\t\177c\n",
	  .output = "$ ab\t\b\b\b\bc\r\n", .reads = { "abc\n" } },
	{ .name = "erase without ECHOE", .lflag_off = ECHOE, .typed = "ab\177c\n", .output = "ab^?c\r\n",
	  .reads = { "ac\n" } },
	{ .name = "erase with ECHOPRT", .lflag_on = ECHOPRT, .typed = "abc\177\177x\n", .output = "abc\\cb/x\r\n",
	  .reads = { "ax\n" } },
	{ .name = "erase all with ECHOPRT", .lflag_on = ECHOPRT, .typed = "ab\177\177x\n", .output = "ab\\ba/x\r\n",
	  .reads = { "x\n" } },
	{ .name = "erase UTF-8", .iflag_on = IUTF8, .typed = "a\303\244\177b\n", .output = "a\303\244\b \bb\r\n",
	  .reads = { "ab\n" } },
	{ .name = "erase half of UTF-8", .typed = "a\303\244\177b\n", .output = "a\303\244\b \bb\r\n",
	  .reads = { "a\303b\n" } },
	{ .name = "kill", .typed = "abc\025x\n", .output = "abc\b \b\b \b\b \bx\r\n", .reads = { "x\n" } },
	{ .name = "kill without ECHOKE", .lflag_off = ECHOKE, .typed = "abc\025x\n", .output = "abc^U\r\nx\r\n",
	  .reads = { "x\n" } },
	{ .name = "kill without ECHOK", .lflag_off = ECHOKE | ECHOK, .typed = "abc\025x\n", .output = "abc^Ux\r\n",
	  .reads = { "x\n" } },
	{ .name = "kill without ECHO", .lflag_off = ECHO, .typed = "abc\025x\n", .output = "", .reads = { "x\n" } },
	{ .name = "word erase", .typed = "one two_2  \027x\n", .output = "one two_2  \b \b\b \b\b \b\b \b\b \b\b \b\b \bx\r\n",
	  .reads = { "one x\n" } },
	{ .name = "word erase of signs", .typed = "a.b/\027x\n", .output = "a.b/\b \b\b \bx\r\n", .reads = { "a.x\n" } },
	{ .name = "word erase needs IEXTEN", .lflag_off = IEXTEN, .typed = "a b\027\n", .output = "a b^W\r\n",
	  .reads = { "a b\027\n" } },
	{ .name = "literal next", .typed = "a\026\003\026\177b\n", .output = "a^\b^C^\b^?b\r\n", .reads = { "a\003\177b\n" } },
	{ .name = "literal newline", .typed = "a\026\nb\n", .output = "a^\b^Jb\r\n", .reads = { "a\nb\n" } },
	{ .name = "literal needs IEXTEN", .lflag_off = IEXTEN, .typed = "\026a\n", .output = "^Va\r\n",
	  .reads = { "\026a\n" } },
	{ .name = "reprint", .typed = "abc\022d\n", .output = "abc^R\r\nabcd\r\n", .reads = { "abcd\n" } },
	{ .name = "reprint of control", .typed = "a\001\022\n", .output = "a^A^R\r\na^A\r\n", .reads = { "a\001\n" } },
	{ .name = "end of file", .typed = "\004", .output = "", .reads = { END } },
	{ .name = "end of file after text", .typed = "abc\004", .output = "abc", .reads = { "abc" } },
	{ .name = "end of file after full read", .typed = "abc\004", .output = "abc", .size = 3, .reads = { "abc" } },
	{ .name = "end of file twice", .typed = "abc\004\004", .output = "abc", .reads = { "abc", END } },
	{ .name = "end of file, then line", .typed = "\004x\n", .output = "x\r\n", .reads = { END, "x\n" } },
	{ .name = "literal end of file", .typed = "a\026\004\n", .output = "a^\b^D\r\n", .reads = { "a\004\n" } },
	{ .name = "end of line character", .character = { { VEOL, ';' } }, .typed = "ab;c\n", .output = "ab;c\r\n",
	  .reads = { "ab;", "c\n" } },
	{ .name = "second end of line", .character = { { VEOL2, '!' } }, .typed = "ab!c\n", .output = "ab!c\r\n",
	  .reads = { "ab!", "c\n" } },
	{ .name = "second end of line needs IEXTEN", .lflag_off = IEXTEN, .character = { { VEOL2, '!' } },
	  .typed = "ab!c\n", .output = "ab!c\r\n", .reads = { "ab!c\n" } },
	{ .name = "no echo", .lflag_off = ECHO, .typed = "abc\n", .output = "", .reads = { "abc\n" } },
	{ .name = "newline echo", .lflag_off = ECHO, .lflag_on = ECHONL, .typed = "abc\n", .output = "\r\n",
	  .reads = { "abc\n" } },
	{ .name = "echo without ECHOCTL", .lflag_off = ECHOCTL, .typed = "\001\033x\n", .output = "\001\033x\r\n",
	  .reads = { "\001\033x\n" } },
	{ .name = "tab echo", .typed = "a\tb\n", .output = "a\tb\r\n", .reads = { "a\tb\n" } },
	{ .name = "tab echo expanded", .oflag_on = XTABS, .typed = "a\tb\n", .output = "a       b\r\n",
	  .reads = { "a\tb\n" } },
	{ .name = "strip", .iflag_on = ISTRIP, .typed = "\341\342\n", .output = "ab\r\n", .reads = { "ab\n" } },
	{ .name = "lower case", .iflag_on = IUCLC, .typed = "AbC\n", .output = "abc\r\n", .reads = { "abc\n" } },
	{ .name = "upper case output", .oflag_on = OLCUC, .written = "abc", .typed = "x\n", .output = "ABCX\r\n",
	  .reads = { "x\n" } },
	{ .name = "mark doubled", .iflag_on = PARMRK, .typed = "a\377b\n", .output = "a\377b\r\n",
	  .reads = { "a\377\377b\n" } },
	{ .name = "output newline", .written = "a\nb\n", .typed = "", .output = "a\r\nb\r\n" },
	{ .name = "output as it is", .oflag_off = OPOST, .written = "a\nb\t", .typed = "x\n", .output = "a\nb\tx\n",
	  .reads = { "x\n" } },
	{ .name = "output without ONLCR", .oflag_off = ONLCR, .written = "a\nb", .typed = "", .output = "a\nb" },
	{ .name = "output return to newline", .oflag_on = OCRNL, .written = "a\rb", .typed = "", .output = "a\nb" },
	{ .name = "output no return at column 0", .oflag_on = ONOCR, .written = "\ra\r\rb", .typed = "", .output = "a\rb" },
	{ .name = "output tabs expanded", .oflag_on = XTABS, .written = "\tab\tc\b\t.\n", .typed = "",
	  .output = "        ab      c\b        .\r\n" },
	{ .name = "stop holds echo", .typed = "\023bc\n", .output = "", .reads = { "bc\n" } },
	{ .name = "start lets go", .typed = "a\023bc\021\n", .output = "abc\r\n", .reads = { "abc\n" } },
	{ .name = "any restarts", .iflag_on = IXANY, .typed = "a\023bc\n", .output = "abc\r\n", .reads = { "abc\n" } },
	{ .name = "no flow control", .iflag_off = IXON, .typed = "a\023\021\n", .output = "a^S^Q\r\n",
	  .reads = { "a\023\021\n" } },
	{ .name = "raw", .lflag_off = ICANON | ECHO | ISIG, .iflag_off = ICRNL | IXON, .typed = "a\003\004\r\n\177",
	  .output = "", .reads = { "a\003\004\r\n\177" } },
	{ .name = "raw with echo", .lflag_off = ICANON | ISIG, .iflag_off = IXON, .typed = "a\003\r\177\t",
	  .output = "a^C\r\n^?\t", .reads = { "a\003\n\177\t" } },
	{ .name = "raw needs no IEXTEN", .lflag_off = ICANON | ECHO, .typed = "\026\027x", .output = "",
	  .reads = { "\026\027x" } },
	{ .name = "interrupt drops the line", .lflag_off = ECHO, .typed = "abc\003x\n", .output = "", .reads = { "x\n" } },
	{ .name = "interrupt with NOFLSH", .lflag_on = NOFLSH, .typed = "abc\003x\n", .output = "abc^Cx\r\n",
	  .reads = { "abcx\n" } },
	{ .name = "quit and suspend", .lflag_on = NOFLSH, .typed = "a\034\032b\n", .output = "a^\\^Zb\r\n",
	  .reads = { "ab\n" } },
	{ .name = "characters off", .character = { { VERASE, 0377 }, { VKILL, 'k' } }, .typed = "a\177bk1\n",
	  .output = "a^?b\b \b\b \b\b \b\b \b1\r\n", .reads = { "1\n" } },
};

static void termios_of_case(const struct ldisc_case *c, struct termios2 *t)
{
	t->c_lflag = (t->c_lflag & ~c->lflag_off) | c->lflag_on;
	t->c_iflag = (t->c_iflag & ~c->iflag_off) | c->iflag_on;
	t->c_oflag = (t->c_oflag & ~c->oflag_off) | c->oflag_on;
	for (size_t i = 0; i < ARRAY_SIZE(c->character); i++)
		if (c->character[i].value)
			t->c_cc[c->character[i].which] = c->character[i].value;
}

static void show(const char *label, const char *s, size_t n)
{
	printf("  %s \"", label);
	for (size_t i = 0; i < n; i++)
		printf((u8)s[i] < 0x20 || (u8)s[i] > 0x7e ? "\\%03o" : "%c", (u8)s[i]);
	printf("\"\n");
}

static void expect(const struct ldisc_case *c, const char *whose, const char *wanted, const char *got, size_t n)
{
	if (n == strlen(wanted) && memcmp(wanted, got, n) == 0)
		return;
	printf("%s, %s:\n", c->name, whose);
	show("wanted", wanted, strlen(wanted));
	show("got   ", got, n);
	test_fail(__FILE__, __LINE__, c->name);
}

/* ---- a real pty ---- */

static int slave_open(int master)
{
	char name[64];
	CHECK(grantpt(master) == 0 && unlockpt(master) == 0 && ptsname_r(master, name, sizeof(name)) == 0);
	return open(name, O_RDWR | O_NOCTTY_HOST | O_NONBLOCK_HOST);
}

static void run_on_pty(const struct ldisc_case *c, int master)
{
	char buf[512];
	struct termios2 t;
	int slave = slave_open(master);
	CHECK(slave >= 0 && ioctl(slave, TCGETS2, &t) == 0);
	termios_of_case(c, &t);
	CHECK(ioctl(slave, TCSETS2, &t) == 0);
	if (c->written)
		CHECK(write(slave, c->written, strlen(c->written)) == (ssize_t)strlen(c->written));
	CHECK(write(master, c->typed, strlen(c->typed)) == (ssize_t)strlen(c->typed));
	usleep(2000);	/* the kernel hands bytes over in a task of its own */
	for (int i = 0; i < READS && c->reads[i] && c->reads[i][0]; i++) {
		ssize_t n = read(slave, buf, c->size ? c->size : 100);
		expect(c, "read on the system's pty", c->reads[i], n == 0 ? END : buf, n == 0 ? strlen(END) : (size_t)MAX(n, 0));
	}
	if (c->reads[0] && c->reads[0][0])
		CHECK(read(slave, buf, 100) < 0);
	ssize_t n = read(master, buf, sizeof(buf));
	expect(c, "output of the system's pty", c->output, buf, (size_t)MAX(n, 0));
	close(slave);
}

static void test_system_pty(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int master = posix_openpt(O_RDWR | O_NOCTTY_HOST | O_NONBLOCK_HOST);
		if (master < 0) {
			printf("no pty here: the oracle is left out\n");
			return;
		}
		run_on_pty(&cases[i], master);
		close(master);
	}
}

/* ---- ours ---- */

static char output[70000];
static size_t output_used, output_room = sizeof(output);
static int last_signal, signals, output_flushes;

static size_t terminal_room(void *terminal)
{
	struct ldisc *l = terminal;
	return l->is_stopped ? 0 : output_room - output_used;
}
static void terminal_put(void *terminal, const u8 *s, size_t n)
{
	CHECK(n <= terminal_room(terminal));
	memcpy(output + output_used, s, n);
	output_used += n;
}
static void terminal_signal(void *terminal, int sig) { last_signal = sig; signals++; }
static void terminal_flush_output(void *terminal) { output_flushes++; }
static void terminal_flow(void *terminal, bool is_stopped) { }
static void terminal_input_flushed(void *terminal) { }
static const struct ldisc_ops terminal_ops = { terminal_room, terminal_put, terminal_signal, terminal_flush_output,
	terminal_flow, terminal_input_flushed };

static struct ldisc ours;

static void ours_start(void)
{
	ldisc_init(&ours, &terminal_ops, &ours);
	output_used = 0;
	output_room = sizeof(output);
	last_signal = signals = output_flushes = 0;
}

static void run_on_ours(const struct ldisc_case *c, bool one_by_one)
{
	u8 buf[512];
	ours_start();
	struct termios2 t = ours.termios;
	termios_of_case(c, &t);
	ldisc_set_termios(&ours, &t);
	if (c->written)
		CHECK(ldisc_write(&ours, (const u8 *)c->written, strlen(c->written)) == strlen(c->written));
	size_t n = strlen(c->typed);
	for (size_t i = 0; one_by_one && i < n; i++)
		CHECK(ldisc_receive(&ours, (const u8 *)c->typed + i, 1) == 1);
	if (!one_by_one)
		CHECK(ldisc_receive(&ours, (const u8 *)c->typed, n) == n);
	for (int i = 0; i < READS && c->reads[i] && c->reads[i][0]; i++) {
		bool is_end;
		CHECK(ldisc_is_readable(&ours, false));
		size_t got = ldisc_read(&ours, buf, c->size ? c->size : 100, &is_end);
		expect(c, "read on ours", c->reads[i], got ? (char *)buf : END, got ? got : strlen(END));
	}
	CHECK(!ldisc_is_readable(&ours, false));
	expect(c, "output of ours", c->output, output, output_used);
}

static void test_ours(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		run_on_ours(&cases[i], false);
		run_on_ours(&cases[i], true);
	}
}

static void test_signals(void)
{
	ours_start();
	ldisc_receive(&ours, (const u8 *)"ab\003", 3);
	CHECK(last_signal == 2 && signals == 1 && output_flushes == 1 && ours.head == ours.tail);
	ldisc_receive(&ours, (const u8 *)"\034", 1);
	CHECK(last_signal == 3);
	ldisc_receive(&ours, (const u8 *)"\032", 1);
	CHECK(last_signal == 20 && signals == 3);
	ldisc_receive(&ours, (const u8 *)"\023\003", 2);	/* a signal starts stopped output again */
	CHECK(!ours.is_stopped);
	ours.termios.c_iflag |= BRKINT;
	ldisc_receive_break(&ours);
	CHECK(last_signal == 2 && signals == 5);
}

static void test_full(void)
{
	static u8 many[LDISC_INPUT + 100], buf[LDISC_INPUT + 100];
	bool is_end;
	memset(many, 'x', sizeof(many));
	ours_start();
	/* a line that is too long loses its rest and keeps its end */
	CHECK(ldisc_receive(&ours, many, sizeof(many)) == sizeof(many));
	CHECK(ldisc_receive(&ours, (const u8 *)"\n", 1) == 1);
	CHECK(ldisc_read(&ours, buf, sizeof(buf), &is_end) == LDISC_INPUT && buf[LDISC_INPUT - 1] == '\n');
	/* but behind a whole line the typist waits */
	CHECK(ldisc_receive(&ours, (const u8 *)"1\n", 2) == 2);
	CHECK(ldisc_receive(&ours, many, sizeof(many)) == LDISC_INPUT - 3);
	CHECK(ldisc_receive(&ours, many, 1) == 0);
	CHECK(ldisc_read(&ours, buf, sizeof(buf), &is_end) == 2);
	CHECK(ldisc_receive(&ours, many, 3) == 3);
	ours_start();
	struct termios2 t = ours.termios;
	t.c_lflag &= ~(ICANON | ECHO | ISIG);
	t.c_iflag &= ~(ICRNL | IXON);
	ldisc_set_termios(&ours, &t);
	CHECK(ldisc_receive(&ours, many, sizeof(many)) == LDISC_INPUT - 1 && ldisc_receive(&ours, many, 1) == 0);
	CHECK(ldisc_read(&ours, buf, 4000, &is_end) == 4000 && !is_end);
	CHECK(ldisc_receive(&ours, many, 4000) == 4000 && ldisc_input_count(&ours) == LDISC_INPUT - 1);
	CHECK(ldisc_read(&ours, buf, sizeof(buf), &is_end) == LDISC_INPUT - 1 && buf[0] == 'x');
}

static void test_modes(void)
{
	u8 buf[100];
	bool is_end;
	ours_start();
	struct termios2 canonical = ours.termios, raw = canonical;
	raw.c_lflag &= ~ICANON;
	raw.c_cc[VMIN] = 5;
	ldisc_receive(&ours, (const u8 *)"abc", 3);
	CHECK(!ldisc_is_readable(&ours, false));
	ldisc_set_termios(&ours, &raw);			/* what was typed can be read at once, */
	CHECK(ldisc_is_readable(&ours, false) && !ldisc_is_readable(&ours, true) && ldisc_input_count(&ours) == 3);
	ldisc_set_termios(&ours, &canonical);		/* and becomes a line on the way back */
	CHECK(ldisc_is_readable(&ours, true) && ldisc_read(&ours, buf, 100, &is_end) == 3 && is_end);
	ldisc_receive(&ours, (const u8 *)"ab\004\004", 4);
	CHECK(ldisc_input_count(&ours) == 2);
}

static void test_slow_output(void)
{
	ours_start();
	output_room = 4;
	ldisc_receive(&ours, (const u8 *)"abcdef", 6);
	CHECK(output_used == 4 && ldisc_write(&ours, (const u8 *)"x", 1) == 0);
	output_room = 30;
	CHECK(ldisc_write(&ours, (const u8 *)"x\ny", 3) == 3);
	CHECK(output_used == 10 && memcmp(output, "abcdefx\r\ny", 10) == 0);
}

int main(void)
{
	host_init(16);
	TEST_RUN(test_system_pty);
	TEST_RUN(test_ours);
	TEST_RUN(test_signals);
	TEST_RUN(test_full);
	TEST_RUN(test_modes);
	TEST_RUN(test_slow_output);
	return test_end();
}
