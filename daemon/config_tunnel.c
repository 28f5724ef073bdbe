/*
 * daemon/config_tunnel.c - tunnel NAME { }: the GRE interfaces, and how they fit together.
 *
 * SAs are host to host for protocol 47, whatever the GRE key: the kernel finds them by addresses
 * and reqid.  Two tunnels that can meet the same peer from the same address can therefore not have
 * SAs of their own; they share a reqid.  Meeting is not transitive (two point-to-point tunnels
 * never meet, but both meet a multipoint one on their source), sharing is: tunnels are grouped
 * until no two groups meet, and each group has the reqid of its first-declared tunnel.  The reqid
 * comes out of that tunnel's name, so that a restarted daemon finds its policies and SAs again.
 *
 * Left to xfrm/: whether an interface of that name exists and is compatible, and what a source that
 * is an interface stands for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_priv.h"

#define TTL_DEFAULT  64
#define MTU_MIN	     576  /* RFC 791: what every IPv4 host takes */
#define MTU_MIN_IP6  1280 /* RFC 8200 5 */
#define MTU_MAX	     9000
#define FNV_START    2166136261u
#define FNV_MULTIPLY 16777619u

/* ---- one tunnel ---- */

static bool tunnel_name(struct config_load *load, cfg_t *section, struct xfrm_tunnel *link)
{
	/* The kernel makes the first three by itself, one per namespace, and they cannot be had. */
	static const char *const taken[] = { "gre0", "gretap0", "erspan0", "lo", "all", "default" };
	const char *name = cfg_title(section);
	int line = config_section_line(load, section);

	if (!config_value_ifname(name))
		return config_refuse(load, line,
				     "tunnel \"%s\" will not do as an interface's name; write 1 to "
				     "%d letters, digits and . _ - @ +",
				     name, XFRM_NAME_MAX - 1);
	for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
		if (strcmp(name, taken[i]) == 0)
			return config_refuse(
				load, line,
				"tunnel \"%s\": the kernel keeps this name for itself; "
				"choose another, such as gre1",
				name);
	}
	(void)snprintf(link->name, sizeof(link->name), "%s", name);
	return true;
}

static bool tunnel_type(struct config_load *load, cfg_t *section, struct xfrm_tunnel *link)
{
	const char *type = config_get(section, "type");

	if (!type || strcmp(type, "gre") == 0)
		link->type = XFRM_TUNNEL_GRE;
	else if (strcmp(type, "gretap") == 0)
		link->type = XFRM_TUNNEL_GRETAP;
	else
		return config_refuse(load, config_line(load, section, "type", 0),
				     "type = \"%s\" will not do; write gre or gretap", type);
	return true;
}

static bool unusable(const struct addr *addr)
{
	static const struct addr zero4 = { .family = ADDR_IP4 }, zero6 = { .family = ADDR_IP6 };
	bool multicast = addr->family == ADDR_IP4 ? addr->b[0] >= 224 : addr->b[0] == 0xff;

	return addr_eq(addr, &zero4) || addr_eq(addr, &zero6) ||
	       (addr->family != ADDR_NONE && multicast);
}

static bool tunnel_addresses(struct config_load *load, cfg_t *section, struct xfrm_tunnel *link)
{
	size_t count = config_count(section, "address");

	if (count > XFRM_ADDRESSES_MAX)
		return config_refuse(load, config_line(load, section, "address", 0),
				     "%zu addresses are too many; write at most %d", count,
				     XFRM_ADDRESSES_MAX);
	for (size_t i = 0; i < count; i++) {
		const char *text = config_get_at(section, "address", i);
		struct xfrm_tunnel_address *address = &link->address[i];
		int line = config_line(load, section, "address", i);
		struct addr bare;

		if (addr_parse(text, &bare))
			return config_refuse(
				load, line,
				"address = \"%s\" has no prefix length; write \"%s/%d\" "
				"or the length of the tunnel's network",
				text, text, bare.family == ADDR_IP4 ? 32 : 128);
		if (!config_value_interface(text, address) || unusable(&address->addr))
			return config_refuse(load, line,
					     "address = \"%s\" will not do; write the interface's "
					     "own address with its prefix length, such as "
					     "\"10.8.0.5/32\"",
					     text);
		for (size_t j = 0; j < i; j++) {
			if (addr_eq(&link->address[j].addr, &address->addr))
				return config_refuse(load, line,
						     "address = \"%s\" is there twice; keep one",
						     text);
		}
	}
	link->address_count = count;
	return true;
}

