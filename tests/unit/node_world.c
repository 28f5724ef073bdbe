/*
 * tests/unit/node_world.c - see node_world.h.
 */
#include "tests/unit/node_world.h"

#include <stdio.h>
#include <stdlib.h>

const struct addr addr_a = { ADDR_IP4, { 192, 0, 2, 1 } };
const struct addr addr_b = { ADDR_IP4, { 203, 0, 113, 33 } };
const struct addr addr_c = { ADDR_IP4, { 198, 51, 100, 9 } };
static const uint8_t psk[] = "what only the two of them know";

void world_configure(struct world *w, int i)
{
	assert_true(node_configure(w->host[i].node, w->now, &w->host[i].conf));
}

static void host_init(struct world *w, int i)
{
	struct host *h = &w->host[i];
	struct ike_conf defaults;
	struct rng rng;

	h->seed = 77u + (uint64_t)i;
	h->addr = i ? addr_b : addr_a;
	rng = rng_seeded(&h->seed);
	h->node = node_new(&rng);
	assert_non_null(h->node);
	h->tunnel[0] =
		(struct node_tunnel){ .name = "gre1", .reqid = WORLD_REQID, .local = h->addr };
	(void)snprintf(h->conn.name, sizeof(h->conn.name), "%s", i ? "a" : "b");
	h->conn.remote = prefix_host(i ? &addr_a : &addr_b);
	h->conn.psk = psk;
	h->conn.psk_len = sizeof(psk) - 1;
	h->conn.replay_window = 128;
	ike_proposals_default(IKE_PROTO_IKE, &h->conn.ike);
	ike_proposals_default(IKE_PROTO_ESP, &h->conn.esp);
	ike_conf_defaults(&defaults);
	h->conf = (struct node_conf){ .tunnels = h->tunnel,
				      .tunnel_count = 1,
				      .conns = &h->conn,
				      .conn_count = 1,
				      .timing = defaults.timing,
				      .limits = defaults.limits };
	world_configure(w, i);
}

int world_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->now = 500 * TICK_S;
	host_init(w, 0);
	host_init(w, 1);
	*state = w;
	return 0;
}

int world_teardown(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < w->wire_count; i++)
		free(w->wire[i]);
	node_free(w->host[0].node);
	node_free(w->host[1].node);
	free(w);
	return 0;
}

static void put_on_wire(struct world *w, const struct node_action *a)
{
	struct datagram *d;
	int to = addr_eq(&a->path.remote.addr, &addr_a)	  ? 0
		 : addr_eq(&a->path.remote.addr, &addr_b) ? 1
							  : -1;

	if (w->cut || to < 0)
		return;
	d = malloc(sizeof(*d));
	assert_non_null(d);
	assert_true(w->wire_count < WORLD_WIRE_MAX && a->bytes.left <= WORLD_BYTES_MAX);
	d->to = to;
	d->path = (struct ike_path){ .local = a->path.remote, .remote = a->path.local };
	d->len = a->bytes.left;
	memcpy(d->bytes, a->bytes.p, d->len);
	w->wire[w->wire_count++] = d;
}

static void kernel_add(struct world *w, struct host *h, const struct node_action *a)
{
	if (h->refuse) {
		node_sa_failed(h->node, w->now, a->child_id, "no such algorithm");
		return;
	}
	assert_true(h->sa_count + 2 <= WORLD_KERNEL_MAX);
	h->sa[h->sa_count++] = a->sa[0];
	h->sa[h->sa_count++] = a->sa[1];
	h->added++;
}

void world_sa_del(struct host *h, const struct xfrm_sa *sa)
{
	for (size_t i = 0; i < h->sa_count; i++) {
		if (h->sa[i].spi == sa->spi && addr_eq(&h->sa[i].dst, &sa->dst)) {
			h->sa[i] = h->sa[--h->sa_count];
			return;
		}
	}
}

