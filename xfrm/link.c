/*
 * xfrm/link.c - what the kernel knows of links, addresses and routes.  NETLINK_ROUTE (RFC 3549).
 *
 * Nothing is cached: these questions come when a tunnel is set up or an event said that something
 * changed, and the kernel's answer is the truth.
 */
#include "xfrm/link.h"

#include <errno.h>
#include <netinet/in.h>
#include <linux/if.h>
#include <linux/if_tunnel.h>
#include <linux/rtnetlink.h>

#include "xfrm/sa.h"

#define DUMP_TRIES_MAX	     3 /* a dump that a change interrupted is asked for again */
#define UNDERLAY_MTU_DEFAULT 1500

/* ---- Parsing ---- */

/* Text of an attribute, cut to fit, always terminated. */
static void text_take(const struct xfrm_attr *attr, char *out, size_t out_max)
{
	size_t len = attr->value.left < out_max ? attr->value.left : out_max - 1;

	memset(out, 0, out_max);
	for (size_t i = 0; i < len && attr->value.p[i]; i++)
		out[i] = (char)attr->value.p[i];
}

static struct addr outer_take(const struct xfrm_attr *attr)
{
	uint8_t zero[4] = { 0 };

	if (attr->value.left != 4 || memcmp(attr->value.p, zero, 4) == 0)
		return (struct addr){ 0 };
	return addr_from_bytes(attr->value.p, 4);
}

static void gre_attr_take(const struct xfrm_attr *attr, struct xfrm_link *out)
{
	switch (attr->type) {
	case IFLA_GRE_IFLAGS:
		out->has_ikey = xfrm_attr_u16(attr) & GRE_KEY;
		break;
	case IFLA_GRE_OFLAGS:
		out->has_okey = xfrm_attr_u16(attr) & GRE_KEY;
		break;
	case IFLA_GRE_IKEY:
		out->ikey = ntohl(xfrm_attr_u32(attr));
		break;
	case IFLA_GRE_OKEY:
		out->okey = ntohl(xfrm_attr_u32(attr));
		break;
	case IFLA_GRE_LOCAL:
		out->local = outer_take(attr);
		break;
	case IFLA_GRE_REMOTE:
		out->remote = outer_take(attr);
		break;
	case IFLA_GRE_TTL:
		out->ttl = xfrm_attr_u8(attr);
		break;
	case IFLA_GRE_PMTUDISC:
		out->pmtudisc = xfrm_attr_u8(attr);
		break;
	case IFLA_GRE_ENCAP_TYPE:
		out->encap = xfrm_attr_u16(attr) != TUNNEL_ENCAP_NONE;
		break;
	case IFLA_GRE_COLLECT_METADATA:
		out->external = true;
		break;
	case IFLA_GRE_IGNORE_DF:
		out->ignore_df = xfrm_attr_u8(attr);
		break;
	default: /* the kernel has more of them */
		break;
	}
}

/* IFLA_LINKINFO: the kind, then what that kind has to say. */
static bool info_take(struct cur info, struct xfrm_link *out)
{
	struct xfrm_attr attr;
	struct cur data = { 0 };

	while (xfrm_attr_next(&info, &attr)) {
		if (attr.type == IFLA_INFO_KIND)
			text_take(&attr, out->kind, sizeof(out->kind));
		else if (attr.type == IFLA_INFO_DATA)
			data = attr.value;
	}
	if (info.bad)
		return false;
	if (strcmp(out->kind, "gre") != 0 && strcmp(out->kind, "gretap") != 0)
		return true;
	if (data.left > sizeof(out->data))
		return false;

	struct cur rest = data;

	out->data_len = data.left;
	cur_copy(&data, out->data, data.left);
	while (xfrm_attr_next(&rest, &attr))
		gre_attr_take(&attr, out);
	return !rest.bad;
}