/* xfrm/ makes GRE over IPv4 only: better said here, with the line, than when the tunnel is made. */
static bool outer_ip4(struct config_load *load, cfg_t *section, const char *key,
		      const struct addr *addr)
{
	return addr->family != ADDR_IP6 ||
	       config_refuse(load, config_line(load, section, key, 0),
			     "%s = \"%s\": GRE over IPv6 is not supported; write an IPv4 address "
			     "(IPv6 inside the tunnel is fine)",
			     key, config_get(section, key));
}

static bool tunnel_source(struct config_load *load, cfg_t *section, struct config_tunnel *tunnel)
{
	const char *text = config_get(section, "source");

	if (!text || strcmp(text, "any") == 0)
		return true;
	if (addr_parse(text, &tunnel->link.local) && !unusable(&tunnel->link.local))
		return outer_ip4(load, section, "source", &tunnel->link.local);
	if (tunnel->link.local.family != ADDR_NONE || !config_value_ifname(text) ||
	    strcmp(text, tunnel->link.name) == 0)
		return config_refuse(load, config_line(load, section, "source", 0),
				     "source = \"%s\" will not do; write one of this machine's "
				     "addresses, or the interface that has it",
				     text);
	(void)snprintf(tunnel->source, sizeof(tunnel->source), "%s", text);
	return true;
}

static bool tunnel_remote(struct config_load *load, cfg_t *section, struct xfrm_tunnel *link)
{
	int line = config_line(load, section, "remote", 0);

	if (!config_addr(load, section, "remote", &link->remote))
		return false;
	if (unusable(&link->remote))
		return config_refuse(
			load, line,
			"remote = \"%s\" is not a host's address; write the peer's, or "
			"leave it out for a multipoint tunnel",
			config_get(section, "remote"));
	if (!outer_ip4(load, section, "remote", &link->remote))
		return false;
	if (link->remote.family == ADDR_NONE)
		return link->type != XFRM_TUNNEL_GRETAP ||
		       config_refuse(
			       load, line,
			       "tunnel \"%s\" has type = gretap but no remote; write remote = "
			       "the peer's address",
			       link->name);
	if (addr_eq(&link->remote, &link->local))
		return config_refuse(load, line,
				     "remote is the same address as source; write the peer's");
	return true;
}

static bool tunnel_numbers(struct config_load *load, cfg_t *section, struct xfrm_tunnel *link)
{
	const char *ttl_text = config_get(section, "ttl");
	uint32_t ttl = TTL_DEFAULT;

	link->has_key = config_get(section, "key") != NULL;
	if (!config_number(load, section, "key", 0, UINT32_MAX, &link->key) ||
	    !config_number(load, section, "mtu", MTU_MIN, MTU_MAX, &link->mtu))
		return false;
	if (ttl_text && strcmp(ttl_text, "inherit") == 0)
		ttl = 0;
	else if (ttl_text && (!config_value_number(ttl_text, &ttl) || ttl < 1 || ttl > 255))
		return config_refuse(load, config_line(load, section, "ttl", 0),
				     "ttl = \"%s\" will not do; write a number from 1 to 255, or "
				     "inherit",
				     ttl_text);
	link->ttl = (uint8_t)ttl;
	for (size_t i = 0; i < link->address_count; i++) {
		if (link->mtu && link->mtu < MTU_MIN_IP6 &&
		    link->address[i].addr.family == ADDR_IP6)
			return config_refuse(
				load, config_line(load, section, "mtu", 0),
				"mtu = \"%u\" is too small for IPv6 addresses; write at "
				"least %d",
				link->mtu, MTU_MIN_IP6);
	}
	return true;
}

