/*
 * drivers/virtio/port.c: one port of a virtio-serial device as the file /dev/vportXpN: a byte stream to the host.
 *
 * Way in: file operations; interrupts wake whoever sleeps; console.c tells of the other end. Behaves as Linux's: one
 * opener; with nobody at the other end a read gives 0 and a write waits (poll says POLLHUP).
 * Data goes out in pieces of up to 32 KiB, each freed when the device is done with it, and comes in whole pages, of
 * which there are more while the host fills all that it has.
 * Locks: port->read_lock (one reader), then port->lock (irqsave) for the queues. No user memory under port->lock.
 * Errors: -EBUSY, -ENODEV (unplugged), -EAGAIN, -ERESTARTSYS, -ENOMEM, -EFAULT. Source: VIRTIO 1.1, 5.3.6.
 */
#include "drivers/virtio/console.h"
#include "base/printk.h"
#include "base/string.h"
#include "fs/sysfs.h"
#include "fs/vfs.h"
#include "mm/slab.h"
#include "mm/user_access.h"
#include "task/task.h"
#include <asm/fcntl.h>
#include <linux/eventpoll.h>
#include <linux/virtio_console.h>

#define BUFFER_BYTES 4096
#define BUFFERS_FIRST 2
#define BUFFERS_MAX 16
#define WRITE_BYTES 32768
#define IN_FLIGHT_MAX 131072

struct port_buffer {
	u8 *bytes;		/* owned: BUFFER_BYTES of them */
	u32 length;		/* how many the host filled */
};
/* What was written: the bytes follow. */
struct port_message {
	u32 length;
	u8 bytes[];
};

static SLAB_CACHE(port_buffer_cache, struct port_buffer);

/* ---- buffers for the host's data ---- */

static void buffer_give_locked(struct port *p, struct port_buffer *b)
{
	struct virtio_buffer v = { b->bytes, BUFFER_BYTES };
	if (virtqueue_add(p->in, &v, 0, 1, b))
		log_error("virtio-serial: port %u: a buffer found no room\n", p->id);
}

static int buffer_add(struct port *p)
{
	struct port_buffer *b = slab_zalloc(&port_buffer_cache);
	if (b)
		b->bytes = kmalloc(BUFFER_BYTES);
	if (!b || !b->bytes) {
		slab_free(&port_buffer_cache, b);
		return -ENOMEM;
	}
	unsigned long flags = spin_lock_irqsave(&p->lock);
	buffer_give_locked(p, b);
	p->buffers++;
	spin_unlock_irqrestore(&p->lock, flags);
	return 0;
}

/* The next buffer with data becomes p->reading; false: there is none. Under read_lock. */
static bool buffer_next(struct port *p)
{
	u32 length = 0;
	unsigned long flags = spin_lock_irqsave(&p->lock);
	struct port_buffer *b = virtqueue_take(p->in, &length);
	bool is_dry = b && p->in->size - p->in->free_count == 0 && p->buffers < BUFFERS_MAX;
	spin_unlock_irqrestore(&p->lock, flags);
	if (b)
		b->length = MIN(length, (u32)BUFFER_BYTES);
	p->reading = b;
	p->offset = 0;
	/* The host has none left: it is faster than the reader, so it gets one more to work with. */
	if (is_dry)
		(void)buffer_add(p);
	return b;
}

/* p->reading was read to its end: back to the host. Under read_lock. */
static void buffer_return(struct port *p)
{
	unsigned long flags = spin_lock_irqsave(&p->lock);
	buffer_give_locked(p, p->reading);
	spin_unlock_irqrestore(&p->lock, flags);
	p->reading = NULL;
}

static void host_tell(struct port *p, struct virtqueue *q)
{
	unsigned long flags = spin_lock_irqsave(&p->lock);
	virtqueue_kick(q);
	spin_unlock_irqrestore(&p->lock, flags);
}

/* ---- reading ---- */

static bool has_data(struct port *p) { return READ_ONCE(p->reading) || virtqueue_has_used(p->in); }
static bool may_read(struct port *p)
{
	return has_data(p) || !READ_ONCE(p->is_host_open) || READ_ONCE(p->is_gone);
}

