/*
 * ike/ike.c - the engine as a whole: life, configuration, time, termination, looking in.
 */
#include "ike/engine.h"

#include <assert.h>
#include <stdlib.h>

static const char *const causes[IKE_CAUSE_COUNT] = {
	[IKE_CAUSE_NONE] = "established",
	[IKE_CAUSE_NO_PEER] = "no peer is configured for this address",
	[IKE_CAUSE_NO_FLOW] = "no tunnel is configured between these addresses",
	[IKE_CAUSE_NO_ANSWER] = "no answer",
	[IKE_CAUSE_NO_PROPOSAL] = "no IKE proposal in common",
	[IKE_CAUSE_NO_CHILD_PROPOSAL] = "no ESP proposal in common",
	[IKE_CAUSE_AUTH_REFUSED] = "the peer refused our authentication",
	[IKE_CAUSE_AUTH_FAILED] = "the peer's authentication failed",
	[IKE_CAUSE_ID] = "the peer's identity is not the configured one",
	[IKE_CAUSE_TS] = "traffic selectors refused",
	[IKE_CAUSE_MODE] = "the peer insists on tunnel mode",
	[IKE_CAUSE_PROTOCOL] = "protocol error",
	[IKE_CAUSE_PEER_DELETED] = "deleted by the peer",
	[IKE_CAUSE_REPLACED] = "replaced by a newer SA",
	[IKE_CAUSE_COLLISION] = "both ends initiated, the other SA stays",
	[IKE_CAUSE_TERMINATED] = "terminated",
	[IKE_CAUSE_CONFIG] = "no longer configured",
	[IKE_CAUSE_EXPIRED] = "lifetime over",
	[IKE_CAUSE_KERNEL] = "the kernel refused the SA",
	[IKE_CAUSE_LIMIT] = "out of memory, or a limit was reached",
};

const char *ike_cause_text(enum ike_cause cause)
{
	assert(cause < IKE_CAUSE_COUNT);
	return causes[cause];
}

void ike_conf_defaults(struct ike_conf *conf)
{
	*conf = (struct ike_conf){
		.timing = {
			.retransmit_us = TICK_S,
			.retransmit_factor_pct = 160,
			.retransmit_max_us = 20 * TICK_S,
			.retransmit_tries = 12, /* 2.4: a dozen times over several minutes */
			.probe_tries = 6,
			.half_open_us = 30 * TICK_S,
			.keepalive_us = 20 * TICK_S,
		},
		.limits = {
			.half_open_max = 2000,
			.cookie_threshold = 30,
			.half_open_per_addr_max = 20,
		},
	};
}

struct ike *ike_new(const struct rng *rng)
{
	struct ike *ike = calloc(1, sizeof(*ike));
	struct ike_conf conf;

	if (!ike)
		return NULL;
	ike_conf_defaults(&conf);
	ike->rng = *rng;
	ike->timing = conf.timing;
	ike->limits = conf.limits;
	ike->stray_tokens = STRAY_BURST_MAX;
	list_init(&ike->sas);
	list_init(&ike->wants);
	list_init(&ike->dead);
	list_init(&ike->half);
	list_init(&ike->actions);
	heap_init(&ike->timers);
	map_init(&ike->by_id, sizeof(uint64_t), rng_u64(rng));
	map_init(&ike->by_spi, sizeof(uint64_t), rng_u64(rng));
	map_init(&ike->by_init, INIT_KEY_LEN, rng_u64(rng));
	map_init(&ike->by_child, sizeof(uint32_t), rng_u64(rng));
	return ike;
}

static void drain(struct ike *ike)
{
	struct ike_action action;

	while (ike_next(ike, &action)) {
		if (action.kind == IKE_ACT_JOB) /* nobody has run it: it is still ours */
			ike_job_done(ike, ike->now, action.job);
	}
}