/* ---- all tunnels ---- */

/* Sources as written: the same? */
static bool same_source(const struct config_tunnel *a, const struct config_tunnel *b)
{
	return addr_eq(&a->link.local, &b->link.local) && strcmp(a->source, b->source) == 0;
}

/* The kernel tells GRE tunnels apart by source, remote and key, and so do policies. */
static bool same_endpoint(const struct config_tunnel *a, const struct config_tunnel *b)
{
	return same_source(a, b) && addr_eq(&a->link.remote, &b->link.remote) &&
	       a->link.has_key == b->link.has_key && a->link.key == b->link.key;
}

bool config_tunnels(struct config_load *load)
{
	struct config *config = load->config;
	size_t count = config_sections(load, "tunnel");

	if (count > IKE_FLOWS_MAX)
		return config_refuse(
			load,
			config_section_line(load, config_section(load, "tunnel", IKE_FLOWS_MAX)),
			"more than %d tunnels", IKE_FLOWS_MAX);
	config->tunnels = calloc(count ? count : 1, sizeof(*config->tunnels));
	if (!config->tunnels)
		return config_refuse(load, 0, "out of memory");
	for (size_t i = 0; i < count; i++) {
		cfg_t *section = config_section(load, "tunnel", i);
		struct config_tunnel *tunnel = &config->tunnels[i];

		tunnel->line = config_section_line(load, section);
		if (!tunnel_name(load, section, &tunnel->link) ||
		    !tunnel_type(load, section, &tunnel->link) ||
		    !tunnel_addresses(load, section, &tunnel->link) ||
		    !tunnel_source(load, section, tunnel) ||
		    !tunnel_remote(load, section, &tunnel->link) ||
		    !tunnel_numbers(load, section, &tunnel->link))
			return false;
		for (size_t j = 0; j < i; j++) {
			if (same_endpoint(&config->tunnels[j], tunnel))
				return config_refuse(load, config_line(load, section, "key", 0),
						     "tunnel \"%s\" has the same source, remote "
						     "and key as \"%s\"; give it a key of its own",
						     tunnel->link.name,
						     config->tunnels[j].link.name);
		}
	}
	config->tunnel_count = count;
	return true;
}

/* ---- reqids ---- */

/* An interface may have any address; two different interfaces have different ones. */
static bool sources_meet(const struct config_tunnel *a, const struct config_tunnel *b)
{
	bool a_addr = a->link.local.family != ADDR_NONE, b_addr = b->link.local.family != ADDR_NONE;

	if ((a_addr && b_addr) || (a->source[0] && b->source[0]))
		return same_source(a, b);
	return true;
}

static bool tunnels_meet(const struct config_tunnel *a, const struct config_tunnel *b)
{
	return sources_meet(a, b) &&
	       (a->link.remote.family == ADDR_NONE || b->link.remote.family == ADDR_NONE ||
		addr_eq(&a->link.remote, &b->link.remote));
}

/* FNV-1a of the name, into the range; fixed for ever, as policies in kernels carry it. */
static uint32_t name_reqid(const char *name)
{
	uint32_t hash = FNV_START;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * FNV_MULTIPLY;
	return CONFIG_REQID_FIRST + hash % (CONFIG_REQID_LAST - CONFIG_REQID_FIRST + 1);
}

static bool reqid_taken(const struct config *config, size_t count, uint32_t reqid)
{
	for (size_t i = 0; i < count; i++) {
		if (config->tunnels[i].reqid == reqid)
			return true;
	}
	return false;
}

