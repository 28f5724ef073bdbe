/*
 * tests/lab/xfrm_probe_move.c - SAs that move, with packets flowing; events that are lost or
 * forged.
 *
 * The proof that no sequence number is used twice is taken from the wire: a packet socket collects
 * what goes out while the SA moves to and fro.
 */
#include "tests/lab/xfrm_probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQID	   7
#define MOVES	   40
#define WIRE_MAX   200000 /* packets looked at */
#define FRAME_MAX  2048
#define ESP_OFFSET (14 + 20) /* Ethernet, IPv4 */

static void sweep(struct world *w)
{
	uint32_t reqid = REQID;

	xfrm_sa_flush(w->a.x, &reqid, 1, NULL);
	xfrm_sa_flush(w->b.x, &reqid, 1, NULL);
}

static bool pair_add(struct world *w, const struct xfrm_sa *out, const struct xfrm_sa *in)
{
	return !xfrm_sa_add(w->a.x, out) && !xfrm_sa_add(w->b.x, out) && !xfrm_sa_add(w->a.x, in) &&
	       !xfrm_sa_add(w->b.x, in);
}

/* A packet socket on a host's wire; all frames, both directions. */
static int wire_open(const struct host *host, const char *ifname)
{
	int buffer = 64 << 20;

	enter(host);

	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(ifname),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL));

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer));
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return -1;
	return fd;
}

/* ---- Ports ---- */

/* How many MAPPING events tell of `sa` with that port. */
static size_t mappings(const struct host *host, const struct xfrm_sa *sa, uint16_t port)
{
	struct events events = { 0 };
	size_t count = 0;

	events_read(host, &events, EVENTS_MAX, 500);
	for (size_t i = 0; i < events.count; i++) {
		const struct xfrm_event *ev = &events.at[i];

		count += ev->kind == XFRM_EV_MAPPING && ev->spi == sa->spi &&
			 ev->from.port == port && addr_eq(&ev->from.addr, &sa->src) &&
			 addr_eq(&ev->dst, &sa->dst);
	}
	return count;
}

void probe_ports(struct world *w)
{
	struct xfrm_sa out = sa_make(20, 36, 0, "10.99.0.1", "10.99.0.2", 0x8001);
	struct xfrm_sa in = sa_make(20, 36, 0, "10.99.0.2", "10.99.0.1", 0x8002);
	struct xfrm_sa_info before = { 0 }, after = { 0 };
	int err;

	out.encap = in.encap = out.esn = in.esn = true;
	out.encap_sport = out.encap_dport = in.encap_sport = in.encap_dport = 4500;
	check(pair_add(w, &out, &in) &&
		      !run(&w->a, "ping -q -c 5 -i 0.05 -W 5 10.8.0.2 >/dev/null"),
	      "a pair in UDP");

	/* b's NAT moves: its packets come from port 4501, where it also listens. */
	in.encap_sport = 4501;
	sa_read(&w->b, &in, &before);
	err = xfrm_sa_move(w->b.x, &in.src, &in.dst, &in);
	check(!err, "ports move in place%s", words(w->b.x, err));
	check(sa_read(&w->b, &in, &after) && after.encap_sport == 4501 &&
		      before.encap_sport == 4500 && after.progress.oseq == before.progress.oseq &&
		      before.progress.oseq >= 5,
	      "the template changed, the sequence number did not");
	run(&w->b, "ping -q -c 3 -i 0.05 -W 0.3 10.8.0.1 >/dev/null");
	check(mappings(&w->a, &in, 4501) == 3, "the other end sees MAPPING, with each packet");

	out.encap_dport = 4501;
	check(!xfrm_sa_move(w->a.x, &in.src, &in.dst, &in) &&
		      !xfrm_sa_move(w->a.x, &out.src, &out.dst, &out) &&
		      !xfrm_sa_move(w->b.x, &out.src, &out.dst, &out),
	      "and follows");
	check(!run(&w->a, "ping -q -c 3 -i 0.05 -W 5 10.8.0.2 >/dev/null") &&
		      sa_read(&w->b, &out, &after) && after.view.counters.packets >= 8,
	      "packets flow, counters went on");
	check(!mappings(&w->a, &in, 4501), "no further MAPPING");

	/* Into bare ESP: not in place, but moved all the same. */
	out.encap = in.encap = false;
	sa_read(&w->b, &in, &before);
	err = xfrm_sa_move(w->a.x, &in.src, &in.dst, &in);
	check(!err && !xfrm_sa_move(w->a.x, &out.src, &out.dst, &out) &&
		      !xfrm_sa_move(w->b.x, &in.src, &in.dst, &in) &&
		      !xfrm_sa_move(w->b.x, &out.src, &out.dst, &out),
	      "out of UDP%s", words(w->a.x, err));
	check(sa_read(&w->b, &in, &after) && !after.encap &&
		      after.progress.oseq == before.progress.oseq &&
		      after.view.counters.packets == before.view.counters.packets,
	      "the sequence number and the counters went along");
	check(!run(&w->a, "ping -q -c 3 -i 0.05 -W 5 10.8.0.2 >/dev/null"), "packets flow");

	/* Another source: UPDSA says yes and does nothing, so it must not be left to UPDSA. */
	struct xfrm_msg msg;
	struct xfrm_sa else_in = in;

	else_in.src = ip("10.99.0.4");
	xfrm_sa_build(&msg, XFRM_MSG_UPDSA, &else_in, NULL);
	check(!xfrm_request(w->b.x, XFRM_BUS_XFRM, &msg, NULL, NULL) &&
		      sa_read(&w->b, &in, &after) && addr_eq(&after.view.src, &in.src) &&
		      after.progress.oseq >= 8,
	      "UPDSA leaves source and sequence number alone");
	out.spi = 0x8fff;
	check(xfrm_sa_move(w->a.x, &out.src, &out.dst, &out) == -ESRCH, "no such SA: %s",
	      xfrm_why(w->a.x));
	sweep(w);
}