static void kernel_list(struct world *w, struct host *h)
{
	struct xfrm_sa_view views[WORLD_KERNEL_MAX] = { 0 };

	for (size_t i = 0; i < h->sa_count; i++) {
		views[i].src = h->sa[i].src;
		views[i].dst = h->sa[i].dst;
		views[i].spi = h->sa[i].spi;
		views[i].reqid = h->sa[i].reqid;
	}
	h->lists++;
	node_sa_listed(h->node, w->now, views, h->sa_count);
}

static void note_updown(struct host *h, const struct node_action *a)
{
	assert_non_null(a->info);
	if (a->child && !a->up)
		h->down_children = a->info->child_count;
	*(a->child ? a->up ? &h->child_ups : &h->child_downs : a->up ? &h->ups : &h->downs) += 1;
}

static void note_reply(struct host *h, const struct node_action *a)
{
	h->replies++;
	h->ok = a->ok;
	h->existed = a->existed;
	h->tag = a->tag;
	h->ike_id = a->ike_id;
	(void)snprintf(h->text, sizeof(h->text), "%s", a->text);
}

static void carry_out(struct world *w, struct host *h, const struct node_action *a)
{
	switch (a->kind) {
	case NODE_ACT_SEND:
		put_on_wire(w, a);
		break;
	case NODE_ACT_JOB:
		ike_job_run(a->job);
		node_job_done(h->node, w->now, a->job);
		break;
	case NODE_ACT_SA_ADD:
		kernel_add(w, h, a);
		break;
	case NODE_ACT_SA_MOVE:
		break;
	case NODE_ACT_SA_DEL:
		world_sa_del(h, &a->sa[0]);
		world_sa_del(h, &a->sa[1]);
		break;
	case NODE_ACT_COUNT:
		node_sa_counted(h->node, w->now, a->child_id, 0);
		break;
	case NODE_ACT_SA_LIST:
		kernel_list(w, h);
		break;
	case NODE_ACT_ACQUIRE_FORGET:
		h->forgets++;
		break;
	case NODE_ACT_UPDOWN:
		note_updown(h, a);
		break;
	case NODE_ACT_REPLY:
		note_reply(h, a);
		break;
	case NODE_ACT_NOTE:
		if (a->note->cls == NOTE_WARN || a->note->cls == NOTE_ERROR) {
			h->warnings++;
			memcpy(h->warning, a->note->text, NOTE_MAX);
		}
		break;
	}
}

void world_drain(struct world *w, int i)
{
	struct node_action a;

	while (node_next(w->host[i].node, &a)) {
		if (w->host[i].watch)
			w->host[i].watch(w->host[i].watch_ctx, &a);
		carry_out(w, &w->host[i], &a);
	}
}

void world_settle(struct world *w)
{
	world_drain(w, 0);
	world_drain(w, 1);
	while (w->wire_count) {
		struct datagram *d = w->wire[0];

		for (size_t i = 1; i < w->wire_count; i++)
			w->wire[i - 1] = w->wire[i];
		w->wire_count--;
		node_datagram(w->host[d->to].node, w->now, &d->path, cur_of(d->bytes, d->len));
		world_drain(w, d->to);
		free(d);
	}
}

void world_pass(struct world *w, tick_t us)
{
	tick_t end = w->now + us;

	world_settle(w);
	for (;;) {
		tick_t due =
			tick_min(node_deadline(w->host[0].node), node_deadline(w->host[1].node));

		if (due > end)
			break;
		w->now = due > w->now ? due : w->now;
		node_timeout(w->host[0].node, w->now);
		node_timeout(w->host[1].node, w->now);
		world_settle(w);
	}
	w->now = end;
}

void world_acquire(struct world *w, const struct addr *remote, uint32_t reqid, uint32_t seq)
{
	const struct xfrm_event ev = {
		.kind = XFRM_EV_ACQUIRE, .src = addr_a, .dst = *remote, .reqid = reqid, .seq = seq
	};

	node_kernel(w->host[0].node, w->now, &ev);
}

void world_assert_standing(const struct world *w, size_t halves)
{
	assert_int_equal(w->host[0].sa_count, halves);
	assert_int_equal(w->host[1].sa_count, halves);
}
