/*
 * ike/write.c - IKE messages put together: the header, and a chain of payloads.  RFC 7296 3.
 *
 * A message is written front to back into a buffer of the caller's: each payload is opened, filled
 * and closed, whereupon its length stands; opening the next one writes its type where the one
 * before left room for it.  What is RESERVED is zero, and so are the critical bits of all that we
 * write (3.2: they are zero for the payloads of RFC 7296).  A message that does not fit leaves the
 * buffer's `bad`, to be looked at once, at the end.
 *
 * The same writer makes the plaintext chain of an SK payload: then there is no header, and `first`
 * is what ike_sk_seal wants to know.
 *
 * What the caller asks for is our own doing: it is asserted, not checked.
 */
#include "ike/wire.h"

#include <assert.h>

#define HDR_NEXT_AT   16 /* RFC 7296 3.1 */
#define HDR_LENGTH_AT 24

#define ATTR_TV 0x8000u /* RFC 7296 3.3.5: the value is in the length's place */

/* RFC 7296 3.3.1, 3.3.2: the "Last Substruc" byte. */
#define LAST_SUBSTRUCTURE 0
#define MORE_PROPOSALS	  2
#define MORE_TRANSFORMS	  3

void ike_hdr_write(struct buf *msg, const struct ike_hdr *hdr)
{
	assert(msg->len == 0 && hdr->major <= 15 && hdr->minor <= 15);
	buf_u64(msg, hdr->spi_i);
	buf_u64(msg, hdr->spi_r);
	buf_u8(msg, hdr->next);
	buf_u8(msg, (uint8_t)(hdr->major << 4 | hdr->minor));
	buf_u8(msg, hdr->exchange);
	buf_u8(msg, hdr->flags);
	buf_u32(msg, hdr->mid);
	buf_u32(msg, hdr->length);
}

void ike_hdr_close(struct buf *msg)
{
	assert(msg->bad || msg->len >= IKE_HDR_LEN);
	if (msg->len > IKE_MESSAGE_MAX)
		msg->bad = true;
	buf_patch32(msg, HDR_LENGTH_AT, (uint32_t)msg->len);
}

void ike_w_init(struct ike_writer *w, struct buf *buf)
{
	*w = (struct ike_writer){ .buf = buf, .first = IKE_PL_NONE };
}

void ike_w_open(struct ike_writer *w, uint8_t type)
{
	assert(type != IKE_PL_NONE);
	if (!w->has_next)
		w->first = type;
	else if (!w->buf->bad)
		w->buf->p[w->next_at] = type;
	w->open_at = w->next_at = w->buf->len;
	w->has_next = true;
	buf_u8(w->buf, IKE_PL_NONE); /* until another payload follows */
	buf_u8(w->buf, 0);	     /* not critical */
	buf_u16(w->buf, 0);	     /* the length: ike_w_close */
}

void ike_w_close(struct ike_writer *w)
{
	buf_close16(w->buf, w->open_at + 2, w->open_at);
}

static void put_transform(struct buf *buf, const struct ike_transform *transform, bool last)
{
	size_t at = buf->len;

	buf_u8(buf, last ? LAST_SUBSTRUCTURE : MORE_TRANSFORMS);
	buf_u8(buf, 0);
	buf_u16(buf, 0); /* length */
	buf_u8(buf, transform->type);
	buf_u8(buf, 0);
	buf_u16(buf, transform->id);
	if (transform->key_bits) {
		buf_u16(buf, ATTR_TV | IKE_ATTR_KEY_LENGTH);
		buf_u16(buf, transform->key_bits);
	}
	buf_close16(buf, at + 2, at);
}

static void put_proposal(struct buf *buf, const struct ike_proposal *proposal, bool last)
{
	size_t at = buf->len;

	assert(proposal->count > 0 && proposal->count <= IKE_TRANSFORMS_MAX);
	assert(proposal->spi_len <= sizeof(proposal->spi));
	buf_u8(buf, last ? LAST_SUBSTRUCTURE : MORE_PROPOSALS);
	buf_u8(buf, 0);
	buf_u16(buf, 0); /* length */
	buf_u8(buf, proposal->num);
	buf_u8(buf, proposal->protocol);
	buf_u8(buf, proposal->spi_len);
	buf_u8(buf, proposal->count);
	buf_put(buf, proposal->spi, proposal->spi_len);
	for (size_t i = 0; i < proposal->count; i++)
		put_transform(buf, &proposal->item[i], i + 1 == proposal->count);
	buf_close16(buf, at + 2, at);
}

