/*
 * daemon/net.c - see net.h.  RFC 3948 2.1-2.3, RFC 7296 2.23.
 *
 * The kernel tells ESP from IKE on port 4500 (UDP_ENCAP): ESP with an SPI goes to XFRM, what begins
 * with four zero bytes comes to us.  Sockets are bound without SO_REUSEADDR: a second IKE daemon on
 * the machine shall fail loudly, not share our datagrams.
 *
 * Large IKE messages may be fragmented by IP (IP_PMTUDISC_DONT): IKE over UDP has no other way
 * until RFC 7383.  Reading is bounded per wakeup, so that a flood on one socket leaves room for the
 * others and for timers.
 *
 * Left out: link-local IPv6 (an address without its scope is no address), and multicast.
 */
#include "daemon/net.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef UDP_ENCAP
#define UDP_ENCAP 100
#endif
#ifndef UDP_ENCAP_ESPINUDP
#define UDP_ENCAP_ESPINUDP 2
#endif

#define MARKER_LEN    4
#define CONTROL_BYTES 128 /* room for one PKTINFO of either family */

static const uint8_t marker[MARKER_LEN]; /* RFC 3948 2.2: four zero bytes */

struct sock {
	int fd;
	int family;
	uint16_t port;
	bool natt;
};

struct net {
	size_t count;
	struct sock sock[NET_SOCKETS_MAX];
	uint64_t drops[NET_DROP_COUNT];
	struct mmsghdr msg[NET_BATCH_MAX];
	struct iovec iov[NET_BATCH_MAX];
	struct sockaddr_storage from[NET_BATCH_MAX];
	_Alignas(struct cmsghdr) uint8_t control[NET_BATCH_MAX][CONTROL_BYTES];
	uint8_t bytes[NET_BATCH_MAX][NET_DATAGRAM_MAX];
};

const char *net_drop_name(enum net_drop drop)
{
	static const char *const names[NET_DROP_COUNT] = {
		[NET_DROP_NONE] = "none",
		[NET_DROP_KEEPALIVE] = "keepalive",
		[NET_DROP_SHORT] = "short",
		[NET_DROP_ESP] = "esp-unknown-spi",
		[NET_DROP_CUT] = "too-long",
		[NET_DROP_ADDRESS] = "address",
		[NET_DROP_BUSY] = "send-busy",
		[NET_DROP_SEND] = "send-refused",
		[NET_DROP_NO_SOCKET] = "send-no-socket",
	};

	return names[drop];
}

/* ---- opening ---- */

static bool set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

static void set_buffer(int fd, int force, int plain)
{
	/* Beyond net.core.rmem_max with CAP_NET_ADMIN, else as far as that goes. */
	if (!set_int(fd, SOL_SOCKET, force, NET_BUFFER_BYTES))
		(void)set_int(fd, SOL_SOCKET, plain, NET_BUFFER_BYTES);
}

static bool set_options(int fd, int family)
{
	set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
	set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
	if (family == AF_INET6)
		return set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) &&
		       set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
		       set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
	return set_int(fd, IPPROTO_IP, IP_PKTINFO, 1) &&
	       set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
}

static bool bind_any(int fd, int family, uint16_t port)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	if (family == AF_INET6)
		return bind(fd, (struct sockaddr *)&in6, sizeof(in6)) == 0;
	return bind(fd, (struct sockaddr *)&in4, sizeof(in4)) == 0;
}

static void explain(struct note *note, uint16_t port, int err, const char *what)
{
	if (err == EADDRINUSE)
		note_write(note, NOTE_ERROR,
			   "UDP port %u is taken: another spoked or IKE daemon is running", port);
	else
		note_write(note, NOTE_ERROR, "UDP port %u: %s: %s", port, what, strerror(err));
}

/* False: `note` says why.  A family that the machine does not have is left out. */
static bool open_one(struct net *net, const struct net_conf *conf, int family, bool natt,
		     struct note *note)
{
	uint16_t port = natt ? conf->natt_port : conf->ike_port;
	struct sock *s = &net->sock[net->count];
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP);
	const char *what = "socket";
	bool ok = fd >= 0;

	if (fd < 0 && family == AF_INET6 && errno == EAFNOSUPPORT)
		return true;
	if (ok) {
		what = "options";
		ok = set_options(fd, family);
	}
	if (ok) {
		what = "bind";
		ok = bind_any(fd, family, port);
		if (!ok && family == AF_INET6 && errno == EADDRNOTAVAIL) {
			close(fd);
			return true;
		}
	}
	if (ok && natt && conf->encap) {
		what = "ESP in UDP (is the kernel built with XFRM?)";
		ok = set_int(fd, IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_ESPINUDP);
	}
	if (!ok) {
		explain(note, port, errno, what);
		if (fd >= 0)
			close(fd);
		return false;
	}
	*s = (struct sock){ .fd = fd, .family = family, .port = port, .natt = natt };
	net->count++;
	return true;
}

