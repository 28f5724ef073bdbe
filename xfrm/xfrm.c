/*
 * xfrm/xfrm.c - sockets, and one request with its answers.
 *
 * There are four netlink sockets.  Two take requests (NETLINK_XFRM for SAs and policies,
 * NETLINK_ROUTE for links, addresses and routes), are blocking and joined to no group, so that an
 * answer is never lost among events.  Two take events, are non-blocking with a large buffer, and
 * sit in an epoll instance whose descriptor is what the caller polls.
 *
 * The kernel works a request off inside send(), so the answer is there when we read; the time-out
 * is for a kernel that loads a cipher module meanwhile, or lost the answer for want of memory.
 *
 * Whatever held keys - requests, and answers about SAs - is wiped after use.  Errors do not echo
 * the request (NETLINK_CAP_ACK), and say in words what the kernel did not like (NETLINK_EXT_ACK).
 */
#include "xfrm/request.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>

#define REQUEST_TIMEOUT_S   5
#define REQUEST_BUFFER_LEN  (1 << 20) /* a dump arrives piece by piece: this is plenty */
#define EVENT_BUFFER_LEN    (8 << 20) /* about ten thousand ACQUIREs */
#define REPLY_DATAGRAMS_MAX 65536     /* an answer longer than this is no answer */

static const int bus_family[XFRM_BUS_COUNT] = {
	[XFRM_BUS_XFRM] = NETLINK_XFRM,
	[XFRM_BUS_ROUTE] = NETLINK_ROUTE,
};

static const unsigned event_groups[XFRM_BUS_COUNT][4] = {
	[XFRM_BUS_XFRM] = { XFRMNLGRP_ACQUIRE, XFRMNLGRP_EXPIRE, XFRMNLGRP_MAPPING,
			    XFRMNLGRP_POLICY },
	[XFRM_BUS_ROUTE] = { RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR },
};

/* ---- Words ---- */

static const char *err_text(int err)
{
	switch (-err) {
	case EPERM:
		return "not permitted: CAP_NET_ADMIN is missing";
	case ETIMEDOUT:
		return "the kernel did not answer";
	case ENOSYS:
		return "this kernel lacks the algorithm";
	case EPROTO:
		return "the kernel's answer made no sense";
	default: /* errno's, not ours */
		return strerror(-err);
	}
}

int xfrm_fail(struct xfrm *x, int err, const char *format, ...)
{
	char sentence[XFRM_WHY_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);

	int len = snprintf(x->why, sizeof(x->why), "%s: %s%s%s", sentence, err_text(err),
			   x->said[0] ? "; the kernel says: " : "", x->said);

	if (len < 0)
		x->why[0] = '\0';
	x->said[0] = '\0';
	return err;
}

const char *xfrm_why(const struct xfrm *x)
{
	return x->why;
}

uint64_t xfrm_malformed(const struct xfrm *x)
{
	return x->malformed;
}

/* ---- Opening ---- */