/* What is there, up to n bytes; 0: nothing; -EFAULT. Under read_lock. */
static ssize_t read_available(struct port *p, uptr buf, size_t n)
{
	size_t done = 0;
	bool is_fault = false, is_returned = false;
	while (done < n && !is_fault && (p->reading || buffer_next(p))) {
		struct port_buffer *b = p->reading;
		size_t k = MIN(n - done, (size_t)(b->length - p->offset));
		size_t copied = copy_to_user_partial(buf + done, b->bytes + p->offset, k);
		is_fault = copied < k;
		p->offset += (u32)copied;
		done += copied;
		if (p->offset == b->length) {
			buffer_return(p);
			is_returned = true;
		}
	}
	if (is_returned)
		host_tell(p, p->in);
	return is_fault && !done ? -EFAULT : (ssize_t)done;
}

static ssize_t port_read(struct file *f, uptr buf, size_t n, loff *pos)
{
	struct port *p = f->private;
	for (;;) {
		if (READ_ONCE(p->is_gone))
			return -ENODEV;
		if (!n)
			return 0;
		bool is_over = !READ_ONCE(p->is_host_open);
		mutex_lock(&p->read_lock);
		ssize_t got = read_available(p, buf, n);
		mutex_unlock(&p->read_lock);
		if (got || is_over)
			return got;
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		int err = wait_event_interruptible(&p->wait, may_read(p));
		if (err)
			return err;
	}
}

/* ---- writing ---- */

static void written_reclaim_locked(struct port *p)
{
	struct port_message *m;
	while ((m = virtqueue_take(p->out, NULL))) {
		p->in_flight -= m->length;
		kfree(m);
	}
}

/* Is there room for another piece? If not, the device will say when it is done with one. */
static bool may_write(struct port *p)
{
	unsigned long flags = spin_lock_irqsave(&p->lock);
	written_reclaim_locked(p);
	bool is_full = p->in_flight >= IN_FLIGHT_MAX || p->out->free_count < 1;
	virtqueue_interrupts(p->out, is_full);
	if (is_full && virtqueue_has_used(p->out)) {
		written_reclaim_locked(p);
		is_full = p->in_flight >= IN_FLIGHT_MAX || p->out->free_count < 1;
	}
	bool is_free = p->is_gone || (p->is_host_open && !is_full);
	spin_unlock_irqrestore(&p->lock, flags);
	return is_free;
}

/* A piece of the user's bytes in memory for the device: less than asked for when memory is short. ERR_PTR. */
static struct port_message *message_from_user(uptr buf, size_t n)
{
	n = MIN(n, WRITE_BYTES - sizeof(struct port_message));
	struct port_message *m = kmalloc(sizeof(*m) + n);
	while (!m && n > 512) {
		n /= 2;
		m = kmalloc(sizeof(*m) + n);
	}
	if (!m)
		return ERR_PTR(-ENOMEM);
	m->length = (u32)copy_from_user_partial(m->bytes, buf, n);
	if (m->length == 0) {
		kfree(m);
		return ERR_PTR(-EFAULT);
	}
	return m;
}

/* Hands m to the device: bytes, or -EAGAIN: somebody else took the room. */
static ssize_t message_send(struct port *p, struct port_message *m)
{
	struct virtio_buffer b = { m->bytes, m->length };
	ssize_t n = m->length;
	unsigned long flags = spin_lock_irqsave(&p->lock);
	int err = virtqueue_add(p->out, &b, 1, 0, m);
	if (!err) {
		p->in_flight += m->length;
		virtqueue_kick(p->out);
		written_reclaim_locked(p);
	}
	spin_unlock_irqrestore(&p->lock, flags);
	if (!err)
		return n;
	kfree(m);
	return -EAGAIN;
}

static ssize_t port_write(struct file *f, uptr buf, size_t n, loff *pos)
{
	struct port *p = f->private;
	size_t done = 0;
	int err = 0;
	while (done < n && !err) {
		if (!may_write(p)) {
			err = f->flags & O_NONBLOCK ? -EAGAIN : wait_event_interruptible(&p->wait, may_write(p));
			continue;
		}
		if (READ_ONCE(p->is_gone)) {
			err = -ENODEV;
			break;
		}
		struct port_message *m = message_from_user(buf + done, n - done);
		ssize_t sent = IS_ERR(m) ? PTR_ERR(m) : message_send(p, m);
		if (sent > 0)
			done += (size_t)sent;
		else if (sent != -EAGAIN)
			err = (int)sent;
	}
	return done ? (ssize_t)done : err;
}

static unsigned port_poll(struct file *f, struct poll_table *pt)
{
	struct port *p = f->private;
	unsigned mask = 0;
	poll_wait(f, &p->wait, pt);
	if (READ_ONCE(p->is_gone))
		return EPOLLHUP;
	if (may_read(p))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (may_write(p))
		mask |= EPOLLOUT;
	if (!READ_ONCE(p->is_host_open))
		mask |= EPOLLHUP;
	return mask;
}

