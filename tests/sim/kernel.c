/*
 * tests/sim/kernel.c - the kernel edge (xfrm/xfrm.h) over memory, with the habits of Linux that
 * matter here (doc/KERNEL.md): SAs are found by destination and SPI on the way in, by addresses and
 * reqid on the way out, the newest first; a packet without an SA leaves a larval one and raises one
 * ACQUIRE, and the ones after it are dropped in silence; a pair that is added ends the question;
 * ESP in UDP from elsewhere raises MAPPING; and there is no policy that lets GRE out in the clear.
 *
 * Requests are carried out at once, events reach the daemon a moment later, in order, unless they
 * are lost, which ENOBUFS (RESYNC) tells in the end.  Replay windows and real cryptography are left
 * out: a packet carries the key that it was sealed with, and the receiver's must be the same.
 */
#include "tests/sim/sim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define EVENT_DELAY_MAX_US (5 * TICK_MS)
#define ESP_SPI_MIN	   0x100

void kernel_fini(struct xfrm *x)
{
	if (x->count)
		secret_wipe(x->sa, x->count * sizeof(*x->sa));
	free(x->sa);
}

bool kernel_is_local(const struct sim_host *h, const struct addr *addr)
{
	return addr_eq(&h->addr, addr);
}

/* ---- events ---- */

static void event_at(struct xfrm *x, const struct xfrm_event *event, tick_t at)
{
	struct sim_kernel_event *ev = sim_alloc(1, sizeof(*ev));

	heap_node_init(&ev->ev.heap);
	ev->ev.kind = SIM_EV_KERNEL;
	ev->ev.host = x->host;
	ev->life = x->host->life;
	ev->event = *event;
	sim_at(x->host->sim, &ev->ev, at);
}

static void emit(struct xfrm *x, const struct xfrm_event *event)
{
	struct sim *s = x->host->sim;
	const struct xfrm_event resync = { .kind = XFRM_EV_RESYNC };
	tick_t at = s->now + (tick_t)sim_between(s, 10, (uint64_t)EVENT_DELAY_MAX_US);

	if (!x->listening)
		return;
	if (x->deaf_until > s->now) {
		if (!x->resync)
			event_at(x, &resync, x->deaf_until);
		x->resync = true;
		return;
	}
	x->said = at > x->said ? at : x->said;
	event_at(x, event, x->said);
}

void kernel_event_arrive(struct sim_kernel_event *ev)
{
	struct sim_host *h = ev->ev.host;

	if (h->node && ev->life == h->life) {
		if (ev->event.kind == XFRM_EV_RESYNC)
			h->kernel.resync = false;
		node_kernel(h->node, host_now(h), &ev->event);
		host_drain(h);
	}
	free(ev);
}

/* ---- SAs ---- */

static struct sim_sa *find_in(struct xfrm *x, const struct addr *dst, uint32_t spi)
{
	for (size_t i = 0; i < x->count; i++) {
		struct sim_sa *sa = &x->sa[i];

		if (spi && sa->sa.spi == spi && addr_eq(&sa->sa.dst, dst))
			return sa;
	}
	return NULL;
}

/* The newest with these addresses; larval or not. */
static struct sim_sa *find_out(struct xfrm *x, const struct addr *src, const struct addr *dst,
			       uint32_t reqid, bool larval)
{
	struct sim_sa *best = NULL;

	for (size_t i = 0; i < x->count; i++) {
		struct sim_sa *sa = &x->sa[i];

		if (sa->sa.reqid == reqid && !sa->sa.spi == larval && addr_eq(&sa->sa.dst, dst) &&
		    addr_eq(&sa->sa.src, src) && (!best || sa->order > best->order))
			best = sa;
	}
	return best;
}

static void take_out(struct xfrm *x, struct sim_sa *sa)
{
	*sa = x->sa[--x->count];
	secret_wipe(&x->sa[x->count], sizeof(*x->sa));
}

static struct sim_sa *put_in(struct xfrm *x, const struct xfrm_sa *sa)
{
	struct sim_sa *at;

