/*
 * daemon/node.c - the node: life, configuration, what comes in and what goes out.
 *
 * The node is the place where the engine's world (peers, IKE SAs, wishes) meets the kernel's
 * (reqids, SPIs, ACQUIRE) and the operator's (`establish`, tunnels by name).  It opens nothing and
 * reads no clock: the daemon's loop and the simulation drive it the same way, and drain node_next
 * after every call.  Actions come in this order: the node's own notes, replies, kernel requests;
 * then the engine's, oldest first; and once the engine has nothing more to say, what must see a
 * settled state (replies to those who do not wait, a listing of the kernel's SAs).
 *
 * Left out: netlink, sockets, the control protocol, and any policy beyond "a tunnel and a peer are
 * configured": the engine authenticates.
 */
#include "daemon/node_state.h"

#include <assert.h>
#include <stdlib.h>

/* ---- helpers for the other files ---- */

void node_note(struct node *node, enum note_class cls, const char *format, ...)
{
	va_list args;

	if (node->note_count == NODE_NOTES_MAX)
		return;
	va_start(args, format);
	note_vwrite(&node->notes[node->note_count++], cls, format, args);
	va_end(args);
}

const struct node_tunnel *node_tunnel_by_reqid(const struct node *node, uint32_t reqid)
{
	for (size_t i = 0; i < node->tunnel_count; i++) {
		if (node->tunnels[i].reqid == reqid)
			return &node->tunnels[i];
	}
	return NULL;
}

bool node_wish_add(struct node *node, struct wish *wish, uint64_t id)
{
	wish->id = id;
	if (map_insert(&node->wishes, &wish->by_id, &wish->id))
		return true;
	ike_want_cancel(node->ike, id);
	wish->id = 0;
	return false;
}

void node_wish_drop(struct node *node, struct wish *wish)
{
	if (!wish->id)
		return;
	map_remove(&node->wishes, &wish->by_id);
	wish->id = 0;
}

bool node_timer_room(struct node *node)
{
	return heap_reserve(&node->timers, node->acquire_count + node->waiter_count + 2);
}

/* ---- life ---- */

struct node *node_new(const struct rng *rng)
{
	struct node *node = calloc(1, sizeof(*node));

	if (!node)
		return NULL;
	node->rng = *rng;
	map_init(&node->acquires, sizeof(struct acquire_key), rng_u64(rng));
	map_init(&node->wishes, sizeof(uint64_t), rng_u64(rng));
	list_init(&node->acquire_list);
	list_init(&node->forgets);
	list_init(&node->waiters);
	list_init(&node->replies);
	heap_init(&node->timers);
	node->list_timer.kind = TIMER_LIST;
	heap_node_init(&node->list_timer.heap);
	node->ike = ike_new(rng);
	if (!node->ike || !node_timer_room(node)) {
		node_free(node);
		return NULL;
	}
	return node;
}

void node_free(struct node *node)
{
	if (!node)
		return;
	ike_free(node->ike);
	node_acquires_free(node);
	node_waiters_free(node);
	map_fini(&node->acquires);
	map_fini(&node->wishes);
	heap_fini(&node->timers);
	free(node->strays);
	free(node->tunnels);
	secret_free(node, sizeof(*node));
}

/* ---- configuration ---- */

/*
 * One flow per tunnel; tunnels that differ in their GRE key alone share one, as their SAs are host
 * to host.
 */
static size_t flows_of(const struct node_conf *conf, struct ike_flow *flows)
{
	size_t count = 0;

	for (size_t i = 0; i < conf->tunnel_count; i++) {
		const struct node_tunnel *t = &conf->tunnels[i];
		struct ike_flow flow = { .reqid = t->reqid, .local = t->local };
		size_t same = 0;

		if (t->remote.family != ADDR_NONE)
			flow.remote = prefix_host(&t->remote);
		while (same < count && !(flows[same].reqid == flow.reqid &&
					 addr_eq(&flows[same].local, &flow.local) &&
					 addr_eq(&flows[same].remote.addr, &flow.remote.addr)))
			same++;
		if (same == count)
			flows[count++] = flow;
	}
	return count;
}

bool node_configure(struct node *node, tick_t now, const struct node_conf *conf)
{
	struct ike_flow flows[NODE_TUNNELS_MAX];
	struct node_tunnel *tunnels;

	assert(conf->tunnel_count <= NODE_TUNNELS_MAX);
	node->now = now;
	tunnels = calloc(conf->tunnel_count + 1, sizeof(*tunnels));
	if (!tunnels)
		return false;
	if (conf->tunnel_count)
		memcpy(tunnels, conf->tunnels, conf->tunnel_count * sizeof(*tunnels));

	struct ike_conf ike = {
		.conns = conf->conns,
		.conn_count = conf->conn_count,
		.flows = flows,
		.flow_count = flows_of(conf, flows),
		.timing = conf->timing,
		.limits = conf->limits,
	};

	if (!ike_configure(node->ike, now, &ike)) {
		free(tunnels);
		return false;
	}
	free(node->tunnels);
	node->tunnels = tunnels;
	node->tunnel_count = conf->tunnel_count;
	node_acquires_retry(node);
	return true;
}

