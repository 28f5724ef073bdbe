/*
 * tests/unit/test_xfrm_event.c - netlink messages that come by themselves, and those about links.
 * What is read whole is also read cut at every byte, and with bytes changed.
 */
#include "tests/unit/xfrm_test.h"

#include <stdlib.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>

#include "xfrm/event.h"
#include "xfrm/tunnel.h"

#define MUTATIONS 20000

static const struct addr none;

/* ---- Events ---- */

static void collect(void *ctx, const struct xfrm_event *ev)
{
	struct xfrm_event **at = ctx;

	*(*at)++ = *ev;
}

/* Samples: a datagram each, as the kernel sends them. */
static enum xfrm_bus sample(unsigned which, struct xfrm_msg *msg)
{
	struct xfrm_user_acquire acquire = {
		.id = { .daddr = xfrm_address_put(&there), .proto = IPPROTO_ESP },
		.saddr = xfrm_address_put(&here),
		.sel = { .family = AF_INET },
		.seq = 31,
	};
	struct xfrm_user_tmpl tmpl = { .reqid = 9 };
	struct xfrm_user_expire expire = {
		.state = { .id = { xfrm_address_put(&there), htonl(77), IPPROTO_ESP },
			   .saddr = xfrm_address_put(&here),
			   .reqid = 9,
			   .family = AF_INET },
		.hard = 1,
	};
	struct xfrm_user_mapping mapping = {
		.id = { xfrm_address_put(&here), htonl(78), AF_INET, IPPROTO_ESP },
		.new_saddr = xfrm_address_put(&there),
		.new_sport = htons(30000),
	};
	struct ifinfomsg link = { .ifi_index = 4, .ifi_flags = IFF_UP | IFF_RUNNING };
	struct ifaddrmsg address = { .ifa_index = 5 };

	switch (which) {
	case 0:
		xfrm_msg_begin(msg, XFRM_MSG_ACQUIRE, 0, &acquire, sizeof(acquire));
		xfrm_msg_attr(msg, XFRMA_TMPL, &tmpl, sizeof(tmpl));
		return XFRM_BUS_XFRM;
	case 1:
		xfrm_msg_begin(msg, XFRM_MSG_EXPIRE, 0, &expire, sizeof(expire));
		return XFRM_BUS_XFRM;
	case 2:
		xfrm_msg_begin(msg, XFRM_MSG_MAPPING, 0, &mapping, sizeof(mapping));
		return XFRM_BUS_XFRM;
	case 3:
		xfrm_msg_begin(msg, RTM_NEWLINK, 0, &link, sizeof(link));
		return XFRM_BUS_ROUTE;
	default: /* the last of SAMPLES */
		xfrm_msg_begin(msg, RTM_DELADDR, 0, &address, sizeof(address));
		return XFRM_BUS_ROUTE;
	}
}

#define SAMPLES 5

/* A flush says nothing but that it was one; so does whoever deletes a single policy. */
static void removed_policies_are_an_event(void **state)
{
	static const uint16_t types[] = { XFRM_MSG_FLUSHPOLICY, XFRM_MSG_DELPOLICY };
	struct xfrm_userpolicy_id id = { .dir = XFRM_POLICY_OUT };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct xfrm_event got[2], *end = got;
		struct xfrm_msg msg;

		xfrm_msg_begin(&msg, types[i], 0, &id, i ? sizeof(id) : 0);
		assert_int_equal(
			xfrm_event_parse(XFRM_BUS_XFRM, xfrm_msg_bytes(&msg), collect, &end), 0);
		assert_int_equal(end - got, 1);
		assert_int_equal(got[0].kind, XFRM_EV_POLICY);
	}
}

static struct xfrm_event sample_event(unsigned which)
{
	struct xfrm_event got[2], *end = got;
	struct xfrm_msg msg;
	enum xfrm_bus bus = sample(which, &msg);