bool xfrm_link_parse(const struct xfrm_reply *reply, struct xfrm_link *out)
{
	struct cur body = reply->body;
	struct ifinfomsg head;
	struct xfrm_attr attr;

	*out = (struct xfrm_link){ 0 };
	if (!xfrm_head_take(&body, &head, sizeof(head)))
		return false;
	out->ifindex = head.ifi_index;
	out->flags = head.ifi_flags;
	while (xfrm_attr_next(&body, &attr)) {
		if (attr.type == IFLA_IFNAME)
			text_take(&attr, out->name, sizeof(out->name));
		else if (attr.type == IFLA_MTU)
			out->mtu = xfrm_attr_u32(&attr);
		else if (attr.type == IFLA_LINKINFO && !info_take(attr.value, out))
			return false;
	}
	return !body.bad;
}

bool xfrm_link_addr_parse(const struct xfrm_reply *reply, struct xfrm_link_addr *out)
{
	struct cur body = reply->body;
	struct ifaddrmsg head;
	struct xfrm_attr attr;
	struct addr address = { 0 }, local = { 0 };

	*out = (struct xfrm_link_addr){ 0 };
	if (!xfrm_head_take(&body, &head, sizeof(head)))
		return false;
	while (xfrm_attr_next(&body, &attr)) {
		if (attr.type == IFA_LOCAL)
			local = addr_from_bytes(attr.value.p, attr.value.left);
		else if (attr.type == IFA_ADDRESS)
			address = addr_from_bytes(attr.value.p, attr.value.left);
	}
	/* On a point-to-point link IFA_ADDRESS is the other end's; IPv6 has no IFA_LOCAL. */
	out->addr = local.family != ADDR_NONE ? local : address;
	out->ifindex = (int)head.ifa_index;
	out->bits = head.ifa_prefixlen;
	out->secondary = head.ifa_flags & IFA_F_SECONDARY;
	return !body.bad && out->addr.family != ADDR_NONE;
}

bool xfrm_route_parse(const struct xfrm_reply *reply, struct xfrm_route *out)
{
	struct cur body = reply->body;
	struct rtmsg head;
	struct xfrm_attr attr;

	*out = (struct xfrm_route){ 0 };
	if (!xfrm_head_take(&body, &head, sizeof(head)))
		return false;
	out->type = head.rtm_type;
	while (xfrm_attr_next(&body, &attr))
		if (attr.type == RTA_OIF)
			out->ifindex = (int)xfrm_attr_u32(&attr);
	return !body.bad;
}

/* ---- Asking ---- */

static int link_take(void *ctx, const struct xfrm_reply *reply)
{
	if (reply->head.nlmsg_type != RTM_NEWLINK)
		return 0;
	return xfrm_link_parse(reply, ctx) ? 0 : -EPROTO;
}

static int link_ask(struct xfrm *x, int ifindex, const char *name, struct xfrm_link *out)
{
	struct xfrm_msg msg;
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };

	*out = (struct xfrm_link){ 0 };
	xfrm_msg_begin(&msg, RTM_GETLINK, 0, &head, sizeof(head));
	if (name)
		xfrm_msg_string(&msg, IFLA_IFNAME, name);

	int err = xfrm_request(x, XFRM_BUS_ROUTE, &msg, link_take, out);

	return err ? err : out->ifindex ? 0 : -EPROTO;
}

int xfrm_link_get(struct xfrm *x, const char *name, struct xfrm_link *out)
{
	return link_ask(x, 0, name, out);
}

int xfrm_link_get_index(struct xfrm *x, int ifindex, struct xfrm_link *out)
{
	return link_ask(x, ifindex, NULL, out);
}

static int route_take(void *ctx, const struct xfrm_reply *reply)
{
	if (reply->head.nlmsg_type != RTM_NEWROUTE)
		return 0;
	return xfrm_route_parse(reply, ctx) ? 0 : -EPROTO;
}

