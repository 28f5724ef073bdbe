/*
 * xfrm/tunnel.c - the GRE interface: created or adopted, up, with MTU and addresses.  RFC 2784
 * (GRE), RFC 2890 (its key), RFC 7588 (fragmentation of GRE).
 *
 * Two kinds.  "gre" carries IP.  Its MTU leaves room for GRE, ESP and UDP, so that what is routed
 * into it either fits the underlay or is answered with "fragmentation needed" right there; the
 * outer packet has DF set (pmtudisc).  "gretap" carries Ethernet frames for bridges, which cannot
 * tell a host that its frame is too long: the interface takes the LAN's frames as they are, and the
 * encrypted packet is fragmented on its way out (no pmtudisc, ignore-df).
 *
 * A multipoint interface (no remote) finds the outer address by neighbour entry.  The kernel makes
 * it with IFF_NOARP, under which a destination without an entry is given the interface's own outer
 * address: the packet would go to ourselves.  With the flag off such a destination stays unresolved
 * and its packets are dropped, until a neighbour entry comes.
 *
 * An interface that exists is adopted if type, local, remote and key agree; it was perhaps made by
 * the network scripts, with addresses of its own.  What it has beyond our configuration stays.
 */
#include "xfrm/tunnel.h"

#include <errno.h>
#include <netinet/in.h>
#include <linux/if.h>
#include <linux/if_tunnel.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

#include "xfrm/sa.h"

#define OUTER_IP_HEADER	 20
#define GRE_HEADER	 4
#define GRE_KEY_FIELD	 4
#define ETHERNET_LAN_MTU 1500
#define TUNNEL_MTU_MIN	 68 /* RFC 791: every link carries this */

static const char *kind_of(const struct xfrm_tunnel *tunnel)
{
	switch (tunnel->type) {
	case XFRM_TUNNEL_GRE:
		return "gre";
	case XFRM_TUNNEL_GRETAP:
		return "gretap";
	}
	return "";
}

static bool is_tap(const struct xfrm_tunnel *tunnel)
{
	return tunnel->type == XFRM_TUNNEL_GRETAP;
}

uint32_t xfrm_tunnel_mtu(const struct xfrm_tunnel *tunnel, uint32_t underlay_mtu)
{
	uint32_t gre = tunnel->has_key ? GRE_HEADER + GRE_KEY_FIELD : GRE_HEADER;
	uint32_t less = OUTER_IP_HEADER + gre + tunnel->overhead;

	if (tunnel->mtu)
		return tunnel->mtu;
	if (is_tap(tunnel))
		return ETHERNET_LAN_MTU;
	return underlay_mtu >= less + TUNNEL_MTU_MIN ? underlay_mtu - less : 0;
}

/* ---- Messages ---- */

static bool is_policy_attr(uint16_t type)
{
	return type == IFLA_GRE_TTL || type == IFLA_GRE_PMTUDISC || type == IFLA_GRE_IGNORE_DF;
}

/* What may be set on an interface that exists. */
static void policy_put(struct xfrm_msg *msg, const struct xfrm_tunnel *tunnel)
{
	xfrm_msg_u8(msg, IFLA_GRE_TTL, tunnel->ttl);
	xfrm_msg_u8(msg, IFLA_GRE_PMTUDISC, !is_tap(tunnel));
	xfrm_msg_u8(msg, IFLA_GRE_IGNORE_DF, is_tap(tunnel));
}

/* What makes it this interface and no other. */
static void identity_put(struct xfrm_msg *msg, const struct xfrm_tunnel *tunnel)
{
	if (tunnel->local.family != ADDR_NONE)
		xfrm_msg_addr(msg, IFLA_GRE_LOCAL, &tunnel->local);
	if (tunnel->remote.family != ADDR_NONE)
		xfrm_msg_addr(msg, IFLA_GRE_REMOTE, &tunnel->remote);
	if (tunnel->has_key) {
		xfrm_msg_u16(msg, IFLA_GRE_IFLAGS, GRE_KEY);
		xfrm_msg_u16(msg, IFLA_GRE_OFLAGS, GRE_KEY);
		xfrm_msg_u32(msg, IFLA_GRE_IKEY, htonl(tunnel->key));
		xfrm_msg_u32(msg, IFLA_GRE_OKEY, htonl(tunnel->key));
	}
}

