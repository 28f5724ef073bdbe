/*
 * tests/sim/check.c - what must be true.
 *
 * After every step: a kernel holds no SA with our reqid that its node does not know, and the node
 * none that its kernel does not hold (unless somebody took it out behind its back); what both ends
 * of a pair hold is mirrored, keys and SPIs; no key is installed twice; every Child SA and IKE SA
 * is added, up, down and removed once; each `establish` is replied to once, in time; a corrupted or
 * a replayed datagram is counted and changes nothing, unless it was IKE_SA_INIT, which nothing
 * protects; no bug is noted.
 *
 * At the end: see check_settled and check_nothing_left.
 */
#include "tests/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>

#include "daemon/node_state.h"
#include "ike/engine.h"

#define FRESH_US      (3 * TICK_S) /* beside its period: how old a flow's last reply may be */
#define ATTEMPTS_MAX  256	   /* of one node that are compared */
#define REBIND_GAP_US (7 * TICK_S) /* two pings of the slowest flow tell where a peer is now */

/* ---- the way of each SA through the actions ---- */

static struct sim_track *track_find(struct sim_host *h, uint64_t id)
{
	for (size_t i = 0; i < h->track_count; i++) {
		if (h->track[i].id == id)
			return &h->track[i];
	}
	return NULL;
}

static struct sim_track *track_new(struct sim_host *h, uint64_t id, bool child)
{
	if (h->track_count == h->track_cap) {
		size_t cap = h->track_cap ? 2 * h->track_cap : 16;
		struct sim_track *more = sim_alloc(cap, sizeof(*more));

		if (h->track_count)
			memcpy(more, h->track, h->track_count * sizeof(*more));
		free(h->track);
		h->track = more;
		h->track_cap = cap;
	}
	h->track[h->track_count] = (struct sim_track){ .id = id, .child = child };
	return &h->track[h->track_count++];
}

static void track_end(struct sim_host *h, struct sim_track *t)
{
	if (!t->added && !t->up)
		*t = h->track[--h->track_count];
}

static void updown(struct sim_host *h, const struct node_action *a)
{
	uint64_t id = a->child ? a->child_id : a->ike_id;
	struct sim_track *t = track_find(h, id);

	if (!a->info)
		sim_fail(h->sim, h, "an event without its SA");
	if (a->up && !t)
		t = track_new(h, id, a->child);
	if (!t || t->up == a->up || t->child != a->child) {
		sim_fail(h->sim, h, "%s SA %llu is told to be %s, which is no news",
			 a->child ? "Child" : "IKE", (unsigned long long)id, a->up ? "up" : "down");
		return;
	}
	t->up = a->up;
	track_end(h, t);
}

static void added(struct sim_host *h, const struct node_action *a)
{
	if (track_find(h, a->child_id))
		sim_fail(h->sim, h, "Child SA %llu is added twice",
			 (unsigned long long)a->child_id);
	else
		track_new(h, a->child_id, true)->added = true;
}

static void removed(struct sim_host *h, const struct node_action *a)
{
	struct sim_track *t = track_find(h, a->child_id);

	if (!a->child_id) /* a stray, which the node never had */
		return;
	if (!t || !t->added) {
		sim_fail(h->sim, h, "Child SA %llu is removed twice",
			 (unsigned long long)a->child_id);
		return;
	}
	t->added = false;
	track_end(h, t);
}

static void replied(struct sim_host *h, const struct node_action *a)
{
	for (size_t i = 0; i < h->wait_count; i++) {
		if (h->wait[i].tag != a->tag)
			continue;
		h->wait[i] = h->wait[--h->wait_count];
		return;
	}
	sim_fail(h->sim, h, "a reply that nobody waits for: %.200s", a->text);
}

void check_action(struct sim_host *h, const struct node_action *a)
{
	switch (a->kind) {
	case NODE_ACT_SEND:
		if (!a->bytes.left)
			sim_fail(h->sim, h, "an empty datagram");
		break;
	case NODE_ACT_SA_ADD:
		added(h, a);
		h->changed = true;
		break;
	case NODE_ACT_SA_DEL:
		removed(h, a);
		h->changed = true;
		break;
	case NODE_ACT_SA_MOVE:
	case NODE_ACT_COUNT:
		if (!track_find(h, a->child_id))
			sim_fail(h->sim, h, "an action for a Child SA that is gone");
		h->changed = true;
		break;
	case NODE_ACT_UPDOWN:
		updown(h, a);
		break;
	case NODE_ACT_REPLY:
		replied(h, a);
		break;
	case NODE_ACT_NOTE:
		if (a->note->cls == NOTE_BUG)
			sim_fail(h->sim, h, "bug: %s", a->note->text);
		break;
	case NODE_ACT_JOB:
		h->changed = true; /* an attempt may have begun */
		break;
	case NODE_ACT_SA_LIST:
	case NODE_ACT_ACQUIRE_FORGET:
		break;
	}
}