	if (x->count == x->cap) {
		struct sim_sa *more = sim_alloc(x->cap ? 2 * x->cap : 16, sizeof(*more));

		if (x->count) {
			memcpy(more, x->sa, x->count * sizeof(*more));
			secret_wipe(x->sa, x->count * sizeof(*more));
		}
		x->cap = x->cap ? 2 * x->cap : 16;
		free(x->sa);
		x->sa = more;
	}
	at = &x->sa[x->count++];
	*at = (struct sim_sa){ .sa = *sa, .order = ++x->order, .since = x->host->sim->now };
	return at;
}

static int fail(struct xfrm *x, int err, const char *what)
{
	(void)snprintf(x->why, sizeof(x->why), "%s: %s", what, strerror(-err));
	return err;
}

const char *xfrm_why(const struct xfrm *x)
{
	return x->why;
}

static bool sound(const struct xfrm *x, const struct xfrm_sa *sa)
{
	return sa->spi >= ESP_SPI_MIN && sa->encr_key.len && sa->src.family == sa->dst.family &&
	       sa->src.family != ADDR_NONE &&
	       kernel_is_local(x->host, &sa->src) != kernel_is_local(x->host, &sa->dst);
}

int xfrm_sa_add(struct xfrm *x, const struct xfrm_sa *sa)
{
	struct sim_sa *larval;

	if (!sound(x, sa)) {
		sim_fail(x->host->sim, x->host, "an SA that the kernel would not take");
		return fail(x, -EINVAL, "cannot add an SA");
	}
	if (x->refuse)
		return fail(x, -ENOMEM, "cannot add an SA");
	if (find_in(x, &sa->dst, sa->spi))
		return fail(x, -EEXIST, "cannot add an SA");
	if (x->count == SIM_KERNEL_MAX)
		sim_fail(x->host->sim, x->host, "more than %d SAs", SIM_KERNEL_MAX);
	while ((larval = find_out(x, &sa->src, &sa->dst, sa->reqid, true)))
		take_out(x, larval);
	(void)put_in(x, sa);
	check_added(x->host, sa);
	return 0;
}

int xfrm_sa_del(struct xfrm *x, const struct addr *src, const struct addr *dst, uint32_t spi)
{
	struct sim_sa *sa = find_in(x, dst, spi);

	(void)src; /* Linux does not look at it either */
	if (!sa)
		return fail(x, -ESRCH, "cannot remove an SA");
	if (sa->sa.reqid == SIM_FOREIGN_REQID)
		sim_fail(x->host->sim, x->host, "another daemon's SA was removed");
	take_out(x, sa);
	return 0;
}

int xfrm_sa_count(struct xfrm *x, const struct addr *dst, uint32_t spi, struct xfrm_counters *out)
{
	const struct sim_sa *sa = find_in(x, dst, spi);

	if (!sa)
		return fail(x, -ESRCH, "cannot look at an SA");
	*out = sa->counters;
	return 0;
}

int xfrm_sa_move(struct xfrm *x, const struct addr *src, const struct addr *dst,
		 const struct xfrm_sa *to)
{
	struct sim_sa *sa = find_in(x, dst, to->spi);
	struct sim_sa *there = find_in(x, &to->dst, to->spi);

	(void)src;
	if (!sa)
		return fail(x, -ESRCH, "cannot move an SA");
	if (sa->sa.encr_key.len != to->encr_key.len ||
	    !secret_eq(sa->sa.encr_key.b, to->encr_key.b, to->encr_key.len))
		sim_fail(x->host->sim, x->host, "an SA was moved to another key");
	if (there && there != sa) {
		take_out(x, sa);
		return fail(x, -EEXIST, "cannot move an SA");
	}
	sa->sa = *to;
	return 0;
}

int xfrm_sa_flush(struct xfrm *x, const uint32_t *reqids, size_t count, size_t *removed)
{
	*removed = 0;
	for (size_t i = x->count; i-- > 0;) {
		for (size_t j = 0; j < count; j++) {
			if (x->sa[i].sa.reqid != reqids[j])
				continue;
			take_out(x, &x->sa[i]);
			(*removed)++;
			break;
		}
	}
	return 0;
}