static void buffer_grow(int fd, int len)
{
	/* The first goes past net.core.rmem_max and needs CAP_NET_ADMIN. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &len, sizeof(len)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &len, sizeof(len));
}

static struct mnl_socket *socket_open(enum xfrm_bus bus, int flags)
{
	struct mnl_socket *socket = mnl_socket_open2(bus_family[bus], SOCK_CLOEXEC | flags);

	if (socket && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int err = errno;

		mnl_socket_close(socket);
		errno = err;
		return NULL;
	}
	return socket;
}

static int request_open(struct xfrm *x, enum xfrm_bus bus)
{
	struct timeval timeout = { .tv_sec = REQUEST_TIMEOUT_S };
	int on = 1;

	x->request[bus] = socket_open(bus, 0);
	if (!x->request[bus])
		return -errno;

	int fd = mnl_socket_get_fd(x->request[bus]);

	/* Old kernels lack the second and third: errors are then merely wordier or terser. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0)
		return -errno;
	(void)mnl_socket_setsockopt(x->request[bus], NETLINK_CAP_ACK, &on, sizeof(on));
	(void)mnl_socket_setsockopt(x->request[bus], NETLINK_EXT_ACK, &on, sizeof(on));
	buffer_grow(fd, REQUEST_BUFFER_LEN);
	return 0;
}

static int event_open(struct xfrm *x, enum xfrm_bus bus)
{
	x->event[bus] = socket_open(bus, SOCK_NONBLOCK);
	if (!x->event[bus])
		return -errno;

	int fd = mnl_socket_get_fd(x->event[bus]);

	buffer_grow(fd, EVENT_BUFFER_LEN);
	for (size_t i = 0; i < ARRAY_LEN(event_groups[bus]) && event_groups[bus][i]; i++) {
		unsigned group = event_groups[bus][i];

		if (mnl_socket_setsockopt(x->event[bus], NETLINK_ADD_MEMBERSHIP, &group,
					  sizeof(group)) < 0)
			return -errno;
	}

	struct epoll_event want = { .events = EPOLLIN, .data = { .fd = fd } };

	return epoll_ctl(x->epoll, EPOLL_CTL_ADD, fd, &want) < 0 ? -errno : 0;
}

static void open_why(char why[static XFRM_WHY_MAX], enum xfrm_bus bus, int err)
{
	if (bus == XFRM_BUS_XFRM && (err == -EPROTONOSUPPORT || err == -ESOCKTNOSUPPORT))
		snprintf(
			why, XFRM_WHY_MAX,
			"this kernel has no IPsec: CONFIG_XFRM_USER (module xfrm_user) is missing");
	else
		snprintf(why, XFRM_WHY_MAX, "cannot open a netlink socket for %s: %s",
			 bus == XFRM_BUS_XFRM ? "IPsec" : "links", err_text(err));
}

struct xfrm *xfrm_open(char why[static XFRM_WHY_MAX])
{
	struct xfrm *x = calloc(1, sizeof(*x));

	if (!x) {
		snprintf(why, XFRM_WHY_MAX, "out of memory");
		return NULL;
	}
	x->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (x->epoll < 0) {
		snprintf(why, XFRM_WHY_MAX, "cannot make an epoll instance: %s", strerror(errno));
		goto fail;
	}
	for (enum xfrm_bus bus = XFRM_BUS_XFRM; bus < XFRM_BUS_COUNT; bus++) {
		int err = request_open(x, bus);

		if (!err)
			err = event_open(x, bus);
		if (err) {
			open_why(why, bus, err);
			goto fail;
		}
	}
	why[0] = '\0';
	return x;
fail:
	xfrm_close(x);
	return NULL;
}

void xfrm_close(struct xfrm *x)
{
	if (!x)
		return;
	for (size_t bus = 0; bus < XFRM_BUS_COUNT; bus++) {
		if (x->request[bus])
			mnl_socket_close(x->request[bus]);
		if (x->event[bus])
			mnl_socket_close(x->event[bus]);
	}
	if (x->epoll >= 0)
		close(x->epoll);
	secret_free(x, sizeof(*x));
}

int xfrm_fd(const struct xfrm *x)
{
	return x->epoll;
}

/* ---- Requests ---- */

int xfrm_group_set(struct xfrm *x, enum xfrm_bus bus, unsigned group, bool joined)
{
	int option = joined ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP;

	return mnl_socket_setsockopt(x->request[bus], option, &group, sizeof(group)) < 0 ? -errno
											 : 0;
}

int xfrm_datagram_read(struct xfrm *x, struct mnl_socket *socket, uint8_t *out, size_t out_max)
{
	struct sockaddr_nl from = { 0 };
	struct iovec bytes = { .iov_base = out, .iov_len = out_max };
	struct msghdr head = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &bytes,
		.msg_iovlen = 1,
	};
	ssize_t len;

	do
		len = recvmsg(mnl_socket_get_fd(socket), &head, 0);
	while (len < 0 && errno == EINTR);
	if (len < 0)
		return -errno;

	/* Any process may send to our port, but only the kernel's is 0. */
	if (head.msg_namelen != sizeof(from) || from.nl_family != AF_NETLINK || from.nl_pid != 0 ||
	    (head.msg_flags & MSG_TRUNC)) {
		x->malformed++;
		return 0;
	}
	return (int)len;
}

