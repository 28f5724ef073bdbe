/*
 * tests/sim/world.c - the virtual clock, the queue of events, and a run from beginning to end.
 *
 * A run has three parts: things go wrong (faults.c); then nothing does any more, and within a bound
 * that follows from the timing every pair with traffic must have settled, and stay so; then
 * everybody shuts down, and nothing may be left.
 *
 * The bound is the longest chain that the protocol allows: an attempt that a corrupted
 * IKE_SA_INIT has poisoned runs into its time-out, then the back-off, or a peer that lost its
 * state is noticed by liveness checks; then a larval SA's life, and a handshake on a clean network.
 */
#include "tests/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>

#include "ike/engine.h"
#include "daemon/node_state.h"

#define CALM_US	       (60 * TICK_S)  /* everybody has to be settled for so long */
#define GONE_US	       (120 * TICK_S) /* after everybody was told to stop */
#define SETTLE_POLL_US (TICK_S)
#define STALE_US       (10 * TICK_S) /* a pair whose pings are older is lost */
#define STEPS_MAX      50000000u     /* of one run: more is a machine that spins */
#define HANDSHAKE_US   (20 * TICK_S)

void *sim_alloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size);

	if (!p) {
		(void)fputs("out of memory\n", stderr);
		exit(2);
	}
	return p;
}

uint64_t sim_between(struct sim *s, uint64_t low, uint64_t high)
{
	return low + rng_below(&s->rng, high - low + 1);
}

bool sim_chance(struct sim *s, unsigned pct)
{
	return rng_below(&s->rng, 100) < pct;
}

static void say(const struct sim *s, const struct sim_host *h, const char *text)
{
	char name[16] = "world";

	if (h)
		(void)snprintf(name, sizeof(name), "n%u", h->index);
	(void)printf("# %10.3f %5s %s\n", (double)s->now / (double)TICK_S, name, text);
}

void sim_say(const struct sim *s, const struct sim_host *h, const char *format, ...)
{
	char text[SIM_WHY_MAX];
	va_list args;

	if (!s->opt.verbose)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	say(s, h, text);
}

void sim_fail(struct sim *s, const struct sim_host *h, const char *format, ...)
{
	char text[SIM_WHY_MAX - 16];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (s->opt.verbose)
		say(s, h, text);
	if (s->failed)
		return;
	s->failed = s->result.failed = true;
	s->result.at = s->now;
	if (h)
		(void)snprintf(s->result.why, SIM_WHY_MAX, "n%u: %s", h->index, text);
	else
		(void)snprintf(s->result.why, SIM_WHY_MAX, "%s", text);
}

void sim_at(struct sim *s, struct sim_event *ev, tick_t at)
{
	if (!heap_reserve(&s->events, s->events.count + 1)) {
		(void)fputs("out of memory\n", stderr);
		exit(2);
	}
	heap_set(&s->events, &ev->heap, at != TICK_NEVER && at < s->now ? s->now : at);
}

/* ---- the loop ---- */

static void happen(struct sim *s, struct sim_event *ev)
{
	switch (ev->kind) {
	case SIM_EV_PACKET:
		link_arrive(CONTAINER_OF(ev, struct sim_packet, ev));
		break;
	case SIM_EV_JOB:
		host_job_done(CONTAINER_OF(ev, struct sim_job, ev));
		break;
	case SIM_EV_KERNEL:
		kernel_event_arrive(CONTAINER_OF(ev, struct sim_kernel_event, ev));
		break;
	case SIM_EV_NODE:
		host_deadline(ev->host);
		break;
	case SIM_EV_LARVAL:
		kernel_larval_due(ev->host);
		break;
	case SIM_EV_FLOW:
		traffic_due(CONTAINER_OF(ev, struct sim_flow, ev));
		break;
	case SIM_EV_DAEMON:
		host_daemon_event(ev->host);
		break;
	case SIM_EV_FAULT:
		faults_due(s);
		break;
	}
}

/* Let time pass until `until`, or until something is wrong. */
static void pass(struct sim *s, tick_t until)
{
	while (!s->failed) {
		struct heap_node *first = heap_first(&s->events);
		struct sim_event *ev;

		if (!first || first->due > until)
			break;
		ev = CONTAINER_OF(first, struct sim_event, heap);
		s->now = first->due;
		/* A machine that sleeps does nothing until it wakes; what is sent to it is lost. */
		if (ev->host && !host_awake(ev->host) && ev->kind != SIM_EV_PACKET) {
			sim_at(s, ev, ev->host->asleep_until);
			continue;
		}
		heap_set(&s->events, &ev->heap, TICK_NEVER);
		happen(s, ev);
		if (++s->result.steps > STEPS_MAX)
			sim_fail(s, NULL, "more than %u steps", STEPS_MAX);
	}
	if (!s->failed)
		s->now = until;
}

