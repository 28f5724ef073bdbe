/*
 * tests/unit/forge.c - see forge.h.
 */
#include "tests/unit/forge.h"

#include <stdlib.h>

/* Far from what the engines count to, so that no nonce is used twice under one key. */
#define FORGE_IV ((uint64_t)0x7f << 56)

/* ---- where an exchange is ---- */

void forge_with(struct pair *p, const char *ike, const char *esp)
{
	pair_init(p);
	for (int i = 0; i < 2; i++) {
		pair_proposals(ike, IKE_PROTO_IKE, &p->side[i].conn.ike);
		if (esp)
			pair_proposals(esp, IKE_PROTO_ESP, &p->side[i].conn.esp);
	}
	pair_start(p);
}

void forge_pair(struct pair *p, enum forge_step step)
{
	forge_with(p, FORGE_IKE, NULL);
	pair_want(p, 0);
	for (int i = 0; i < (int)step; i++)
		assert_int_equal(pair_arrow(p, i % 2), IKE_OK);
	if (step == FORGE_UP)
		pair_assert_up(p);
}

static struct ike_sa *standing(struct pair *p, int side)
{
	LIST_EACH(it, &p->side[side].ike->sas) {
		struct ike_sa *sa = CONTAINER_OF(it, struct ike_sa, node);

		if (sa->state == SA_ESTABLISHED)
			return sa;
	}
	fail_msg("nothing stands at %c", 'A' + side);
	return NULL;
}

void forge_still_works(struct pair *p)
{
	pair_settle(p);
	for (int i = 0; i < 10 && !p->side[0].sa_count; i++)
		pair_pass(p, TICK_S, false);
	pair_assert_up(p);
	for (int i = 0; i < 2; i++) {
		struct ike_sa *sa = standing(p, i);
		uint32_t mid = sa->mid_out;

		p->now += TICK_S;
		info_probe(sa);
		pair_drain(p, i);
		pair_settle(p);
		assert_int_equal(sa->mid_out, mid + 1);
		assert_true(sa->last_in == p->now);
	}
	pair_assert_up(p);
}

void forge_free(struct pair *p)
{
	forge_still_works(p);
	pair_free(p);
}

/* ---- messages ---- */

struct ike_sa *forge_sa(struct pair *p, int side, const struct ike_hdr *hdr)
{
	LIST_EACH(it, &p->side[side].ike->sas) {
		struct ike_sa *sa = CONTAINER_OF(it, struct ike_sa, node);

		if (sa->spi_i == hdr->spi_i && (sa->spi_r == hdr->spi_r || !hdr->spi_r))
			return sa;
	}
	return NULL;
}

/* What `sa` seals with. */
static struct ike_sk_key key_of(const struct ike_sa *sa)
{
	bool i = sa->initiator;

	return (struct ike_sk_key){
		.encr = sa->suite.encr,
		.integ = sa->suite.integ,
		.e = i ? &sa->keys.ei : &sa->keys.er,
		.a = i ? &sa->keys.ai : &sa->keys.ar,
	};
}

static void read_chain(struct forge *f, const struct ike_chain *chain)
{
	f->count = chain->count;
	for (size_t i = 0; i < chain->count; i++) {
		const struct ike_payload *pl = &chain->item[i];
		struct forge_item *item = &f->item[i];

		assert_true(pl->body.left <= sizeof(item->body));
		item->type = pl->type;
		item->flags = pl->critical ? 0x80 : 0;
		item->len = pl->body.left;
		if (item->len)
			memcpy(item->body, pl->body.p, item->len);
	}
}

void forge_read(struct pair *p, int from, const uint8_t *bytes, size_t len, struct forge *f)
{
	struct cur datagram = cur_of(bytes, len), body = datagram;
	uint8_t plain[IKE_MESSAGE_MAX];
	struct ike_chain chain;
	size_t plain_len;

	memset(f, 0, sizeof(*f));
	assert_int_equal(ike_hdr_parse(datagram, &f->hdr), IKE_OK);
	(void)cur_bytes(&body, IKE_HDR_LEN);
	assert_int_equal(ike_chain_parse(body, f->hdr.next, &chain), IKE_OK);
	if (chain.count && chain.item[0].type == IKE_PL_SK) {
		struct ike_sa *sa = forge_sa(p, from, &f->hdr);

		assert_non_null(sa);

		struct ike_sk_key key = key_of(sa);
		uint8_t next = chain.item[0].next;

		assert_int_equal(ike_sk_open(&key, datagram, chain.item[0].body, plain,
					     sizeof(plain), &plain_len),
				 IKE_OK);
		f->sealed = true;
		assert_int_equal(ike_chain_parse(cur_of(plain, plain_len), next, &chain), IKE_OK);
	}
	read_chain(f, &chain);
}