/* What one request still waits for, and what came of it. */
struct wait {
	struct xfrm *x;
	uint32_t seq, port;
	xfrm_on_reply *on_reply;
	void *ctx;
	bool done;
	int result; /* of on_reply: the first that was not 0 */
	struct xfrm_verdict verdict;
};

static void reply_handle(struct wait *wait, const struct xfrm_reply *reply)
{
	/* A late answer to a request that timed out, or another process's doing (xfrm_group_set) */
	if (reply->head.nlmsg_seq != wait->seq || reply->head.nlmsg_pid != wait->port)
		return;

	switch (reply->head.nlmsg_type) {
	case NLMSG_NOOP:
		return;
	case NLMSG_ERROR:
	case NLMSG_DONE:
		wait->done = true;
		if (!xfrm_verdict_parse(reply, &wait->verdict))
			wait->verdict.err = -EPROTO;
		return;
	default: /* the bus's own message types */
		if (reply->head.nlmsg_flags & NLM_F_DUMP_INTR)
			wait->result = wait->result ? wait->result : -EINTR;
		if (wait->on_reply && !wait->result)
			wait->result = wait->on_reply(wait->ctx, reply);
	}
}

static int answer_read(struct wait *wait, struct mnl_socket *socket)
{
	struct xfrm *x = wait->x;

	for (unsigned n = 0; n < REPLY_DATAGRAMS_MAX && !wait->done; n++) {
		int len = xfrm_datagram_read(x, socket, x->rx, sizeof(x->rx));

		if (len < 0)
			return len == -EAGAIN || len == -EWOULDBLOCK ? -ETIMEDOUT : len;

		struct cur datagram = cur_of(x->rx, (size_t)len);
		struct xfrm_reply reply;

		while (!wait->done && xfrm_reply_next(&datagram, &reply))
			reply_handle(wait, &reply);
		if (datagram.bad)
			x->malformed++;
		secret_wipe(x->rx, (size_t)len);
	}
	if (!wait->done)
		return -EPROTO;
	return wait->verdict.err ? wait->verdict.err : wait->result;
}

int xfrm_request(struct xfrm *x, enum xfrm_bus bus, struct xfrm_msg *msg, xfrm_on_reply *on_reply,
		 void *ctx)
{
	struct mnl_socket *socket = x->request[bus];
	struct wait wait = { .x = x, .on_reply = on_reply, .ctx = ctx };
	struct nlmsghdr *head = xfrm_msg_head(msg);

	x->said[0] = '\0';
	if (msg->bad) {
		xfrm_msg_wipe(msg);
		return -EMSGSIZE;
	}
	wait.seq = ++x->seq;
	wait.port = mnl_socket_get_portid(socket);
	head->nlmsg_seq = wait.seq;
	head->nlmsg_pid = wait.port; /* XFRM's announcements of what we did repeat this field */
	head->nlmsg_flags |= NLM_F_REQUEST;
	/* A dump ends by itself.  Both bits: one of them alone means NLM_F_EXCL. */
	if ((head->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		head->nlmsg_flags |= NLM_F_ACK;

	ssize_t sent = mnl_socket_sendto(socket, msg->bytes, head->nlmsg_len);
	int err = sent < 0 ? -errno : 0;

	xfrm_msg_wipe(msg);
	if (!err)
		err = answer_read(&wait, socket);
	if (err)
		snprintf(x->said, sizeof(x->said), "%s", wait.verdict.said);
	return err;
}