void ike_free(struct ike *ike)
{
	if (!ike)
		return;
	drain(ike);
	LIST_EACH_SAFE(it, &ike->sas)
		sa_down(CONTAINER_OF(it, struct ike_sa, node), IKE_CAUSE_TERMINATED, NULL);
	ike_reap(ike);
	drain(ike);
	LIST_EACH_SAFE(it, &ike->wants)
		free(CONTAINER_OF(it, struct want, node));
	for (size_t i = 0; i < ike->conn_count; i++)
		conn_unref(ike->conns[i]);
	free(ike->conns);
	free(ike->flows);
	map_fini(&ike->by_id);
	map_fini(&ike->by_spi);
	map_fini(&ike->by_init);
	map_fini(&ike->by_child);
	heap_fini(&ike->timers);
	secret_free(ike, sizeof(*ike));
}

/* ---- configuration ---- */

static struct conn *conn_new(const struct ike_conn *c)
{
	struct conn *conn = calloc(1, sizeof(*conn));
	uint8_t *psk = malloc(c->psk_len ? c->psk_len : 1);

	if (!conn || !psk) {
		free(conn);
		free(psk);
		return NULL;
	}
	if (c->psk_len)
		memcpy(psk, c->psk, c->psk_len);
	conn->refs = 1;
	conn->c = *c;
	conn->c.psk = psk;
	return conn;
}

/* Is it the same peer with the same proof?  Then its SAs go on. */
static bool conn_same(const struct ike_conn *a, const struct ike_conn *b)
{
	return strcmp(a->name, b->name) == 0 && a->psk_len == b->psk_len &&
	       secret_eq(a->psk, b->psk, a->psk_len) && addr_eq(&a->local, &b->local) &&
	       addr_eq(&a->remote.addr, &b->remote.addr) && a->remote.bits == b->remote.bits &&
	       ike_id_eq(&a->local_id, &b->local_id) && ike_id_eq(&a->remote_id, &b->remote_id);
}

/* Everything but identity and proof may change under an SA: it counts from the next one on. */
static void conn_update(struct conn *conn, const struct ike_conn *c)
{
	const uint8_t *psk = conn->c.psk;

	conn->c = *c;
	conn->c.psk = psk;
}

static struct conn *conn_take(struct ike *ike, const struct ike_conn *c)
{
	for (size_t i = 0; i < ike->conn_count; i++) {
		if (conn_same(&ike->conns[i]->c, c))
			return conn_ref(ike->conns[i]);
	}
	return conn_new(c);
}

static bool conn_listed(const struct ike *ike, const struct conn *conn)
{
	for (size_t i = 0; i < ike->conn_count; i++) {
		if (ike->conns[i] == conn)
			return true;
	}
	return false;
}

/* Delete what the configuration does not cover any more. */
static void prune(struct ike *ike)
{
	LIST_EACH_SAFE(it, &ike->sas) {
		struct ike_sa *sa = CONTAINER_OF(it, struct ike_sa, node);
		const struct child *child = child_for(sa, 0);
		uint32_t reqid = child ? child->c.reqid : sa->init ? sa->init->child_reqid : 0;

		if ((sa->conn && !conn_listed(ike, sa->conn)) ||
		    !flow_find(ike, &sa->path.local.addr, &sa->path.remote.addr, reqid))
			sa_delete(sa, IKE_CAUSE_CONFIG);
	}
}

bool ike_configure(struct ike *ike, tick_t now, const struct ike_conf *conf)
{
	struct conn **conns = calloc(conf->conn_count + 1, sizeof(*conns));
	struct ike_flow *flows = calloc(conf->flow_count + 1, sizeof(*flows));
	size_t count = 0;

	ike->now = now;
	if (conf->conn_count > IKE_CONNS_MAX || conf->flow_count > IKE_FLOWS_MAX)
		goto fail;
	if (!conns || !flows)
		goto fail;
	for (; count < conf->conn_count; count++) {
		conns[count] = conn_take(ike, &conf->conns[count]);
		if (!conns[count])
			goto fail;
	}
	for (size_t i = 0; i < count; i++)
		conn_update(conns[i], &conf->conns[i]);
	for (size_t i = 0; i < conf->flow_count; i++)
		flows[i] = conf->flows[i];
	for (size_t i = 0; i < ike->conn_count; i++)
		conn_unref(ike->conns[i]);
	free(ike->conns);
	free(ike->flows);
	ike->conns = conns;
	ike->conn_count = count;
	ike->flows = flows;
	ike->flow_count = conf->flow_count;
	ike->timing = conf->timing;
	ike->limits = conf->limits;
	prune(ike);
	ike_reap(ike);
	return true;
fail:
	while (count)
		conn_unref(conns[--count]);
	free(conns);
	free(flows);
	return false;
}