void check_establish(struct sim_host *h, const struct sim_wait *wait)
{
	if (h->wait_count == h->wait_cap) {
		size_t cap = h->wait_cap ? 2 * h->wait_cap : 16;
		struct sim_wait *more = sim_alloc(cap, sizeof(*more));

		if (h->wait_count)
			memcpy(more, h->wait, h->wait_count * sizeof(*more));
		free(h->wait);
		h->wait = more;
		h->wait_cap = cap;
	}
	h->wait[h->wait_count++] = *wait;
}

/* Nobody waits for longer than he wanted to, or than the negotiation can take. */
static void check_waits(struct sim_host *h)
{
	for (size_t i = 0; i < h->wait_count; i++) {
		if (h->wait[i].due < h->sim->now)
			sim_fail(h->sim, h, "establish n%u was not replied to in time",
				 h->wait[i].peer);
	}
}

void check_forget_all(struct sim_host *h)
{
	h->track_count = 0;
	h->wait_count = 0;
}

/* ---- the node and its kernel ---- */

struct listed {
	struct sim_host *h;
	const char *conn; /* only those of this one; NULL: all */
	size_t sas, count, cap;
	bool established;
	uint64_t spi_i, spi_r;
	struct ike_child_info *child;
};

static void list_one(void *ctx, const struct ike_sa_info *info)
{
	struct listed *l = ctx;

	if (l->conn && strcmp(l->conn, info->conn) != 0)
		return;
	l->sas++;
	l->established = info->established;
	l->spi_i = info->spi_i;
	l->spi_r = info->spi_r;
	for (size_t i = 0; i < info->child_count; i++) {
		if (l->count < l->cap)
			l->child[l->count] = info->child[i];
		l->count++;
	}
}

/* Free its `child`. */
static struct listed list_children(struct sim_host *h, const char *conn)
{
	struct ike_stats stats;
	struct listed l = { .h = h, .conn = conn };

	ike_stats(node_ike(h->node), &stats);
	l.cap = stats.children;
	l.child = sim_alloc(l.cap, sizeof(*l.child));
	ike_list(node_ike(h->node), list_one, &l);
	if (l.count > l.cap)
		sim_fail(h->sim, h, "%zu Child SAs are listed, %zu counted", l.count, l.cap);
	return l;
}

static bool node_knows(const struct listed *l, const struct xfrm_sa *sa)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct ike_child_info *c = &l->child[i];

		if ((c->spi_in == sa->spi && addr_eq(&c->local, &sa->dst)) ||
		    (c->spi_out == sa->spi && addr_eq(&c->remote, &sa->dst)))
			return true;
	}
	return false;
}

static const struct xfrm_sa *kernel_half(const struct sim_host *h, const struct addr *dst,
					 uint32_t spi)
{
	for (size_t i = 0; i < h->kernel.count; i++) {
		const struct xfrm_sa *sa = &h->kernel.sa[i].sa;

		if (sa->spi == spi && addr_eq(&sa->dst, dst))
			return sa;
	}
	return NULL;
}

static bool kernel_holds(const struct sim_host *h, const struct ike_child_info *c)
{
	const struct xfrm_sa *in = kernel_half(h, &c->local, c->spi_in);
	const struct xfrm_sa *out = kernel_half(h, &c->remote, c->spi_out);

	return in && out && in->reqid == h->reqid && out->reqid == h->reqid &&
	       addr_eq(&in->src, &c->remote) && addr_eq(&out->src, &c->local);
}

/* Whom we are trying to reach at the moment. */
struct attempts {
	struct sim_host *h;
	size_t count;
	struct addr remote[ATTEMPTS_MAX];
};

static void attempt(void *ctx, const struct ike_sa_info *info)
{
	struct attempts *a = ctx;

	if (!info->initiator || strcmp(info->state, "CONNECTING") != 0)
		return;
	for (size_t i = 0; i < a->count; i++) {
		if (addr_eq(&a->remote[i], &info->path.remote.addr))
			sim_fail(a->h->sim, a->h, "two attempts to reach one peer (%s)",
				 info->conn);
	}
	if (a->count < ATTEMPTS_MAX)
		a->remote[a->count++] = info->path.remote.addr;
}

