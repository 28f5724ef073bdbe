/*
 * daemon/node_wish.c - `establish`: an operator, or a program, wants an SA and may wait for it.
 *
 * A wish becomes the engine's want; the answer comes back under the want's number.  Whoever waits
 * gets exactly one reply: it stands, it failed (with the engine's sentence), or the patience ended
 * (the attempt goes on).  Whoever does not wait is answered once the engine is drained: by then it
 * has said whether the SA stood already or could not be begun.
 */
#include "daemon/node_state.h"

#include <stdio.h>
#include <stdlib.h>

void node_waiter_free(struct node *node, struct waiter *w)
{
	if (!w)
		return;
	node_wish_drop(node, &w->wish);
	heap_set(&node->timers, &w->timer.heap, TICK_NEVER);
	list_remove(&w->node);
	if (!w->wait)
		node->at_once--;
	node->waiter_count--;
	free(w);
}

void node_waiters_free(struct node *node)
{
	node_waiter_free(node, node->told);
	node->told = NULL;
	LIST_EACH_SAFE(it, &node->waiters) {
		node_waiter_free(node, CONTAINER_OF(it, struct waiter, node));
	}
	LIST_EACH_SAFE(it, &node->replies) {
		node_waiter_free(node, CONTAINER_OF(it, struct waiter, node));
	}
}

static struct waiter *waiter_new(struct node *node, const struct node_wish *wish)
{
	struct waiter *w;

	if (node->waiter_count >= NODE_WAITERS_MAX || !node_timer_room(node))
		return NULL;
	w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	w->timer.kind = TIMER_WAITER;
	heap_node_init(&w->timer.heap);
	w->tag = wish->tag;
	w->wait = wish->wait;
	w->timeout_s = (unsigned)(wish->timeout_us / TICK_S);
	if (!w->wait)
		node->at_once++;
	node->waiter_count++;
	list_append(&node->waiters, &w->node);
	return w;
}

/* The waiting is over: the reply is due. */
static void settle(struct node *node, struct waiter *w, bool ok)
{
	w->ok = ok;
	heap_set(&node->timers, &w->timer.heap, TICK_NEVER);
	list_remove(&w->node);
	list_append(&node->replies, &w->node);
	if (!w->wait) {
		w->wait = true; /* counted as one that does not wait no more */
		node->at_once--;
	}
}

static void __attribute__((format(printf, 3, 4)))
refuse(struct node *node, struct waiter *w, const char *format, ...)
{
	struct note note;
	va_list args;

	va_start(args, format);
	note_vwrite(&note, NOTE_INFO, format, args);
	va_end(args);
	memcpy(w->text, note.text, sizeof(w->text));
	settle(node, w, false);
}

/* ---- which tunnel ---- */

/* Could this tunnel carry the wish?  2: it is made for that peer alone; 1: it could; 0: no. */
static int suits(const struct node_tunnel *t, const struct node_wish *wish)
{
	if (wish->tunnel && strcmp(wish->tunnel, t->name) != 0)
		return 0;
	if (wish->local.family != ADDR_NONE && t->local.family != ADDR_NONE &&
	    !addr_eq(&t->local, &wish->local))
		return 0;
	if (t->local.family != ADDR_NONE && t->local.family != wish->remote.family)
		return 0;
	if (t->remote.family == ADDR_NONE)
		return 1;
	return addr_eq(&t->remote, &wish->remote) ? 2 : 0;
}

/*
 * The tunnel to use; NULL if there is none, or none that is better than another: `other` is set
 * then.  Tunnels with one reqid share their SAs, so either will do.
 */
static const struct node_tunnel *choose(const struct node *node, const struct node_wish *wish,
					const struct node_tunnel **other)
{
	const struct node_tunnel *best = NULL;
	int best_suits = 0;

	*other = NULL;
	for (size_t i = 0; i < node->tunnel_count; i++) {
		const struct node_tunnel *t = &node->tunnels[i];
		int now_suits = suits(t, wish);

		if (now_suits > best_suits) {
			best = t;
			best_suits = now_suits;
			*other = NULL;
		} else if (now_suits && now_suits == best_suits &&
			   (t->reqid != best->reqid || !addr_eq(&t->local, &best->local))) {
			*other = t;
		}
	}
	return best;
}