	assert_int_equal(xfrm_event_parse(bus, xfrm_msg_bytes(&msg), collect, &end), 0);
	assert_int_equal(end - got, 1);
	return got[0];
}

static void events_are_parsed(void **state)
{
	struct xfrm_event ev = sample_event(0);

	(void)state;
	assert_int_equal(ev.kind, XFRM_EV_ACQUIRE);
	assert_true(addr_eq(&ev.src, &here) && addr_eq(&ev.dst, &there));
	assert_int_equal(ev.reqid, 9);
	assert_int_equal(ev.seq, 31);
	ev = sample_event(1);
	assert_int_equal(ev.kind, XFRM_EV_EXPIRE);
	assert_int_equal(ev.spi, 77);
	assert_true(ev.hard && addr_eq(&ev.dst, &there));
	ev = sample_event(2);
	assert_int_equal(ev.kind, XFRM_EV_MAPPING);
	assert_int_equal(ev.spi, 78);
	assert_true(addr_eq(&ev.from.addr, &there) && addr_eq(&ev.dst, &here));
	assert_int_equal(ev.from.port, 30000);
	ev = sample_event(3);
	assert_int_equal(ev.kind, XFRM_EV_LINK);
	assert_true(ev.up && ev.ifindex == 4);
	ev = sample_event(4);
	assert_true(ev.kind == XFRM_EV_LINK && !ev.up && ev.ifindex == 5);
}

static void others_events_are_skipped(void **state)
{
	struct xfrm_event got[2], *end = got;
	struct xfrm_user_expire expire = { .state = { .id = { .proto = IPPROTO_AH } } };
	struct xfrm_msg msg;

	(void)state;
	expire.state.family = AF_INET;
	xfrm_msg_begin(&msg, XFRM_MSG_EXPIRE, 0, &expire, sizeof(expire));
	assert_int_equal(xfrm_event_parse(XFRM_BUS_XFRM, xfrm_msg_bytes(&msg), collect, &end), 0);
	expire.state.family = AF_UNIX;
	expire.state.id.proto = IPPROTO_ESP;
	xfrm_msg_begin(&msg, XFRM_MSG_EXPIRE, 0, &expire, sizeof(expire));
	assert_int_equal(xfrm_event_parse(XFRM_BUS_XFRM, xfrm_msg_bytes(&msg), collect, &end), 0);
	xfrm_msg_begin(&msg, XFRM_MSG_POLEXPIRE, 0, &expire, 4);
	assert_int_equal(xfrm_event_parse(XFRM_BUS_XFRM, xfrm_msg_bytes(&msg), collect, &end), 0);
	assert_true(end == got);
}

/* Two messages in one datagram, cut anywhere: no event that is not whole, no read past the end. */
static void cut_anywhere(void **state)
{
	(void)state;
	for (unsigned which = 0; which < SAMPLES; which++) {
		struct xfrm_msg msg;
		enum xfrm_bus bus = sample(which, &msg);
		size_t len = xfrm_msg_bytes(&msg).left;

		for (size_t cut = 0; cut <= 2 * len; cut++) {
			/* Exactly as long as it claims, for the address sanitizer. */
			uint8_t *bytes = malloc(cut ? cut : 1);
			struct xfrm_event got[2], *end = got;

			assert_non_null(bytes);
			for (size_t i = 0; i < cut; i++)
				bytes[i] = msg.bytes[i % len];

			size_t bad = xfrm_event_parse(bus, cur_of(bytes, cut), collect, &end);

			assert_int_equal((size_t)(end - got), cut / len);
			assert_int_equal(bad, cut % len != 0);
			free(bytes);
		}
	}
}

