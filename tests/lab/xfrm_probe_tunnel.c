/*
 * tests/lab/xfrm_probe_tunnel.c - opening, interfaces, addresses: the parts of xfrm_probe that need
 * no SA.
 */
#include "tests/lab/xfrm_probe.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Opening ---- */

/* Become nobody, with CAP_NET_ADMIN or without; the rest is gone for good. */
static bool root_drop(bool keep)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (keep)
		data[0].effective = data[0].permitted = 1u << CAP_NET_ADMIN;
	return prctl(PR_SET_KEEPCAPS, 1) == 0 && setgid(65534) == 0 && setuid(65534) == 0 &&
	       syscall(SYS_capset, &head, data) == 0;
}

static bool works_without_root(void)
{
	char why[XFRM_WHY_MAX];
	struct xfrm_policy policy = { .reqid = 99 };
	struct xfrm_sa sa = sa_make(20, 36, 0, "10.99.0.1", "10.99.0.9", 0x900);
	struct xfrm_tunnel tunnel = { .name = "gre9", .local = ip("10.99.0.1"), .ttl = 64 };
	struct xfrm *x = root_drop(true) ? xfrm_open(why) : NULL;

	if (!x || geteuid() == 0)
		return false;
	return !xfrm_policy_set(x, &policy) && !xfrm_policy_del(x, &policy) &&
	       !xfrm_sa_add(x, &sa) && !xfrm_sa_del(x, &sa.src, &sa.dst, sa.spi) &&
	       !xfrm_tunnel_ensure(x, &tunnel, NULL, NULL) && !xfrm_tunnel_delete(x, "gre9");
}

static bool refused_without_rights(void)
{
	char why[XFRM_WHY_MAX] = "";
	struct xfrm *x = root_drop(false) ? xfrm_open(why) : NULL;

	if (!x)
		note("%s", why);
	return !x && strstr(why, "CAP_NET_ADMIN");
}

