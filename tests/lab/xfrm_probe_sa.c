/*
 * tests/lab/xfrm_probe_sa.c - policies, ACQUIRE, every suite with real packets, MTU, limits.
 */
#include "tests/lab/xfrm_probe.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define REQID 7

static const char ping_one[] = "ping -q -c 1 -W 5 10.8.0.2 >/dev/null";
static const char ping_lost[] = "ping -q -c 1 -W 0.3 10.8.0.2 >/dev/null";

static long policy_count(const struct host *host)
{
	return number(host, "ip xfrm policy | grep -c '^[[:space:]]dir '");
}

static size_t flush(const struct host *host)
{
	uint32_t reqid = REQID;
	size_t removed = 0;

	if (xfrm_sa_flush(host->x, &reqid, 1, &removed))
		note("flush: %s", xfrm_why(host->x));
	return removed;
}

static void drain(const struct host *host)
{
	struct events events = { 0 };

	events_read(host, &events, EVENTS_MAX, 200);
}

/* ---- Policies ---- */

void probe_policies(struct world *w)
{
	struct xfrm_policy wild = { .reqid = 5 };
	struct xfrm_policy keyed = { .reqid = 6, .local = ip("10.99.0.1"), .has_key = true };
	struct xfrm_policy six = { .reqid = 9, .local = ip("fd00::1") };

	keyed.key = 0x00010002;
	check(!xfrm_policy_set(w->a.x, &wild) && policy_count(&w->a) == 2, "two policies");
	wild.reqid = REQID;
	check(!xfrm_policy_set(w->a.x, &wild) && policy_count(&w->a) == 2, "replaced: still two");
	check(number(&w->a, "ip xfrm policy | grep -c 'reqid 7 '") == 2 &&
		      number(&w->a, "ip xfrm policy | grep -c 'reqid 5 '") == 0,
	      "and both are the new ones");
	check(!xfrm_policy_set(w->a.x, &keyed) && policy_count(&w->a) == 4,
	      "another selector is another pair");
	check(number(&w->a, "ip xfrm policy | grep -c 'proto gre key 65538'") == 2 ||
		      number(&w->a, "ip xfrm policy | grep -c 'proto gre key 0.1.0.2'") == 2,
	      "ip(8) reads the key in the selector's ports");
	check(!xfrm_policy_set(w->a.x, &six) && !xfrm_policy_del(w->a.x, &six), "IPv6 too");
	check(!xfrm_policy_del(w->a.x, &keyed) && policy_count(&w->a) == 2, "deleted by selector");
	check(xfrm_policy_del(w->a.x, &keyed) == -ESRCH, "a second time: -ESRCH: %s",
	      xfrm_why(w->a.x));
	check(!xfrm_policy_del(w->a.x, &wild) && policy_count(&w->a) == 0, "all gone");

	/* Both tunnels' packets fit the unkeyed pair: the keyed one must win, whatever came first.
	 */
	keyed.key = 42;
	check(!xfrm_policy_set(w->a.x, &keyed) && !xfrm_policy_set(w->a.x, &wild),
	      "wide after narrow");
	drain(&w->a);
	run(&w->a, ping_lost);

	struct events events = { 0 };

	events_read(&w->a, &events, 1, 2000);

	const struct xfrm_event *ev = event_of(&events, XFRM_EV_ACQUIRE);

	check(ev && ev->reqid == 6, "the narrower policy wins: reqid %u", ev ? ev->reqid : 0);
	check(!xfrm_policy_del(w->a.x, &keyed) && policy_count(&w->a) == 2, "the wide pair stays");
	check(!xfrm_sa_flush(w->a.x, (uint32_t[]){ 6 }, 1, NULL),
	      "larval SA of the other reqid swept");
	check(!xfrm_policy_set(w->b.x, &wild), "and the other host's");
}

/* ---- ACQUIRE ---- */

static bool acquired(struct world *w, struct xfrm_event *out)
{
	struct events events = { 0 };

	run(&w->a, ping_lost);
	events_read(&w->a, &events, 1, 500);

	const struct xfrm_event *ev = event_of(&events, XFRM_EV_ACQUIRE);

	if (ev && out)
		*out = *ev;
	return ev;
}