/* In calm weather an SA that once stood is replaced before it goes. */
static void check_held(struct sim_host *h)
{
	struct sim *s = h->sim;

	if (!s->opt.calm || s->ending || h->nat)
		return;
	for (unsigned j = 0; j < s->count; j++) {
		const struct addr to = setup_address(h, j);
		bool holds = false;

		for (size_t i = 0; i < h->kernel.count; i++) {
			const struct xfrm_sa *sa = &h->kernel.sa[i].sa;

			holds |= sa->spi && sa->reqid == h->reqid && addr_eq(&sa->dst, &to);
		}
		if (h->peer[j].held && !holds)
			sim_fail(s, h, "no SA with n%u stands any more", j);
		h->peer[j].held = holds && !s->host[j].nat; /* else it may be elsewhere by now */
	}
}

void check_host(struct sim_host *h)
{
	bool missing = false;
	struct listed l;
	struct attempts attempts = { .h = h };

	check_waits(h);
	if (!h->changed && !h->disturbed)
		return;
	h->changed = false;
	ike_list(node_ike(h->node), attempt, &attempts);
	l = list_children(h, NULL);
	for (size_t i = 0; i < h->kernel.count; i++) {
		const struct xfrm_sa *sa = &h->kernel.sa[i].sa;

		if (sa->spi && sa->reqid == h->reqid && !h->kernel.sa[i].stray &&
		    !node_knows(&l, sa))
			sim_fail(h->sim, h, "the kernel holds SA %08x, the node does not", sa->spi);
	}
	for (size_t i = 0; i < l.count; i++)
		missing |= !kernel_holds(h, &l.child[i]);
	if (missing && !h->disturbed)
		sim_fail(h->sim, h, "the node holds a Child SA that its kernel does not");
	h->disturbed = missing;
	free(l.child);
	check_held(h);
}

/* ---- pairs ---- */

static bool same_secret(const struct secret *a, const struct secret *b)
{
	return a->len == b->len && secret_eq(a->b, b->b, a->len);
}

static bool is_address_of(const struct sim_host *h, const struct addr *addr)
{
	return addr_eq(h->nat ? &h->nat->outside : &h->addr, addr);
}

/* `sa` has been added at `h`; `t` stands elsewhere. */
static void compare(struct sim_host *h, const struct xfrm_sa *sa, const struct sim_host *other,
		    const struct xfrm_sa *t)
{
	bool same = same_secret(&sa->encr_key, &t->encr_key);
	bool in = addr_eq(&sa->dst, &h->addr);
	bool mirrored = other != h && sa->spi == t->spi && addr_eq(&t->dst, &other->addr) != in;

	if (same && !mirrored) {
		sim_fail(h->sim, h, "SA %08x has the key of SA %08x at n%u", sa->spi, t->spi,
			 other->index);
		return;
	}
	/* Who sends with that SPI to us means this SA. */
	if (mirrored && is_address_of(in ? h : other, in ? &t->dst : &sa->dst) &&
	    (!same || !same_secret(&sa->integ_key, &t->integ_key) || sa->encr != t->encr ||
	     sa->integ != t->integ || sa->esn != t->esn))
		sim_fail(h->sim, h, "SA %08x is not the same at n%u", sa->spi, other->index);
}

void check_added(struct sim_host *h, const struct xfrm_sa *sa)
{
	struct sim *s = h->sim;

	if (sa->reqid != h->reqid)
		return;
	for (unsigned i = 0; i < s->count; i++) {
		const struct xfrm *x = &s->host[i].kernel;

		for (size_t j = 0; j < x->count; j++) {
			const struct xfrm_sa *t = &x->sa[j].sa;

			if (!t->spi || t->reqid != s->host[i].reqid ||
			    (i == h->index && t->spi == sa->spi && addr_eq(&t->dst, &sa->dst)))
				continue;
			compare(h, sa, &s->host[i], t);
		}
	}
}

/* ---- corrupted and replayed datagrams ---- */

void check_datagram_begin(const struct sim_host *h, struct check_datagram *c)
{
	ike_stats(node_ike(h->node), &c->stats);
}

static uint64_t errors(const struct ike_stats *stats)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < IKE_E_COUNT; i++)
		sum += stats->errors[i];
	return sum;
}

