/*
 * drivers/random.c: random numbers. One ChaCha20 key for the whole kernel makes some blocks at a time: the first of their
 * bytes become the next key, the others wait to be given out, each once, and are erased then (fast key erasure): nobody
 * who later reads the kernel's memory can work out numbers that were already given out. A request of more than a key's
 * size takes a key of its own from there.
 *
 * Way in: random_bytes() in the kernel; getrandom(2), /dev/random and /dev/urandom, which are the same. There is
 * nothing to wait for: the first use seeds the key from rdrand, the clocks and the boot parameters, before any program
 * runs, so no call ever blocks or says EAGAIN. virtio-rng and writers to the devices are mixed in.
 * Locks: random_lock (irqsave), for one batch at most. Errors: as getrandom(2), random(4).
 * Source: D. J. Bernstein, "Fast-key-erasure random-number generators".
 */
#include "drivers/random.h"
#include "drivers/chacha20.h"
#include "base/errno.h"
#include "base/printk.h"
#include "base/string.h"
#include "arch/arch.h"
#include "fs/vfs.h"
#include "mm/user_access.h"
#include "sched/sched.h"
#include "syscall/define.h"
#include "task/task.h"
#include "time/time.h"
#include <linux/capability.h>
#include <linux/random.h>

#define KEY_WORDS CHACHA20_KEY_WORDS
#define BLOCK_BYTES 64
#define BATCH_BLOCKS 8
#define RESEED_NS (60 * NSEC_PER_SEC)
#define READ_MAX 0x1ffffffUL	/* bytes of one read of /dev/random, as Linux */
#define GETRANDOM_MAX 0x7fffffffUL
#define POOL_BITS 256		/* what RNDGETENTCNT says: always full */

static struct spinlock random_lock = SPINLOCK_INIT(RANK_RANDOM);
static u32 random_key[KEY_WORDS];	/* random_lock, as below */
static u8 batch[BATCH_BLOCKS * BLOCK_BYTES];	/* random_lock. Its first batch_left bytes are to be given out, from the end */
static size_t batch_left;
static u64 seeded_ns;
static bool is_seeded;

/* ---- the key ---- */

/* The key becomes a block of (key xor data): whoever knew one of the two does not know the result. */
static void key_stir_locked(const u32 data[KEY_WORDS])
{
	u32 block[16];
	for (int i = 0; i < KEY_WORDS; i++)
		random_key[i] ^= data[i];
	chacha20_block(random_key, 0, block);
	memcpy(random_key, block, sizeof(random_key));
}

/* What was made with the old key is not given out any more. */
static void key_mix_locked(const void *data, size_t n)
{
	const u8 *p = data;
	batch_left = 0;
	while (n) {
		u32 part[KEY_WORDS] = { 0 };
		size_t k = MIN(n, sizeof(part));
		memcpy(part, p, k);
		key_stir_locked(part);
		p += k;
		n -= k;
	}
}

static void key_seed_locked(void)
{
	u64 seed[KEY_WORDS];
	for (int i = 0; i < KEY_WORDS; i++) {
		if (!arch_random(&seed[i]))
			seed[i] = arch_cycles() ^ arch_clock_ns() << 20;
	}
	key_mix_locked(seed, sizeof(seed));
	if (!is_seeded) {
		u64 when[2] = { arch_realtime_at_boot_ns(), arch_cycles() };
		key_mix_locked(when, sizeof(when));
		if (boot_info.cmdline)
			key_mix_locked(boot_info.cmdline, strlen(boot_info.cmdline));
	}
	seeded_ns = arch_clock_ns();
	is_seeded = true;
}

static void batch_fill_locked(void)
{
	u32 block[16];
	for (u64 i = 0; i < BATCH_BLOCKS; i++) {
		chacha20_block(random_key, i, block);
		memcpy(batch + i * BLOCK_BYTES, block, BLOCK_BYTES);
	}
	memset(block, 0, sizeof(block));
	barrier();
	batch_left = sizeof(batch) - sizeof(random_key);
	memcpy(random_key, batch + batch_left, sizeof(random_key));
	memset(batch + batch_left, 0, sizeof(random_key));
}

/* At most a key's size. */
static void random_take(void *out, size_t n)
{
	unsigned long flags = spin_lock_irqsave(&random_lock);
	if (!is_seeded || arch_clock_ns() - seeded_ns > RESEED_NS)
		key_seed_locked();
	if (batch_left < n)
		batch_fill_locked();
	batch_left -= n;
	memcpy(out, batch + batch_left, n);
	memset(batch + batch_left, 0, n);
	spin_unlock_irqrestore(&random_lock, flags);
}

void random_mix(const void *data, size_t n)
{
	unsigned long flags = spin_lock_irqsave(&random_lock);
	key_mix_locked(data, n);
	spin_unlock_irqrestore(&random_lock, flags);
}

