/*
 * base/list.h: doubly linked circular lists whose links live in the objects.
 * Locks: the caller's; a list head's field comment names the lock.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H
#include "base/types.h"

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(name) { &(name), &(name) }

static inline void list_init(struct list *l) { l->next = l->prev = l; }
static inline bool list_is_empty(const struct list *l) { return READ_ONCE(l->next) == l; }

static inline void list_insert_between(struct list *n, struct list *prev, struct list *next)
{
	n->next = next;
	n->prev = prev;
	next->prev = n;
	prev->next = n;
}

static inline void list_push_front(struct list *head, struct list *n) { list_insert_between(n, head, head->next); }
static inline void list_push_back(struct list *head, struct list *n) { list_insert_between(n, head->prev, head); }

/* Takes n out and leaves it an empty list, so a second removal is harmless. */
static inline void list_remove(struct list *n)
{
	n->next->prev = n->prev;
	n->prev->next = n->next;
	list_init(n);
}

/* Moves all of from to the end of to; from is left empty. */
static inline void list_splice_back(struct list *to, struct list *from)
{
	if (list_is_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(l, type, member) container_of(l, type, member)
#define list_first(head, type, member) list_entry((head)->next, type, member)
#define list_last(head, type, member) list_entry((head)->prev, type, member)
#define list_next(obj, member) list_entry((obj)->member.next, __typeof__(*(obj)), member)
#define list_for_each(obj, head, member)                                                           \
	for (obj = list_first(head, __typeof__(*obj), member); &obj->member != (head);             \
	     obj = list_next(obj, member))
/* The body may remove obj. */
#define list_for_each_safe(obj, tmp, head, member)                                                 \
	for (obj = list_first(head, __typeof__(*obj), member), tmp = list_next(obj, member);       \
	     &obj->member != (head); obj = tmp, tmp = list_next(tmp, member))
#endif