/* Bytes changed at random: anything but a crash. */
static void mutated(void **state)
{
	uint64_t seed = 20240501;
	struct rng rng = rng_seeded(&seed);

	(void)state;
	for (unsigned n = 0; n < MUTATIONS; n++) {
		struct xfrm_msg msg;
		enum xfrm_bus bus = sample(n % SAMPLES, &msg);
		size_t len = xfrm_msg_bytes(&msg).left;
		struct xfrm_event got[XFRM_REQUEST_MAX / 16], *end = got;
		struct xfrm_sa_info info;
		struct xfrm_link link;
		struct xfrm_link_addr address;
		struct xfrm_reply reply;
		struct cur cur = cur_of(msg.bytes, len);

		for (unsigned i = 0; i < 1 + n % 4; i++)
			msg.bytes[rng_below(&rng, len)] = (uint8_t)rng_u32(&rng);
		xfrm_event_parse(bus, cur_of(msg.bytes, len), collect, &end);
		while (xfrm_reply_next(&cur, &reply)) {
			(void)xfrm_sa_parse(&reply, &info);
			(void)xfrm_link_parse(&reply, &link);
			(void)xfrm_link_addr_parse(&reply, &address);
		}
	}
}

/* ---- Links ---- */

static struct xfrm_tunnel mgre(void)
{
	struct xfrm_tunnel tunnel = {
		.name = "gre1",
		.local = here,
		.has_key = true,
		.key = 42,
		.ttl = 64,
		.overhead = 45,
	};

	return tunnel;
}

/* What the kernel would report of a tunnel that was created so. */
static struct xfrm_link created(const struct xfrm_tunnel *tunnel, struct xfrm_msg *msg)
{
	struct xfrm_link link;

	xfrm_tunnel_build_create(msg, tunnel, 1400);
	assert_false(msg->bad);

	struct xfrm_reply reply = reply_of(xfrm_msg_bytes(msg));

	assert_int_equal(reply.head.nlmsg_flags & (NLM_F_CREATE | NLM_F_EXCL),
			 NLM_F_CREATE | NLM_F_EXCL);
	assert_true(xfrm_link_parse(&reply, &link));
	return link;
}

static void tunnel_is_built(void **state)
{
	struct xfrm_tunnel tunnel = mgre();
	struct xfrm_msg msg;
	struct xfrm_link link = created(&tunnel, &msg);

	(void)state;
	assert_string_equal(link.name, "gre1");
	assert_string_equal(link.kind, "gre");
	assert_int_equal(link.mtu, 1400);
	assert_true(addr_eq(&link.local, &here) && link.remote.family == ADDR_NONE);
	assert_true(link.has_ikey && link.has_okey && link.ikey == 42 && link.okey == 42);
	assert_true(link.ttl == 64 && link.pmtudisc && !link.ignore_df);

	/* A change sends back what was there, and only three things new. */
	struct xfrm_link after;

	tunnel.ttl = 9;
	xfrm_tunnel_build_change(&msg, &tunnel, &link, 1300);

	struct xfrm_reply reply = reply_of(xfrm_msg_bytes(&msg));

	assert_true(xfrm_link_parse(&reply, &after));
	assert_true(after.ttl == 9 && after.mtu == 1300 && after.pmtudisc);
	assert_true(after.has_ikey && after.okey == 42 && addr_eq(&after.local, &here));

	tunnel.type = XFRM_TUNNEL_GRETAP;
	tunnel.remote = there;
	link = created(&tunnel, &msg);
	assert_string_equal(link.kind, "gretap");
	assert_true(!link.pmtudisc && link.ignore_df && addr_eq(&link.remote, &there));
}

static void differs(const struct xfrm_tunnel *tunnel, const struct xfrm_link *link, const char *is,
		    const char *wanted)
{
	char why[XFRM_WHY_MAX] = "";

	assert_false(xfrm_tunnel_fits(tunnel, link, why));
	assert_non_null(strstr(why, is));
	assert_non_null(strstr(why, wanted));
	assert_non_null(strstr(why, "ip link del gre1"));
}

