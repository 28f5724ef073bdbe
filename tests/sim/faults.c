/*
 * tests/sim/faults.c - what goes wrong when.  A run draws which kinds of faults its world knows,
 * how bad its weather is, and then, every few seconds, one of them.  At the end everything works
 * again: links, secrets, daemons; and all pairs have traffic.
 */
#include "tests/sim/sim.h"

#include <stdlib.h>

enum fault {
	FAULT_WEATHER, /* loss, duplication, reordering, delay, corruption of a host's link */
	FAULT_BURST,   /* packets are held back, then come all at once */
	FAULT_CUT,     /* a pair cannot speak, or only one way */
	FAULT_SPLIT,   /* a host is cut off from all others */
	FAULT_REBIND,  /* a NAT forgets */
	FAULT_CRASH,
	FAULT_STOP,
	FAULT_SLEEP,	 /* a machine is suspended, its clock goes on */
	FAULT_DEAF,	 /* kernel events are lost */
	FAULT_FLUSH,	 /* an operator flushes the kernel's SAs */
	FAULT_EXPIRE,	 /* a limit of an SA is reached */
	FAULT_STRAY,	 /* an SA of ours in the kernel that nobody knows */
	FAULT_REPLAY,	 /* old datagrams are sent again */
	FAULT_REFUSE,	 /* the kernel has no memory for SAs, for a while */
	FAULT_TERMINATE, /* an operator's commands */
	FAULT_ESTABLISH,
	FAULT_FORGET,  /* who waited for `establish` has gone */
	FAULT_PEER,    /* a peer is removed at one end, or comes back */
	FAULT_SECRET,  /* a secret changes, at one end and later at the other */
	FAULT_RELOAD,  /* the same configuration again */
	FAULT_TRAFFIC, /* flows pause, and begin in the same moment */
	FAULT_COUNT
};

#define SLEEP_LONG_S 7200
#define REPLAYS	     10 /* at most, at once */

static struct sim_host *any_host(struct sim *s)
{
	return &s->host[rng_below(&s->rng, s->count)];
}

/* One that runs and is awake; NULL if the dice say otherwise. */
static struct sim_host *running_host(struct sim *s)
{
	struct sim_host *h = any_host(s);

	return h->node && !h->stopping && host_awake(h) ? h : NULL;
}

/* A peer of that host; the host itself if it has none. */
static unsigned any_peer(struct sim *s, const struct sim_host *h)
{
	for (unsigned i = 0; i < 2 * s->count; i++) {
		unsigned j = (unsigned)rng_below(&s->rng, s->count);

		if (h->peer[j].linked)
			return j;
	}
	return h->index;
}

static tick_t seconds(struct sim *s, uint64_t low, uint64_t high)
{
	return (tick_t)sim_between(s, low * 1000, high * 1000) * TICK_MS;
}

/* ---- the network's ---- */

static void draw_weather(struct sim *s, struct sim_weather *w)
{
	*w = (struct sim_weather){
		.loss_pct = sim_chance(s, 50) ? (unsigned)sim_between(s, 0, 40) : 0,
		.dup_pct = sim_chance(s, 30) ? (unsigned)sim_between(s, 0, 30) : 0,
		.reorder_pct = sim_chance(s, 30) ? (unsigned)sim_between(s, 0, 30) : 0,
		.corrupt_pct = sim_chance(s, 40) ? (unsigned)sim_between(s, 0, 10) : 0,
		.delay_min_us = (tick_t)sim_between(s, 1, 50) * TICK_MS,
	};
	w->delay_max_us = w->delay_min_us + (tick_t)sim_between(s, 0, 450) * TICK_MS;
}

static void cut_some(struct sim *s, struct sim_host *h, bool all)
{
	unsigned only = any_peer(s, h);
	unsigned ways = (unsigned)sim_between(s, 1, 3);
	tick_t until = s->now + seconds(s, 1, 200);

	sim_say(s, h, "cut from %s, ways %u, for %lld s", all ? "all" : "a peer", ways,
		(long long)((until - s->now) / TICK_S));
	for (unsigned j = 0; j < s->count; j++) {
		if (!h->peer[j].linked || !(all || j == only))
			continue;
		if (ways & 1)
			link_cut(s, h->index, j, until);
		if (ways & 2)
			link_cut(s, j, h->index, until);
	}
}

static void rebind(struct sim *s, struct sim_host *h)
{
	bool move = sim_chance(s, 50);

	for (unsigned i = 0; !h->nat && i < s->count; i++)
		h = any_host(s);
	if (!h->nat || !host_awake(h))
		return;
	h->rebinds++;
	sim_say(s, h, "NAT rebinds%s", move ? ", with another address" : "");
	nat_rebind(h, move);
}

/* ---- the machine's ---- */

static tick_t downtime(struct sim *s)
{
	return sim_chance(s, 50) ? seconds(s, 0, 3) : seconds(s, 3, 200);
}

