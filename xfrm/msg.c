/*
 * xfrm/msg.c - netlink messages as bytes; see msg.h.
 *
 * Building goes through libmnl, which knows the alignment rules; reading does not: libmnl's
 * iterators round a message's end up to 4 bytes and hand out pointers into it, while here every
 * length is exact and every value a copy, so that a datagram cut anywhere is merely "malformed".
 *
 * A dump's end (NLMSG_DONE) carries an errno like NLMSG_ERROR does.  With NETLINK_CAP_ACK an error
 * does not echo the request, so that keys do not come back; the text attributes then follow the
 * echoed header directly.
 */
#include "xfrm/msg.h"

#include <libmnl/libmnl.h>

/* Netlink rounds everything up to 4 bytes. */
static size_t align4(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

struct nlmsghdr *xfrm_msg_head(struct xfrm_msg *msg)
{
	return (struct nlmsghdr *)(void *)msg->bytes;
}

void xfrm_msg_begin(struct xfrm_msg *msg, uint16_t type, uint16_t flags, const void *head,
		    size_t head_len)
{
	msg->bad = false;

	struct nlmsghdr *nlh = mnl_nlmsg_put_header(msg->bytes);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	if (head_len > XFRM_REQUEST_MAX - align4(sizeof(*nlh)) - 4) {
		msg->bad = true;
		return;
	}
	memcpy(mnl_nlmsg_put_extra_header(nlh, head_len), head, head_len);
}

void xfrm_msg_attr(struct xfrm_msg *msg, uint16_t type, const void *value, size_t len)
{
	if (msg->bad || len > XFRM_REQUEST_MAX ||
	    !mnl_attr_put_check(xfrm_msg_head(msg), sizeof(msg->bytes), type, len, value))
		msg->bad = true;
}

void xfrm_msg_u8(struct xfrm_msg *msg, uint16_t type, uint8_t value)
{
	xfrm_msg_attr(msg, type, &value, sizeof(value));
}

void xfrm_msg_u16(struct xfrm_msg *msg, uint16_t type, uint16_t value)
{
	xfrm_msg_attr(msg, type, &value, sizeof(value));
}

void xfrm_msg_u32(struct xfrm_msg *msg, uint16_t type, uint32_t value)
{
	xfrm_msg_attr(msg, type, &value, sizeof(value));
}

void xfrm_msg_string(struct xfrm_msg *msg, uint16_t type, const char *text)
{
	xfrm_msg_attr(msg, type, text, strlen(text) + 1);
}

void xfrm_msg_addr(struct xfrm_msg *msg, uint16_t type, const struct addr *addr)
{
	xfrm_msg_attr(msg, type, addr->b, addr->family == ADDR_IP6 ? 16 : 4);
}

size_t xfrm_msg_open(struct xfrm_msg *msg, uint16_t type)
{
	size_t at = xfrm_msg_head(msg)->nlmsg_len;

	xfrm_msg_attr(msg, type | NLA_F_NESTED, NULL, 0);
	return at;
}

void xfrm_msg_close(struct xfrm_msg *msg, size_t open)
{
	if (msg->bad)
		return;

	struct nlattr attr;

	memcpy(&attr, msg->bytes + open, sizeof(attr));
	attr.nla_len = (uint16_t)(xfrm_msg_head(msg)->nlmsg_len - open);
	memcpy(msg->bytes + open, &attr, sizeof(attr));
}

struct cur xfrm_msg_bytes(const struct xfrm_msg *msg)
{
	struct nlmsghdr head;

	memcpy(&head, msg->bytes, sizeof(head));
	return cur_of(msg->bytes, head.nlmsg_len);
}

void xfrm_msg_wipe(struct xfrm_msg *msg)
{
	secret_wipe(msg->bytes, sizeof(msg->bytes));
}

/* Drop the padding after something of `len` bytes; at the very end it may be missing. */
static void padding_skip(struct cur *cur, size_t len)
{
	size_t pad = align4(len) - len;

	cur_bytes(cur, pad < cur->left ? pad : cur->left);
}

bool xfrm_reply_next(struct cur *datagram, struct xfrm_reply *out)
{
	if (datagram->bad || !datagram->left)
		return false;
	if (!xfrm_head_take(datagram, &out->head, sizeof(out->head)))
		return false;
	if (out->head.nlmsg_len < sizeof(out->head)) {
		datagram->bad = true;
		return false;
	}

	size_t len = out->head.nlmsg_len - sizeof(out->head);

	out->body = cur_sub(datagram, len);
	if (datagram->bad)
		return false;
	padding_skip(datagram, len);
	return true;
}

bool xfrm_head_take(struct cur *body, void *out, size_t len)
{
	cur_copy(body, out, len);
	if (body->bad)
		return false;
	padding_skip(body, len);
	return true;
}

bool xfrm_attr_next(struct cur *attrs, struct xfrm_attr *out)
{
	struct nlattr head;

	if (attrs->bad || !attrs->left)
		return false;
	cur_copy(attrs, &head, sizeof(head));
	if (attrs->bad)
		return false;
	if (head.nla_len < sizeof(head)) {
		attrs->bad = true;
		return false;
	}
	out->type = (uint16_t)(head.nla_type & ~(NLA_F_NESTED | NLA_F_NET_BYTEORDER));
	out->value = cur_sub(attrs, head.nla_len - sizeof(head));
	if (attrs->bad)
		return false;
	padding_skip(attrs, out->value.left);
	return true;
}

bool xfrm_attr_copy(const struct xfrm_attr *attr, void *out, size_t len)
{
	struct cur value = attr->value;

	cur_copy(&value, out, len);
	return !value.bad;
}

uint8_t xfrm_attr_u8(const struct xfrm_attr *attr)
{
	uint8_t value;

	xfrm_attr_copy(attr, &value, sizeof(value));
	return value;
}

uint16_t xfrm_attr_u16(const struct xfrm_attr *attr)
{
	uint16_t value;

	xfrm_attr_copy(attr, &value, sizeof(value));
	return value;
}

uint32_t xfrm_attr_u32(const struct xfrm_attr *attr)
{
	uint32_t value;

	xfrm_attr_copy(attr, &value, sizeof(value));
	return value;
}

bool xfrm_verdict_parse(const struct xfrm_reply *reply, struct xfrm_verdict *out)
{
	struct cur body = reply->body;
	int32_t err = 0;
	struct nlmsghdr echoed;
	struct xfrm_attr attr;

	*out = (struct xfrm_verdict){ 0 };
	if (!xfrm_head_take(&body, &err, sizeof(err)))
		return reply->head.nlmsg_type == NLMSG_DONE; /* may be empty */
	if (err > 0 || err < -4095)
		return false;
	out->err = err;
	if (reply->head.nlmsg_type == NLMSG_ERROR &&
	    !xfrm_head_take(&body, &echoed, sizeof(echoed)))
		return false;
	if (!(reply->head.nlmsg_flags & NLM_F_ACK_TLVS))
		return true;
	if (reply->head.nlmsg_type == NLMSG_ERROR && !(reply->head.nlmsg_flags & NLM_F_CAPPED)) {
		size_t rest = echoed.nlmsg_len < sizeof(echoed)
				      ? 0
				      : align4(echoed.nlmsg_len - sizeof(echoed));

		if (!cur_bytes(&body, rest) && rest)
			return false;
	}
	while (xfrm_attr_next(&body, &attr)) {
		size_t len = attr.value.left;

		if (attr.type != NLMSGERR_ATTR_MSG || !len)
			continue;
		len = len < sizeof(out->said) ? len : sizeof(out->said) - 1;
		memcpy(out->said, attr.value.p, len);
		out->said[len] = '\0';
	}
	return true;
}