void forge_take(struct pair *p, int from, struct forge *f)
{
	assert_true(p->side[from].out_count > 0);
	forge_read(p, from, p->side[from].out[0]->bytes, p->side[from].out[0]->len, f);
}

void forge_new(struct pair *p, int as, uint8_t exchange, bool answer, uint32_t mid, struct forge *f)
{
	const struct ike_sa *sa = pair_sa(p, as);

	memset(f, 0, sizeof(*f));
	f->sealed = true;
	f->hdr = (struct ike_hdr){
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.major = IKE_VERSION_MAJOR,
		.exchange = exchange,
		.flags = (uint8_t)((sa->initiator ? IKE_FLAG_INIT : 0) |
				   (answer ? IKE_FLAG_RESPONSE : 0)),
		.mid = mid,
	};
}

void forge_request(struct pair *p, int as, uint8_t exchange, struct forge *f)
{
	forge_new(p, as, exchange, false, pair_sa(p, 1 - as)->mid_in, f);
}

struct forge *forge_bare(struct pair *p, struct forge *f, uint16_t type, const void *data,
			 size_t len)
{
	memset(f, 0, sizeof(*f));
	f->hdr = pair_peek(p, 0);
	f->hdr.flags = IKE_FLAG_RESPONSE;
	forge_notify(f, type, data, len);
	return f;
}

struct forge_item *forge_add(struct forge *f, uint8_t type, const void *body, size_t len)
{
	struct forge_item *item = &f->item[f->count];

	assert_true(f->count < FORGE_ITEMS_MAX && len <= FORGE_BODY_MAX);
	item->type = type;
	item->flags = 0;
	item->len = len;
	if (len)
		memcpy(item->body, body, len);
	f->count++;
	return item;
}

void forge_notify(struct forge *f, uint16_t type, const void *data, size_t len)
{
	uint8_t body[FORGE_BODY_MAX];
	struct buf buf = buf_of(body, sizeof(body));

	buf_u16(&buf, 0);
	buf_u16(&buf, type);
	buf_put(&buf, data, len);
	assert_false(buf.bad);
	(void)forge_add(f, IKE_PL_NOTIFY, body, buf.len);
}

void forge_delete(struct forge *f, uint8_t protocol, const uint32_t *spis, size_t count)
{
	uint8_t body[FORGE_BODY_MAX];
	struct buf buf = buf_of(body, sizeof(body));

	buf_u8(&buf, protocol);
	buf_u8(&buf, protocol == IKE_PROTO_IKE ? 0 : 4);
	buf_u16(&buf, (uint16_t)count);
	for (size_t i = 0; i < count; i++)
		buf_u32(&buf, spis[i]);
	assert_false(buf.bad);
	(void)forge_add(f, IKE_PL_DELETE, body, buf.len);
}

bool forge_has(const struct forge *f, uint8_t type)
{
	for (size_t i = 0; i < f->count; i++) {
		if (f->item[i].type == type)
			return true;
	}
	return false;
}

struct forge_item *forge_find(struct forge *f, uint8_t type)
{
	for (size_t i = 0; i < f->count; i++) {
		if (f->item[i].type == type)
			return &f->item[i];
	}
	fail_msg("no payload of type %u", type);
	return NULL;
}

bool forge_says(const struct forge *f, uint16_t notify)
{
	for (size_t i = 0; i < f->count; i++) {
		struct cur body = cur_of(f->item[i].body, f->item[i].len);
		struct ike_notify n;

		if (f->item[i].type == IKE_PL_NOTIFY && !ike_notify_parse(body, &n) &&
		    n.type == notify)
			return true;
	}
	return false;
}

void forge_drop(struct forge *f, uint8_t type)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->count; i++) {
		if (f->item[i].type != type)
			f->item[kept++] = f->item[i];
	}
	f->count = kept;
}

void forge_repeat(struct forge *f, uint8_t type)
{
	const struct forge_item *item = forge_find(f, type);

	(void)forge_add(f, type, item->body, item->len);
}

void forge_identify(struct pair *p, int as, struct forge *f, uint8_t type, const void *data,
		    size_t len)
{
	struct ike_sa *sa = forge_sa(p, as, &f->hdr);
	struct forge_item *id = forge_find(f, as ? IKE_PL_IDR : IKE_PL_IDI);
	struct forge_item *auth = forge_find(f, IKE_PL_AUTH);
	uint8_t value[IKE_PRF_LEN_MAX];

	/* Once established, it has forgotten what it signed; the other end has not. */
	if (!sa || !sa->init)
		sa = forge_sa(p, 1 - as, &f->hdr);
	assert_true(sa && sa->init && len + 4 <= sizeof(id->body));
	id->body[0] = type;
	id->len = len + 4;
	if (len)
		memcpy(id->body + 4, data, len);
	assert_int_equal(auth_psk(sa, sa->conn, as, cur_of(id->body, id->len), value), IKE_OK);
	memcpy(auth->body + 4, value, auth->len - 4);
}