bool check_datagram_end(struct sim_host *h, const struct check_datagram *c,
			const struct sim_packet *p)
{
	const struct ike_stats *was = &c->stats;
	struct ike_stats is;
	bool counted;

	ike_stats(node_ike(h->node), &is);
	counted = errors(&is) == errors(was) + 1;
	if ((!p->corrupt && !p->replayed) || p->exchange == IKE_X_SA_INIT)
		return !counted && p->exchange != IKE_X_SA_INIT;
	h->sim->result.seen[p->corrupt ? SIM_SEEN_CORRUPTED : SIM_SEEN_REPLAYED]++;
	if (!counted || is.up != was->up || is.down != was->down || is.child_up != was->child_up ||
	    is.child_down != was->child_down || is.sas != was->sas ||
	    is.children != was->children || is.jobs != was->jobs)
		sim_fail(h->sim, h, "a %s datagram did more than to be counted",
			 p->corrupt ? "corrupted" : "replayed");
	return false;
}

/* ---- the end ---- */

static bool one_each(const struct sim_host *h, const struct listed *l, char why[static SIM_WHY_MAX])
{
	if (l->sas == 1 && l->established && l->count == 1 && kernel_holds(h, &l->child[0]))
		return true;
	(void)snprintf(why, SIM_WHY_MAX, "n%u has %zu IKE SAs%s and %zu Child SAs with %s",
		       h->index, l->sas, l->sas == 1 && !l->established ? " (not established)" : "",
		       l->count, l->conn);
	return false;
}

static bool mirrored_pair(const struct listed *a, const struct listed *b)
{
	return a->spi_i == b->spi_i && a->spi_r == b->spi_r &&
	       a->child[0].spi_in == b->child[0].spi_out &&
	       a->child[0].spi_out == b->child[0].spi_in;
}

bool check_settled(struct sim *s, const struct sim_flow *f, char why[static SIM_WHY_MAX])
{
	struct sim_host *from = &s->host[f->from], *to = &s->host[f->to];
	char from_name[16], to_name[16];
	struct listed a, b;
	bool ok = false;

	if (!from->node || !to->node) {
		(void)snprintf(why, SIM_WHY_MAX, "n%u or n%u does not run", f->from, f->to);
		return false;
	}
	(void)snprintf(from_name, sizeof(from_name), "n%u", f->from);
	(void)snprintf(to_name, sizeof(to_name), "n%u", f->to);
	a = list_children(from, to_name);
	b = list_children(to, from_name);
	if (one_each(from, &a, why) && one_each(to, &b, why)) {
		ok = mirrored_pair(&a, &b);
		(void)snprintf(why, SIM_WHY_MAX, "n%u and n%u hold different SAs", f->from, f->to);
	}
	if (ok && (f->last_ok <= s->faults_end || s->now - f->last_ok > f->period_us + FRESH_US)) {
		ok = false;
		(void)snprintf(why, SIM_WHY_MAX, "no ping of n%u's comes back from n%u", f->from,
			       f->to);
	}
	free(a.child);
	free(b.child);
	return ok;
}

void check_lost(struct sim *s, const struct sim_flow *f)
{
	unsigned rebinds = s->host[f->from].rebinds + s->host[f->to].rebinds;

	if (f->lost > rebinds * (2 + (uint64_t)(REBIND_GAP_US / f->period_us)))
		sim_fail(s, NULL,
			 "%llu pings from n%u to n%u were lost in calm weather, %u rebinds",
			 (unsigned long long)f->lost, f->from, f->to, rebinds);
}

void check_nothing_left(struct sim_host *h)
{
	const struct node *n = h->node;
	const struct ike *ike = n->ike;

	if (ike->sa_count || ike->half_open || ike->by_child.count || ike->jobs ||
	    ike->want_count || ike->action_count)
		sim_fail(h->sim, h,
			 "left in the engine: %zu SAs, %zu half-open, %zu Child SAs, %zu jobs, %zu "
			 "wants, %zu actions",
			 ike->sa_count, ike->half_open, ike->by_child.count, ike->jobs,
			 ike->want_count, ike->action_count);
	if (n->acquire_count || n->waiter_count || n->wishes.count || n->stray_count ||
	    n->timers.count)
		sim_fail(h->sim, h,
			 "left in the node: %zu acquires, %zu waiters, %zu wishes, %zu strays, %zu "
			 "timers",
			 n->acquire_count, n->waiter_count, n->wishes.count, n->stray_count,
			 n->timers.count);
	if (h->track_count || h->wait_count)
		sim_fail(h->sim, h, "%zu SAs were not taken down, %zu replies are missing",
			 h->track_count, h->wait_count);
	if (h->kernel.count != 1 || h->kernel.sa[0].sa.reqid != SIM_FOREIGN_REQID)
		sim_fail(h->sim, h, "%zu SAs are left in the kernel, one of them another daemon's",
			 h->kernel.count);
}