/* group[i]: the first tunnel of the group that tunnel i is in. */
static void group_tunnels(const struct config *config, size_t group[static IKE_FLOWS_MAX])
{
	for (size_t i = 0; i < config->tunnel_count; i++) {
		group[i] = i;
		for (size_t j = 0; j < i; j++) {
			size_t low = group[j] < group[i] ? group[j] : group[i];
			size_t high = group[j] < group[i] ? group[i] : group[j];

			if (low == high || !tunnels_meet(&config->tunnels[i], &config->tunnels[j]))
				continue;
			for (size_t k = 0; k <= i; k++) {
				if (group[k] == high)
					group[k] = low;
			}
		}
	}
}

static void assign_reqids(struct config *config)
{
	size_t group[IKE_FLOWS_MAX];

	group_tunnels(config, group);
	for (size_t i = 0; i < config->tunnel_count; i++) {
		struct config_tunnel *tunnel = &config->tunnels[i];

		if (group[i] < i) {
			tunnel->reqid = config->tunnels[group[i]].reqid;
			continue;
		}
		tunnel->reqid = name_reqid(tunnel->link.name);
		while (reqid_taken(config, i, tunnel->reqid))
			tunnel->reqid = tunnel->reqid == CONFIG_REQID_LAST ? CONFIG_REQID_FIRST
									   : tunnel->reqid + 1;
	}
}

/* ---- tunnels and peers ---- */

static bool covers(const struct ike_conn *conn, const struct xfrm_tunnel *link)
{
	bool local = conn->local.family == ADDR_NONE || link->local.family == ADDR_NONE ||
		     addr_eq(&conn->local, &link->local);

	return local &&
	       (link->remote.family == ADDR_NONE || prefix_contains(&conn->remote, &link->remote));
}

/* The most that cipher `encr` adds with any of the proposal's integrity algorithms. */
static uint32_t cipher_overhead(const struct ike_proposal *proposal, uint16_t encr)
{
	uint32_t worst = 0;
	bool aead = true; /* a proposal has one kind of ciphers: ike_proposals_parse */

	for (size_t i = 0; i < proposal->count; i++) {
		if (proposal->item[i].type != IKE_TT_INTEG)
			continue;

		uint32_t overhead = xfrm_esp_overhead(encr, proposal->item[i].id);

		worst = overhead > worst ? overhead : worst;
		aead = false;
	}
	return aead ? xfrm_esp_overhead(encr, IKE_INTEG_NONE) : worst;
}

/* The most that any suite out of these proposals adds to a packet. */
static uint32_t worst_overhead(const struct ike_proposals *esp)
{
	uint32_t worst = 0;

	for (size_t i = 0; i < esp->count; i++) {
		const struct ike_proposal *proposal = &esp->item[i];

		for (size_t j = 0; j < proposal->count; j++) {
			if (proposal->item[j].type != IKE_TT_ENCR)
				continue;

			uint32_t overhead = cipher_overhead(proposal, proposal->item[j].id);

			worst = overhead > worst ? overhead : worst;
		}
	}
	return worst;
}

void config_join(struct config_load *load)
{
	struct config *config = load->config;

	assign_reqids(config);
	for (size_t i = 0; i < config->tunnel_count; i++) {
		struct config_tunnel *tunnel = &config->tunnels[i];
		struct xfrm_tunnel *link = &tunnel->link;
		bool covered = false;
		char text[ADDR_TEXT_MAX];

		for (size_t j = 0; j < config->conn_count; j++) {
			if (!covers(&config->conns[j], link))
				continue;

			uint32_t overhead = worst_overhead(&config->conns[j].esp);

			link->overhead = overhead > link->overhead ? overhead : link->overhead;
			covered = true;
		}
		if (covered)
			continue;

		struct ike_proposals esp;

		ike_proposals_default(IKE_PROTO_ESP, &esp);
		link->overhead = worst_overhead(&esp);
		config_warn(load, tunnel->line,
			    "tunnel \"%s\": no peer { } covers its remote (%s), so nothing will "
			    "pass; write peer \"...\" { remote = ... }",
			    link->name, addr_text(&link->remote, text));
	}
}