static void adoption_compares(void **state)
{
	struct xfrm_tunnel tunnel = mgre();
	struct xfrm_msg msg;
	struct xfrm_link link = created(&tunnel, &msg), other;
	char why[XFRM_WHY_MAX];

	(void)state;
	assert_true(xfrm_tunnel_fits(&tunnel, &link, why));
	tunnel.ttl = 3; /* is set, not compared */
	assert_true(xfrm_tunnel_fits(&tunnel, &link, why));
	tunnel.key = 43;
	differs(&tunnel, &link, "key 42", "key 43");
	tunnel.has_key = false;
	differs(&tunnel, &link, "key 42", "no key");
	tunnel = mgre();
	other = link;
	other.okey = 1;
	differs(&tunnel, &other, "differ by direction", "key 42");
	tunnel.local = none;
	differs(&tunnel, &link, "local 192.0.2.1", "local any");
	tunnel = mgre();
	tunnel.remote = there;
	differs(&tunnel, &link, "remote any", "remote 198.51.100.7");
	tunnel.type = XFRM_TUNNEL_GRETAP;
	differs(&tunnel, &link, "type gre,", "type gretap");
	tunnel = mgre();
	other = link;
	other.encap = true;
	differs(&tunnel, &other, "encap fou or gue", "plain GRE");
	other.external = true;
	differs(&tunnel, &other, "mode external", "plain GRE");
	tunnel.type = XFRM_TUNNEL_GRETAP;
	memset(other.kind, 0, sizeof(other.kind));
	differs(&tunnel, &other, "type unknown", "type gretap");
}

static void mtus(void **state)
{
	struct xfrm_tunnel tunnel = mgre();

	(void)state;
	assert_int_equal(xfrm_tunnel_mtu(&tunnel, 1500), 1500 - 20 - 8 - 45);
	tunnel.has_key = false;
	assert_int_equal(xfrm_tunnel_mtu(&tunnel, 1500), 1500 - 20 - 4 - 45);
	assert_int_equal(xfrm_tunnel_mtu(&tunnel, 20 + 4 + 45 + 68), 68);
	assert_int_equal(xfrm_tunnel_mtu(&tunnel, 20 + 4 + 45 + 67), 0);
	tunnel.mtu = 1280;
	assert_int_equal(xfrm_tunnel_mtu(&tunnel, 100), 1280);
	tunnel.mtu = 0;
	tunnel.type = XFRM_TUNNEL_GRETAP;
	assert_int_equal(xfrm_tunnel_mtu(&tunnel, 1500), 1500);
}

static void addresses_and_routes(void **state)
{
	struct xfrm_tunnel_address address = { here, 24 };
	struct rtmsg route = { .rtm_family = AF_INET, .rtm_type = RTN_LOCAL };
	struct xfrm_link_addr got;
	struct xfrm_route found;
	struct xfrm_msg msg;

	(void)state;
	xfrm_tunnel_build_addr(&msg, 6, &address);

	struct xfrm_reply reply = reply_of(xfrm_msg_bytes(&msg));

	assert_true(xfrm_link_addr_parse(&reply, &got));
	assert_true(got.ifindex == 6 && got.bits == 24 && addr_eq(&got.addr, &here));
	xfrm_msg_begin(&msg, RTM_NEWROUTE, 0, &route, sizeof(route));
	xfrm_msg_u32(&msg, RTA_OIF, 3);
	reply = reply_of(xfrm_msg_bytes(&msg));
	assert_true(xfrm_route_parse(&reply, &found));
	assert_true(found.type == RTN_LOCAL && found.ifindex == 3);
	reply.body = cur_of(reply.body.p, 5);
	assert_false(xfrm_route_parse(&reply, &found));
	assert_false(xfrm_link_addr_parse(&reply, &got));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_parsed),
		cmocka_unit_test(removed_policies_are_an_event),
		cmocka_unit_test(others_events_are_skipped),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(mutated),
		cmocka_unit_test(tunnel_is_built),
		cmocka_unit_test(adoption_compares),
		cmocka_unit_test(mtus),
		cmocka_unit_test(addresses_and_routes),
	};

	return cmocka_run_group_tests_name("xfrm_event", tests, NULL, NULL);
}
