/*
 * tests/sim/traffic.c - pings between peers, over the policy.  A flow has a sender and a receiver,
 * who answers to wherever the packet came from, as NHRP would have told it; pairs may have a flow
 * each way, and both may begin in the same moment.
 */
#include "tests/sim/sim.h"

#include <stdlib.h>

#define PERIOD_MIN_MS 200
#define PERIOD_MAX_MS 3000

static void flow_init(struct sim *s, unsigned from, unsigned to)
{
	struct sim_flow *f = &s->flow[s->flow_count];

	*f = (struct sim_flow){ .index = (unsigned)s->flow_count, .from = from, .to = to };
	heap_node_init(&f->ev.heap);
	f->ev.kind = SIM_EV_FLOW;
	f->ev.host = &s->host[from];
	f->period_us = (tick_t)sim_between(s, PERIOD_MIN_MS, PERIOD_MAX_MS) * TICK_MS;
	f->on = true;
	s->flow_count++;
}

void traffic_init(struct sim *s)
{
	size_t max = 0;

	for (unsigned i = 0; i < s->count; i++) {
		for (unsigned j = 0; j < s->count; j++)
			max += s->host[i].peer[j].linked;
	}
	s->flow = sim_alloc(max, sizeof(*s->flow));
	for (unsigned i = 1; i < s->count; i++) {
		for (unsigned j = 0; j < i; j++) {
			unsigned ways = (unsigned)sim_between(s, 1, 3);
			tick_t at = (tick_t)sim_between(s, 0, 10000) * TICK_MS;

			if (!s->host[i].peer[j].linked)
				continue;
			if (s->host[i].nat)
				ways |= 1; /* who is behind a NAT has to begin */
			if (ways & 1) {
				flow_init(s, i, j);
				sim_at(s, &s->flow[s->flow_count - 1].ev, at);
			}
			if (ways & 2) { /* in the same moment, sometimes */
				flow_init(s, j, i);
				if (sim_chance(s, 50))
					at = (tick_t)sim_between(s, 0, 10000) * TICK_MS;
				sim_at(s, &s->flow[s->flow_count - 1].ev, at);
			}
		}
	}
}

static void send_ping(struct sim_flow *f)
{
	struct sim *s = f->ev.host->sim;
	struct sim_host *h = &s->host[f->from];
	struct addr to = setup_address(h, f->to);
	struct sim_ping ping = { .flow = f->index, .seq = ++f->seq };

	if (to.family == ADDR_NONE)
		return;
	/* Once a reply has come, none may be missing in calm weather. */
	if (s->opt.calm && f->met && f->seq - f->seq_ok > 1) {
		sim_say(s, h, "ping %u to n%u was lost", f->seq - 1, f->to);
		f->seq_ok = f->seq - 1;
		f->lost++;
	}
	f->sent++;
	(void)kernel_output(h, &to, &ping);
}

void traffic_due(struct sim_flow *f)
{
	struct sim *s = f->ev.host->sim;

	if (!f->on)
		return;
	send_ping(f);
	sim_at(s, &f->ev, s->now + f->period_us);
}

void traffic_arrived(struct sim_host *h, const struct addr *from, const struct sim_ping *ping)
{
	struct sim *s = h->sim;
	struct sim_flow *f = &s->flow[ping->flow];
	struct sim_ping reply = *ping;

	if (ping->reply) {
		if (f->from != h->index) {
			sim_fail(s, h, "a reply for n%u came here", f->from);
			return;
		}
		f->last_ok = s->now;
		f->met = true;
		f->ok++;
		if (ping->seq > f->seq_ok)
			f->seq_ok = ping->seq;
		return;
	}
	if (f->to != h->index) {
		sim_fail(s, h, "a ping for n%u came here", f->to);
		return;
	}
	h->peer[f->from].learned = *from;
	reply.reply = true;
	(void)kernel_output(h, from, &reply);
}

void traffic_all_on(struct sim *s)
{
	for (size_t i = 0; i < s->flow_count; i++) {
		struct sim_flow *f = &s->flow[i];

		if (!f->on || !f->ev.heap.index)
			sim_at(s, &f->ev, s->now + (tick_t)sim_between(s, 0, 1000) * TICK_MS);
		f->on = true;
	}
}

void traffic_all_off(struct sim *s)
{
	for (size_t i = 0; i < s->flow_count; i++) {
		s->flow[i].on = false;
		sim_at(s, &s->flow[i].ev, TICK_NEVER);
	}
}
