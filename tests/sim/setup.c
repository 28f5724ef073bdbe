/*
 * tests/sim/setup.c - what the world is made of: shape, addresses, NATs, peers and their secrets,
 * proposals and timing.  All of it is drawn from the seed.
 *
 * Hub and spokes: node 0 is the hub, the others speak with it alone; spokes may be behind NATs.
 * Full mesh: everybody speaks with everybody, without NATs.  A NAT's outside addresses come from a
 * network of its own, which is what its peers have configured, as it may change among them.
 */
#include "tests/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>

#define REPLAY_WINDOW 128

static bool chance_of(struct sim *s, unsigned pct, bool value)
{
	return sim_chance(s, pct) ? value : !value;
}

static void draw_timing(struct sim *s)
{
	struct ike_conf defaults;

	ike_conf_defaults(&defaults);
	s->timing = defaults.timing;
	s->limits = defaults.limits;
	if (sim_chance(s, 50)) {
		s->timing.retransmit_tries = (uint32_t)sim_between(s, 4, 12);
		s->timing.probe_tries = (uint32_t)sim_between(s, 3, 6);
		s->timing.retransmit_us = (tick_t)sim_between(s, 300, 2000) * TICK_MS;
	}
	if (sim_chance(s, 25))
		s->limits.cookie_threshold = (uint32_t)sim_between(s, 0, 2);
	s->dpd_us = (tick_t)sim_between(s, 5, 30) * TICK_S;
	if (s->opt.calm)
		s->lifetime_us = (tick_t)sim_between(s, 30, 120) * TICK_S;
	else if (sim_chance(s, 60))
		s->lifetime_us = (tick_t)sim_between(s, 60, 900) * TICK_S;
}

static void draw_proposals(struct sim *s)
{
	static const char *const ike[] = { "aes128gcm16-prfsha256-x25519",
					   "aes128-sha256-prfsha256-x25519",
					   "chacha20poly1305-prfsha256-x25519" };
	static const char *const esp[] = { "aes128gcm16", "aes128-sha256", "aes256gcm16-esn" };
	char why[IKE_WHY_MAX] = "";

	if (!ike_proposals_parse(&ike[sim_between(s, 0, 2)], 1, IKE_PROTO_IKE, &s->ike, NULL,
				 why) ||
	    !ike_proposals_parse(&esp[sim_between(s, 0, 2)], 1, IKE_PROTO_ESP, &s->esp, NULL, why))
		sim_fail(s, NULL, "proposals: %s", why);
}

static unsigned draw_count(struct sim *s)
{
	/* Drawn in any case: the number that a failure names brings the same world back. */
	unsigned drawn = (unsigned)(s->mesh ? sim_between(s, 2, 5) : sim_between(s, 2, 8));

	return s->opt.nodes ? s->opt.nodes : drawn;
}

static void link_up(struct sim *s, unsigned a, unsigned b)
{
	s->host[a].peer[b].linked = s->host[b].peer[a].linked = true;
	s->host[a].peer[b].configured = s->host[b].peer[a].configured = true;
}

static void draw_hosts(struct sim *s)
{
	bool natted = !s->mesh && sim_chance(s, 60);

	for (unsigned i = 0; i < s->count; i++) {
		struct sim_host *h = &s->host[i];
		const struct xfrm_sa foreign = { .spi = 0x12345678,
						 .reqid = SIM_FOREIGN_REQID,
						 .encr = 20,
						 .replay_window = 32 };
		struct xfrm_sa sa = foreign;

		host_init(s, i);
		h->addr = addr_ip4(203, 0, (uint8_t)(i >> 8), (uint8_t)i);
		h->reqid = 10 + i;
		if (natted && i && sim_chance(s, 60)) {
			nat_init(h);
			/* Everybody's home network looks the same. */
			h->addr = sim_chance(s, 50)
					  ? addr_ip4(192, 168, 1, 2)
					  : addr_ip4(10, 1, (uint8_t)(i >> 8), (uint8_t)i);
		}
		h->kernel.listening = true;
		sa.src = h->addr;
		sa.dst = addr_ip4(198, 51, 100, 1);
		sa.encr_key.len = 20;
		(void)xfrm_sa_add(&h->kernel, &sa);
	}
	for (unsigned i = 1; i < s->count; i++) {
		for (unsigned j = 0; j < i; j++) {
			if (s->mesh || j == 0)
				link_up(s, i, j);
		}
	}
}