/* ---- open and close ---- */

static int port_open(struct inode *i, struct file *f)
{
	struct port *p = f->private;
	unsigned long flags = spin_lock_irqsave(&p->lock);
	int err = p->is_gone ? -ENXIO : p->is_open ? -EBUSY : 0;
	if (!err)
		p->is_open = true;
	u32 buffers = p->buffers;
	spin_unlock_irqrestore(&p->lock, flags);
	if (err)
		return err;
	while (buffers++ < BUFFERS_FIRST && !err)
		err = buffer_add(p);
	if (err && p->buffers == 0) {
		p->is_open = false;
		return err;
	}
	host_tell(p, p->in);
	f->mode |= FMODE_NONSEEK;
	console_control_send(p->console, p->id, VIRTIO_CONSOLE_PORT_OPEN, 1);
	return 0;
}

/* Input that nobody has read is thrown away, so that the next opener does not see it. */
static void port_release(struct file *f)
{
	struct port *p = f->private;
	console_control_send(p->console, p->id, VIRTIO_CONSOLE_PORT_OPEN, 0);
	mutex_lock(&p->read_lock);
	while (p->reading || buffer_next(p))
		buffer_return(p);
	mutex_unlock(&p->read_lock);
	unsigned long flags = spin_lock_irqsave(&p->lock);
	written_reclaim_locked(p);
	p->is_open = false;
	spin_unlock_irqrestore(&p->lock, flags);
}

static const struct file_ops port_fops = {
	.read = port_read, .write = port_write, .poll = port_poll, .open = port_open, .release = port_release,
};

/* ---- the other end ---- */

void port_set_host_open(struct port *p, bool is_open)
{
	unsigned long flags = spin_lock_irqsave(&p->lock);
	p->is_host_open = is_open;
	spin_unlock_irqrestore(&p->lock, flags);
	wake_up_all(&p->wait);
}

void port_unplug(struct port *p)
{
	unsigned long flags = spin_lock_irqsave(&p->lock);
	p->is_gone = true;
	p->is_host_open = false;
	spin_unlock_irqrestore(&p->lock, flags);
	wake_up_all(&p->wait);
}

/* ---- what /sys shows ---- */

static int port_show_name(void *arg, char *buf, size_t size)
{
	struct port *p = arg;
	return scnprintf(buf, size, "%s\n", p->name);
}

static int port_show_dev(void *arg, char *buf, size_t size)
{
	struct port *p = arg;
	return scnprintf(buf, size, "%u:%u\n", PORT_MAJOR, p->console->index * PORTS_MAX + p->id);
}

static void port_show(struct port *p, const char *file, sysfs_show show)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "class/virtio-ports/vport%up%u/%s", p->console->index, p->id, file);
	if (sysfs_add(path, show, p))
		log_error("virtio-serial: no memory for /sys/%s\n", path);
}

void port_set_name(struct port *p, const char *name)
{
	bool is_first = !p->name[0];
	strlcpy(p->name, name, sizeof(p->name));
	if (is_first && p->name[0])
		port_show(p, "name", port_show_name);
}

/* ---- start ---- */

void port_queue_done(struct virtqueue *q)
{
	struct port *p = q->owner;
	if (p)
		wake_up_all(&p->wait);
}

struct port *port_new(struct console *c, u32 id)
{
	u32 queue = id == 0 ? 0 : 2 * id + 2;	/* the control queues are 2 and 3 */
	char node[32];
	struct port *p = kzalloc(sizeof(*p));
	if (!p)
		return NULL;
	p->console = c;
	p->id = id;
	p->in = c->device->queues[queue];
	p->out = c->device->queues[queue + 1];
	spin_init(&p->lock, RANK_RINGS);
	mutex_init(&p->read_lock, RANK_PIPE);
	waitqueue_init(&p->wait);
	virtqueue_interrupts(p->out, false);
	p->in->owner = p->out->owner = p;
	(void)snprintf(node, sizeof(node), "vport%up%u", c->index, id);
	if (dev_register(node, 0600, PORT_MAJOR, c->index * PORTS_MAX + id, &port_fops, p)) {
		log_error("virtio-serial: no device node %s\n", node);
		p->in->owner = p->out->owner = NULL;
		kfree(p);
		return NULL;
	}
	port_show(p, "dev", port_show_dev);
	return p;
}