void xfrm_tunnel_build_create(struct xfrm_msg *msg, const struct xfrm_tunnel *tunnel, uint32_t mtu)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC };

	xfrm_msg_begin(msg, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
	xfrm_msg_string(msg, IFLA_IFNAME, tunnel->name);
	xfrm_msg_u32(msg, IFLA_MTU, mtu);

	size_t info = xfrm_msg_open(msg, IFLA_LINKINFO);

	xfrm_msg_string(msg, IFLA_INFO_KIND, kind_of(tunnel));

	size_t data = xfrm_msg_open(msg, IFLA_INFO_DATA);

	identity_put(msg, tunnel);
	policy_put(msg, tunnel);
	xfrm_msg_close(msg, data);
	xfrm_msg_close(msg, info);
}

void xfrm_tunnel_build_change(struct xfrm_msg *msg, const struct xfrm_tunnel *tunnel,
			      const struct xfrm_link *link, uint32_t mtu)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = link->ifindex };
	struct cur old = cur_of(link->data, link->data_len);
	struct xfrm_attr attr;

	xfrm_msg_begin(msg, RTM_NEWLINK, 0, &head, sizeof(head));
	xfrm_msg_u32(msg, IFLA_MTU, mtu);

	size_t info = xfrm_msg_open(msg, IFLA_LINKINFO);

	xfrm_msg_string(msg, IFLA_INFO_KIND, link->kind);

	size_t data = xfrm_msg_open(msg, IFLA_INFO_DATA);

	while (xfrm_attr_next(&old, &attr))
		if (!is_policy_attr(attr.type))
			xfrm_msg_attr(msg, attr.type, attr.value.p, attr.value.left);
	policy_put(msg, tunnel);
	xfrm_msg_close(msg, data);
	xfrm_msg_close(msg, info);
}

void xfrm_tunnel_build_up(struct xfrm_msg *msg, const struct xfrm_tunnel *tunnel, int ifindex)
{
	bool multipoint = !is_tap(tunnel) && tunnel->remote.family == ADDR_NONE;
	struct ifinfomsg head = {
		.ifi_family = AF_UNSPEC,
		.ifi_index = ifindex,
		.ifi_flags = IFF_UP,
		.ifi_change = IFF_UP | (multipoint ? (unsigned)IFF_NOARP : 0),
	};

	xfrm_msg_begin(msg, RTM_NEWLINK, 0, &head, sizeof(head));
}