struct seen {
	size_t larval, real;
};

static void see(void *ctx, const struct xfrm_sa_view *view)
{
	struct seen *seen = ctx;

	seen->larval += view->reqid == REQID && !view->spi;
	seen->real += view->reqid == REQID && view->spi;
}

static struct seen look(const struct host *host)
{
	struct seen seen = { 0 };

	if (xfrm_sa_list(host->x, see, &seen))
		note("list: %s", xfrm_why(host->x));
	return seen;
}

static void forgetting(struct world *w, const struct addr *src, const struct addr *dst)
{
	struct xfrm_event ev;

	check(look(&w->a).larval == 1, "its larval SA is listed with SPI 0");
	check(!acquired(w, NULL), "the next packet asks nothing new");
	check(!xfrm_acquire_forget(w->a.x, src, dst, REQID) && look(&w->a).larval == 0,
	      "forgotten");
	check(xfrm_acquire_forget(w->a.x, src, dst, REQID) == -ESRCH && look(&w->a).larval == 0 &&
		      look(&w->a).real == 0,
	      "a second time: -ESRCH: %s", xfrm_why(w->a.x));
	check(acquired(w, &ev), "the next packet asks again");
	check(flush(&w->a) == 1 && look(&w->a).larval == 0, "a flush sweeps a larval SA");
}

void probe_acquire(struct world *w)
{
	struct addr src = ip("10.99.0.1"), dst = ip("10.99.0.2");
	struct xfrm_event ev = { 0 };
	struct events events = { 0 };
	struct xfrm_sa sa = sa_make(20, 36, 0, "10.99.0.1", "10.99.0.2", 0x3000);

	drain(&w->a);
	check(acquired(w, &ev) && addr_eq(&ev.src, &src) && addr_eq(&ev.dst, &dst) &&
		      ev.reqid == REQID && ev.seq,
	      "a GRE packet raises ACQUIRE with addresses, reqid, seq");
	forgetting(w, &src, &dst);

	check(acquired(w, &ev), "asked once more");
	sa.acquire_seq = ev.seq;
	check(!xfrm_sa_add(w->a.x, &sa) && look(&w->a).larval == 0 && look(&w->a).real == 1,
	      "an SA with the ACQUIRE's seq ends the larval one");
	check(flush(&w->a) == 1, "swept");
	check(acquired(w, &ev) && (sa.acquire_seq = 0, !xfrm_sa_add(w->a.x, &sa)) &&
		      look(&w->a).larval == 0,
	      "and without seq too");
	flush(&w->a);

	run(&w->a, "sysctl -qw net.core.xfrm_acq_expires=1");
	drain(&w->a);
	run(&w->a, ping_lost);
	events_read(&w->a, &events, 2, 5000);

	const struct xfrm_event *expire = event_of(&events, XFRM_EV_EXPIRE);

	check(expire && expire->spi == 0 && expire->hard && addr_eq(&expire->dst, &dst) &&
		      expire->reqid == REQID,
	      "an unanswered ACQUIRE ends in EXPIRE with SPI 0");
	run(&w->a, "sysctl -qw net.core.xfrm_acq_expires=30");
	flush(&w->a);
	drain(&w->a);
}

/* ---- Suites ---- */

struct suite {
	const char *name;
	uint16_t encr;
	uint8_t key_len;
	uint16_t integ;
};

static const struct suite suites[] = {
	{ "AES-GCM-16 128", 20, 20, 0 },       { "AES-GCM-16 256", 20, 36, 0 },
	{ "AES-GCM-12 128", 19, 20, 0 },       { "AES-GCM-12 256", 19, 36, 0 },
	{ "ChaCha20-Poly1305", 28, 36, 0 },    { "AES-CBC 128, SHA1", 12, 16, 2 },
	{ "AES-CBC 256, SHA256", 12, 32, 12 }, { "AES-CBC 128, SHA384", 12, 16, 13 },
	{ "AES-CBC 256, SHA512", 12, 32, 14 },
};