static void go_to_sleep(struct sim *s, struct sim_host *h)
{
	tick_t us = sim_chance(s, 5) ? seconds(s, 200, SLEEP_LONG_S) : seconds(s, 1, 200);

	if (!host_awake(h))
		return;
	sim_say(s, h, "is suspended for %lld s", (long long)(us / TICK_S));
	for (size_t k = 0; k < h->wait_count; k++)
		h->wait[k].due += us;
	h->asleep_until =
		s->now + tick_min(us, s->faults_end > s->now ? s->faults_end - s->now : 0);
}

static void refuse(struct sim *s, struct sim_host *h)
{
	h->kernel.refuse = !h->kernel.refuse;
	sim_say(s, h, "the kernel %s SAs", h->kernel.refuse ? "refuses" : "takes");
}

/* ---- the operator's ---- */

static uint64_t any_child(struct sim_host *h)
{
	for (size_t i = 0; i < h->track_count; i++) {
		if (h->track[i].child && h->track[i].up)
			return h->track[i].id;
	}
	return 0;
}

static void terminate(struct sim *s, struct sim_host *h)
{
	struct ike_match match = { 0 };
	bool silent = sim_chance(s, 20);
	size_t count;

	if (sim_chance(s, 30))
		match.child_id = any_child(h);
	else if (!sim_chance(s, 20))
		match.remote = setup_address(h, any_peer(s, h));
	count = node_terminate(h->node, host_now(h), &match, silent);
	sim_say(s, h, "terminate%s: %zu", silent ? ", silently" : "", count);
	host_drain(h);
}

/* If the machine sleeps, so does the reply; else it takes as long as a few attempts at most. */
static tick_t wait_until(const struct sim *s, const struct node_wish *wish)
{
	tick_t longest = 4 * s->give_up_us;

	if (!wish->wait)
		return s->now;
	return s->now + (wish->timeout_us ? tick_min(wish->timeout_us, longest) : longest);
}

static void establish(struct sim *s, struct sim_host *h)
{
	unsigned peer = any_peer(s, h);
	struct node_wish wish = { .remote = setup_address(h, peer),
				  .wait = sim_chance(s, 70),
				  .tunnel = sim_chance(s, 50) ? "gre1" : NULL,
				  .tag = ++s->next_tag };

	if (wish.remote.family == ADDR_NONE)
		return;
	if (sim_chance(s, 50))
		wish.timeout_us = seconds(s, 1, 60);
	sim_say(s, h, "establish n%u", peer);
	if (!node_establish(h->node, host_now(h), &wish)) {
		sim_fail(s, h, "establish: no room");
		return;
	}
	check_establish(h, &(struct sim_wait){
				   .tag = wish.tag, .peer = peer, .due = wait_until(s, &wish) });
	host_drain(h);
}

static void forget(struct sim_host *h)
{
	if (!h->wait_count)
		return;
	node_forget(h->node, h->wait[0].tag);
	h->wait[0] = h->wait[--h->wait_count];
	host_drain(h);
}

static void configure(struct sim_host *h)
{
	if (!h->node || h->stopping)
		return;
	setup_configure(h);
	host_drain(h);
}

static void change_peer(struct sim *s, struct sim_host *h)
{
	unsigned j = any_peer(s, h);

	if (!h->peer[j].linked)
		return;
	h->peer[j].configured = !h->peer[j].configured;
	sim_say(s, h, "peer n%u %s", j, h->peer[j].configured ? "comes back" : "is removed");
	configure(h);
}

/* At one end; the other follows when this fault hits it, or at the end. */
static void change_secret(struct sim *s, struct sim_host *h)
{
	unsigned j = any_peer(s, h);
	struct sim_host *p = &s->host[j];

	if (!h->peer[j].linked)
		return;
	if (h->peer[j].secret < p->peer[h->index].secret)
		h->peer[j].secret = p->peer[h->index].secret;
	else
		h->peer[j].secret++;
	sim_say(s, h, "secret with n%u is version %u", j, h->peer[j].secret);
	configure(h);
	if (sim_chance(s, 60) && host_awake(p)) {
		p->peer[h->index].secret = h->peer[j].secret;
		configure(p);
	}
}

static void pause_traffic(struct sim *s)
{
	tick_t at = s->now + seconds(s, 1, 60);

	for (size_t i = 0; i < s->flow_count; i++) {
		if (sim_chance(s, 50))
			sim_at(s, &s->flow[i].ev, at);
	}
}

/* ---- which, and when ---- */