/* ---- time ---- */

tick_t ike_deadline(const struct ike *ike)
{
	const struct heap_node *first = heap_first(&ike->timers);

	return first ? first->due : TICK_NEVER;
}

void ike_timeout(struct ike *ike, tick_t now)
{
	struct heap_node *first;

	ike->now = now;
	while ((first = heap_first(&ike->timers)) && first->due <= now)
		sa_timeout(CONTAINER_OF(first, struct ike_sa, timer));
	ike_reap(ike);
}

/* ---- termination ---- */

static bool matches(const struct ike_sa *sa, const struct ike_match *m)
{
	return (!m->ike_id || m->ike_id == sa->id) &&
	       (m->local.family == ADDR_NONE || addr_eq(&m->local, &sa->path.local.addr)) &&
	       (m->remote.family == ADDR_NONE || addr_eq(&m->remote, &sa->path.remote.addr)) &&
	       (!m->conn || (sa->conn && strcmp(m->conn, sa->conn->c.name) == 0));
}

static void terminate_one(struct ike_sa *sa, bool silent)
{
	if (silent)
		sa_down(sa, IKE_CAUSE_TERMINATED, NULL);
	else
		sa_delete(sa, IKE_CAUSE_TERMINATED);
}

size_t ike_terminate(struct ike *ike, tick_t now, const struct ike_match *match, bool silent)
{
	size_t count = 0;

	ike->now = now;
	if (match->child_id) {
		struct child *child = child_by_id(ike, match->child_id);

		if (!child || child->deleting || !matches(child->sa, match))
			return 0;
		/* The peer must not be left sending into nothing on an IKE SA that lives on. */
		if (child->sa->state != SA_ESTABLISHED)
			child_remove(child, IKE_CAUSE_TERMINATED);
		else if (silent && child->sa->child_count == 1)
			sa_down(child->sa, IKE_CAUSE_TERMINATED, NULL);
		else
			info_delete_child(child);
		ike_reap(ike);
		return 1;
	}
	LIST_EACH_SAFE(it, &ike->sas) {
		struct ike_sa *sa = CONTAINER_OF(it, struct ike_sa, node);

		if (sa->state == SA_LINGERING || sa->state == SA_DEAD || !matches(sa, match))
			continue;
		count++;
		terminate_one(sa, silent);
	}
	ike_reap(ike);
	return count;
}

void ike_shutdown(struct ike *ike, tick_t now)
{
	const struct ike_match all = { 0 };

	ike->shutting_down = true;
	(void)ike_terminate(ike, now, &all, false);
}

bool ike_idle(const struct ike *ike)
{
	LIST_EACH(it, &ike->sas) {
		const struct ike_sa *sa = CONTAINER_OF(it, struct ike_sa, node);

		if (sa->state != SA_LINGERING && sa->state != SA_DEAD)
			return false;
	}
	return true;
}

/* ---- looking in ---- */

void ike_list(const struct ike *ike, void (*each)(void *ctx, const struct ike_sa_info *info),
	      void *ctx)
{
	struct ike_sa_info info;

	LIST_EACH(it, &ike->sas) {
		const struct ike_sa *sa = CONTAINER_OF(it, struct ike_sa, node);

		if (sa->state == SA_LINGERING || sa->state == SA_DEAD)
			continue;
		sa_fill_info(sa, &info);
		each(ctx, &info);
	}
}

void ike_stats(const struct ike *ike, struct ike_stats *out)
{
	*out = ike->stats;
	out->sas = ike->sa_count - ike->lingering;
	out->half_open = ike->half_open;
	out->children = ike->by_child.count;
	out->jobs = ike->jobs;
}
