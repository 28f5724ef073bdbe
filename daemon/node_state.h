/*
 * daemon/node_state.h - the node's inside.
 *
 *	node.c		life, configuration, what comes in, what goes out
 *	node_acquire.c	the kernel asks for SAs: one wish per pair of addresses, back-off
 *	node_wish.c	`establish`: who waits for what, and until when
 *	node_kernel.c	SAs as the kernel wants them; comparing what stands with what should
 *
 * Lifetimes: acquires and waiters belong to the node and are found under the engine's number of
 * their wish (node->wishes) as long as the engine owes an answer.  A reply that is due sits in
 * node->replies and is freed one call after it has been handed out.
 */
#ifndef DAEMON_NODE_STATE_H
#define DAEMON_NODE_STATE_H

#include "daemon/node.h"

#define NODE_ACQUIRES_MAX     4096 /* pairs of addresses that the kernel asked about */
#define NODE_NOTES_MAX	      16   /* of the node's own, until they are fetched */
#define NODE_BACKOFF_FIRST_US (1 * TICK_S)
#define NODE_BACKOFF_MAX_US   (30 * TICK_S)
#define NODE_BACKOFF_KEEP_US                                                                       \
	(60 * TICK_S)			     /* a failure is remembered so long after the last try \
					      */
#define NODE_UNKNOWN_KEEP_US (3600 * TICK_S) /* and an unknown peer, so that it is noted once */
#define NODE_WANT_MAX_US     (900 * TICK_S)  /* no wish takes longer: give up on its answer */
#define NODE_LIST_EVERY_US   (1 * TICK_S)    /* at most one listing of the kernel's SAs per this */

enum timer_kind { TIMER_ACQUIRE, TIMER_WAITER, TIMER_LIST };

struct timer {
	struct heap_node heap;
	enum timer_kind kind;
};

/* What the engine owes an answer for. */
struct wish {
	struct map_node by_id; /* in node->wishes, under id */
	uint64_t id;	       /* 0: nothing is outstanding */
	bool is_acquire;       /* in a struct acquire; else in a struct waiter */
};

enum acquire_state {
	ACQUIRE_WANTING, /* the engine is at it; `timer` sees to it that nothing waits for ever */
	ACQUIRE_BACKOFF, /* it failed; `timer` says when the kernel may ask again */
	ACQUIRE_DUE,	 /* in node->forgets: the kernel shall ask again now */
	ACQUIRE_QUIET,	 /* whether it does is up to the traffic; `timer` forgets the entry */
};

struct acquire_key {
	struct addr local, remote;
	uint8_t zero[2]; /* no padding: keys are compared as bytes */
	uint32_t reqid;
};

struct acquire {
	struct map_node by_key; /* in node->acquires */
	struct acquire_key key;
	struct wish wish;
	struct timer timer;
	struct list node; /* in node->acquire_list, oldest first; or in node->forgets if DUE */
	enum acquire_state state;
	tick_t backoff_us;    /* after the next failure; grows with each */
	enum ike_cause cause; /* of the last failure: it is noted when it changes */
};

struct waiter {
	struct wish wish;
	struct timer timer; /* when the patience of whoever waits ends */
	struct list node;   /* in node->waiters or node->replies */
	uint64_t tag, ike_id;
	bool wait, ok, existed;
	unsigned timeout_s;
	char text[NOTE_MAX]; /* the reply's */
};

struct node {
	struct rng rng;
	struct ike *ike;
	struct node_tunnel *tunnels;
	size_t tunnel_count;
	struct map acquires, wishes;
	struct list acquire_list, forgets;
	size_t acquire_count;
	struct list waiters, replies;
	size_t waiter_count; /* in both lists */
	size_t at_once;	     /* waiters that do not wait: replied to when the engine is drained */
	struct heap timers;
	struct timer list_timer; /* when the next listing may be asked for */
	tick_t list_not_before;
	bool list_wanted;	     /* asked for, due once the engine is drained */
	struct xfrm_sa_view *strays; /* to be deleted from the kernel */
	size_t stray_count, stray_next;
	struct note notes[NODE_NOTES_MAX];
	size_t note_count, note_next;
	bool shutting_down;
	tick_t now; /* of the last call that brought one */
	struct node_stats stats;

	/*
	 * The Child SA that was last handed to the kernel, and whether it was refused: what the
	 * engine has already queued about it (it is up, the wish is granted) is not so then.
	 */
	uint64_t added_child, added_ike;
	bool refused;
	char refused_why[NOTE_MAX];

	/* What the last action points to. */
	struct xfrm_sa sa[2];
	struct waiter *told;
};

/* ---- node.c ---- */
void node_note(struct node *node, enum note_class cls, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
const struct node_tunnel *node_tunnel_by_reqid(const struct node *node, uint32_t reqid);
bool node_wish_add(struct node *node, struct wish *wish, uint64_t id);
void node_wish_drop(struct node *node, struct wish *wish);
/* Make room for one more timer. */
bool node_timer_room(struct node *node);

/* ---- node_acquire.c ---- */
void node_acquire(struct node *node, tick_t now, const struct xfrm_event *ev);
void node_acquire_done(struct node *node, tick_t now, struct acquire *a, enum ike_cause cause,
		       bool existed, const char *detail);
void node_acquire_timeout(struct node *node, tick_t now, struct acquire *a);
/* The configuration has changed: whatever failed before deserves another try now. */
void node_acquires_retry(struct node *node);
/* Pop the next pair that the kernel shall ask for again: false if there is none. */
bool node_acquire_forget_next(struct node *node, tick_t now, struct xfrm_sa *out);
void node_acquires_free(struct node *node);

/* ---- node_wish.c ---- */
void node_waiter_done(struct node *node, struct waiter *w, enum ike_cause cause, bool existed,
		      uint64_t ike_id, const char *detail);
void node_waiter_timeout(struct node *node, struct waiter *w);
/* The engine is drained: who did not want to wait hears that it is under way. */
void node_waiters_at_once(struct node *node);
void node_waiters_shutdown(struct node *node);
struct waiter *node_reply_next(struct node *node);
void node_waiter_free(struct node *node, struct waiter *w);
void node_waiters_free(struct node *node);

/* ---- node_kernel.c ---- */
/* Both halves of a Child SA as xfrm/ takes them; keys included. */
void node_sa_pair(const struct ike_child_sa *child, struct xfrm_sa out[static 2]);
void node_list_want(struct node *node, tick_t now);
bool node_stray_next(struct node *node, struct xfrm_sa out[static 2]);

#endif