static void strike_running(struct sim *s, enum fault fault, struct sim_host *h)
{
	switch (fault) {
	case FAULT_CRASH:
		host_crash(h, downtime(s));
		break;
	case FAULT_STOP:
		host_stop(h, downtime(s));
		break;
	case FAULT_TERMINATE:
		terminate(s, h);
		break;
	case FAULT_ESTABLISH:
		establish(s, h);
		break;
	case FAULT_FORGET:
		forget(h);
		break;
	case FAULT_PEER:
		change_peer(s, h);
		break;
	case FAULT_SECRET:
		change_secret(s, h);
		break;
	case FAULT_RELOAD:
		configure(h);
		break;
	case FAULT_WEATHER:
	case FAULT_BURST:
	case FAULT_CUT:
	case FAULT_SPLIT:
	case FAULT_REBIND:
	case FAULT_SLEEP:
	case FAULT_DEAF:
	case FAULT_FLUSH:
	case FAULT_EXPIRE:
	case FAULT_STRAY:
	case FAULT_REPLAY:
	case FAULT_REFUSE:
	case FAULT_TRAFFIC:
	case FAULT_COUNT:
		break;
	}
}

static void strike(struct sim *s, enum fault fault, struct sim_host *h)
{
	switch (fault) {
	case FAULT_WEATHER:
		draw_weather(s, &h->weather);
		break;
	case FAULT_BURST:
		h->weather.burst_until = s->now + seconds(s, 0, 20);
		break;
	case FAULT_CUT:
	case FAULT_SPLIT:
		cut_some(s, h, fault == FAULT_SPLIT);
		break;
	case FAULT_REBIND:
		rebind(s, h);
		break;
	case FAULT_SLEEP:
		go_to_sleep(s, h);
		break;
	case FAULT_DEAF:
		h->kernel.deaf_until = s->now + seconds(s, 0, 10);
		break;
	case FAULT_FLUSH:
		sim_say(s, h, "the kernel's SAs are flushed");
		kernel_flush_all(h);
		break;
	case FAULT_EXPIRE:
		kernel_expire(h, rng_u64(&s->rng), sim_chance(s, 50));
		break;
	case FAULT_STRAY:
		kernel_stray(h);
		break;
	case FAULT_REPLAY:
		for (int i = 0; i < REPLAYS; i++)
			link_replay(s);
		break;
	case FAULT_REFUSE:
		refuse(s, h);
		break;
	case FAULT_TRAFFIC:
		pause_traffic(s);
		break;
	case FAULT_CRASH:
	case FAULT_STOP:
	case FAULT_TERMINATE:
	case FAULT_ESTABLISH:
	case FAULT_FORGET:
	case FAULT_PEER:
	case FAULT_SECRET:
	case FAULT_RELOAD:
		h = running_host(s);
		if (h)
			strike_running(s, fault, h);
		break;
	case FAULT_COUNT:
		break;
	}
}

void faults_due(struct sim *s)
{
	enum fault fault = (enum fault)rng_below(&s->rng, FAULT_COUNT);

	if (s->fault_kinds & (1u << fault)) {
		s->result.faults++;
		strike(s, fault, any_host(s));
	}
	sim_at(s, &s->fault, s->now + (tick_t)rng_below(&s->rng, (uint64_t)s->fault_every_us));
}

void faults_begin(struct sim *s)
{
	heap_node_init(&s->fault.heap);
	s->fault.kind = SIM_EV_FAULT;
	s->faults_end = s->opt.faults_us ? s->opt.faults_us : seconds(s, 200, 1200);
	s->fault_every_us = seconds(s, 2, 20);
	/* Some worlds know few faults: what each does alone must be seen, too. */
	s->fault_kinds = (uint32_t)rng_u64(&s->rng);
	if (sim_chance(s, 30))
		s->fault_kinds &= (uint32_t)rng_u64(&s->rng);
	if (s->opt.calm) { /* but NATs forget even then */
		s->fault_kinds = 1u << FAULT_REBIND;
		s->fault_every_us = seconds(s, 10, 60);
	} else if (sim_chance(s, 60)) {
		draw_weather(s, &s->weather);
	}
	sim_at(s, &s->fault, seconds(s, 0, 20));
}

void faults_end(struct sim *s)
{
	sim_say(s, NULL, "the faults end");
	s->faulty = false;
	sim_at(s, &s->fault, TICK_NEVER);
	link_heal(s);
	for (unsigned i = 0; i < s->count; i++) {
		struct sim_host *h = &s->host[i];

		h->kernel.refuse = false;
		h->kernel.deaf_until = tick_min(h->kernel.deaf_until, s->now);
		h->asleep_until = tick_min(h->asleep_until, s->now);
		kernel_resync(h); /* strays are found */
		for (unsigned j = 0; j < i; j++) {
			struct sim_peer *a = &h->peer[j], *b = &s->host[j].peer[i];

			a->secret = b->secret = a->secret > b->secret ? a->secret : b->secret;
			a->configured = b->configured = a->linked;
		}
	}
	for (unsigned i = 0; i < s->count && !s->failed; i++) {
		struct sim_host *h = &s->host[i];

		if (h->stopping)
			h->downtime_us = TICK_S;
		else if (h->node)
			configure(h);
		else
			sim_at(s, &h->daemon, s->now);
	}
	traffic_all_on(s);
}
