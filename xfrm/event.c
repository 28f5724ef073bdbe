/*
 * xfrm/event.c - what the kernel says by itself: it wants an SA, an SA has reached a limit, a
 * peer's NAT mapping has moved, policies were removed, a link or an address came or went.
 *
 * Events are hints, not a ledger: the kernel drops them when our buffer is full (ENOBUFS), and then
 * says so once.  That becomes XFRM_EV_RESYNC (and a LINK event without index), and the daemon
 * compares what stands with what should.  An ACQUIRE that was lost is found again that way: its
 * larval SA is in xfrm_sa_list with SPI 0.
 */
#include "xfrm/event.h"

#include <errno.h>
#include <netinet/in.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>

#include "xfrm/sa.h"

#define DATAGRAMS_MAX 32 /* per call and socket: a flood on one does not starve the other */

typedef void on_event_fn(void *ctx, const struct xfrm_event *ev);

/* What a message comes to. */
enum verdict {
	EVENT,
	NOT_OURS, /* another protocol or family */
	MALFORMED,
};

/* struct xfrm_user_acquire, then the policy's templates: RFC 4301 4.4.1.2 in the kernel's form. */
static enum verdict acquire_take(struct cur body, struct xfrm_event *ev)
{
	struct xfrm_user_acquire acquire;
	struct xfrm_attr attr;
	struct xfrm_user_tmpl tmpl;
	bool have = false;

	if (!xfrm_head_take(&body, &acquire, sizeof(acquire)))
		return MALFORMED;
	while (xfrm_attr_next(&body, &attr)) {
		if (attr.type != XFRMA_TMPL)
			continue;
		have = xfrm_attr_copy(&attr, &tmpl, sizeof(tmpl));
		if (!have)
			return MALFORMED;
	}
	if (body.bad || !have)
		return MALFORMED;
	ev->kind = XFRM_EV_ACQUIRE;
	ev->src = xfrm_address_take(&acquire.saddr, acquire.sel.family);
	ev->dst = xfrm_address_take(&acquire.id.daddr, acquire.sel.family);
	ev->reqid = tmpl.reqid;
	ev->seq = acquire.seq;
	return acquire.id.proto == IPPROTO_ESP && ev->src.family != ADDR_NONE ? EVENT : NOT_OURS;
}

static enum verdict expire_take(struct cur body, struct xfrm_event *ev)
{
	struct xfrm_user_expire expire;

	if (!xfrm_head_take(&body, &expire, sizeof(expire)))
		return MALFORMED;
	ev->kind = XFRM_EV_EXPIRE;
	ev->src = xfrm_address_take(&expire.state.saddr, expire.state.family);
	ev->dst = xfrm_address_take(&expire.state.id.daddr, expire.state.family);
	ev->spi = ntohl(expire.state.id.spi);
	ev->reqid = expire.state.reqid;
	ev->seq = expire.state.seq;
	ev->hard = expire.hard;
	return expire.state.id.proto == IPPROTO_ESP && ev->src.family != ADDR_NONE ? EVENT
										   : NOT_OURS;
}

/* RFC 3948 appendix and RFC 7296 2.23: the peer's NAT gave it another address or port. */
static enum verdict mapping_take(struct cur body, struct xfrm_event *ev)
{
	struct xfrm_user_mapping mapping;

	if (!xfrm_head_take(&body, &mapping, sizeof(mapping)))
		return MALFORMED;
	ev->kind = XFRM_EV_MAPPING;
	ev->src = xfrm_address_take(&mapping.old_saddr, mapping.id.family);
	ev->dst = xfrm_address_take(&mapping.id.daddr, mapping.id.family);
	ev->spi = ntohl(mapping.id.spi);
	ev->reqid = mapping.reqid;
	ev->from.addr = xfrm_address_take(&mapping.new_saddr, mapping.id.family);
	ev->from.port = ntohs(mapping.new_sport);
	return mapping.id.proto == IPPROTO_ESP && ev->src.family != ADDR_NONE ? EVENT : NOT_OURS;
}

