/*
 * daemon/node_acquire.c - the kernel asks for SAs.
 *
 * A packet that meets the tunnel's policy and finds no SA makes the kernel keep a larval SA for its
 * addresses and send one ACQUIRE.  While the larval SA lives (net.core.xfrm_acq_expires, 30 s) the
 * kernel asks no more and drops what follows; the real SA replaces it.  So when an attempt fails
 * early, somebody must make the kernel forget that it asked, or traffic would stay down for the
 * rest of those 30 s; and when a peer stays away, it must not be made to forget too often.
 *
 *	(none) -ACQUIRE-> WANTING -stands-> (none)
 *	WANTING -stood already-> BACKOFF
 *	WANTING -failed-> BACKOFF -1 s, doubling to 30 s-> DUE -forget-> QUIET
 *	QUIET -ACQUIRE-> WANTING;  QUIET -60 s-> (none)
 *	WANTING -nobody is configured there-> QUIET, for an hour: the kernel's own 30 s will do
 *
 * The table is bounded; when it is full the oldest entry that nobody is working on goes.
 */
#include "daemon/node_state.h"

#include <stdlib.h>

static void acquire_free(struct node *node, struct acquire *a)
{
	node_wish_drop(node, &a->wish);
	heap_set(&node->timers, &a->timer.heap, TICK_NEVER);
	map_remove(&node->acquires, &a->by_key);
	list_remove(&a->node);
	node->acquire_count--;
	free(a);
}

void node_acquires_free(struct node *node)
{
	LIST_EACH_SAFE(it, &node->acquire_list) {
		acquire_free(node, CONTAINER_OF(it, struct acquire, node));
	}
	LIST_EACH_SAFE(it, &node->forgets) {
		acquire_free(node, CONTAINER_OF(it, struct acquire, node));
	}
}

/* Room for one more: false if all of the table is being worked on. */
static bool make_room(struct node *node)
{
	if (node->acquire_count < NODE_ACQUIRES_MAX)
		return true;
	LIST_EACH(it, &node->acquire_list) {
		struct acquire *a = CONTAINER_OF(it, struct acquire, node);

		if (a->state == ACQUIRE_QUIET || a->state == ACQUIRE_BACKOFF) {
			acquire_free(node, a);
			return true;
		}
	}
	return false;
}

static struct acquire *acquire_new(struct node *node, const struct acquire_key *key)
{
	struct acquire *a;

	if (!make_room(node) || !node_timer_room(node))
		return NULL;
	a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	a->key = *key;
	if (!map_insert(&node->acquires, &a->by_key, &a->key)) {
		free(a);
		return NULL;
	}
	a->wish.is_acquire = true;
	a->timer.kind = TIMER_ACQUIRE;
	heap_node_init(&a->timer.heap);
	a->state = ACQUIRE_QUIET;
	a->backoff_us = NODE_BACKOFF_FIRST_US;
	list_append(&node->acquire_list, &a->node);
	node->acquire_count++;
	return a;
}

static void enter(struct node *node, struct acquire *a, enum acquire_state state, tick_t due)
{
	bool was_due = a->state == ACQUIRE_DUE;

	a->state = state;
	heap_set(&node->timers, &a->timer.heap, due);
	if (was_due != (state == ACQUIRE_DUE)) {
		list_remove(&a->node);
		list_append(was_due ? &node->acquire_list : &node->forgets, &a->node);
	}
}

static const char *tunnel_of(const struct node *node, const struct acquire *a)
{
	return node_tunnel_name(node, a->key.reqid);
}

/* Traffic goes to an address that nobody is configured for: said once, then counted. */
static void unknown_peer(struct node *node, tick_t now, struct acquire *a)
{
	char local[ADDR_TEXT_MAX], remote[ADDR_TEXT_MAX];

	node->stats.acquires_unknown++;
	if (a->cause != IKE_CAUSE_NO_PEER)
		node_note(node, NOTE_WARN,
			  "%s: traffic from %s to %s is dropped: no peer is configured for %s",
			  tunnel_of(node, a), addr_text(&a->key.local, local),
			  addr_text(&a->key.remote, remote), remote);
	a->cause = IKE_CAUSE_NO_PEER;
	enter(node, a, ACQUIRE_QUIET, now + NODE_UNKNOWN_KEEP_US);
}

