/*
 * xfrm/request.h - the sockets of struct xfrm, and one request with its answers.
 */
#ifndef XFRM_REQUEST_H
#define XFRM_REQUEST_H

#include "xfrm/msg.h"
#include "xfrm/xfrm.h"

#define XFRM_RX_MAX 32768 /* the kernel never makes a dump's datagram larger */

struct mnl_socket;

/* The two netlink families we speak. */
enum xfrm_bus { XFRM_BUS_XFRM, XFRM_BUS_ROUTE, XFRM_BUS_COUNT };

struct xfrm {
	struct mnl_socket *request[XFRM_BUS_COUNT]; /* blocking, no groups joined */
	struct mnl_socket *event[XFRM_BUS_COUNT];   /* non-blocking, groups joined */
	int epoll;				    /* over both event sockets */
	uint32_t seq;				    /* of the last request */
	uint64_t malformed;			    /* datagrams and messages skipped */
	char why[XFRM_WHY_MAX];
	char said[XFRM_WHY_MAX];	    /* the kernel's words on the last failed request */
	alignas(8) uint8_t rx[XFRM_RX_MAX]; /* answers */
	alignas(8) uint8_t event_rx[XFRM_RX_MAX]; /* events, which may be handled by requests */
};

/*
 * Called for each message of an answer; the message is borrowed.  Must not make requests: the
 * answer sits in x->rx.  Non-zero ends the request with that result, once it has been drained.
 */
typedef int xfrm_on_reply(void *ctx, const struct xfrm_reply *reply);

/*
 * Send `msg`, wipe it, wait for the kernel's verdict, with `on_reply` (NULL: none expected) for
 * what comes before it.  The receive buffer is wiped too: answers about SAs hold keys.  0 or a
 * negative errno; x->said holds the kernel's words, if it had any.
 */
int xfrm_request(struct xfrm *x, enum xfrm_bus bus, struct xfrm_msg *msg, xfrm_on_reply *on_reply,
		 void *ctx);

/*
 * Read one datagram that the kernel (and nobody else) sent into `out`.  Bytes, 0 if it is to be
 * skipped (foreign or cut: counted), or a negative errno, -EAGAIN among them.
 */
int xfrm_datagram_read(struct xfrm *x, struct mnl_socket *socket, uint8_t *out, size_t out_max);

/* Join or leave one multicast group of the request socket. */
int xfrm_group_set(struct xfrm *x, enum xfrm_bus bus, unsigned group, bool joined);

/*
 * Write xfrm_why(): the sentence, then what errno `err` means and what the kernel said.  Returns
 * `err`, so that a failing function can end in it.
 */
int xfrm_fail(struct xfrm *x, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