int xfrm_acquire_forget(struct xfrm *x, const struct addr *src, const struct addr *dst,
			uint32_t reqid)
{
	struct sim_sa *larval = find_out(x, src, dst, reqid, true);

	if (!larval)
		return fail(x, -ESRCH, "cannot forget an ACQUIRE");
	take_out(x, larval);
	return 0;
}

int xfrm_sa_list(struct xfrm *x, void (*each)(void *ctx, const struct xfrm_sa_view *view),
		 void *ctx)
{
	for (size_t i = 0; i < x->count; i++) {
		const struct xfrm_sa *sa = &x->sa[i].sa;
		const struct xfrm_sa_view view = { .src = sa->src,
						   .dst = sa->dst,
						   .spi = sa->spi,
						   .reqid = sa->reqid,
						   .counters = x->sa[i].counters };

		each(ctx, &view);
	}
	return 0;
}

/* ---- policies ---- */

int xfrm_policy_set(struct xfrm *x, const struct xfrm_policy *policy)
{
	if (x->policy_count == SIM_POLICIES_MAX)
		return fail(x, -ENOMEM, "cannot set a policy");
	x->policy[x->policy_count++] = *policy;
	return 0;
}

static const struct xfrm_policy *policy_for(const struct xfrm *x, const struct addr *local,
					    const struct addr *remote)
{
	for (size_t i = 0; i < x->policy_count; i++) {
		const struct xfrm_policy *p = &x->policy[i];

		if ((p->local.family == ADDR_NONE || addr_eq(&p->local, local)) &&
		    (p->remote.family == ADDR_NONE || addr_eq(&p->remote, remote)))
			return p;
	}
	return NULL;
}

/* ---- packets ---- */

/* Nobody who could answer listens: the kernel does not keep the question. */
static void ask(struct xfrm *x, const struct addr *src, const struct addr *dst, uint32_t reqid)
{
	struct sim *s = x->host->sim;
	const struct xfrm_sa larval = { .src = *src, .dst = *dst, .reqid = reqid };
	const struct xfrm_event acquire = {
		.kind = XFRM_EV_ACQUIRE, .src = *src, .dst = *dst, .reqid = reqid, .seq = ++x->seq
	};

	if (!x->listening)
		return;
	(void)put_in(x, &larval);
	if (!x->host->larval.heap.index)
		sim_at(s, &x->host->larval, s->now + SIM_LARVAL_US);
	emit(x, &acquire);
}

void kernel_larval_due(struct sim_host *h)
{
	struct xfrm *x = &h->kernel;
	struct sim *s = h->sim;
	tick_t next = TICK_NEVER;

	for (size_t i = x->count; i-- > 0;) {
		struct xfrm_event gone = { .kind = XFRM_EV_EXPIRE, .hard = true };
		tick_t due = x->sa[i].since + SIM_LARVAL_US;

		if (x->sa[i].sa.spi)
			continue;
		if (due > s->now) {
			next = tick_min(next, due);
			continue;
		}
		gone.src = x->sa[i].sa.src;
		gone.dst = x->sa[i].sa.dst;
		gone.reqid = x->sa[i].sa.reqid;
		take_out(x, &x->sa[i]);
		emit(x, &gone);
	}
	sim_at(s, &h->larval, next);
}

bool kernel_output(struct sim_host *h, const struct addr *dst, const struct sim_ping *ping)
{
	struct xfrm *x = &h->kernel;
	const struct xfrm_policy *policy = policy_for(x, &h->addr, dst);
	struct sim_packet *p;
	struct sim_sa *sa;

	if (!policy) {
		x->no_policy++;
		sim_fail(h->sim, h, "a packet has no policy: it would go out in the clear");
		return false;
	}
	sa = find_out(x, &h->addr, dst, policy->reqid, false);
	if (!sa) {
		x->no_sa++;
		if (!find_out(x, &h->addr, dst, policy->reqid, true))
			ask(x, &h->addr, dst, policy->reqid);
		return false;
	}
	x->out++;
	sa->counters.packets++;
	p = packet_new(h->sim, &(struct endpoint){ sa->sa.src, sa->sa.encap_sport },
		       &(struct endpoint){ sa->sa.dst, sa->sa.encap_dport }, cur_of(NULL, 0));
	p->esp = true;
	p->udp = sa->sa.encap;
	if (!p->udp)
		p->src.port = p->dst.port = 0;
	p->spi = sa->sa.spi;
	p->key = sa->sa.encr_key;
	p->ping = *ping;
	link_send(h, p);
	return true;
}

