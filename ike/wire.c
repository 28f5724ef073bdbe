/*
 * ike/wire.c - an IKE message taken apart: header, payload chain, and the payloads sorted out.
 *
 * Three steps, each of which the next one builds on: ike_hdr_parse proves that the datagram is one
 * IKE message, ike_chain_parse proves that its payloads fill it exactly, ike_msg_collect gives each
 * payload its place.  What comes out is slices of the datagram, so it lives as long as that does;
 * nothing is allocated, copied or remembered.  The content of payloads is payload.c's affair, save
 * for Notify and Delete, which are so common that a message carries them parsed.
 *
 * Standards: RFC 7296 3.1 (header), 3.2 (generic payload header), 3.14 (the SK payload ends a
 * chain), 2.5 (versions, unknown payloads, reserved bits, order), RFC 7383 2.5 (SKF ends it, too).
 *
 * Left out: which payloads an exchange needs, whether they may stand outside SK, what flags and
 * SPIs mean.  That is for those who know the state of the SA.
 */
#include "ike/wire.h"

#define PAYLOAD_HDR_LEN 4u   /* RFC 7296 3.2 */
#define CRITICAL_BIT	0x80 /* the other seven bits are reserved: ignored */

enum ike_err ike_hdr_parse(struct cur datagram, struct ike_hdr *out)
{
	size_t datagram_len = datagram.left;

	out->spi_i = cur_u64(&datagram);
	out->spi_r = cur_u64(&datagram);
	out->next = cur_u8(&datagram);

	uint8_t version = cur_u8(&datagram);

	out->major = version >> 4;
	out->minor = version & 0x0f;
	out->exchange = cur_u8(&datagram);
	out->flags = cur_u8(&datagram);
	out->mid = cur_u32(&datagram);
	out->length = cur_u32(&datagram);
	if (datagram.bad)
		return IKE_E_TRUNCATED;
	if (out->length != datagram_len)
		return IKE_E_LENGTH;
	if (datagram_len > IKE_MESSAGE_MAX)
		return IKE_E_TOO_LONG;
	/* Last, for the reply to a higher version needs the other fields (RFC 7296 2.5). */
	return out->major == IKE_VERSION_MAJOR ? IKE_OK : IKE_E_VERSION;
}

/* Must we understand this payload type?  RFC 7296 3.2: the critical bit is for the others. */
static bool type_known(uint8_t type)
{
	switch ((enum ike_payload_type)type) {
	case IKE_PL_SA:
	case IKE_PL_KE:
	case IKE_PL_IDI:
	case IKE_PL_IDR:
	case IKE_PL_CERT:
	case IKE_PL_CERTREQ:
	case IKE_PL_AUTH:
	case IKE_PL_NONCE:
	case IKE_PL_NOTIFY:
	case IKE_PL_DELETE:
	case IKE_PL_VENDOR:
	case IKE_PL_TSI:
	case IKE_PL_TSR:
	case IKE_PL_SK:
	case IKE_PL_CP:
	case IKE_PL_EAP:
	case IKE_PL_SKF:
		return true;
	case IKE_PL_NONE:
		break;
	}
	return false;
}

enum ike_err ike_chain_parse(struct cur in, uint8_t type, struct ike_chain *out)
{
	out->count = 0;
	out->critical_type = IKE_PL_NONE;
	while (type != IKE_PL_NONE) {
		uint8_t next = cur_u8(&in);
		bool critical = cur_u8(&in) & CRITICAL_BIT;
		uint16_t len = cur_u16(&in); /* covers this header, so a payload is never empty */

		if (in.bad)
			return IKE_E_TRUNCATED;
		if (len < PAYLOAD_HDR_LEN)
			return IKE_E_LENGTH;

		struct cur body = cur_sub(&in, len - PAYLOAD_HDR_LEN);

		if (in.bad)
			return IKE_E_TRUNCATED;
		if (critical && !type_known(type)) {
			out->critical_type = type;
			return IKE_E_CRITICAL;
		}
		if (out->count == IKE_PAYLOADS_MAX)
			return IKE_E_TOO_MANY;
		out->item[out->count++] = (struct ike_payload){
			.type = type,
			.next = next,
			.critical = critical,
			.body = body,
		};
		if (type == IKE_PL_SK || type == IKE_PL_SKF)
			break; /* `next` is the first payload inside: RFC 7296 3.14, RFC 7383 2.5 */
		type = next;
	}
	if (in.bad)
		return IKE_E_TRUNCATED;
	return in.left ? IKE_E_TRAILING : IKE_OK;
}