void random_bytes(void *buf, size_t n)
{
	u32 key[KEY_WORDS], block[16];
	u8 *p = buf;
	if (n <= sizeof(key)) {
		random_take(buf, n);
		return;
	}
	random_take(key, sizeof(key));
	for (u64 counter = 1; n; counter++) {
		size_t k = MIN(n, (size_t)BLOCK_BYTES);
		chacha20_block(key, counter, block);
		memcpy(p, block, k);
		p += k;
		n -= k;
	}
	memset(key, 0, sizeof(key));
	memset(block, 0, sizeof(block));
	barrier();
}

u64 random_u64(void)
{
	u64 v;
	random_bytes(&v, sizeof(v));
	return v;
}

/* ---- for programs ---- */

/* A long read or write gives way to signals and to others, now and then. */
static bool must_stop(void)
{
	if (signal_is_pending())
		return true;
	sched_give_way();
	return false;
}

static ssize_t random_to_user(uptr buf, size_t n)
{
	u32 key[KEY_WORDS], out[BLOCK_BYTES];	/* 256 bytes: four blocks a copy */
	size_t done = 0;
	u64 counter = 1;
	random_take(key, MIN(n, sizeof(key)));
	if (n && n <= sizeof(key)) {	/* these will do, as in random_bytes */
		done = copy_to_user_partial(buf, key, n);
		if (!done)
			done = (size_t)-EFAULT;
		n = 0;
	}
	while (done < n) {
		size_t k = MIN(n - done, sizeof(out));
		for (size_t i = 0; i * BLOCK_BYTES < k; i++)
			chacha20_block(key, counter++, out + i * 16);
		size_t copied = copy_to_user_partial(buf + done, out, k);
		done += copied;
		if (copied < k) {
			if (!done)
				done = (size_t)-EFAULT;
			break;
		}
		if (done % PAGE_SIZE == 0 && done < n && must_stop())
			break;
	}
	memset(key, 0, sizeof(key));
	memset(out, 0, sizeof(out));
	barrier();
	return (ssize_t)done;
}

long sys_getrandom(uptr buf, size_t count, unsigned flags)
{
	if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	if ((flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	return random_to_user(buf, MIN(count, GETRANDOM_MAX));
}

static ssize_t random_read(struct file *f, uptr buf, size_t n, loff *pos)
{
	return random_to_user(buf, MIN(n, READ_MAX));
}

static ssize_t mix_user(uptr buf, size_t n)
{
	u8 part[256];
	size_t done = 0;
	while (done < n) {
		size_t k = MIN(n - done, sizeof(part)), copied = copy_from_user_partial(part, buf + done, k);
		random_mix(part, copied);
		done += copied;
		if (copied < k)
			return done ? (ssize_t)done : -EFAULT;
		if (done % PAGE_SIZE == 0 && done < n && must_stop())
			break;
	}
	return (ssize_t)done;
}

static ssize_t random_write(struct file *f, uptr buf, size_t n, loff *pos)
{
	return mix_user(buf, MIN(n, READ_MAX));
}

static long add_entropy(uptr arg)
{
	int head[2];	/* struct rand_pool_info: bits, then bytes that follow */
	int err = copy_from_user(head, arg, sizeof(head));
	if (err)
		return err;
	if (head[0] < 0 || head[1] < 0)
		return -EINVAL;
	ssize_t n = mix_user(arg + sizeof(head), (size_t)head[1]);
	if (n < 0)
		return n;
	return n == head[1] ? 0 : -EFAULT;
}

static long random_ioctl(struct file *f, unsigned cmd, uptr arg)
{
	u32 value;
	if (cmd == RNDGETENTCNT)
		return put_user_u32(POOL_BITS, arg);
	switch (cmd) {
	case RNDADDTOENTCNT:
		if (!capable(CAP_SYS_ADMIN))
			return -EPERM;
		if (get_user_u32(&value, arg))
			return -EFAULT;
		return (int)value < 0 ? -EINVAL : 0;	/* the count is full already */
	case RNDADDENTROPY:
		return capable(CAP_SYS_ADMIN) ? add_entropy(arg) : -EPERM;
	case RNDZAPENTCNT:
	case RNDCLEARPOOL:
		return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;	/* the count cannot be lowered, as on Linux 6.1 */
	case RNDRESEEDCRNG:
		if (!capable(CAP_SYS_ADMIN))
			return -EPERM;
		unsigned long flags = spin_lock_irqsave(&random_lock);
		key_seed_locked();
		spin_unlock_irqrestore(&random_lock, flags);
		return 0;
	}
	return -EINVAL;
}

static loff random_seek(struct file *f, loff off, int whence) { return 0; }

static const struct file_ops random_fops = {
	.read = random_read, .write = random_write, .ioctl = random_ioctl, .seek = random_seek,
};

void random_init(void)
{
	if (dev_register("random", 0666, 1, 8, &random_fops, NULL) || dev_register("urandom", 0666, 1, 9, &random_fops, NULL))
		log_error("random: no device nodes");
}
