/*
 * tests/unit/forge.c - see forge.h.
 */
#include "tests/unit/forge.h"

#include <stdlib.h>

/* Far from what the engines count to, so that no nonce is used twice under one key. */
#define FORGE_IV ((uint64_t)0x7f << 56)

/* ---- where an exchange is ---- */

void forge_pair(struct pair *p, enum forge_step step)
{
	pair_init(p);
	for (int i = 0; i < 2; i++)
		pair_proposals(FORGE_IKE, IKE_PROTO_IKE, &p->side[i].conn.ike);
	pair_start(p);
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

/* ---- the judge ---- */

static void look_sa(const struct ike_sa *sa, struct forge_sa_state *s)
{
	size_t i = 0;

	s->id = sa->id;
	s->spi_i = sa->spi_i;
	s->spi_r = sa->spi_r;
	s->mid_out = sa->mid_out;
	s->mid_in = sa->mid_in;
	s->req_mid = sa->req.mid;
	s->req_len = sa->req.bytes.len;
	s->answer_len = sa->answer.len;
	s->state = sa->state;
	s->natt = sa->natt;
	s->replaced = sa->replaced;
	s->delete_wanted = sa->delete_wanted;
	s->remote = sa->path.remote.addr;
	s->remote_port = sa->path.remote.port;
	s->local_port = sa->path.local.port;
	s->child_count = sa->child_count;
	s->last_in = sa->last_in;
	s->t_dpd = sa->t_dpd;
	s->t_replace = sa->t_replace;
	s->t_hard = sa->t_hard;
	s->t_expire = sa->t_expire;
	memcpy(s->key, sa->keys.d.b, sizeof(s->key));
	LIST_EACH(it, &sa->children) {
		const struct child *child = CONTAINER_OF(it, struct child, node);

		s->child_id[i] = child->c.child_id;
		s->child_spi[i][0] = child->c.in.spi;
		s->child_spi[i++][1] = child->c.out.spi;
	}
}

void forge_look(struct pair *p, struct forge_state *state)
{
	memset(state, 0, sizeof(*state));
	for (int i = 0; i < 2; i++) {
		const struct side *s = &p->side[i];
		struct forge_side_state *look = &state->side[i];
		size_t count = 0;

		look->sa_count = s->ike->sa_count;
		look->half_open = s->ike->half_open;
		look->kernel_count = s->sa_count;
		look->out_count = s->out_count;
		look->ups = s->ups;
		look->downs = s->downs;
		look->child_ups = s->child_ups;
		look->child_downs = s->child_downs;
		look->wants_done = s->wants_done;
		look->moves = s->moves;
		memcpy(look->errors, s->ike->stats.errors, sizeof(look->errors));
		for (size_t j = 0; j < s->sa_count; j++) {
			look->kernel[j][0] = s->sa[j].in.spi;
			look->kernel[j][1] = s->sa[j].out.spi;
		}
		LIST_EACH(it, &s->ike->sas) {
			if (count < FORGE_SAS_MAX)
				look_sa(CONTAINER_OF(it, struct ike_sa, node), &look->sa[count++]);
		}
	}
}

static void assert_sa_same(const struct forge_sa_state *a, const struct forge_sa_state *b, int side,
			   unsigned line)
{
	if (a->id != b->id || a->state != b->state)
		fail_msg("line %u: an SA of %c went from state %u to %u", line, 'A' + side,
			 a->state, b->state);
	if (a->mid_in != b->mid_in || a->mid_out != b->mid_out || a->req_len != b->req_len ||
	    a->req_mid != b->req_mid)
		fail_msg("line %u: the window of an SA of %c moved", line, 'A' + side);
	if (a->last_in != b->last_in || a->t_dpd != b->t_dpd || a->t_expire != b->t_expire)
		fail_msg("line %u: %c took it for a sign of life", line, 'A' + side);
	if (memcmp(a, b, sizeof(*a)) != 0)
		fail_msg("line %u: an SA of %c changed", line, 'A' + side);
}

void forge_assert_same(struct pair *p, const struct forge_state *before, unsigned line)
{
	struct forge_state now;

	forge_look(p, &now);
	for (int i = 0; i < 2; i++) {
		const struct forge_side_state *a = &before->side[i], *b = &now.side[i];

		if (a->sa_count != b->sa_count || a->half_open != b->half_open)
			fail_msg("line %u: %c had %zu SAs and has %zu", line, 'A' + i, a->sa_count,
				 b->sa_count);
		for (size_t j = 0; j < FORGE_SAS_MAX; j++)
			assert_sa_same(&a->sa[j], &b->sa[j], i, line);
		if (a->kernel_count != b->kernel_count ||
		    memcmp(a->kernel, b->kernel, sizeof(a->kernel)) != 0)
			fail_msg("line %u: the kernel of %c changed", line, 'A' + i);
		if (a->ups != b->ups || a->downs != b->downs || a->child_ups != b->child_ups ||
		    a->child_downs != b->child_downs || a->wants_done != b->wants_done ||
		    a->moves != b->moves)
			fail_msg("line %u: %c told its caller something", line, 'A' + i);
	}
}

static void assert_counted(const struct forge_side_state *a, const struct forge_side_state *b,
			   enum ike_err err, unsigned line)
{
	for (unsigned e = 0; e < IKE_E_COUNT; e++) {
		if (b->errors[e] != a->errors[e] + (e == err))
			fail_msg("line %u: %s counted %d times", line, ike_err_name(e),
				 (int)(b->errors[e] - a->errors[e]));
	}
}

uint16_t forge_attack_at(struct pair *p, int to, const void *bytes, size_t len, enum ike_err err,
			 unsigned line)
{
	struct forge_state before, after;
	struct forge answer;

	forge_look(p, &before);

	enum ike_err got = pair_inject(p, to, bytes, len);

	if (err == IKE_E_COUNT ? got == IKE_OK : got != err)
		fail_msg("line %u: %s where %s was expected", line, ike_err_name(got),
			 err == IKE_E_COUNT ? "an error" : ike_err_name(err));
	forge_look(p, &after);
	assert_counted(&before.side[to], &after.side[to], got, line);
	assert_counted(&before.side[1 - to], &after.side[1 - to], IKE_E_COUNT, line);
	forge_assert_same(p, &before, line);
	if (after.side[1 - to].out_count != before.side[1 - to].out_count ||
	    after.side[to].out_count > before.side[to].out_count + 1)
		fail_msg("line %u: too many datagrams went out", line);
	if (after.side[to].out_count == before.side[to].out_count)
		return 0;
	forge_answer(p, to, &answer);
	if (answer.sealed || answer.item[0].type != IKE_PL_NOTIFY)
		return FORGE_ANSWER;
	return (uint16_t)(answer.item[0].body[2] << 8 | answer.item[0].body[3]);
}

uint16_t forge_strike_at(struct pair *p, int as, const struct forge *f, enum ike_err err,
			 unsigned line)
{
	uint8_t bytes[IKE_MESSAGE_MAX];

	return forge_attack_at(p, 1 - as, bytes, forge_bytes(p, as, f, bytes), err, line);
}