/* The RESERVED bytes of an SA payload: the second of each substructure, a transform's sixth. */
static void reserve_sa(struct forge_item *item)
{
	size_t at = 0;

	while (at + 8 <= item->len) {
		size_t end = at + (size_t)(item->body[at + 2] << 8 | item->body[at + 3]);
		size_t t = at + 8u + item->body[at + 6];

		item->body[at + 1] = 0xff;
		for (; t + 8 <= end; t += (size_t)(item->body[t + 2] << 8 | item->body[t + 3]))
			item->body[t + 1] = item->body[t + 5] = 0xff;
		at = end;
	}
}

void forge_reserve(struct pair *p, int as, struct forge *f)
{
	f->hdr.flags |= (uint8_t) ~(IKE_FLAG_INIT | IKE_FLAG_RESPONSE);
	for (size_t i = 0; i < f->count; i++) {
		struct forge_item *item = &f->item[i];

		item->flags |= 0x7f; /* all but the critical bit */
		switch (item->type) {
		case IKE_PL_SA:
			reserve_sa(item);
			break;
		case IKE_PL_KE:
			item->body[2] = item->body[3] = 0xff;
			break;
		case IKE_PL_IDI:
		case IKE_PL_IDR:
		case IKE_PL_AUTH:
		case IKE_PL_TSI:
		case IKE_PL_TSR:
			memset(item->body + 1, 0xff, 3);
			break;
		}
	}
	if (forge_has(f, IKE_PL_AUTH)) { /* the identity's are in what AUTH covers (2.15) */
		struct forge_item id = *forge_find(f, as ? IKE_PL_IDR : IKE_PL_IDI);

		forge_identify(p, as, f, id.body[0], id.body + 4, id.len - 4);
	}
}

static void write_chain(const struct forge *f, struct buf *buf)
{
	for (size_t i = 0; i < f->count; i++) {
		const struct forge_item *item = &f->item[i];

		buf_u8(buf, i + 1 < f->count ? f->item[i + 1].type : f->last_next);
		buf_u8(buf, item->flags);
		buf_u16(buf, (uint16_t)(item->len + 4));
		buf_put(buf, item->body, item->len);
	}
	buf_zero(buf, f->trailing);
	assert_false(buf->bad);
}

size_t forge_bytes(struct pair *p, int as, const struct forge *f, uint8_t *out)
{
	uint8_t plain[IKE_MESSAGE_MAX];
	struct buf msg = buf_of(out, IKE_MESSAGE_MAX), chain = buf_of(plain, sizeof(plain));
	struct ike_hdr hdr = f->hdr;
	uint8_t first = f->count ? f->item[0].type : f->last_next;
	uint64_t seed = 1, iv = FORGE_IV + f->hdr.mid;

	hdr.next = f->sealed ? IKE_PL_SK : first;
	ike_hdr_write(&msg, &hdr);
	if (!f->sealed) {
		write_chain(f, &msg);
		ike_hdr_close(&msg);
	} else {
		struct ike_sk_key key = key_of(pair_sa(p, as));
		struct rng rng = rng_seeded(&seed);

		write_chain(f, &chain);
		assert_int_equal(ike_sk_seal(&key, &rng, &iv, first, buf_cur(&chain), &msg),
				 IKE_OK);
	}
	assert_false(msg.bad);
	return msg.len;
}

void forge_put(struct pair *p, int from, const struct forge *f)
{
	struct flight *flight = p->side[from].out[0];

	assert_true(p->side[from].out_count > 0);
	flight->len = forge_bytes(p, from, f, flight->bytes);
}

void forge_own(struct pair *p, int from, const struct forge *f)
{
	const struct flight *flight = p->side[from].out[0];
	struct ike_sa *sa = forge_sa(p, from, &f->hdr);

	forge_put(p, from, f);
	assert_true(sa && sa->init);
	assert_true(blob_set(&sa->init->message[from], cur_of(flight->bytes, flight->len)));
	if (sa->initiator)
		assert_true(blob_set(&sa->req.bytes, cur_of(flight->bytes, flight->len)));
}

enum ike_err forge_send(struct pair *p, int as, const struct forge *f)
{
	uint8_t bytes[IKE_MESSAGE_MAX];

	return pair_inject(p, 1 - as, bytes, forge_bytes(p, as, f, bytes));
}

void forge_discard(struct pair *p, int from)
{
	struct side *s = &p->side[from];

	assert_true(s->out_count > 0);
	free(s->out[--s->out_count]);
}

void forge_answer(struct pair *p, int from, struct forge *f)
{
	struct side *s = &p->side[from];

	assert_true(s->out_count > 0);
	forge_read(p, from, s->out[s->out_count - 1]->bytes, s->out[s->out_count - 1]->len, f);
	forge_discard(p, from);
}
