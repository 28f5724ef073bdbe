/*
 * tests/sim/nat.c - a NAT in front of one host: ports are mapped on the way out, the same inside
 * port to the same outside port whoever it speaks to (RFC 4787's endpoint-independent mapping), and
 * only who has been spoken to from there may answer (address- and port-dependent filtering).
 * A mapping that is not used for a while is forgotten; a reboot forgets all, and may bring another
 * address.  ESP without UDP does not pass.
 */
#include "tests/sim/sim.h"

#include <stdlib.h>

static struct addr draw_address(struct sim_host *h)
{
	struct sim *s = h->sim;

	return addr_ip4(100, (uint8_t)(64 + (h->index >> 8)), (uint8_t)h->index,
			(uint8_t)sim_between(s, 1, 254));
}

void nat_init(struct sim_host *h)
{
	struct sim *s = h->sim;

	h->nat = sim_alloc(1, sizeof(*h->nat));
	h->nat->outside = draw_address(h);
	h->nat->next_port = (uint16_t)sim_between(s, 10000, 60000);
	h->nat->keep_us = (tick_t)sim_between(s, 30, 180) * TICK_S;
}

void nat_rebind(struct sim_host *h, bool move)
{
	struct sim *s = h->sim;

	h->nat->map_count = 0;
	h->nat->next_port = (uint16_t)sim_between(s, 10000, 60000);
	if (move)
		h->nat->outside = draw_address(h);
}

static struct sim_nat_map *map_for(struct sim_host *h, uint16_t inside)
{
	struct sim_nat *nat = h->nat;
	struct sim_nat_map *m;

	for (size_t i = 0; i < nat->map_count; i++) {
		m = &nat->map[i];
		if (m->inside != inside)
			continue;
		if (h->sim->now - m->used <= nat->keep_us)
			return m;
		nat->map[i] = nat->map[--nat->map_count];
		break;
	}
	if (nat->map_count == SIM_NAT_MAPS_MAX)
		return NULL;
	m = &nat->map[nat->map_count++];
	m->inside = inside;
	m->outside = nat->next_port++;
	m->peer_count = 0;
	return m;
}

static size_t find_peer(const struct sim_nat_map *m, const struct endpoint *peer)
{
	for (size_t i = 0; i < m->peer_count; i++) {
		if (endpoint_eq(&m->peer[i], peer))
			return i;
	}
	return m->peer_count;
}

bool nat_out(struct sim_host *h, struct sim_packet *p)
{
	struct sim_nat_map *m;
	size_t i;

	if (!p->udp)
		return false;
	m = map_for(h, p->src.port);
	if (!m)
		return false;
	i = find_peer(m, &p->dst);
	if (i == SIM_NAT_PEERS_MAX)
		i = rng_below(&h->sim->rng, SIM_NAT_PEERS_MAX); /* full: somebody is forgotten */
	if (i == m->peer_count)
		m->peer_count++;
	m->peer[i] = p->dst;
	m->peer_used[i] = m->used = h->sim->now;
	p->src = (struct endpoint){ h->nat->outside, m->outside };
	return true;
}

bool nat_in(struct sim_host *h, struct sim_packet *p)
{
	struct sim_nat *nat = h->nat;

	if (!p->udp || !addr_eq(&p->dst.addr, &nat->outside))
		return false;
	for (size_t i = 0; i < nat->map_count; i++) {
		struct sim_nat_map *m = &nat->map[i];
		size_t peer = find_peer(m, &p->src);

		if (m->outside != p->dst.port || peer == m->peer_count ||
		    h->sim->now - m->peer_used[peer] > nat->keep_us)
			continue;
		p->dst = (struct endpoint){ h->addr, m->inside };
		return true;
	}
	return false;
}