static bool in_child(bool (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(body() ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

/*
 * Where no socket listens to ACQUIREs, a packet that finds no SA leaves no larval one: 0 as an exit
 * status of the shell.
 */
static bool larval_without_listener(void)
{
	return unshare(CLONE_NEWNET) == 0 &&
	       system("ip link add d0 type dummy; ip addr add 10.1.0.1/24 dev d0; ip link set d0 "
		      "up;"
		      "ip link add g1 type gre local 10.1.0.1 remote 10.1.0.2;"
		      "ip addr add 10.2.0.1/24 dev g1; ip link set g1 up;"
		      "ip xfrm policy add dir out proto gre tmpl proto esp reqid 1 mode transport;"
		      "ping -q -c 1 -W 0.3 10.2.0.2 >/dev/null;"
		      "grep -q 'XfrmOutNoStates.*[1-9]' /proc/self/net/xfrm_stat &&"
		      "test -z \"$(ip xfrm state)\"") == 0;
}

void probe_open(struct world *w)
{
	enter(&w->a);
	check(in_child(larval_without_listener), "nobody listens: dropped, and no larval SA");
	check(in_child(works_without_root), "open, policy, SA, link as nobody with CAP_NET_ADMIN");
	check(in_child(refused_without_rights), "open without rights names CAP_NET_ADMIN");
}

/* ---- Interfaces ---- */

static struct xfrm_tunnel mgre(const char *local, const char *inner)
{
	struct xfrm_tunnel tunnel = {
		.name = "gre1",
		.type = XFRM_TUNNEL_GRE,
		.local = ip(local),
		.has_key = true,
		.key = 42,
		.ttl = 64,
		.overhead = xfrm_esp_overhead(20, 0),
		.address_count = 1,
		.address = { { ip(inner), 24 } },
	};

	return tunnel;
}

static void creation(struct world *w)
{
	struct xfrm_tunnel tunnel = mgre("10.99.0.1", "10.8.0.1");
	struct xfrm_link link;
	bool created = false;
	uint32_t mtu = 0;
	int err = xfrm_tunnel_ensure(w->a.x, &tunnel, &created, &mtu);

	check(!err && created, "mGRE with key created%s", words(w->a.x, err));
	check(mtu == 1500 - 20 - 8 - 45, "MTU computed: %u", mtu);
	check(!xfrm_link_get(w->a.x, "gre1", &link) && link.mtu == mtu && link.has_ikey &&
		      link.ikey == 42 && link.okey == 42 && link.ttl == 64 && link.pmtudisc &&
		      addr_eq(&link.local, &tunnel.local) && link.remote.family == ADDR_NONE,
	      "the kernel has it as asked for");
	check(!run(&w->a,
		   "ip link show gre1 | grep -q 'UP' && ! ip link show gre1 | grep -q NOARP"),
	      "it is up, and NOARP is off");
	check(!run(&w->a, "ip addr show gre1 | grep -q '10.8.0.1/24'"), "it has its address");
	check(run(&w->a,
		  "ip route get 10.8.0.77 >/dev/null; ping -q -c 1 -W 0.3 10.8.0.77 >/dev/null") &&
		      !run(&w->a,
			   "ip neigh show 10.8.0.77 dev gre1 | grep -Eq 'FAILED|INCOMPLETE'"),
	      "a destination without neighbour entry stays unresolved");
	run(&w->a, "ip neigh flush dev gre1; ip neigh del 10.8.0.77 dev gre1 2>/dev/null");
}

static void adoption(struct world *w)
{
	struct xfrm_tunnel tunnel = mgre("10.99.0.1", "10.8.0.1");
	struct xfrm_link before, after;
	bool created = true;

	run(&w->a, "ip addr add 10.77.0.1/24 dev gre1; ip link set gre1 down arp off;"
		   "ip link set gre1 type gre local 10.99.0.1 key 42 ttl 64 tos 0x10");
	tunnel.ttl = 77;
	tunnel.mtu = 1333;
	tunnel.address[tunnel.address_count++] = (struct xfrm_tunnel_address){ ip("fd00::1"), 64 };

	int err = xfrm_tunnel_ensure(w->a.x, &tunnel, &created, NULL);

	check(!err && !created, "adopted%s", words(w->a.x, err));
	check(!xfrm_link_get(w->a.x, "gre1", &after) && after.ttl == 77 && after.mtu == 1333 &&
		      after.has_ikey && after.ikey == 42,
	      "TTL and MTU set, key kept");
	check(!run(&w->a, "ip -d link show gre1 | grep -q 'tos 0x10'"), "a foreign TOS stays");
	check(!run(&w->a, "ip addr show gre1 | grep -q 10.77.0.1"), "a foreign address stays");
	check(!run(&w->a, "ip addr show gre1 | grep -q 'fd00::1/64'"),
	      "a missing address is added");
	check(!run(&w->a, "ip link show gre1 | grep -q UP && ! ip link show gre1 | grep -q NOARP"),
	      "up again, and NOARP off");

	tunnel = mgre("10.99.0.1", "10.8.0.1");
	check(!xfrm_tunnel_ensure(w->a.x, &tunnel, NULL, NULL) &&
		      !xfrm_link_get(w->a.x, "gre1", &before) && before.mtu == 1427 &&
		      before.ttl == 64,
	      "and back");
}

static void refused(struct world *w, const char *what, struct xfrm_tunnel tunnel, const char *is,
		    const char *wanted)
{
	struct xfrm_link before, after;
	int found = xfrm_link_get(w->a.x, tunnel.name, &before);
	int err = xfrm_tunnel_ensure(w->a.x, &tunnel, NULL, NULL);
	const char *why = xfrm_why(w->a.x);

	note("%s", why);
	check(err == -EEXIST && strstr(why, is) && strstr(why, wanted), "another %s is refused",
	      what);
	if (xfrm_link_get(w->a.x, tunnel.name, &after) != found || before.mtu != after.mtu ||
	    before.flags != after.flags || before.data_len != after.data_len ||
	    memcmp(before.data, after.data, before.data_len) != 0)
		check(false, "nothing changed");
}

static void refusal(struct world *w)
{
	struct xfrm_tunnel tunnel = mgre("10.99.0.1", "10.8.0.1");

	tunnel.key = 43;
	refused(w, "key", tunnel, "key 42", "key 43");
	tunnel.has_key = false;
	refused(w, "key", tunnel, "key 42", "no key");
	tunnel = mgre("10.99.0.3", "10.8.0.1");
	refused(w, "local", tunnel, "local 10.99.0.1", "local 10.99.0.3");
	tunnel = mgre("10.99.0.1", "10.8.0.1");
	tunnel.remote = ip("10.99.0.2");
	refused(w, "remote", tunnel, "remote any", "remote 10.99.0.2");
	tunnel.type = XFRM_TUNNEL_GRETAP;
	refused(w, "type", tunnel, "type gre,", "type gretap");
	tunnel = mgre("10.99.0.1", "10.8.0.1");
	memcpy(tunnel.name, "ua", 3);
	refused(w, "kind of device", tunnel, "type veth", "type gre");
	memcpy(tunnel.name, "gre2", 5);
	refused(w, "interface of the same identity", tunnel, "another interface", "gre");
	memcpy(tunnel.name, "gre3", 5);
	tunnel.key = 3;
	tunnel.address[0].bits = 99;
	check(xfrm_tunnel_ensure(w->a.x, &tunnel, NULL, NULL) == -EINVAL &&
		      run(&w->a, "ip link show gre3 2>/dev/null"),
	      "a half-made interface is taken back: %s", xfrm_why(w->a.x));
}

static void taps(struct world *w)
{
	struct xfrm_tunnel tunnel = {
		.name = "tap1",
		.type = XFRM_TUNNEL_GRETAP,
		.local = ip("10.99.0.1"),
		.remote = ip("10.99.0.2"),
		.ttl = 64,
		.overhead = xfrm_esp_overhead(12, 14),
	};
	struct xfrm_link link;
	bool created = false;
	uint32_t mtu = 0;
	int err = xfrm_tunnel_ensure(w->a.x, &tunnel, &created, &mtu);

	check(!err && created && mtu == 1500, "gretap created, MTU %u%s", mtu, words(w->a.x, err));
	check(!xfrm_link_get(w->a.x, "tap1", &link) && !link.pmtudisc && link.ignore_df &&
		      link.ttl == 64 && link.mtu == 1500,
	      "nopmtudisc, ignore-df, TTL 64, MTU 1500");
	check(!xfrm_tunnel_ensure(w->a.x, &tunnel, &created, NULL) && !created, "gretap adopted");
	tunnel.ttl = 0;
	check(!xfrm_tunnel_ensure(w->a.x, &tunnel, &created, NULL) &&
		      !xfrm_link_get(w->a.x, "tap1", &link) && link.ttl == 0 && link.ignore_df,
	      "gretap's TTL changed");
	check(!xfrm_tunnel_delete(w->a.x, "tap1") &&
		      xfrm_link_get(w->a.x, "tap1", &link) == -ENODEV,
	      "gretap deleted");
	check(xfrm_tunnel_delete(w->a.x, "tap1") == -ENODEV, "a second time: -ENODEV");
	check(xfrm_tunnel_delete(w->a.x, "ua") == -EINVAL && !xfrm_link_get(w->a.x, "ua", &link),
	      "no other kind is deleted: %s", xfrm_why(w->a.x));
	tunnel.remote = (struct addr){ 0 };
	check(xfrm_tunnel_ensure(w->a.x, &tunnel, NULL, NULL) == -EINVAL, "gretap needs a remote");
	check(run(&w->a, "ip link add t9 type gretap remote 10.99.0.2 ignore-df 2>/dev/null"),
	      "the kernel refuses ignore-df with pmtudisc");
	check(run(&w->a, "ip link del gre0 2>/dev/null || ip link del gretap0 2>/dev/null"),
	      "the module's own interfaces cannot be removed");
}

static void points(struct world *w)
{
	struct xfrm_tunnel tunnel = {
		.name = "grep2p",
		.remote = ip("10.99.0.2"),
		.overhead = 81,
		.address_count = 1,
		.address = { { ip("10.66.0.1"), 30 } },
	};
	uint32_t mtu = 0;
	int err = xfrm_tunnel_ensure(w->a.x, &tunnel, NULL, &mtu);

	check(!err && mtu == 1500 - 20 - 4 - 81,
	      "point to point without key or local, MTU %u by the route%s", mtu,
	      words(w->a.x, err));
	check(!run(&w->a, "ip link show grep2p | grep -q POINTOPOINT"), "it is point to point");
	check(!xfrm_tunnel_delete(w->a.x, "grep2p"), "deleted");
}

void probe_tunnels(struct world *w)
{
	struct xfrm_tunnel other = mgre("10.99.0.2", "10.8.0.2");
	int err;

	creation(w);
	adoption(w);
	refusal(w);
	taps(w);
	points(w);
	err = xfrm_tunnel_ensure(w->b.x, &other, NULL, NULL);
	check(!err, "the other host's%s", words(w->b.x, err));
	run(&w->a, "ip neigh replace 10.8.0.2 lladdr 10.99.0.2 dev gre1 nud permanent");
	run(&w->b, "ip neigh replace 10.8.0.1 lladdr 10.99.0.1 dev gre1 nud permanent");
	check(!run(&w->a, "ping -q -c 1 -W 5 10.8.0.2 >/dev/null"), "plain mGRE carries a ping");
}

void probe_links(struct world *w)
{
	struct xfrm *x = w->a.x;
	struct addr got = { 0 }, want = ip("10.99.0.1"), next = ip("10.99.0.3");
	struct addr four = ip("10.99.0.2"), none = { 0 }, six = ip("fd00::1"),
		    loop = ip("127.0.0.9");
	struct events events = { 0 };

	check(!xfrm_link_address(x, "ua", &got) && addr_eq(&got, &want), "first address of ua");
	check(xfrm_link_address(x, "nope", &got) == -ENODEV, "-ENODEV: %s", xfrm_why(x));
	run(&w->a, "ip link add d0 type dummy; ip link set d0 mtu 1300 up");
	check(xfrm_link_address(x, "d0", &got) == -EADDRNOTAVAIL, "-EADDRNOTAVAIL: %s",
	      xfrm_why(x));
	check(xfrm_address_is_local(x, &want) && xfrm_address_is_local(x, &next) &&
		      xfrm_address_is_local(x, &six) && xfrm_address_is_local(x, &loop),
	      "own addresses are local");
	check(!xfrm_address_is_local(x, &four) && !xfrm_address_is_local(x, &none),
	      "others are not");
	run(&w->a, "ip addr add 10.55.0.1/32 dev d0; ip route add 10.56.0.0/24 dev d0;"
		   "ip addr add 10.57.0.1/32 dev lo");
	got = ip("10.55.0.1");
	check(xfrm_underlay_mtu(x, &got, &none) == 1300, "underlay MTU by the local address");
	got = ip("10.56.0.9");
	check(xfrm_underlay_mtu(x, &none, &got) == 1300, "underlay MTU by the route");
	got = ip("10.57.0.1");
	check(xfrm_underlay_mtu(x, &got, &none) == 1500, "a loopback's MTU does not count");

	events_read(&w->a, &events, EVENTS_MAX, 300);
	events.count = 0;
	run(&w->a, "ip link set d0 down");
	events_read(&w->a, &events, 1, 3000);

	const struct xfrm_event *ev = event_of(&events, XFRM_EV_LINK);

	check(ev && ev->ifindex > 0 && !ev->up, "a link going down is an event");
	events.count = 0;
	run(&w->a, "ip addr add 10.99.0.9/24 dev ua");
	events_read(&w->a, &events, 1, 3000);
	ev = event_of(&events, XFRM_EV_LINK);
	check(ev && ev->up, "an address coming is an event");
	run(&w->a,
	    "ip addr del 10.99.0.9/24 dev ua; ip link del d0; ip addr del 10.57.0.1/32 dev lo");
	events_read(&w->a, &events, EVENTS_MAX, 300);
}