/* ---- sorting ---- */

static enum ike_err put_once(struct cur *slot, struct cur body)
{
	if (slot->p)
		return IKE_E_DUPLICATE;
	*slot = body;
	return IKE_OK;
}

static enum ike_err put_list(struct cur list[static IKE_CERTS_MAX], uint8_t *count, struct cur body)
{
	if (*count == IKE_CERTS_MAX)
		return IKE_E_TOO_MANY;
	list[(*count)++] = body;
	return IKE_OK;
}

static enum ike_err put_notify(struct ike_msg *msg, struct cur body)
{
	if (msg->notify_count == IKE_NOTIFIES_MAX)
		return IKE_E_TOO_MANY;
	return ike_notify_parse(body, &msg->notify[msg->notify_count++]);
}

static enum ike_err put_delete(struct ike_msg *msg, struct cur body)
{
	if (msg->delete_count == IKE_DELETES_MAX)
		return IKE_E_TOO_MANY;
	return ike_delete_parse(body, &msg->del[msg->delete_count++]);
}

static enum ike_err put_payload(struct ike_msg *msg, const struct ike_payload *pl)
{
	switch ((enum ike_payload_type)pl->type) {
	case IKE_PL_SA:
		return put_once(&msg->sa, pl->body);
	case IKE_PL_KE:
		return put_once(&msg->ke, pl->body);
	case IKE_PL_IDI:
		return put_once(&msg->idi, pl->body);
	case IKE_PL_IDR:
		return put_once(&msg->idr, pl->body);
	case IKE_PL_CERT:
		return put_list(msg->cert, &msg->cert_count, pl->body);
	case IKE_PL_CERTREQ:
		return put_list(msg->certreq, &msg->certreq_count, pl->body);
	case IKE_PL_AUTH:
		return put_once(&msg->auth, pl->body);
	case IKE_PL_NONCE:
		return put_once(&msg->nonce, pl->body);
	case IKE_PL_NOTIFY:
		return put_notify(msg, pl->body);
	case IKE_PL_DELETE:
		return put_delete(msg, pl->body);
	case IKE_PL_TSI:
		return put_once(&msg->tsi, pl->body);
	case IKE_PL_TSR:
		return put_once(&msg->tsr, pl->body);
	case IKE_PL_SK:
		msg->sk_next = pl->next;
		return put_once(&msg->sk, pl->body);
	case IKE_PL_SKF:
		msg->sk_next = pl->next;
		return put_once(&msg->skf, pl->body);
	case IKE_PL_NONE:
	case IKE_PL_VENDOR:
	case IKE_PL_CP:
	case IKE_PL_EAP:
		break;
	}
	return IKE_OK; /* nothing for us, or unknown and not critical: skipped (RFC 7296 2.5) */
}

enum ike_err ike_msg_collect(const struct ike_chain *chain, struct ike_msg *out)
{
	*out = (struct ike_msg){ 0 };
	for (size_t i = 0; i < chain->count; i++) {
		enum ike_err err = put_payload(out, &chain->item[i]);

		if (err)
			return err;
	}
	return IKE_OK;
}

const struct ike_notify *ike_msg_notify(const struct ike_msg *msg, uint16_t type)
{
	for (size_t i = 0; i < msg->notify_count; i++) {
		if (msg->notify[i].type == type)
			return &msg->notify[i];
	}
	return NULL;
}

const struct ike_notify *ike_msg_error(const struct ike_msg *msg)
{
	for (size_t i = 0; i < msg->notify_count; i++) {
		if (msg->notify[i].type < IKE_N_STATUS_FIRST)
			return &msg->notify[i];
	}
	return NULL;
}
