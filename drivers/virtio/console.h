/*
 * drivers/virtio/console.h: a virtio-serial device and its ports, for console.c (the device) and port.c (the files).
 */
#ifndef DRIVERS_VIRTIO_CONSOLE_H
#define DRIVERS_VIRTIO_CONSOLE_H
#include "drivers/drivers.h"
#include "drivers/virtio/virtio.h"
#include "sync/mutex.h"
#include "sync/waitqueue.h"

#define PORTS_MAX 32
#define PORT_NAME_BYTES 64
#define PORT_MAJOR 245		/* from the range for local use; minor: device * PORTS_MAX + port */

struct port_buffer;

struct port {
	struct console *console;	/* borrowed: it lives for ever */
	u32 id;
	char name[PORT_NAME_BYTES];	/* what the host calls it, or "". console->mutex */
	struct virtqueue *in, *out;	/* borrowed. lock */
	struct spinlock lock;		/* RANK_RINGS, irqsave: taken by interrupts */
	struct mutex read_lock;		/* RANK_PIPE: one reader at a time; guards `reading` and its offset */
	struct waitqueue wait;		/* readers and writers */
	struct port_buffer *reading;	/* owned: received, partly read */
	u32 offset;
	u32 buffers;			/* that were ever given to the device. lock */
	u32 in_flight;			/* bytes written that the device still has. lock */
	bool is_open;			/* by a file here. lock */
	bool is_host_open;		/* somebody is at the other end. lock */
	bool is_gone;			/* unplugged. lock */
};

struct console {
	struct virtio_device *device;
	u32 index;			/* of the device: the X in vportXpN */
	bool has_ports;			/* VIRTIO_CONSOLE_F_MULTIPORT */
	u32 port_count;			/* how many there may be */
	struct mutex mutex;		/* RANK_INODE: control messages are handled one after the other */
	struct spinlock lock;		/* RANK_RINGS, irqsave: both control queues */
	struct virtqueue *control_in, *control_out;	/* lock */
	struct work control_work;
	struct port *ports[PORTS_MAX];	/* owned; set once */
};

/* console.c */
void console_control_send(struct console *c, u32 port, u16 event, u16 value);
/* port.c */
struct port *port_new(struct console *c, u32 id);	/* with its device node. NULL: out of memory */
void port_set_host_open(struct port *p, bool is_open);
void port_set_name(struct port *p, const char *name);	/* under console->mutex */
void port_unplug(struct port *p);
void port_queue_done(struct virtqueue *q);
#endif
