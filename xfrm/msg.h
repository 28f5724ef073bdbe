/*
 * xfrm/msg.h - netlink messages as bytes: one is built in memory that the caller owns, many are
 * read out of a datagram.  Pure: no socket, no allocation.
 *
 * Everything is in host order unless the kernel wants an address, port, SPI or GRE key, which are
 * in network order.  Fields are copied out, never pointed at: a message in a datagram is aligned to
 * 4 bytes only, and XFRM's structures hold 64-bit counters.
 */
#ifndef XFRM_MSG_H
#define XFRM_MSG_H

#include <stdalign.h>

#include <linux/netlink.h>

#include "base/base.h"

#define XFRM_REQUEST_MAX 2048 /* an SA: 224 + keys 200 + replay bitmap 540 + small change */

/* A request being built.  It may hold keys: xfrm_msg_wipe when it has been sent. */
struct xfrm_msg {
	alignas(8) uint8_t bytes[XFRM_REQUEST_MAX];
	bool bad; /* something did not fit; never cleared */
};

/* A message read: its header by value, what follows it borrowed. */
struct xfrm_reply {
	struct nlmsghdr head;
	struct cur body;
};

struct xfrm_attr {
	uint16_t type; /* without the flag bits */
	struct cur value;
};

/* Start a message of `type` with `flags`, whose fixed part is `head`. */
void xfrm_msg_begin(struct xfrm_msg *msg, uint16_t type, uint16_t flags, const void *head,
		    size_t head_len);

/* Append one attribute. */
void xfrm_msg_attr(struct xfrm_msg *msg, uint16_t type, const void *value, size_t len);
void xfrm_msg_u8(struct xfrm_msg *msg, uint16_t type, uint8_t value);
void xfrm_msg_u16(struct xfrm_msg *msg, uint16_t type, uint16_t value);
void xfrm_msg_u32(struct xfrm_msg *msg, uint16_t type, uint32_t value);
void xfrm_msg_string(struct xfrm_msg *msg, uint16_t type, const char *text);

/* Append an address of 4 or 16 bytes; ADDR_NONE as 4 bytes of zero. */
void xfrm_msg_addr(struct xfrm_msg *msg, uint16_t type, const struct addr *addr);

/*
 * Open an attribute that holds attributes; the result goes to xfrm_msg_close.  Not closing leaves
 * the message malformed.
 */
size_t xfrm_msg_open(struct xfrm_msg *msg, uint16_t type);
void xfrm_msg_close(struct xfrm_msg *msg, size_t open);

/* The header of the message being built. */
struct nlmsghdr *xfrm_msg_head(struct xfrm_msg *msg);

/* The bytes built so far. */
struct cur xfrm_msg_bytes(const struct xfrm_msg *msg);

void xfrm_msg_wipe(struct xfrm_msg *msg);

/*
 * Take the next message off a datagram.  False at its end, and if what follows is malformed: then
 * `datagram` is bad.
 */
bool xfrm_reply_next(struct cur *datagram, struct xfrm_reply *out);

/* Take the fixed part off a message's body, with the padding after it.  False (and bad): short. */
bool xfrm_head_take(struct cur *body, void *out, size_t len);

/* Take the next attribute.  False at the end, and if malformed: then `attrs` is bad. */
bool xfrm_attr_next(struct cur *attrs, struct xfrm_attr *out);

/*
 * Copy an attribute's first `len` bytes.  False if it is shorter: `out` is zeroed.
 */
bool xfrm_attr_copy(const struct xfrm_attr *attr, void *out, size_t len);

/* Values of attributes that are too short read as 0. */
uint8_t xfrm_attr_u8(const struct xfrm_attr *attr);
uint16_t xfrm_attr_u16(const struct xfrm_attr *attr);
uint32_t xfrm_attr_u32(const struct xfrm_attr *attr);

/* The kernel's word on a failed request (NLMSGERR_ATTR_MSG), from an NLMSG_ERROR; may be empty. */
struct xfrm_verdict {
	int err; /* 0 or a negative errno */
	char said[120];
};

/* Parse an NLMSG_ERROR (or NLMSG_DONE, which ends a dump).  False: malformed. */
bool xfrm_verdict_parse(const struct xfrm_reply *reply, struct xfrm_verdict *out);

#endif