/* ---- Addresses ---- */

/* One ESP packet from the wire. */
struct packet {
	uint64_t iv; /* AES-GCM's explicit nonce, RFC 4106 3.1 */
	uint32_t seq;
};

/* The ESP packets of one SPI that `fd` holds; the last one's whole frame into `frame`. */
static size_t wire_read(int fd, uint32_t spi, struct packet *packets, size_t max, uint8_t *frame,
			size_t *frame_len)
{
	uint8_t bytes[FRAME_MAX];
	size_t count = 0;
	ssize_t len;

	while (count < max && (len = recv(fd, bytes, sizeof(bytes), 0)) > 0) {
		struct cur cur = cur_of(bytes, (size_t)len);

		cur_bytes(&cur, ESP_OFFSET);
		if (cur.bad || bytes[14 + 9] != IPPROTO_ESP || cur_u32(&cur) != spi)
			continue;
		packets[count].seq = cur_u32(&cur);
		packets[count++].iv = cur_u64(&cur);
		if (frame) {
			memcpy(frame, bytes, (size_t)len);
			*frame_len = (size_t)len;
		}
	}
	return count;
}

static int by_seq(const void *a, const void *b)
{
	const struct packet *x = a, *y = b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static int by_iv(const void *a, const void *b)
{
	const struct packet *x = a, *y = b;

	return x->iv < y->iv ? -1 : x->iv > y->iv;
}

static void move_once(struct world *w, struct xfrm_sa *out, struct xfrm_sa *in)
{
	struct xfrm_sa_info before[4] = { 0 }, after[4] = { 0 };
	struct addr old = in->src;

	check(pair_add(w, out, in) && !run(&w->a, "ping -q -c 9 -i 0.05 -W 5 10.8.0.2 >/dev/null"),
	      "a pair, with traffic");
	sa_read(&w->a, out, &before[0]);
	sa_read(&w->a, in, &before[1]);
	sa_read(&w->b, out, &before[2]);
	sa_read(&w->b, in, &before[3]);
	in->src = out->dst = ip("10.99.0.4");

	int err = xfrm_sa_move(w->a.x, &out->src, &old, out);

	check(!err && !xfrm_sa_move(w->a.x, &old, &in->dst, in) &&
		      !xfrm_sa_move(w->b.x, &out->src, &old, out) &&
		      !xfrm_sa_move(w->b.x, &old, &in->dst, in),
	      "all four move to another address%s", words(w->a.x, err));
	sa_read(&w->a, out, &after[0]);
	sa_read(&w->a, in, &after[1]);
	sa_read(&w->b, out, &after[2]);
	sa_read(&w->b, in, &after[3]);
	for (size_t i = 0; i < 4; i++)
		check(memcmp(&before[i].progress, &after[i].progress, sizeof(after[i].progress)) ==
				      0 &&
			      after[i].progress.oseq + after[i].progress.seq >= 9 &&
			      addr_eq(i % 3 ? &after[i].view.src : &after[i].view.dst,
				      i % 3 ? (i == 1 ? &in->src : &out->src)
					    : (i == 0 ? &out->dst : &in->dst)),
		      "sequence %u/%u, window and counters are as they were",
		      after[i].progress.oseq, after[i].progress.seq);
	check(number(&w->a, "ip xfrm state | grep -c 'proto esp'") == 2, "none is doubled");
}

/* A packet that was received before the move is a replay after it. */
static void replay_try(struct world *w, const struct xfrm_sa *in, int wire, const uint8_t *frame,
		       size_t frame_len)
{
	struct xfrm_counters before = { 0 }, after = { 0 };

	xfrm_sa_count(w->a.x, &in->dst, in->spi, &before);
	check(frame_len && send(wire, frame, frame_len, 0) == (ssize_t)frame_len, "sent once more");
	usleep(200000);
	xfrm_sa_count(w->a.x, &in->dst, in->spi, &after);
	check(after.replay_errors == before.replay_errors + 1 && after.packets == before.packets,
	      "a packet from before the move is refused as a replay");
}

/* What the wire says of a flood: no number and no nonce twice, none left out. */
static void flood_judge(struct packet *packets, size_t count)
{
	size_t seqs_doubled = 0, ivs_doubled = 0, masks = 1;

	qsort(packets, count, sizeof(*packets), by_iv);
	for (size_t i = 1; i < count; i++)
		ivs_doubled += packets[i].iv == packets[i - 1].iv;
	qsort(packets, count, sizeof(*packets), by_seq);
	for (size_t i = 1; i < count; i++) {
		seqs_doubled += packets[i].seq == packets[i - 1].seq;
		masks += (packets[i].iv ^ packets[i].seq) !=
			 (packets[i - 1].iv ^ packets[i - 1].seq);
	}
	check(count > 100 && !seqs_doubled && !ivs_doubled,
	      "%u moves under load: no sequence number and no IV twice", MOVES);
	check(count && packets[count - 1].seq - packets[0].seq == count - 1,
	      "and no number left out");
	check(masks > MOVES / 4, "%zu packets, %zu masks between sequence number and IV", count,
	      masks);
}

static void move_flood(struct world *w, struct xfrm_sa *out)
{
	struct addr here = ip("10.99.0.1"), there = ip("10.99.0.3");
	struct packet *packets = calloc(WIRE_MAX, sizeof(*packets));
	int wire = wire_open(&w->a, "ua"), failed = 0;

	if (!packets || wire < 0) {
		check(false, "no packet socket");
		free(packets);
		return;
	}
	/* Two at once, so that some packet is on its way at any moment. */
	for (unsigned i = 0; i < 2; i++)
		run(&w->a, "ping -q -f -w 5 10.8.0.2 >/dev/null 2>&1 &");
	for (unsigned i = 0; i < MOVES; i++) {
		struct addr from = out->src;

		usleep(100000);
		out->src = addr_eq(&from, &here) ? there : here;
		failed += xfrm_sa_move(w->a.x, &from, &out->dst, out) != 0;
	}
	sleep(2);
	check(!failed, "%u moves", MOVES);
	flood_judge(packets, wire_read(wire, out->spi, packets, WIRE_MAX, NULL, NULL));
	close(wire);
	free(packets);
}

void probe_move(struct world *w)
{
	struct xfrm_sa out = sa_make(20, 36, 0, "10.99.0.1", "10.99.0.2", 0xa001);
	struct xfrm_sa in = sa_make(20, 36, 0, "10.99.0.2", "10.99.0.1", 0xa002);
	uint8_t frame[FRAME_MAX];
	struct packet packets[64];
	size_t frame_len = 0;
	int wire = wire_open(&w->b, "ub");

	out.esn = in.esn = true;
	out.hard_packets = 1000000;
	move_once(w, &out, &in);
	wire_read(wire, in.spi, packets, ARRAY_LEN(packets), frame, &frame_len);
	replay_try(w, &in, wire, frame, frame_len);
	close(wire);

	/* Traffic at the new address: b sends from it, a towards it. */
	run(&w->b, "ip link del gre1; ip link add gre1 type gre key 42 ttl 64;"
		   "ip addr add 10.8.0.2/24 dev gre1; ip link set gre1 mtu 1400 up;"
		   "ip route change 10.99.0.0/24 dev ub src 10.99.0.4;"
		   "ip neigh replace 10.8.0.1 lladdr 10.99.0.1 dev gre1 nud permanent");
	run(&w->a, "ip neigh replace 10.8.0.2 lladdr 10.99.0.4 dev gre1 nud permanent");
	check(!run(&w->a, "ping -q -c 3 -i 0.05 -W 5 10.8.0.2 >/dev/null"),
	      "packets flow to and from the new address");
	move_flood(w, &out);
	sweep(w);
}

/* ---- Events lost and forged ---- */

/* Root may send to any netlink port; what it says is not the kernel's. */
static void forge(struct world *w)
{
	struct xfrm_msg msg;
	struct xfrm_user_expire expire = { .hard = 1 };
	struct events events = { 0 };
	uint64_t before = xfrm_malformed(w->a.x);
	struct sockaddr_nl to = {
		.nl_family = AF_NETLINK,
		.nl_pid = mnl_socket_get_portid(w->a.x->event[XFRM_BUS_XFRM]),
	};

	enter(&w->a);
	expire.state.family = AF_INET;
	expire.state.id.proto = IPPROTO_ESP;
	xfrm_msg_begin(&msg, XFRM_MSG_EXPIRE, 0, &expire, sizeof(expire));

	struct cur bytes = xfrm_msg_bytes(&msg);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM);
	ssize_t sent = sendto(fd, bytes.p, bytes.left, 0, (struct sockaddr *)&to, sizeof(to));

	close(fd);
	events_read(&w->a, &events, 1, 500);
	check(sent == (ssize_t)bytes.left && events.count == 0 &&
		      xfrm_malformed(w->a.x) == before + 1,
	      "a message that is not the kernel's is counted and dropped");
}

void probe_events(struct world *w)
{
	struct events events = { 0 };
	struct xfrm_sa sa = sa_make(20, 36, 0, "10.99.0.2", "10.99.0.1", 0xb000);
	int small = 1, fd = mnl_socket_get_fd(w->a.x->event[XFRM_BUS_XFRM]);

	events_read(&w->a, &events, EVENTS_MAX, 300);
	events.count = 0;
	forge(w);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	sa.hard_s = 1;
	for (unsigned i = 0; i < 50; i++) {
		sa.spi++;
		if (xfrm_sa_add(w->a.x, &sa))
			note("%s", xfrm_why(w->a.x));
	}
	sleep(3);
	events_read(&w->a, &events, EVENTS_MAX, 500);
	check(event_of(&events, XFRM_EV_RESYNC), "a full buffer becomes RESYNC (%zu events)",
	      events.count);
	small = 1 << 20;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &small, sizeof(small));
	sa.spi++;
	xfrm_sa_add(w->a.x, &sa);
	events.count = 0;
	events_read(&w->a, &events, 1, 4000);

	const struct xfrm_event *ev = event_of(&events, XFRM_EV_EXPIRE);

	check(ev && ev->spi == sa.spi, "and events go on");
	sweep(w);
}
