/*
 * base/printk.c: the kernel log: a ring of records, printed to the console as they come.
 * Way in: log_write from any context; log_read for syslog(2) and /dev/kmsg. Locks: log_lock (irqsave; RANK_LOG, the
 * last of all), also held while the console prints, so that lines do not mix. A panic takes no lock: whoever holds it
 * never runs again. Sequence numbers count records; a record that was overwritten is skipped by its readers.
 */
#include "base/printk.h"
#include "base/string.h"
#include "sync/spinlock.h"
#include "arch/arch.h"

#define RING_BYTES 65536
#define TEXT_MAX 1000

struct record {
	u64 time_ns;
	u16 size;	/* of the whole record, a multiple of 8; 0: the ring goes on at its start */
	u16 length;	/* of the text */
	u32 level;
	char text[];
};

static char ring[RING_BYTES] __aligned(8);
static size_t ring_head;		/* where the next record goes; log_lock, as all below */
static size_t ring_tail;		/* the oldest record */
static u64 first_seq, end_seq;
static struct spinlock log_lock = SPINLOCK_INIT(RANK_LOG);
static void (*console_write)(const char *s, size_t n);
static bool is_panicking;

int log_console_level = 7;

static unsigned long log_lock_take(void)
{
	return is_panicking ? arch_irq_save() : spin_lock_irqsave(&log_lock);
}

static void log_lock_release(unsigned long flags)
{
	if (is_panicking)
		arch_irq_restore(flags);
	else
		spin_unlock_irqrestore(&log_lock, flags);
}

static struct record *record_at(size_t offset) { return (struct record *)(ring + offset); }

/* The offset of the record at or after offset: the end of the ring is left out. */
static size_t record_normalize(size_t offset)
{
	if (offset + sizeof(struct record) > RING_BYTES || record_at(offset)->size == 0)
		return 0;
	return offset;
}

static void drop_oldest(void)
{
	ring_tail = record_normalize(ring_tail + record_at(ring_tail)->size);
	first_seq++;
}

/* Is [ring_head, ring_head + n) free? One record's room always stays between head and tail. */
static bool ring_has_room(size_t n)
{
	if (first_seq == end_seq)
		return true;
	if (ring_tail >= ring_head)
		return ring_tail - ring_head > n;
	return RING_BYTES - ring_head >= n;
}

static struct record *record_new(size_t size)
{
	if (RING_BYTES - ring_head < size) {	/* go on at the start; whatever lies behind head goes */
		while (first_seq != end_seq && ring_tail >= ring_head)
			drop_oldest();
		if (ring_head + sizeof(struct record) <= RING_BYTES)
			record_at(ring_head)->size = 0;
		ring_head = 0;
	}
	while (!ring_has_room(size))
		drop_oldest();
	if (first_seq == end_seq)
		ring_tail = ring_head;
	return record_at(ring_head);
}

static void ring_add(enum log_level level, u64 time_ns, const char *text, size_t n)
{
	size_t size = ALIGN_UP(sizeof(struct record) + n, 8UL);
	struct record *r = record_new(size);

	r->time_ns = time_ns;
	r->size = (u16)size;
	r->length = (u16)n;
	r->level = level;
	memcpy(r->text, text, n);
	ring_head += size;
	end_seq++;
}

static int format_time(char *buf, size_t size, u64 time_ns)
{
	return scnprintf(buf, size, "[%5lu.%06lu] ", (unsigned long)(time_ns / NSEC_PER_SEC),
			 (unsigned long)(time_ns % NSEC_PER_SEC / NSEC_PER_USEC));
}

static void print(enum log_level level, u64 time_ns, const char *text, size_t n)
{
	char stamp[32];

	if (!console_write || (int)level >= log_console_level)
		return;
	console_write(stamp, (size_t)format_time(stamp, sizeof(stamp), time_ns));
	console_write(text, n);
	console_write("\n", 1);
}

void log_write(enum log_level level, const char *fmt, ...)
{
	char text[TEXT_MAX];
	unsigned long flags;
	va_list ap;
	size_t n;
	u64 now = arch_clock_ns();

	va_start(ap, fmt);
	n = (size_t)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	n = MIN(n, sizeof(text) - 1);
	while (n > 0 && text[n - 1] == '\n')
		n--;
	flags = log_lock_take();
	ring_add(level, now, text, n);
	print(level, now, text, n);
	log_lock_release(flags);
}

void log_set_console(void (*write)(const char *s, size_t n))
{
	unsigned long flags = log_lock_take();
	size_t at = ring_tail;

	console_write = write;
	for (u64 seq = first_seq; seq != end_seq; seq++) {
		struct record *r = record_at(at);

		print((enum log_level)r->level, r->time_ns, r->text, r->length);
		at = record_normalize(at + r->size);
	}
	log_lock_release(flags);
}

void log_panic_begin(void)
{
	is_panicking = true;
}

void log_console_raw(const char *s, size_t n)
{
	if (console_write)
		console_write(s, n);
}

/* The record with number *seq, or the oldest one after it; NULL: none yet. Under log_lock. */
static struct record *record_find(u64 *seq)
{
	size_t at = ring_tail;

	if (*seq < first_seq)
		*seq = first_seq;
	if (*seq >= end_seq)
		return NULL;
	for (u64 i = first_seq; i != *seq; i++)
		at = record_normalize(at + record_at(at)->size);
	return record_at(at);
}

bool log_read_record(u64 *seq, struct log_record *info, char *text, size_t size)
{
	unsigned long flags = log_lock_take();
	struct record *r = record_find(seq);

	if (r) {
		size_t n = MIN((size_t)r->length, size - 1);

		*info = (struct log_record){ (enum log_level)r->level, r->time_ns, *seq, n };
		memcpy(text, r->text, n);
		text[n] = 0;
		(*seq)++;
	}
	log_lock_release(flags);
	return r;
}

/* One record as a line; a text that does not fit is cut. Returns its length; 0: not even the head fits. */
static size_t format_record(char *buf, size_t size, const struct record *r, bool may_cut)
{
	char head[40];
	size_t n = (size_t)scnprintf(head, sizeof(head), "<%u>", r->level), length = r->length;

	n += (size_t)format_time(head + n, sizeof(head) - n, r->time_ns);
	if (n + 1 > size || (n + length + 1 > size && !may_cut))
		return 0;
	length = MIN(length, size - n - 1);
	memcpy(buf, head, n);
	memcpy(buf + n, r->text, length);
	buf[n + length] = '\n';
	return n + length + 1;
}

size_t log_read(u64 *seq, char *buf, size_t size)
{
	unsigned long flags = log_lock_take();
	struct record *r = record_find(seq);
	size_t done = 0, n;

	while (r && *seq != end_seq) {
		n = format_record(buf + done, size - done, r, done == 0);
		if (!n)
			break;
		done += n;
		(*seq)++;
		r = record_at(record_normalize((size_t)((char *)r - ring) + r->size));
	}
	log_lock_release(flags);
	return done;
}

u64 log_first_seq(void) { return READ_ONCE(first_seq); }
u64 log_end_seq(void) { return READ_ONCE(end_seq); }