/* Both directions on both hosts; a's view of ports: 4500 on both ends. */
static bool pair_add(struct world *w, struct xfrm_sa *out, struct xfrm_sa *in)
{
	out->set_mark = 0;
	return !xfrm_sa_add(w->a.x, out) && !xfrm_sa_add(w->b.x, out) && !xfrm_sa_add(w->a.x, in) &&
	       !xfrm_sa_add(w->b.x, in);
}

static void suite_try(struct world *w, const struct suite *suite, bool encap, bool esn,
		      uint32_t window)
{
	struct xfrm_sa out = sa_make(suite->encr, suite->key_len, suite->integ, "10.99.0.1",
				     "10.99.0.2", 0x1001);
	struct xfrm_sa in = sa_make(suite->encr, suite->key_len, suite->integ, "10.99.0.2",
				    "10.99.0.1", 0x1002);
	struct xfrm_counters counted[3] = { 0 };

	out.esn = in.esn = esn;
	out.replay_window = in.replay_window = window;
	out.encap = in.encap = encap;
	out.encap_sport = out.encap_dport = in.encap_sport = in.encap_dport = encap ? 4500 : 0;

	bool added = pair_add(w, &out, &in);
	bool pinged = added && !run(&w->a, "ping -q -c 3 -i 0.05 -W 5 10.8.0.2 >/dev/null");
	bool read = !xfrm_sa_count(w->a.x, &out.dst, out.spi, &counted[0]) &&
		    !xfrm_sa_count(w->a.x, &in.dst, in.spi, &counted[1]) &&
		    !xfrm_sa_count(w->b.x, &out.dst, out.spi, &counted[2]);

	check(pinged && read && counted[0].packets >= 3 && counted[1].packets >= 3 &&
		      counted[2].packets == counted[0].packets && counted[0].bytes >= 264 &&
		      !counted[1].integrity_errors && !counted[1].replay_errors,
	      "%s%s%s, window %u", suite->name, encap ? ", in UDP" : "", esn ? ", ESN" : "",
	      window);
	if (!added)
		note("%s / %s", xfrm_why(w->a.x), xfrm_why(w->b.x));
	flush(&w->a);
	flush(&w->b);
}

static void add_errors(struct world *w)
{
	struct xfrm_sa sa = sa_make(20, 36, 0, "10.99.0.1", "10.99.0.2", 0x2001);
	struct xfrm_sa_info info = { 0 };
	struct xfrm_counters counters;

	sa.set_mark = 0xabcd1234;
	sa.esn = true;
	sa.replay_window = 0;
	check(!xfrm_sa_add(w->a.x, &sa) && xfrm_sa_add(w->a.x, &sa) == -EEXIST, "-EEXIST: %s",
	      xfrm_why(w->a.x));
	check(sa_read(&w->a, &sa, &info) && info.set_mark == 0xabcd1234, "mark is set");
	check(info.progress.window == XFRM_REPLAY_MAX, "ESN without window gets the widest");
	check(info.mode == XFRM_MODE_TRANSPORT && info.view.reqid == REQID &&
		      addr_eq(&info.view.src, &sa.src) && addr_eq(&info.view.dst, &sa.dst),
	      "transport mode, addresses, reqid");
	check(!run(&w->a, "ip xfrm state | grep -q 'src 10.99.0.1/32 dst 10.99.0.2/32 proto gre'"),
	      "selector: host to host, protocol 47");
	check(!xfrm_sa_del(w->a.x, &sa.src, &sa.dst, sa.spi) &&
		      xfrm_sa_del(w->a.x, &sa.src, &sa.dst, sa.spi) == -ESRCH,
	      "deleted, then -ESRCH: %s", xfrm_why(w->a.x));
	check(xfrm_sa_count(w->a.x, &sa.dst, sa.spi, &counters) == -ESRCH, "count: -ESRCH");
	sa.encr_key.len = 35;
	check(xfrm_sa_add(w->a.x, &sa) == -EINVAL, "-EINVAL: %s", xfrm_why(w->a.x));
	sa = sa_make(20, 36, 0, "fd00::1", "fd00::2", 0x2002);
	check(!xfrm_sa_add(w->a.x, &sa) && sa_read(&w->a, &sa, &info) &&
		      addr_eq(&info.view.dst, &sa.dst),
	      "IPv6 SA");
	sa = sa_make(20, 36, 0, "10.99.0.1", "10.99.0.2", 0x2003);
	sa.reqid = 8;
	check(!xfrm_sa_add(w->a.x, &sa) && flush(&w->a) == 1 && sa_read(&w->a, &sa, &info),
	      "a flush leaves other reqids alone");
	xfrm_sa_del(w->a.x, &sa.src, &sa.dst, sa.spi);
}