static void mapping(struct xfrm *x, const struct sim_sa *sa, const struct endpoint *from)
{
	const struct xfrm_event ev = { .kind = XFRM_EV_MAPPING,
				       .src = sa->sa.src,
				       .dst = sa->sa.dst,
				       .spi = sa->sa.spi,
				       .reqid = sa->sa.reqid,
				       .from = *from };

	emit(x, &ev);
}

void kernel_input(struct sim_host *h, const struct sim_packet *p)
{
	struct xfrm *x = &h->kernel;
	struct sim_sa *sa = find_in(x, &p->dst.addr, p->spi);
	const struct xfrm_policy *policy;

	if (!sa) {
		x->unknown_spi++;
		return;
	}
	if (sa->sa.encap != p->udp) {
		x->wrong_source++;
		return;
	}
	if (sa->sa.encr_key.len != p->key.len ||
	    !secret_eq(sa->sa.encr_key.b, p->key.b, p->key.len)) {
		sim_fail(h->sim, h, "ESP with SPI %08x from n%u: the keys differ", p->spi, p->from);
		return;
	}
	sa->counters.packets++;
	if (p->udp && (p->src.port != sa->sa.encap_sport || !addr_eq(&p->src.addr, &sa->sa.src)))
		mapping(x, sa, &p->src);
	policy = policy_for(x, &h->addr, &p->src.addr);
	/* The SA's selector is host to host, and the template names the reqid. */
	if (!addr_eq(&p->src.addr, &sa->sa.src) || !policy || policy->reqid != sa->sa.reqid) {
		x->wrong_source++;
		return;
	}
	x->in++;
	traffic_arrived(h, &p->src.addr, &p->ping);
}

/* ---- what operators and limits do ---- */

void kernel_stray(struct sim_host *h)
{
	struct sim *s = h->sim;
	struct xfrm_sa sa = { .src = addr_ip4(192, 0, 2, (uint8_t)sim_between(s, 1, 254)),
			      .dst = h->addr,
			      .spi = (uint32_t)sim_between(s, ESP_SPI_MIN, UINT32_MAX),
			      .reqid = h->reqid };

	sa.encr_key.len = 20;
	rng_fill(&s->rng, sa.encr_key.b, 20);
	put_in(&h->kernel, &sa)->stray = true;
}

void kernel_resync(struct sim_host *h)
{
	const struct xfrm_event ev = { .kind = XFRM_EV_RESYNC };

	emit(&h->kernel, &ev);
}

void kernel_flush_all(struct sim_host *h)
{
	const uint32_t reqids[] = { h->reqid };
	size_t removed;

	(void)xfrm_sa_flush(&h->kernel, reqids, 1, &removed);
	h->disturbed = true;
}

void kernel_expire(struct sim_host *h, uint64_t pick, bool hard)
{
	struct xfrm *x = &h->kernel;
	struct sim_sa *sa = x->count ? &x->sa[pick % x->count] : NULL;
	struct xfrm_event ev = { .kind = XFRM_EV_EXPIRE, .hard = hard };

	if (!sa || !sa->sa.spi || sa->sa.reqid != h->reqid)
		return;
	ev.src = sa->sa.src;
	ev.dst = sa->sa.dst;
	ev.spi = sa->sa.spi;
	ev.reqid = sa->sa.reqid;
	if (hard) {
		take_out(x, sa);
		h->disturbed = true;
	}
	emit(x, &ev);
}