/* ---- in ---- */

void node_datagram(struct node *node, tick_t now, const struct ike_path *path, struct cur bytes)
{
	node->now = now;
	(void)ike_input(node->ike, now, path, bytes); /* it has counted and noted what was wrong */
}

void node_kernel(struct node *node, tick_t now, const struct xfrm_event *ev)
{
	node->now = now;
	switch (ev->kind) {
	case XFRM_EV_ACQUIRE:
		node_acquire(node, now, ev);
		break;
	case XFRM_EV_EXPIRE:
		node->stats.expires++;
		if (ev->spi) /* 0: the kernel gave up asking; if traffic goes on it asks again */
			ike_child_expired(node->ike, now, &ev->dst, ev->spi, ev->hard);
		break;
	case XFRM_EV_MAPPING:
		node->stats.mappings++;
		ike_mapping_changed(node->ike, now, &ev->dst, ev->spi, &ev->from);
		break;
	case XFRM_EV_RESYNC:
		node->stats.resyncs++;
		node_list_want(node, now);
		break;
	case XFRM_EV_POLICY: /* the daemon's: tunnels_restore */
	case XFRM_EV_LINK:   /* sources are resolved outside; a new one comes as a configuration */
		break;
	}
}

void node_job_done(struct node *node, tick_t now, struct ike_job *job)
{
	node->now = now;
	ike_job_done(node->ike, now, job);
}

void node_sa_failed(struct node *node, tick_t now, uint64_t child_id, const char *why)
{
	node->now = now;
	node->stats.kernel_errors++;
	node_note(node, NOTE_ERROR, "the kernel refused an SA: %s", why);
	if (child_id == node->added_child) {
		struct note text;

		note_write(&text, NOTE_ERROR, "the kernel refused the SA: %s", why);
		memcpy(node->refused_why, text.text, sizeof(node->refused_why));
		node->refused = true;
	}
	ike_child_failed(node->ike, now, child_id);
}

void node_sa_counted(struct node *node, tick_t now, uint64_t child_id, uint64_t packets_in)
{
	node->now = now;
	ike_child_count(node->ike, now, child_id, packets_in);
}

size_t node_terminate(struct node *node, tick_t now, const struct ike_match *match, bool silent)
{
	node->now = now;
	return ike_terminate(node->ike, now, match, silent);
}

void node_shutdown(struct node *node, tick_t now)
{
	node->now = now;
	node->shutting_down = true;
	node_waiters_shutdown(node);
	ike_shutdown(node->ike, now);
}

bool node_idle(const struct node *node)
{
	return ike_idle(node->ike);
}

/* ---- time ---- */

tick_t node_deadline(const struct node *node)
{
	const struct heap_node *first = heap_first(&node->timers);

	return tick_min(ike_deadline(node->ike), first ? first->due : TICK_NEVER);
}

static void fire(struct node *node, tick_t now, struct timer *timer)
{
	heap_set(&node->timers, &timer->heap, TICK_NEVER);
	switch (timer->kind) {
	case TIMER_ACQUIRE:
		node_acquire_timeout(node, now, CONTAINER_OF(timer, struct acquire, timer));
		break;
	case TIMER_WAITER:
		node_waiter_timeout(node, CONTAINER_OF(timer, struct waiter, timer));
		break;
	case TIMER_LIST:
		node_list_want(node, now);
		break;
	}
}

void node_timeout(struct node *node, tick_t now)
{
	struct heap_node *first;

	node->now = now;
	if (ike_deadline(node->ike) <= now)
		ike_timeout(node->ike, now);
	/* Nothing that fires sets a timer to `now` or before, so this ends. */
	while ((first = heap_first(&node->timers)) && first->due <= now)
		fire(node, now, CONTAINER_OF(first, struct timer, heap));
}

/* ---- out ---- */

static void want_done(struct node *node, const struct ike_action *in)
{
	struct map_node *found = map_find(&node->wishes, &in->want_id);
	bool refused =
		node->refused && in->cause == IKE_CAUSE_NONE && in->ike_id == node->added_ike;
	enum ike_cause cause = refused ? IKE_CAUSE_KERNEL : in->cause;
	const char *detail = refused ? node->refused_why : in->detail;

	if (!found)
		return;

	struct wish *wish = CONTAINER_OF(found, struct wish, by_id);

	node_wish_drop(node, wish);
	if (wish->is_acquire)
		node_acquire_done(node, node->now, CONTAINER_OF(wish, struct acquire, wish), cause,
				  in->existed, detail);
	else
		node_waiter_done(node, CONTAINER_OF(wish, struct waiter, wish), cause, in->existed,
				 in->ike_id, detail);
}