struct net *net_open(const struct net_conf *conf, char why[static NOTE_MAX])
{
	struct net *net = calloc(1, sizeof(*net));
	struct note note = { .text = "out of memory" };

	if (net && open_one(net, conf, AF_INET, false, &note) &&
	    open_one(net, conf, AF_INET, true, &note) &&
	    (!conf->ip6 || (open_one(net, conf, AF_INET6, false, &note) &&
			    open_one(net, conf, AF_INET6, true, &note))))
		return net;
	memcpy(why, note.text, NOTE_MAX);
	net_close(net);
	return NULL;
}

void net_close(struct net *net)
{
	if (!net)
		return;
	for (size_t i = 0; i < net->count; i++)
		close(net->sock[i].fd);
	free(net);
}

size_t net_count(const struct net *net)
{
	return net->count;
}

int net_fd(const struct net *net, size_t i)
{
	return net->sock[i].fd;
}

const uint64_t *net_drops(const struct net *net)
{
	return net->drops;
}

/* ---- addresses ---- */

static struct addr addr_of4(const struct in_addr *in)
{
	return addr_from_bytes(in, sizeof(*in));
}

/* ADDR_NONE for what has no meaning without an interface. */
static struct addr addr_of6(const struct in6_addr *in)
{
	if (IN6_IS_ADDR_LINKLOCAL(in) || IN6_IS_ADDR_MULTICAST(in))
		return (struct addr){ 0 };
	return addr_from_bytes(in, sizeof(*in));
}

static struct endpoint endpoint_of(const struct sockaddr_storage *ss)
{
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)ss;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)ss;

	if (ss->ss_family == AF_INET)
		return (struct endpoint){ addr_of4(&in4->sin_addr), ntohs(in4->sin_port) };
	if (ss->ss_family == AF_INET6)
		return (struct endpoint){ addr_of6(&in6->sin6_addr), ntohs(in6->sin6_port) };
	return (struct endpoint){ 0 };
}

static socklen_t sockaddr_of(const struct endpoint *ep, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	if (ep->addr.family == ADDR_IP4) {
		struct sockaddr_in *in4 = (struct sockaddr_in *)out;

		in4->sin_family = AF_INET;
		in4->sin_port = htons(ep->port);
		memcpy(&in4->sin_addr, ep->addr.b, 4);
		return sizeof(*in4);
	}

	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(ep->port);
	memcpy(&in6->sin6_addr, ep->addr.b, 16);
	return sizeof(*in6);
}

/* The address that the datagram was sent to; ADDR_NONE if it was not one of ours alone. */
static struct addr local_of(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			if (info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr)
				break; /* broadcast or multicast */
			return addr_of4(&info.ipi_addr);
		}
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			return addr_of6(&info.ipi6_addr);
		}
	}
	return (struct addr){ 0 };
}

/* ---- in ---- */

/* Is this datagram the engine's?  Takes the marker off `bytes`. */
static enum net_drop sift(const struct sock *s, const struct ike_path *path, struct cur *bytes,
			  bool cut)
{
	if (cut)
		return NET_DROP_CUT;
	if (path->local.addr.family == ADDR_NONE || path->remote.addr.family == ADDR_NONE)
		return NET_DROP_ADDRESS;
	if (!s->natt)
		return NET_DROP_NONE;
	if (bytes->left == 1 && bytes->p[0] == 0xff)
		return NET_DROP_KEEPALIVE;
	if (bytes->left < MARKER_LEN)
		return NET_DROP_SHORT;
	if (!cur_eq(cur_sub(bytes, MARKER_LEN), cur_of(marker, MARKER_LEN)))
		return NET_DROP_ESP;
	return NET_DROP_NONE;
}