void probe_suites(struct world *w)
{
	for (size_t i = 0; i < ARRAY_LEN(suites); i++)
		suite_try(w, &suites[i], i % 2, i % 3, 128);
	for (size_t encap = 0; encap < 2; encap++) {
		suite_try(w, &suites[1], encap, false, 0);
		suite_try(w, &suites[1], encap, true, 0);
		suite_try(w, &suites[1], encap, false, 32);
		suite_try(w, &suites[1], encap, true, XFRM_REPLAY_MAX);
	}
	add_errors(w);
}

/* ---- MTU ---- */

/* A counter of /proc/net/snmp's "Ip:" line, by its place after that word; -1: none. */
static long snmp(const struct host *host, unsigned place)
{
	char line[512] = "", *at;
	bool have = true;

	enter(host);

	FILE *file = fopen("/proc/self/net/snmp", "r");

	if (!file)
		return -1;
	for (unsigned n = 0; n < 2; n++) /* names, then numbers */
		have &= fgets(line, sizeof(line), file) != NULL;
	fclose(file);
	at = have ? line : NULL;
	for (unsigned n = 0; at && n < place; n++)
		at = strchr(at + 1, ' ');
	return at ? strtol(at, NULL, 10) : -1;
}

#define FRAG_CREATES 19
#define REASM_REQDS  14

/* A DF ping of exactly the MTU goes through whole; one byte more is refused at the interface. */
static void mtu_try(struct world *w, const struct suite *suite, bool key, bool encap)
{
	struct xfrm_tunnel tunnel = {
		.name = "gre5",
		.remote = ip("10.99.0.2"),
		.local = ip("10.99.0.1"),
		.has_key = key,
		.key = 5,
		.ttl = 64,
		.overhead = xfrm_esp_overhead(suite->encr, suite->integ),
		.address_count = 1,
		.address = { { ip("10.5.0.1"), 24 } },
	};
	struct xfrm_tunnel other = tunnel;
	struct xfrm_sa out = sa_make(suite->encr, suite->key_len, suite->integ, "10.99.0.1",
				     "10.99.0.2", 0x5001);
	struct xfrm_sa in = sa_make(suite->encr, suite->key_len, suite->integ, "10.99.0.2",
				    "10.99.0.1", 0x5002);
	uint32_t mtu = 0;

	other.remote = tunnel.local;
	other.local = tunnel.remote;
	other.address[0].addr = ip("10.5.0.2");
	out.encap = in.encap = encap;
	out.encap_sport = out.encap_dport = in.encap_sport = in.encap_dport = 4500;

	bool ready = pair_add(w, &out, &in) && !xfrm_tunnel_ensure(w->a.x, &tunnel, NULL, &mtu) &&
		     !xfrm_tunnel_ensure(w->b.x, &other, NULL, NULL);
	long before =
		snmp(&w->a, FRAG_CREATES) + snmp(&w->b, FRAG_CREATES) + snmp(&w->b, REASM_REQDS);
	int fits =
		run(&w->a, "ping -q -c 2 -i 0.05 -W 5 -M do -s %u 10.5.0.2 >/dev/null", mtu - 28);
	int over = run(&w->a, "ping -q -c 1 -W 0.3 -M do -s %u 10.5.0.2 >/dev/null 2>&1", mtu - 27);
	long after =
		snmp(&w->a, FRAG_CREATES) + snmp(&w->b, FRAG_CREATES) + snmp(&w->b, REASM_REQDS);

	check(ready && !fits && over && before == after,
	      "MTU %u: %s%s, %s: a DF ping of that size is carried in one piece", mtu, suite->name,
	      encap ? " in UDP" : "", key ? "key" : "no key");
	if (!ready)
		note("%s / %s", xfrm_why(w->a.x), xfrm_why(w->b.x));
	xfrm_tunnel_delete(w->a.x, "gre5");
	xfrm_tunnel_delete(w->b.x, "gre5");
	flush(&w->a);
	flush(&w->b);
}

