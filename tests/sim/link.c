/*
 * tests/sim/link.c - the network between the hosts.  Each host has an access link with a weather of
 * its own, and the world has one; a packet suffers from all three that lie on its way.
 *
 * A packet that is corrupted has bits flipped, or its end cut off; ESP is dropped by the receiver's
 * kernel then, IKE reaches the node, as if the UDP checksum had not noticed.
 */
#include "tests/sim/sim.h"

#include <stdlib.h>

#define HEALTHY_MIN_US (1 * TICK_MS)
#define HEALTHY_MAX_US (30 * TICK_MS)

struct sim_packet *packet_new(struct sim *s, const struct endpoint *src, const struct endpoint *dst,
			      struct cur bytes)
{
	struct sim_packet *p = sim_alloc(1, sizeof(*p) + bytes.left);

	heap_node_init(&p->ev.heap);
	p->ev.kind = SIM_EV_PACKET;
	p->src = *src;
	p->dst = *dst;
	p->udp = true;
	p->len = bytes.left;
	if (bytes.left)
		memcpy(p->bytes, bytes.p, bytes.left);
	s->result.packets++;
	return p;
}

static struct sim_packet *packet_copy(const struct sim_packet *p)
{
	struct sim_packet *copy = sim_alloc(1, sizeof(*p) + p->len);

	memcpy(copy, p, sizeof(*p) + p->len);
	heap_node_init(&copy->ev.heap);
	return copy;
}

/* ---- weather ---- */

void link_heal(struct sim *s)
{
	const struct sim_weather fine = { .delay_min_us = HEALTHY_MIN_US,
					  .delay_max_us = HEALTHY_MAX_US };

	s->weather = (struct sim_weather){ 0 };
	s->cut_count = 0;
	for (unsigned i = 0; i < s->count; i++) {
		s->host[i].weather = fine;
		if (s->in_order)
			s->host[i].weather.delay_max_us = HEALTHY_MIN_US;
	}
}

void link_cut(struct sim *s, unsigned a, unsigned b, tick_t until)
{
	if (s->cut_count < SIM_CUTS_MAX)
		s->cut[s->cut_count++] = (struct sim_cut){ a, b, until };
}

static bool is_cut(struct sim *s, unsigned a, unsigned b)
{
	for (size_t i = 0; i < s->cut_count; i++) {
		while (i < s->cut_count && s->cut[i].until <= s->now)
			s->cut[i] = s->cut[--s->cut_count];
		if (i < s->cut_count && s->cut[i].a == a && s->cut[i].b == b)
			return true;
	}
	return false;
}

static tick_t delay(struct sim *s, const struct sim_weather *w)
{
	tick_t us = w->delay_min_us +
		    (tick_t)rng_below(&s->rng, (uint64_t)(w->delay_max_us - w->delay_min_us) + 1);

	if (sim_chance(s, w->reorder_pct))
		us += (tick_t)sim_between(s, 1, 500) * TICK_MS;
	if (w->burst_until > s->now)
		us += w->burst_until - s->now;
	return us;
}

static void corrupt(struct sim *s, struct sim_packet *p)
{
	size_t part = p->len / 4;

	if (!p->len || p->corrupt)
		return;
	p->corrupt = true;
	if (sim_chance(s, 20)) {
		p->len = sim_between(s, 0, p->len - 1);
		return;
	}
	/* Each in a part of its own, so that none undoes another. */
	for (uint64_t n = part ? sim_between(s, 1, 4) : 0; n; n--)
		p->bytes[(n - 1) * part + rng_below(&s->rng, part)] ^=
			(uint8_t)(1u << sim_between(s, 0, 7));
	if (!part)
		p->bytes[0] ^= 1;
}

/* ---- somebody listens, and sends it again ---- */

static void remember(struct sim *s, const struct sim_packet *p)
{
	struct sim_packet **old = &s->old[rng_below(&s->rng, SIM_OLD_MAX)];

	free(*old);
	*old = packet_copy(p);
	(*old)->replayed = true;
}

void link_replay(struct sim *s)
{
	struct sim_packet **old = &s->old[rng_below(&s->rng, SIM_OLD_MAX)];

	if (*old)
		sim_at(s, &(*old)->ev, s->now + TICK_MS);
	*old = NULL;
}

void link_fini(struct sim *s)
{
	for (size_t i = 0; i < SIM_OLD_MAX; i++)
		free(s->old[i]);
}

/* ---- on its way ---- */

static void travel(struct sim_host *from, struct sim_host *to, struct sim_packet *p)
{
	struct sim *s = from->sim;
	const struct sim_weather *w[] = { &s->weather, &from->weather, &to->weather };
	tick_t us = 0;

	for (size_t i = 0; i < ARRAY_LEN(w); i++) {
		if (sim_chance(s, w[i]->loss_pct)) {
			free(p);
			return;
		}
		us += delay(s, w[i]);
		if (sim_chance(s, w[i]->corrupt_pct))
			corrupt(s, p);
	}
	sim_at(s, &p->ev, s->now + us);
}

/* Who has that address, in front of its NAT. */
static struct sim_host *owner(struct sim *s, const struct addr *addr)
{
	for (unsigned i = 0; i < s->count; i++) {
		const struct sim_host *h = &s->host[i];

		if (addr_eq(h->nat ? &h->nat->outside : &h->addr, addr))
			return &s->host[i];
	}
	return NULL;
}

void link_send(struct sim_host *from, struct sim_packet *p)
{
	struct sim *s = from->sim;
	struct sim_host *to;
	unsigned copies = 1;

	if (from->nat && !nat_out(from, p)) {
		free(p);
		return;
	}
	to = owner(s, &p->dst.addr);
	if (!to || is_cut(s, from->index, to->index)) {
		free(p);
		return;
	}
	p->from = from->index;
	p->to = to->index;
	p->ev.host = to;
	copies += sim_chance(s, s->weather.dup_pct);
	copies += sim_chance(s, from->weather.dup_pct);
	while (--copies)
		travel(from, to, packet_copy(p));
	travel(from, to, p);
}

/* True if the node took it for good: then it must never do so again. */
static bool hand_over(struct sim_host *h, const struct sim_packet *p)
{
	struct ike_path path = { .local = { h->addr, p->dst.port }, .remote = p->src };
	struct check_datagram before;
	bool taken;

	if (p->esp) {
		if (!p->corrupt)
			kernel_input(h, p);
		return false;
	}
	/* A keepalive ends in the kernel (RFC 3948 2.3); a closed port says nothing. */
	if (!h->node || (p->len == 1 && p->bytes[0] == 0xff))
		return false;
	check_datagram_begin(h, &before);
	node_datagram(h->node, host_now(h), &path, cur_of(p->bytes, p->len));
	taken = check_datagram_end(h, &before, p);
	host_drain(h);
	return taken;
}

void link_arrive(struct sim_packet *p)
{
	struct sim_host *h = p->ev.host;
	struct endpoint dst = p->dst; /* on the wire, before the NAT */

	if (host_awake(h) && (!h->nat || nat_in(h, p)) && hand_over(h, p)) {
		p->dst = dst;
		remember(h->sim, p);
	}
	free(p);
}