static void failed(struct node *node, tick_t now, struct acquire *a, enum ike_cause cause,
		   const char *detail)
{
	char remote[ADDR_TEXT_MAX];
	tick_t pause = a->backoff_us;

	if (cause == IKE_CAUSE_NO_PEER) {
		unknown_peer(node, now, a);
		return;
	}
	/* The same failure, over and over, is one event; a different one is news. */
	node_note(node, a->cause == cause ? NOTE_DEBUG : NOTE_WARN,
		  "%s: traffic to %s is dropped: %s; trying again as long as there is traffic",
		  tunnel_of(node, a), addr_text(&a->key.remote, remote),
		  detail && *detail ? detail : ike_cause_text(cause));
	a->cause = cause;
	a->backoff_us = tick_min(2 * pause, NODE_BACKOFF_MAX_US);
	enter(node, a, ACQUIRE_BACKOFF, now + pause);
}

void node_acquire_done(struct node *node, tick_t now, struct acquire *a, enum ike_cause cause,
		       bool existed, const char *detail)
{
	if (cause != IKE_CAUSE_NONE) {
		failed(node, now, a, cause, detail);
		return;
	}
	/*
	 * The kernel asked for what stands: it came up in the same moment, or somebody has taken
	 * it out of the kernel.  Looking tells.  In the second case the question that was asked
	 * would keep the kernel from asking again, so it has to be forgotten a moment later.
	 */
	if (existed) {
		node_list_want(node, now);
		enter(node, a, ACQUIRE_BACKOFF, now + NODE_BACKOFF_FIRST_US);
		return;
	}
	acquire_free(node, a);
}

static void want(struct node *node, tick_t now, struct acquire *a, uint32_t seq)
{
	struct ike_want w = {
		.local = a->key.local, .remote = a->key.remote, .reqid = a->key.reqid, .seq = seq
	};
	uint64_t id = 0;
	enum ike_cause cause = ike_want(node->ike, now, &w, &id);

	if (cause == IKE_CAUSE_NONE && !node_wish_add(node, &a->wish, id))
		cause = IKE_CAUSE_LIMIT;
	if (cause == IKE_CAUSE_NONE)
		enter(node, a, ACQUIRE_WANTING, now + NODE_WANT_MAX_US);
	else
		failed(node, now, a, cause, NULL);
}

void node_acquire(struct node *node, tick_t now, const struct xfrm_event *ev)
{
	struct acquire_key key;
	struct map_node *found;
	struct acquire *a;

	if (node->shutting_down)
		return;
	if (!node_tunnel_by_reqid(node, ev->reqid)) {
		node->stats.acquires_foreign++;
		return;
	}
	node->stats.acquires++;
	memset(&key, 0, sizeof(key));
	key.local = ev->src;
	key.remote = ev->dst;
	key.reqid = ev->reqid;
	found = map_find(&node->acquires, &key);
	a = found ? CONTAINER_OF(found, struct acquire, by_key) : acquire_new(node, &key);
	if (!a) {
		node->stats.acquires_dropped++;
		return;
	}
	if (a->state == ACQUIRE_QUIET)
		want(node, now, a, ev->seq);
	else
		node->stats.acquires_repeated++;
}

void node_acquire_timeout(struct node *node, tick_t now, struct acquire *a)
{
	switch (a->state) {
	case ACQUIRE_WANTING:
		ike_want_cancel(node->ike, a->wish.id);
		node_wish_drop(node, &a->wish);
		failed(node, now, a, IKE_CAUSE_NO_ANSWER, NULL);
		break;
	case ACQUIRE_BACKOFF:
		enter(node, a, ACQUIRE_DUE, TICK_NEVER);
		break;
	case ACQUIRE_DUE: /* has no timer */
		break;
	case ACQUIRE_QUIET:
		acquire_free(node, a);
		break;
	}
}

void node_acquires_retry(struct node *node)
{
	LIST_EACH_SAFE(it, &node->acquire_list) {
		struct acquire *a = CONTAINER_OF(it, struct acquire, node);

		if (a->state == ACQUIRE_WANTING)
			continue; /* the engine answers, if only that it is not configured */
		if (!node_tunnel_by_reqid(node, a->key.reqid)) {
			acquire_free(node, a);
			continue;
		}
		a->cause = IKE_CAUSE_NONE;
		a->backoff_us = NODE_BACKOFF_FIRST_US;
		enter(node, a, ACQUIRE_DUE, TICK_NEVER);
	}
}

bool node_acquire_forget_next(struct node *node, tick_t now, struct xfrm_sa *out)
{
	struct list *first = list_first(&node->forgets);

	if (!first)
		return false;

	struct acquire *a = CONTAINER_OF(first, struct acquire, node);

	out->src = a->key.local;
	out->dst = a->key.remote;
	out->reqid = a->key.reqid;
	enter(node, a, ACQUIRE_QUIET, now + NODE_BACKOFF_KEEP_US);
	return true;
}