static enum verdict link_take(struct cur body, struct xfrm_event *ev, bool gone)
{
	struct ifinfomsg link;

	if (!xfrm_head_take(&body, &link, sizeof(link)))
		return MALFORMED;
	ev->kind = XFRM_EV_LINK;
	ev->ifindex = link.ifi_index;
	ev->up = !gone && (link.ifi_flags & IFF_UP) && (link.ifi_flags & IFF_RUNNING);
	return EVENT;
}

/* An address says nothing of its link's state: `up` means that one came. */
static enum verdict address_take(struct cur body, struct xfrm_event *ev, bool gone)
{
	struct ifaddrmsg address;

	if (!xfrm_head_take(&body, &address, sizeof(address)))
		return MALFORMED;
	ev->kind = XFRM_EV_LINK;
	ev->ifindex = (int)address.ifa_index;
	ev->up = !gone;
	return EVENT;
}

static enum verdict xfrm_take(const struct xfrm_reply *reply, struct xfrm_event *ev)
{
	switch (reply->head.nlmsg_type) {
	case XFRM_MSG_ACQUIRE:
		return acquire_take(reply->body, ev);
	case XFRM_MSG_EXPIRE:
		return expire_take(reply->body, ev);
	case XFRM_MSG_MAPPING:
		return mapping_take(reply->body, ev);
	case XFRM_MSG_DELPOLICY:
	case XFRM_MSG_FLUSHPOLICY:
		ev->kind = XFRM_EV_POLICY; /* a flush does not say which */
		return EVENT;
	default: /* the kernel's numbers: POLEXPIRE shares a group, others may come */
		return NOT_OURS;
	}
}

static enum verdict route_take(const struct xfrm_reply *reply, struct xfrm_event *ev)
{
	switch (reply->head.nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return link_take(reply->body, ev, reply->head.nlmsg_type == RTM_DELLINK);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return address_take(reply->body, ev, reply->head.nlmsg_type == RTM_DELADDR);
	default: /* the kernel's numbers: routes, neighbours, what may come */
		return NOT_OURS;
	}
}

size_t xfrm_event_parse(enum xfrm_bus bus, struct cur datagram, on_event_fn *on_event, void *ctx)
{
	struct xfrm_reply reply;
	size_t malformed = 0;

	while (xfrm_reply_next(&datagram, &reply)) {
		struct xfrm_event ev = { 0 };

		switch (bus == XFRM_BUS_XFRM ? xfrm_take(&reply, &ev) : route_take(&reply, &ev)) {
		case EVENT:
			on_event(ctx, &ev);
			break;
		case NOT_OURS:
			break;
		case MALFORMED:
			malformed++;
			break;
		}
	}
	return malformed + datagram.bad;
}

static void lost(enum xfrm_bus bus, on_event_fn *on_event, void *ctx)
{
	struct xfrm_event ev = { .kind = bus == XFRM_BUS_XFRM ? XFRM_EV_RESYNC : XFRM_EV_LINK };

	on_event(ctx, &ev);
}

static int drain(struct xfrm *x, enum xfrm_bus bus, on_event_fn *on_event, void *ctx)
{
	for (unsigned n = 0; n < DATAGRAMS_MAX; n++) {
		/* Not into x->rx: a callback may make requests. */
		int len = xfrm_datagram_read(x, x->event[bus], x->event_rx, sizeof(x->event_rx));

		if (len == -EAGAIN || len == -EWOULDBLOCK)
			return 0;
		if (len == -ENOBUFS)
			lost(bus, on_event, ctx);
		else if (len < 0)
			return xfrm_fail(x, len, "cannot read the kernel's events");
		else
			x->malformed += xfrm_event_parse(bus, cur_of(x->event_rx, (size_t)len),
							 on_event, ctx);
	}
	return 0;
}

int xfrm_receive(struct xfrm *x, on_event_fn *on_event, void *ctx)
{
	int err = 0;

	x->said[0] = '\0';
	for (enum xfrm_bus bus = XFRM_BUS_XFRM; bus < XFRM_BUS_COUNT && !err; bus++)
		err = drain(x, bus, on_event, ctx);
	return err;
}