/*
 * Translate one of the engine's actions.  False: it was for the node alone, nothing goes out.
 */
static bool translate(struct node *node, const struct ike_action *in, struct node_action *out)
{
	static const enum node_action_kind kinds[] = {
		[IKE_ACT_SEND] = NODE_ACT_SEND,	      [IKE_ACT_JOB] = NODE_ACT_JOB,
		[IKE_ACT_SA_ADD] = NODE_ACT_SA_ADD,   [IKE_ACT_SA_MOVE] = NODE_ACT_SA_MOVE,
		[IKE_ACT_SA_DEL] = NODE_ACT_SA_DEL,   [IKE_ACT_COUNT] = NODE_ACT_COUNT,
		[IKE_ACT_UP] = NODE_ACT_UPDOWN,	      [IKE_ACT_DOWN] = NODE_ACT_UPDOWN,
		[IKE_ACT_CHILD_UP] = NODE_ACT_UPDOWN, [IKE_ACT_CHILD_DOWN] = NODE_ACT_UPDOWN,
		[IKE_ACT_NOTE] = NODE_ACT_NOTE,
	};

	if (in->kind == IKE_ACT_WANT_DONE) {
		want_done(node, in);
		return false;
	}
	*out = (struct node_action){
		.kind = kinds[in->kind],
		.path = in->path,
		.bytes = in->bytes,
		.job = in->job,
		.child_id = in->child_id,
		.ike_id = in->ike_id,
		.old_remote = in->old_remote,
		.up = in->kind == IKE_ACT_UP || in->kind == IKE_ACT_CHILD_UP,
		.child = in->kind == IKE_ACT_CHILD_UP || in->kind == IKE_ACT_CHILD_DOWN,
		.info = in->info,
		.note = in->note,
	};
	if (in->child) {
		node_sa_pair(in->child, node->sa);
		out->sa = node->sa;
		out->child_id = in->child->child_id;
		out->ike_id = in->child->ike_id;
	}
	if (in->kind == IKE_ACT_SA_ADD) {
		node->added_child = out->child_id;
		node->added_ike = out->ike_id;
		node->refused = false;
	} else if (in->kind == IKE_ACT_CHILD_DOWN && in->child_id == node->added_child) {
		node->refused = false; /* nothing about it is queued any more */
	}
	if (out->kind == NODE_ACT_UPDOWN && !out->up && in->cause != IKE_CAUSE_NONE &&
	    in->cause != IKE_CAUSE_TERMINATED)
		out->text = ike_cause_text(in->cause);
	return true;
}

static bool next_note(struct node *node, struct node_action *out)
{
	if (node->note_next == node->note_count) {
		node->note_next = node->note_count = 0;
		return false;
	}
	*out = (struct node_action){ .kind = NODE_ACT_NOTE,
				     .note = &node->notes[node->note_next++] };
	return true;
}

static bool next_reply(struct node *node, struct node_action *out)
{
	struct waiter *w = node_reply_next(node);

	if (!w)
		return false;
	node->told = w; /* its text is borrowed until the next call */
	*out = (struct node_action){ .kind = NODE_ACT_REPLY,
				     .tag = w->tag,
				     .ok = w->ok,
				     .existed = w->existed,
				     .ike_id = w->ike_id,
				     .text = w->text };
	return true;
}

/* What the node itself has to say or ask. */
static bool next_own(struct node *node, struct node_action *out)
{
	if (next_note(node, out) || next_reply(node, out))
		return true;
	if (node_acquire_forget_next(node, node->now, &node->sa[1])) {
		*out = (struct node_action){ .kind = NODE_ACT_ACQUIRE_FORGET, .sa = node->sa };
		return true;
	}
	if (node_stray_next(node, node->sa)) {
		*out = (struct node_action){ .kind = NODE_ACT_SA_DEL, .sa = node->sa };
		return true;
	}
	return false;
}

bool node_next(struct node *node, struct node_action *action)
{
	struct ike_action in;

	secret_wipe(node->sa, sizeof(node->sa));
	node_waiter_free(node, node->told);
	node->told = NULL;
	for (;;) {
		if (next_own(node, action))
			return true;
		while (ike_next(node->ike, &in)) {
			if (translate(node, &in, action))
				return true;
			if (next_own(node, action))
				return true;
		}
		if (node->at_once) {
			node_waiters_at_once(node);
			continue;
		}
		if (!node->list_wanted)
			return false;
		node->list_wanted = false;
		*action = (struct node_action){ .kind = NODE_ACT_SA_LIST };
		return true;
	}
}

/* ---- looking in ---- */

const struct ike *node_ike(const struct node *node)
{
	return node->ike;
}

const char *node_tunnel_name(const struct node *node, uint32_t reqid)
{
	const struct node_tunnel *tunnel = node_tunnel_by_reqid(node, reqid);

	return tunnel ? tunnel->name : "";
}

void node_stats(const struct node *node, struct node_stats *out)
{
	*out = node->stats;
}
