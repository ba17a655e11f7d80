/*
 * drivers/virtio/console.c: virtio-serial: a device with many ports, each a byte stream to the host, and the control
 * messages by which the two sides tell each other of ports.
 *
 * Way in: probe() at boot asks the host for its ports; what the host says later comes by interrupt and is handled as
 * work. Ports themselves are in port.c. virtconsole ports are streams like the others: there is no hvc terminal.
 * Locks: console->mutex around handling messages; console->lock for the control queues.
 * Errors: said in the log. Source: VIRTIO 1.1, 5.3.
 */
#include "drivers/virtio/console.h"
#include "base/printk.h"
#include "base/string.h"
#include "mm/slab.h"
#include <linux/virtio_console.h>
#include <linux/virtio_ids.h>

#define CONTROL_BUFFERS 32
#define CONTROL_BYTES 128	/* a message with the longest name kept */
#define QUEUE_SIZE 32
#define CONTROL_IN 2
#define CONTROL_OUT 3

static u32 console_count;

/* ---- control messages ---- */

static void control_out_reclaim_locked(struct console *c)
{
	void *message;
	while ((message = virtqueue_take(c->control_out, NULL)))
		kfree(message);
}

void console_control_send(struct console *c, u32 port, u16 event, u16 value)
{
	if (!c->has_ports)
		return;
	struct virtio_console_control *m = kmalloc(sizeof(*m));
	if (!m) {
		log_error("virtio-serial: no memory to tell the host of port %u\n", port);
		return;
	}
	*m = (struct virtio_console_control){ port, event, value };
	struct virtio_buffer b = { m, sizeof(*m) };
	unsigned long flags = spin_lock_irqsave(&c->lock);
	control_out_reclaim_locked(c);
	int err = virtqueue_add(c->control_out, &b, 1, 0, m);
	if (!err)
		virtqueue_kick(c->control_out);
	spin_unlock_irqrestore(&c->lock, flags);
	if (err)
		kfree(m);
}

static int control_in_fill(struct console *c)
{
	u8 *memory = kmalloc(CONTROL_BUFFERS * CONTROL_BYTES);
	int err = memory ? 0 : -ENOMEM;
	for (u32 i = 0; i < MIN((u32)CONTROL_BUFFERS, (u32)c->control_in->size) && !err; i++) {
		struct virtio_buffer b = { memory + i * CONTROL_BYTES, CONTROL_BYTES };
		err = virtqueue_add(c->control_in, &b, 0, 1, b.start);
	}
	return err;
}

static void port_add(struct console *c, u32 id)
{
	if (!c->ports[id])
		c->ports[id] = port_new(c, id);
	console_control_send(c, id, VIRTIO_CONSOLE_PORT_READY, c->ports[id] != NULL);
}

static void control_handle(struct console *c, const struct virtio_console_control *m, u32 bytes)
{
	if (bytes < sizeof(*m) || m->id >= c->port_count || (m->event != VIRTIO_CONSOLE_PORT_ADD && !c->ports[m->id]))
		return;
	struct port *p = c->ports[m->id];
	switch (m->event) {
	case VIRTIO_CONSOLE_PORT_ADD:
		port_add(c, m->id);
		break;
	case VIRTIO_CONSOLE_PORT_REMOVE:
		port_unplug(p);
		break;
	case VIRTIO_CONSOLE_PORT_OPEN:
		port_set_host_open(p, m->value);
		break;
	case VIRTIO_CONSOLE_PORT_NAME:
		port_set_name(p, (const char *)(m + 1));	/* ended by control_run() */
		break;
	}
}

/* Takes the next message off the queue, a copy of it; 0: there is none, else its length. */
static u32 control_take(struct console *c, u8 copy[CONTROL_BYTES])
{
	u32 bytes = 0;
	unsigned long flags = spin_lock_irqsave(&c->lock);
	void *m = virtqueue_take(c->control_in, &bytes);
	if (m) {
		struct virtio_buffer b = { m, CONTROL_BYTES };
		bytes = MIN(bytes, (u32)CONTROL_BYTES);
		memcpy(copy, m, bytes);
		if (!virtqueue_add(c->control_in, &b, 0, 1, m))
			virtqueue_kick(c->control_in);
	}
	spin_unlock_irqrestore(&c->lock, flags);
	return m ? MAX(bytes, 1U) : 0;
}

static void control_run(struct console *c)
{
	u8 message[CONTROL_BYTES + 1] __aligned(8);
	u32 bytes;
	mutex_lock(&c->mutex);
	while ((bytes = control_take(c, message))) {
		message[bytes] = 0;
		control_handle(c, (const struct virtio_console_control *)message, bytes);
	}
	mutex_unlock(&c->mutex);
}

static void control_work(struct work *w) { control_run(container_of(w, struct console, control_work)); }

static void control_done(struct virtqueue *q)
{
	struct console *c = q->device->owner;
	work_queue(&c->control_work);
}

/* ---- start ---- */

static struct console *console_new(struct virtio_device *d)
{
	struct console *c = kzalloc(sizeof(*c));
	if (!c)
		return NULL;
	c->device = d;
	c->has_ports = virtio_has(d, VIRTIO_CONSOLE_F_MULTIPORT);
	c->port_count = 1;
	if (c->has_ports) {
		d->transport->config_read(d, offsetof(struct virtio_console_config, max_nr_ports), &c->port_count, 4);
		c->port_count = MIN(c->port_count, (u32)PORTS_MAX);
	}
	mutex_init(&c->mutex, RANK_INODE);
	spin_init(&c->lock, RANK_RINGS);
	work_prepare(&c->control_work, control_work);
	d->owner = c;
	return c;
}

static int queues_start(struct console *c)
{
	virtqueue_done done[2 * PORTS_MAX + 2] = { NULL };
	u32 n = c->has_ports ? 2 * c->port_count + 2 : 2;
	for (u32 i = 0; i < n; i++)
		done[i] = port_queue_done;
	if (c->has_ports) {
		done[CONTROL_IN] = control_done;
		done[CONTROL_OUT] = NULL;
	}
	return virtio_queues_start(c->device, n, QUEUE_SIZE, done);
}

static int console_probe(struct virtio_device *d)
{
	struct console *c = console_new(d);
	int err = c ? queues_start(c) : -ENOMEM;
	if (err)
		return err;
	c->index = console_count++;
	c->control_in = d->queues[c->has_ports ? CONTROL_IN : 0];
	c->control_out = d->queues[c->has_ports ? CONTROL_OUT : 1];
	if (c->has_ports)
		err = control_in_fill(c);
	if (err)
		return err;
	virtio_ready(d);
	if (!c->has_ports) {
		c->ports[0] = port_new(c, 0);
		if (c->ports[0])
			port_set_host_open(c->ports[0], true);
		return c->ports[0] ? 0 : -ENOMEM;
	}
	virtqueue_kick(c->control_in);
	console_control_send(c, VIRTIO_CONSOLE_BAD_ID, VIRTIO_CONSOLE_DEVICE_READY, 1);
	/* Most hosts have answered by now: then the ports are there before the first program looks for them. */
	control_run(c);
	return 0;
}

const struct virtio_driver virtio_console_driver = {
	.name = "virtio-serial", .id = VIRTIO_ID_CONSOLE, .features = 1ULL << VIRTIO_CONSOLE_F_MULTIPORT,
	.probe = console_probe,
};