int xfrm_route_get(struct xfrm *x, const struct addr *to, struct xfrm_route *out)
{
	struct xfrm_msg msg;
	struct rtmsg head = {
		.rtm_family = (uint8_t)xfrm_family_put(to),
		.rtm_dst_len = (uint8_t)(addr_len(to) * 8),
	};

	*out = (struct xfrm_route){ 0 };
	if (to->family == ADDR_NONE)
		return -EDESTADDRREQ;
	xfrm_msg_begin(&msg, RTM_GETROUTE, 0, &head, sizeof(head));
	xfrm_msg_addr(&msg, RTA_DST, to);
	return xfrm_request(x, XFRM_BUS_ROUTE, &msg, route_take, out);
}

bool xfrm_address_is_local(struct xfrm *x, const struct addr *addr)
{
	struct xfrm_route route;

	return xfrm_route_get(x, addr, &route) == 0 && route.type == RTN_LOCAL;
}

/* Looks through all addresses for the first that fits. */
struct search {
	int ifindex;	  /* 0: any */
	struct addr addr; /* ADDR_NONE: any */
	bool have;
	struct xfrm_link_addr found;
};

static int search_take(void *ctx, const struct xfrm_reply *reply)
{
	struct search *search = ctx;
	struct xfrm_link_addr one;

	if (search->have || reply->head.nlmsg_type != RTM_NEWADDR ||
	    !xfrm_link_addr_parse(reply, &one))
		return 0;
	if (search->ifindex && search->ifindex != one.ifindex)
		return 0;
	if (search->addr.family != ADDR_NONE && !addr_eq(&search->addr, &one.addr))
		return 0;
	/* Without an address to look for, a secondary one is only better than nothing. */
	search->have = search->addr.family != ADDR_NONE || !one.secondary;
	if (search->have || search->found.addr.family == ADDR_NONE)
		search->found = one;
	return 0;
}

static int search_run(struct xfrm *x, struct search *search, uint8_t family)
{
	int err = -EINTR;

	for (unsigned n = 0; n < DUMP_TRIES_MAX && err == -EINTR; n++) {
		struct xfrm_msg msg;
		struct ifaddrmsg head = { .ifa_family = family };

		search->have = false;
		search->found = (struct xfrm_link_addr){ 0 };
		xfrm_msg_begin(&msg, RTM_GETADDR, NLM_F_DUMP, &head, sizeof(head));
		err = xfrm_request(x, XFRM_BUS_ROUTE, &msg, search_take, search);
	}
	if (!err && search->found.addr.family == ADDR_NONE)
		err = -EADDRNOTAVAIL;
	return err;
}

int xfrm_link_address(struct xfrm *x, const char *ifname, struct addr *out)
{
	struct xfrm_link link;
	int err = xfrm_link_get(x, ifname, &link);

	if (err)
		return xfrm_fail(x, err, "cannot find the interface %s", ifname);

	struct search search = { .ifindex = link.ifindex };

	err = search_run(x, &search, AF_INET);
	if (err)
		return xfrm_fail(x, err, "%s has no IPv4 address", ifname);
	*out = search.found.addr;
	return 0;
}

/* The MTU of a real device: a loopback's says nothing of the path. */
static uint32_t device_mtu(struct xfrm *x, int ifindex)
{
	struct xfrm_link link;

	if (!ifindex || xfrm_link_get_index(x, ifindex, &link) || (link.flags & IFF_LOOPBACK))
		return 0;
	return link.mtu;
}

uint32_t xfrm_underlay_mtu(struct xfrm *x, const struct addr *local, const struct addr *remote)
{
	struct search search = { .addr = *local };
	struct xfrm_route route;
	uint32_t mtu = 0;

	if (local->family != ADDR_NONE &&
	    search_run(x, &search, (uint8_t)xfrm_family_put(local)) == 0)
		mtu = device_mtu(x, search.found.ifindex);
	if (!mtu && remote->family != ADDR_NONE && xfrm_route_get(x, remote, &route) == 0)
		mtu = device_mtu(x, route.ifindex);
	return mtu ? mtu : UNDERLAY_MTU_DEFAULT;
}