void xfrm_tunnel_build_addr(struct xfrm_msg *msg, int ifindex,
			    const struct xfrm_tunnel_address *address)
{
	bool six = address->addr.family == ADDR_IP6;
	struct ifaddrmsg head = {
		.ifa_family = six ? AF_INET6 : AF_INET,
		.ifa_prefixlen = address->bits,
		/* Nobody on a tunnel answers duplicate address detection. */
		.ifa_flags = six ? IFA_F_NODAD : 0,
		.ifa_scope = RT_SCOPE_UNIVERSE,
		.ifa_index = (uint32_t)ifindex,
	};

	xfrm_msg_begin(msg, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
	xfrm_msg_addr(msg, IFA_LOCAL, &address->addr);
	xfrm_msg_addr(msg, IFA_ADDRESS, &address->addr);
}

/* ---- Adoption ---- */

/* "key 42" or "no key"; with different keys per direction, both. */
static void key_text(char *out, size_t out_max, bool has_in, uint32_t in, bool has_out,
		     uint32_t out_key)
{
	if (has_in != has_out || (has_in && in != out_key))
		snprintf(out, out_max, "keys that differ by direction");
	else if (has_in)
		snprintf(out, out_max, "key %u", in);
	else
		snprintf(out, out_max, "no key");
}

static bool differs(char why[static XFRM_WHY_MAX], const char *name, const char *is,
		    const char *wanted)
{
	snprintf(why, XFRM_WHY_MAX,
		 "%s has %s, not %s: ip link del %s, or change the configuration", name, is, wanted,
		 name);
	return false;
}

static bool addr_fits(const char *what, const struct addr *is, const struct addr *wanted,
		      const char *name, char why[static XFRM_WHY_MAX])
{
	char have[ADDR_TEXT_MAX + 8], want[ADDR_TEXT_MAX + 8], text[ADDR_TEXT_MAX];

	if (addr_eq(is, wanted))
		return true;
	snprintf(have, sizeof(have), "%s %s", what, addr_text(is, text));
	snprintf(want, sizeof(want), "%s %s", what, addr_text(wanted, text));
	return differs(why, name, have, want);
}

bool xfrm_tunnel_fits(const struct xfrm_tunnel *tunnel, const struct xfrm_link *link,
		      char why[static XFRM_WHY_MAX])
{
	char have[48], want[48];

	if (strcmp(link->kind, kind_of(tunnel)) != 0) {
		snprintf(have, sizeof(have), "type %s", link->kind[0] ? link->kind : "unknown");
		snprintf(want, sizeof(want), "type %s", kind_of(tunnel));
		return differs(why, tunnel->name, have, want);
	}
	if (!addr_fits("local", &link->local, &tunnel->local, tunnel->name, why) ||
	    !addr_fits("remote", &link->remote, &tunnel->remote, tunnel->name, why))
		return false;
	/* Either way packets leave that the policy, which is for plain GRE with our key, misses. */
	if (link->external || link->encap)
		return differs(why, tunnel->name,
			       link->external ? "mode external" : "encap fou or gue", "plain GRE");
	key_text(have, sizeof(have), link->has_ikey, link->ikey, link->has_okey, link->okey);
	key_text(want, sizeof(want), tunnel->has_key, tunnel->key, tunnel->has_key, tunnel->key);
	return strcmp(have, want) == 0 || differs(why, tunnel->name, have, want);
}

/* ---- Doing ---- */

static const char *fault_of(const struct xfrm_tunnel *tunnel)
{
	bool ends = memchr(tunnel->name, '\0', sizeof(tunnel->name));

	if (!ends || !tunnel->name[0] || strpbrk(tunnel->name, "/ :"))
		return "its name is none";
	if (tunnel->local.family == ADDR_IP6 || tunnel->remote.family == ADDR_IP6)
		return "GRE over IPv6 is not supported";
	if (is_tap(tunnel) && tunnel->remote.family == ADDR_NONE)
		return "gretap needs a remote";
	if (tunnel->address_count > XFRM_ADDRESSES_MAX)
		return "it has too many addresses";
	return NULL;
}

static int simple(struct xfrm *x, struct xfrm_msg *msg)
{
	return xfrm_request(x, XFRM_BUS_ROUTE, msg, NULL, NULL);
}

static int create(struct xfrm *x, const struct xfrm_tunnel *tunnel, uint32_t mtu,
		  struct xfrm_link *link)
{
	struct xfrm_msg msg;

	xfrm_tunnel_build_create(&msg, tunnel, mtu);

	int err = simple(x, &msg);

	if (err == -EOPNOTSUPP)
		return xfrm_fail(x, err, "cannot create %s: this kernel has no %s (module ip_gre)",
				 tunnel->name, kind_of(tunnel));
	if (err == -EEXIST)
		return xfrm_fail(x, err,
				 "cannot create %s: another interface has its local, remote and "
				 "key (see ip -d link show type %s)",
				 tunnel->name, kind_of(tunnel));
	if (!err)
		err = xfrm_link_get(x, tunnel->name, link);
	return err ? xfrm_fail(x, err, "cannot create %s", tunnel->name) : 0;
}

static int adopt(struct xfrm *x, const struct xfrm_tunnel *tunnel, uint32_t mtu,
		 const struct xfrm_link *link)
{
	struct xfrm_msg msg;
	bool same = link->ttl == tunnel->ttl && link->mtu == mtu &&
		    link->pmtudisc == !is_tap(tunnel) && link->ignore_df == is_tap(tunnel);

	if (!xfrm_tunnel_fits(tunnel, link, x->why))
		return -EEXIST;
	if (same)
		return 0;
	xfrm_tunnel_build_change(&msg, tunnel, link, mtu);

	int err = simple(x, &msg);

	return err ? xfrm_fail(x, err, "cannot set MTU and TTL of %s", tunnel->name) : 0;
}

/* Up, and with its addresses. */
static int furnish(struct xfrm *x, const struct xfrm_tunnel *tunnel, int ifindex)
{
	struct xfrm_msg msg;
	char text[ADDR_TEXT_MAX];

	xfrm_tunnel_build_up(&msg, tunnel, ifindex);

	int err = simple(x, &msg);

	if (err)
		return xfrm_fail(x, err, "cannot bring %s up", tunnel->name);
	for (size_t i = 0; i < tunnel->address_count; i++) {
		xfrm_tunnel_build_addr(&msg, ifindex, &tunnel->address[i]);
		err = simple(x, &msg);
		if (err && err != -EEXIST)
			return xfrm_fail(x, err, "cannot give %s the address %s/%u", tunnel->name,
					 addr_text(&tunnel->address[i].addr, text),
					 tunnel->address[i].bits);
	}
	return 0;
}

int xfrm_tunnel_ensure(struct xfrm *x, const struct xfrm_tunnel *tunnel, bool *created,
		       uint32_t *mtu)
{
	const char *fault = fault_of(tunnel);
	struct xfrm_link link;

	x->said[0] = '\0';
	if (fault)
		return xfrm_fail(x, -EINVAL, "cannot set up %s: %s", tunnel->name, fault);

	uint32_t underlay = xfrm_underlay_mtu(x, &tunnel->local, &tunnel->remote);
	uint32_t want = xfrm_tunnel_mtu(tunnel, underlay);

	if (!want)
		return xfrm_fail(x, -EINVAL, "cannot set up %s: nothing is left of an MTU of %u",
				 tunnel->name, underlay);

	int err = xfrm_link_get(x, tunnel->name, &link);
	bool absent = err == -ENODEV;

	if (err && !absent)
		return xfrm_fail(x, err, "cannot look for %s", tunnel->name);
	err = absent ? create(x, tunnel, want, &link) : adopt(x, tunnel, want, &link);
	if (err)
		return err;
	err = furnish(x, tunnel, link.ifindex);
	if (err && absent) { /* leave nothing half-made, and keep the words */
		char why[XFRM_WHY_MAX];

		memcpy(why, x->why, sizeof(why));
		(void)xfrm_tunnel_delete(x, tunnel->name);
		memcpy(x->why, why, sizeof(why));
	}
	if (err)
		return err;
	if (created)
		*created = absent;
	if (mtu)
		*mtu = want;
	return 0;
}

bool xfrm_tunnel_stands(struct xfrm *x, const struct xfrm_tunnel *tunnel)
{
	struct xfrm_link link;

	return xfrm_link_get(x, tunnel->name, &link) == 0 &&
	       xfrm_tunnel_fits(tunnel, &link, x->why);
}

int xfrm_tunnel_local(struct xfrm *x, const char *name, struct addr *out)
{
	struct xfrm_link link;
	int err = xfrm_link_get(x, name, &link);

	*out = link.local;
	return err;
}

int xfrm_tunnel_delete(struct xfrm *x, const char *name)
{
	struct xfrm_link link;
	struct xfrm_msg msg;
	int err = xfrm_link_get(x, name, &link);

	if (err)
		return xfrm_fail(x, err, "cannot find %s", name);
	if (strcmp(link.kind, "gre") != 0 && strcmp(link.kind, "gretap") != 0)
		return xfrm_fail(x, -EINVAL, "will not delete %s, which is no GRE interface", name);

	struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = link.ifindex };

	xfrm_msg_begin(&msg, RTM_DELLINK, 0, &head, sizeof(head));
	err = simple(x, &msg);
	return err ? xfrm_fail(x, err, "cannot delete %s", name) : 0;
}