static int read_batch(struct net *net, const struct sock *s)
{
	for (size_t i = 0; i < NET_BATCH_MAX; i++) {
		net->iov[i] = (struct iovec){ net->bytes[i], NET_DATAGRAM_MAX };
		net->msg[i].msg_hdr = (struct msghdr){
			.msg_name = &net->from[i],
			.msg_namelen = sizeof(net->from[i]),
			.msg_iov = &net->iov[i],
			.msg_iovlen = 1,
			.msg_control = net->control[i],
			.msg_controllen = CONTROL_BYTES,
		};
	}
	return recvmmsg(s->fd, net->msg, NET_BATCH_MAX, MSG_DONTWAIT, NULL);
}

void net_receive(struct net *net, size_t i,
		 void (*on_datagram)(void *ctx, const struct ike_path *path, struct cur bytes),
		 void *ctx)
{
	const struct sock *s = &net->sock[i];
	int count = read_batch(net, s); /* an error (ICMP's, or nothing there) is not a datagram */

	for (int n = 0; n < count; n++) {
		struct msghdr *msg = &net->msg[n].msg_hdr;
		struct cur bytes = cur_of(net->bytes[n], net->msg[n].msg_len);
		struct ike_path path = { .local = { local_of(msg), s->port },
					 .remote = endpoint_of(&net->from[n]) };
		enum net_drop drop = sift(s, &path, &bytes, msg->msg_flags & MSG_TRUNC);

		if (drop)
			net->drops[drop]++;
		else
			on_datagram(ctx, &path, bytes);
	}
}

/* ---- out ---- */

static const struct sock *sock_for(const struct net *net, const struct endpoint *local)
{
	int family = local->addr.family == ADDR_IP6 ? AF_INET6 : AF_INET;

	for (size_t i = 0; i < net->count; i++) {
		if (net->sock[i].family == family && net->sock[i].port == local->port)
			return &net->sock[i];
	}
	return NULL;
}

/* Say which of our addresses it comes from. */
static void set_local(struct msghdr *msg, const struct addr *local)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);

	if (local->family == ADDR_IP4) {
		struct in_pktinfo info = { 0 };

		memcpy(&info.ipi_spec_dst, local->b, 4);
		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		msg->msg_controllen = CMSG_SPACE(sizeof(info));
		return;
	}

	struct in6_pktinfo info = { 0 };

	memcpy(&info.ipi6_addr, local->b, 16);
	c->cmsg_level = IPPROTO_IPV6;
	c->cmsg_type = IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(c), &info, sizeof(info));
	msg->msg_controllen = CMSG_SPACE(sizeof(info));
}

static enum net_drop send_one(const struct sock *s, const struct ike_path *path, struct cur bytes)
{
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_BYTES] = { 0 };
	struct sockaddr_storage to;
	bool keepalive = bytes.left == 1 && bytes.p[0] == 0xff;
	/* sendmsg takes no const pointers, and writes through none of them. */
	struct iovec iov[2] = {
		{ (void *)(uintptr_t)marker, s->natt && !keepalive ? MARKER_LEN : 0 },
		{ (void *)(uintptr_t)bytes.p, bytes.left },
	};
	struct msghdr msg = {
		.msg_name = &to,
		.msg_namelen = sockaddr_of(&path->remote, &to),
		.msg_iov = iov,
		.msg_iovlen = 2,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};

	set_local(&msg, &path->local.addr);
	if (sendmsg(s->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return NET_DROP_NONE;
	return errno == EAGAIN || errno == ENOBUFS ? NET_DROP_BUSY : NET_DROP_SEND;
}

enum net_drop net_send(struct net *net, const struct ike_path *path, struct cur bytes)
{
	const struct sock *s = sock_for(net, &path->local);
	enum net_drop drop = NET_DROP_NO_SOCKET;

	if (s && path->remote.addr.family == path->local.addr.family)
		drop = send_one(s, path, bytes);
	if (drop)
		net->drops[drop]++;
	return drop;
}

bool net_source(const struct addr *remote, struct addr *out)
{
	struct endpoint to = { *remote, IKE_PORT };
	struct sockaddr_storage ss;
	socklen_t len = sockaddr_of(&to, &ss);
	int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
	bool ok = remote->family != ADDR_NONE && fd >= 0 &&
		  connect(fd, (struct sockaddr *)&ss, len) == 0;

	if (ok) {
		len = sizeof(ss);
		ok = getsockname(fd, (struct sockaddr *)&ss, &len) == 0;
	}
	if (fd >= 0)
		close(fd);
	if (!ok)
		return false;
	*out = endpoint_of(&ss).addr;
	return out->family != ADDR_NONE;
}