/* A LAN's full frame through gretap, DF or not: fragments outside, whole inside. */
static void tap_try(struct world *w)
{
	struct xfrm_tunnel tunnel = {
		.name = "tap5",
		.type = XFRM_TUNNEL_GRETAP,
		.local = ip("10.99.0.1"),
		.remote = ip("10.99.0.2"),
		.ttl = 64,
		.address_count = 1,
		.address = { { ip("10.6.0.1"), 24 } },
	};
	struct xfrm_tunnel other = tunnel;
	struct xfrm_sa out = sa_make(12, 32, 14, "10.99.0.1", "10.99.0.2", 0x6001);
	struct xfrm_sa in = sa_make(12, 32, 14, "10.99.0.2", "10.99.0.1", 0x6002);

	other.remote = tunnel.local;
	other.local = tunnel.remote;
	other.address[0].addr = ip("10.6.0.2");
	out.encap = in.encap = true;
	out.encap_sport = out.encap_dport = in.encap_sport = in.encap_dport = 4500;

	bool ready = pair_add(w, &out, &in) && !xfrm_tunnel_ensure(w->a.x, &tunnel, NULL, NULL) &&
		     !xfrm_tunnel_ensure(w->b.x, &other, NULL, NULL);
	long before = snmp(&w->a, FRAG_CREATES);
	int passed = run(&w->a, "ping -q -c 2 -i 0.05 -W 5 -M do -s 1472 10.6.0.2 >/dev/null");

	check(ready && !passed && snmp(&w->a, FRAG_CREATES) > before,
	      "gretap carries 1500 bytes with DF; the outer packet is fragmented");
	xfrm_tunnel_delete(w->a.x, "tap5");
	xfrm_tunnel_delete(w->b.x, "tap5");
	flush(&w->a);
	flush(&w->b);
}

void probe_mtu(struct world *w)
{
	for (unsigned how = 0; how < 4; how++) {
		mtu_try(w, &suites[1], how & 1, how & 2);
		mtu_try(w, &suites[8], how & 1, how & 2);
	}
	mtu_try(w, &suites[4], true, true);
	mtu_try(w, &suites[5], true, true);
	tap_try(w);
}

/* ---- Limits ---- */

void probe_limits(struct world *w)
{
	struct xfrm_sa out = sa_make(20, 36, 0, "10.99.0.1", "10.99.0.2", 0x7001);
	struct xfrm_sa in = sa_make(20, 36, 0, "10.99.0.2", "10.99.0.1", 0x7002);
	struct events events = { 0 };
	bool soft = false, hard = false;

	out.soft_packets = 2;
	out.hard_packets = 4;
	pair_add(w, &out, &in);
	drain(&w->a);
	run(&w->a, "ping -q -c 6 -i 0.05 -W 0.3 10.8.0.2 >/dev/null");
	events_read(&w->a, &events, 2, 3000);
	for (size_t i = 0; i < events.count; i++) {
		const struct xfrm_event *ev = &events.at[i];

		if (ev->kind == XFRM_EV_EXPIRE && ev->spi == out.spi && ev->reqid == REQID) {
			soft |= !ev->hard;
			hard |= ev->hard;
		}
	}
	check(soft && hard, "packet limits raise EXPIRE, soft and hard");
	flush(&w->a);
	flush(&w->b);

	in.hard_s = 1;
	xfrm_sa_add(w->a.x, &in);
	events.count = 0;
	drain(&w->a);
	events_read(&w->a, &events, 1, 5000);

	const struct xfrm_event *ev = event_of(&events, XFRM_EV_EXPIRE);

	check(ev && ev->hard && ev->spi == in.spi, "a time limit raises EXPIRE");
	check(xfrm_sa_del(w->a.x, &in.src, &in.dst, in.spi) == -ESRCH, "and the SA is gone");
	run(&w->a, ping_one);
	flush(&w->a);
	drain(&w->a);
	drain(&w->b);
}