/* Where to, and as what: false if the wish cannot be had; the reply is due then. */
static bool resolve(struct node *node, struct waiter *w, const struct node_wish *wish,
		    struct ike_want *want)
{
	char remote[ADDR_TEXT_MAX];
	const struct node_tunnel *other, *tunnel = choose(node, wish, &other);

	(void)addr_text(&wish->remote, remote);
	if (!tunnel) {
		if (wish->tunnel)
			refuse(node, w, "tunnel %s does not lead to %s", wish->tunnel, remote);
		else
			refuse(node, w, "no tunnel is configured towards %s", remote);
		return false;
	}
	if (other) {
		refuse(node, w, "tunnels %s and %s both lead to %s: name one", tunnel->name,
		       other->name, remote);
		return false;
	}
	want->local = wish->local.family != ADDR_NONE	  ? wish->local
		      : tunnel->local.family != ADDR_NONE ? tunnel->local
							  : wish->source;
	want->remote = wish->remote;
	want->reqid = tunnel->reqid;
	if (want->local.family == ADDR_NONE) {
		refuse(node, w, "there is no route to %s", remote);
		return false;
	}
	return true;
}

bool node_establish(struct node *node, tick_t now, const struct node_wish *wish)
{
	struct waiter *w = waiter_new(node, wish);
	struct ike_want want = { 0 };
	char remote[ADDR_TEXT_MAX];
	enum ike_cause cause;
	uint64_t id = 0;

	node->now = now;
	if (!w)
		return false;
	if (node->shutting_down) {
		refuse(node, w, "the daemon is shutting down");
		return true;
	}
	if (!resolve(node, w, wish, &want))
		return true;
	cause = ike_want(node->ike, now, &want, &id);
	if (cause == IKE_CAUSE_NONE && !node_wish_add(node, &w->wish, id))
		cause = IKE_CAUSE_LIMIT;
	if (cause == IKE_CAUSE_NO_PEER)
		refuse(node, w, "no peer is configured for %s", addr_text(&want.remote, remote));
	else if (cause != IKE_CAUSE_NONE)
		refuse(node, w, "%s: %s", addr_text(&want.remote, remote), ike_cause_text(cause));
	else if (wish->wait && wish->timeout_us)
		heap_set(&node->timers, &w->timer.heap, tick_add(now, wish->timeout_us));
	return true;
}

void node_forget(struct node *node, uint64_t tag)
{
	struct list *lists[] = { &node->waiters, &node->replies };

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		LIST_EACH_SAFE(it, lists[i]) {
			struct waiter *w = CONTAINER_OF(it, struct waiter, node);

			if (w->tag != tag)
				continue;
			if (w->wish.id)
				ike_want_cancel(node->ike, w->wish.id);
			node_waiter_free(node, w);
		}
	}
}

void node_waiter_done(struct node *node, struct waiter *w, enum ike_cause cause, bool existed,
		      uint64_t ike_id, const char *detail)
{
	w->existed = existed;
	w->ike_id = ike_id;
	if (cause == IKE_CAUSE_NONE)
		settle(node, w, true);
	else
		refuse(node, w, "%s", detail && *detail ? detail : ike_cause_text(cause));
}

static void cancel(struct node *node, struct waiter *w)
{
	if (!w->wish.id)
		return;
	ike_want_cancel(node->ike, w->wish.id);
	node_wish_drop(node, &w->wish);
}

void node_waiter_timeout(struct node *node, struct waiter *w)
{
	cancel(node, w);
	refuse(node, w, "timed out after %u s, still connecting", w->timeout_s);
}

void node_waiters_at_once(struct node *node)
{
	LIST_EACH_SAFE(it, &node->waiters) {
		struct waiter *w = CONTAINER_OF(it, struct waiter, node);

		if (w->wait)
			continue;
		cancel(node, w);
		settle(node, w, true);
	}
}

void node_waiters_shutdown(struct node *node)
{
	LIST_EACH_SAFE(it, &node->waiters) {
		struct waiter *w = CONTAINER_OF(it, struct waiter, node);

		cancel(node, w);
		refuse(node, w, "the daemon is shutting down");
	}
}

struct waiter *node_reply_next(struct node *node)
{
	struct list *first = list_first(&node->replies);

	if (!first)
		return NULL;
	list_remove(first);
	return CONTAINER_OF(first, struct waiter, node);
}