void setup_world(struct sim *s)
{
	s->mesh = s->opt.shape == SIM_ANY_SHAPE ? sim_chance(s, 40) : s->opt.shape == SIM_MESH;
	s->count = draw_count(s);
	s->host = sim_alloc(s->count, sizeof(*s->host));
	s->named_ids = chance_of(s, 60, true);
	s->faulty = true;
	draw_timing(s);
	draw_proposals(s);
	draw_hosts(s);
	if (s->opt.calm)
		s->in_order = true;
	link_heal(s);
	for (unsigned i = 0; i < s->count; i++) {
		struct sim_host *h = &s->host[i];
		struct xfrm_policy policy = { .reqid = h->reqid, .local = h->addr };

		if (!s->mesh && i && !h->nat && sim_chance(s, 30))
			policy.remote = s->host[0].addr;
		(void)xfrm_policy_set(&h->kernel, &policy);
		h->kernel.listening = false;
		sim_at(s, &h->daemon, (tick_t)sim_between(s, 0, 3000) * TICK_MS);
	}
}

void setup_free(struct sim *s)
{
	for (unsigned i = 0; i < s->count; i++)
		host_fini(&s->host[i]);
	free(s->host);
	free(s->flow);
}

/* ---- peers ---- */

static void name_of(const struct sim *s, unsigned i, struct ike_id *out)
{
	char text[32], why[IKE_WHY_MAX];

	memset(out, 0, sizeof(*out));
	(void)snprintf(text, sizeof(text), "n%u.sim.example", i);
	if (s->named_ids)
		(void)ike_id_from_text(text, out, why);
}

/* How `h` has its peer configured. */
static void conn_of(const struct sim_host *h, unsigned peer, char psk[static 64],
		    struct ike_conn *out)
{
	struct sim *s = h->sim;
	const struct sim_host *p = &s->host[peer];
	unsigned low = h->index < peer ? h->index : peer;
	unsigned high = h->index < peer ? peer : h->index;

	memset(out, 0, sizeof(*out));
	(void)snprintf(out->name, sizeof(out->name), "n%u", peer);
	(void)snprintf(psk, 64, "between %u and %u, version %u", low, high, h->peer[peer].secret);
	out->psk = (const uint8_t *)psk;
	out->psk_len = strlen(psk);
	out->remote = prefix_host(p->nat ? &p->nat->outside : &p->addr);
	if (p->nat) { /* any address of its NAT's */
		out->remote.addr.b[3] = 0;
		out->remote.bits = 24;
	}
	name_of(s, h->index, &out->local_id);
	name_of(s, peer, &out->remote_id);
	out->ike = s->ike;
	out->esp = s->esp;
	out->replay_window = REPLAY_WINDOW;
	out->dpd_us = s->dpd_us;
	out->lifetime_us = s->lifetime_us;
}

void setup_configure(struct sim_host *h)
{
	struct sim *s = h->sim;
	struct ike_conn *conns = sim_alloc(s->count, sizeof(*conns));
	char(*psk)[64] = sim_alloc(s->count, sizeof(*psk));
	const struct xfrm_policy *policy = &h->kernel.policy[0];
	struct node_tunnel tunnel = {
		.name = "gre1", .reqid = h->reqid, .local = policy->local, .remote = policy->remote
	};
	struct node_conf conf = { .tunnels = &tunnel,
				  .tunnel_count = 1,
				  .conns = conns,
				  .timing = s->timing,
				  .limits = s->limits };

	for (unsigned i = 0; i < s->count; i++) {
		if (h->peer[i].configured)
			conn_of(h, i, psk[conf.conn_count], &conns[conf.conn_count]);
		conf.conn_count += h->peer[i].configured;
	}
	if (!node_configure(h->node, host_now(h), &conf))
		sim_fail(s, h, "node_configure");
	free(conns);
	free(psk);
}

struct addr setup_address(const struct sim_host *h, unsigned peer)
{
	const struct sim_host *p = &h->sim->host[peer];

	return p->nat ? h->peer[peer].learned : p->addr;
}