void ike_w_sa(struct ike_writer *w, const struct ike_proposals *proposals)
{
	assert(proposals->count > 0 && proposals->count <= IKE_PROPOSALS_MAX);
	ike_w_open(w, IKE_PL_SA);
	for (size_t i = 0; i < proposals->count; i++)
		put_proposal(w->buf, &proposals->item[i], i + 1 == proposals->count);
	ike_w_close(w);
}

void ike_w_ke(struct ike_writer *w, uint16_t group, struct cur value)
{
	ike_w_open(w, IKE_PL_KE);
	buf_u16(w->buf, group);
	buf_u16(w->buf, 0);
	buf_put_cur(w->buf, value);
	ike_w_close(w);
}

void ike_w_nonce(struct ike_writer *w, struct cur nonce)
{
	assert(nonce.left >= IKE_NONCE_MIN && nonce.left <= IKE_NONCE_MAX);
	ike_w_open(w, IKE_PL_NONCE);
	buf_put_cur(w->buf, nonce);
	ike_w_close(w);
}

void ike_w_id(struct ike_writer *w, uint8_t payload, uint8_t id_type, struct cur data)
{
	assert(payload == IKE_PL_IDI || payload == IKE_PL_IDR);
	ike_w_open(w, payload);
	buf_u8(w->buf, id_type);
	buf_zero(w->buf, 3);
	buf_put_cur(w->buf, data);
	ike_w_close(w);
}

void ike_w_auth(struct ike_writer *w, uint8_t method, struct cur data)
{
	ike_w_open(w, IKE_PL_AUTH);
	buf_u8(w->buf, method);
	buf_zero(w->buf, 3);
	buf_put_cur(w->buf, data);
	ike_w_close(w);
}

void ike_w_notify(struct ike_writer *w, uint8_t protocol, uint16_t type, struct cur spi,
		  struct cur data)
{
	assert(spi.left == 0 || spi.left == 4 || spi.left == 8);
	ike_w_open(w, IKE_PL_NOTIFY);
	buf_u8(w->buf, spi.left ? protocol : IKE_PROTO_NONE); /* RFC 7296 3.10 */
	buf_u8(w->buf, (uint8_t)spi.left);
	buf_u16(w->buf, type);
	buf_put_cur(w->buf, spi);
	buf_put_cur(w->buf, data);
	ike_w_close(w);
}

void ike_w_delete(struct ike_writer *w, uint8_t protocol, struct cur spis)
{
	uint8_t spi_len = protocol == IKE_PROTO_IKE ? 0 : 4;

	assert(spis.left % 4 == 0 && spis.left / 4 <= IKE_SPIS_MAX);
	assert(spi_len || !spis.left);
	ike_w_open(w, IKE_PL_DELETE);
	buf_u8(w->buf, protocol);
	buf_u8(w->buf, spi_len);
	buf_u16(w->buf, (uint16_t)(spis.left / 4));
	buf_put_cur(w->buf, spis);
	ike_w_close(w);
}

static void put_selector(struct buf *buf, const struct ike_ts *ts)
{
	size_t at = buf->len;
	bool ip4 = ts->start.family == ADDR_IP4;

	assert(ts->start.family != ADDR_NONE && ts->start.family == ts->end.family);
	buf_u8(buf, ip4 ? IKE_TS_IPV4_ADDR_RANGE : IKE_TS_IPV6_ADDR_RANGE);
	buf_u8(buf, ts->protocol);
	buf_u16(buf, 0); /* length */
	buf_u16(buf, ts->port_start);
	buf_u16(buf, ts->port_end);
	buf_put(buf, ts->start.b, addr_len(&ts->start));
	buf_put(buf, ts->end.b, addr_len(&ts->end));
	buf_close16(buf, at + 2, at);
}

void ike_w_ts(struct ike_writer *w, uint8_t payload, const struct ike_ts_list *ts)
{
	assert(payload == IKE_PL_TSI || payload == IKE_PL_TSR);
	assert(ts->count > 0 && ts->count <= IKE_TS_MAX);
	ike_w_open(w, payload);
	buf_u8(w->buf, ts->count);
	buf_zero(w->buf, 3);
	for (size_t i = 0; i < ts->count; i++)
		put_selector(w->buf, &ts->item[i]);
	ike_w_close(w);
}

void ike_w_finish_plain(struct ike_writer *w)
{
	assert(w->buf->bad || w->buf->len >= IKE_HDR_LEN);
	if (!w->buf->bad)
		w->buf->p[HDR_NEXT_AT] = w->first;
}