/* ---- the parts of a run ---- */

/* Until a request that is never answered is given up. */
static tick_t give_up_us(const struct ike_timing *t, unsigned tries)
{
	tick_t interval = t->retransmit_us, sum = 0;

	for (unsigned i = 0; i < tries; i++) {
		sum += interval + interval / 8;
		interval =
			tick_min(interval / 100 * t->retransmit_factor_pct, t->retransmit_max_us);
	}
	return sum;
}

static tick_t bound_us(const struct sim *s)
{
	return s->give_up_us + s->dpd_us + DPD_ANSWER_US +
	       give_up_us(&s->timing, s->timing.probe_tries) + NODE_BACKOFF_MAX_US +
	       s->timing.half_open_us + CROSSED_GRACE_US + SIM_LARVAL_US + HANDSHAKE_US;
}

/* Look at one pair: false while it is not settled. */
static bool look(struct sim *s, struct sim_flow *f, char why[static SIM_WHY_MAX])
{
	if (f->settled && s->now - f->last_ok > 4 * f->period_us + STALE_US) {
		sim_say(s, NULL, "n%u to n%u: lost again", f->from, f->to);
		f->settled = 0;
	}
	if (!f->settled && check_settled(s, f, why))
		f->settled = s->now;
	return f->settled;
}

/*
 * Until everybody has been settled for CALM_US.  What began before the faults ended may still end
 * a pair that was settled already; but not after the bound.
 */
static void settle(struct sim *s)
{
	tick_t begun = s->now, last = s->now;
	char why[SIM_WHY_MAX] = "";

	s->result.bound_us = bound_us(s);
	while (!s->failed && s->now - last < CALM_US) {
		for (size_t i = 0; i < s->flow_count && !s->failed; i++) {
			bool settled = look(s, &s->flow[i], why);

			last = settled ? last : s->now;
			if (!settled && s->now - begun >= s->result.bound_us)
				sim_fail(s, NULL,
					 "not settled %lld s after the faults ended: %.300s",
					 (long long)((s->now - begun) / TICK_S), why);
		}
		pass(s, s->now + SETTLE_POLL_US);
	}
	s->result.settle_us = last - begun;
	sim_say(s, NULL, "settled after %lld s", (long long)(s->result.settle_us / TICK_S));
}

static void shut_down(struct sim *s)
{
	s->ending = true;
	traffic_all_off(s);
	for (unsigned i = 0; i < s->count && !s->failed; i++) {
		node_shutdown(s->host[i].node, host_now(&s->host[i]));
		host_drain(&s->host[i]);
	}
	pass(s, s->now + GONE_US);
	for (unsigned i = 0; i < s->count && !s->failed; i++)
		check_nothing_left(&s->host[i]);
}

static void sum_up(struct sim *s)
{
	s->result.simulated_us = s->now;
	s->result.nodes = s->count;
	for (size_t i = 0; i < s->flow_count; i++) {
		s->result.pings += s->flow[i].ok;
		check_lost(s, &s->flow[i]);
	}
	for (unsigned i = 0; i < s->count; i++)
		host_sum_up(&s->host[i]);
}

static void free_events(struct sim *s)
{
	struct heap_node *first;

	while ((first = heap_first(&s->events))) {
		struct sim_event *ev = CONTAINER_OF(first, struct sim_event, heap);

		heap_set(&s->events, first, TICK_NEVER);
		if (ev->kind == SIM_EV_PACKET)
			free(CONTAINER_OF(ev, struct sim_packet, ev));
		else if (ev->kind == SIM_EV_KERNEL)
			free(CONTAINER_OF(ev, struct sim_kernel_event, ev));
	}
	heap_fini(&s->events);
}

void sim_run(const struct sim_options *options, struct sim_result *result)
{
	struct sim *s = sim_alloc(1, sizeof(*s));

	s->opt = *options;
	s->seed = options->seed;
	s->rng = rng_seeded(&s->seed);
	heap_init(&s->events);
	setup_world(s);
	s->give_up_us = give_up_us(&s->timing, s->timing.retransmit_tries);
	traffic_init(s);
	faults_begin(s);
	pass(s, s->faults_end);
	if (!s->failed) {
		faults_end(s);
		settle(s);
	}
	if (!s->failed)
		shut_down(s);
	sum_up(s);
	*result = s->result;
	free_events(s);
	link_fini(s);
	setup_free(s);
	free(s);
}
