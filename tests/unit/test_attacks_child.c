/*
 * tests/unit/test_attacks_child.c - what an authenticated peer may not get in IKE_AUTH: tunnel
 * mode, selectors other than GRE between the two hosts, ESP that nobody offered, SPIs that do not
 * exist. RFC 7296 2.9, 2.17, 2.21.2, 3.3, 3.13.
 *
 * The IKE SA stands for a moment, for the peer has proved who it is; a Child SA never does.
 */
#include "tests/unit/forge.h"

/* ---- mode ---- */

static void tunnel_mode(struct pair *p, struct forge *f, unsigned i)
{
	size_t kept = 0;

	(void)p;
	(void)i;
	for (size_t j = 0; j < f->count; j++) {
		const uint8_t *body = f->item[j].body;

		if (f->item[j].type != IKE_PL_NOTIFY ||
		    (body[2] << 8 | body[3]) != IKE_N_USE_TRANSPORT_MODE)
			f->item[kept++] = f->item[j];
	}
	f->count = kept;
}

static void test_tunnel_mode(void **state)
{
	(void)state;
	forge_refused_child(tunnel_mode, 0, IKE_E_MODE, IKE_N_NO_PROPOSAL_CHOSEN);
	forge_refused_answer(tunnel_mode, 0, IKE_E_MODE, IKE_CAUSE_MODE);
}

/* ---- traffic selectors ---- */

struct selector {
	uint8_t type, protocol;
	uint16_t port_start, port_end;
	const char *start, *end; /* NULL: of the host that it is about */
};

struct selectors {
	enum ike_err err;
	const char *what;
	struct selector item[3];
	uint8_t declared; /* their number as the payload has it; 0: the true one */
	uint8_t lie;	  /* added to the first one's length field */
};

#define V4  IKE_TS_IPV4_ADDR_RANGE
#define GRE IP_PROTO_GRE

static const struct selectors lists[] = {
	/* What is all right, to begin with. */
	{ IKE_OK, "any protocol", { { V4, 0, 0, 65535, NULL, NULL } }, 0, 0 },
	{ IKE_OK, "wider", { { V4, GRE, 0, 65535, "0.0.0.0", "255.255.255.255" } }, 0, 0 },
	{ IKE_OK,
	  "gre/42, as strongSwan sends it, then gre",
	  { { V4, GRE, 0, 42, NULL, NULL }, { V4, GRE, 0, 65535, NULL, NULL } },
	  0,
	  0 },
	{ IKE_OK,
	  "one of a type that nobody knows, then gre",
	  { { 99, GRE, 0, 65535, NULL, NULL }, { V4, GRE, 0, 65535, NULL, NULL } },
	  0,
	  0 },
	{ IKE_OK,
	  "another host, then ours",
	  { { V4, GRE, 0, 65535, "10.0.0.1", "10.0.0.1" }, { V4, GRE, 0, 65535, NULL, NULL } },
	  0,
	  0 },
	/* Not GRE between the two. */
	{ IKE_E_TS, "TCP", { { V4, 6, 0, 65535, NULL, NULL } }, 0, 0 },
	{ IKE_E_TS, "only gre/42", { { V4, GRE, 0, 42, NULL, NULL } }, 0, 0 },
	{ IKE_E_TS, "gre, one port", { { V4, GRE, 42, 42, NULL, NULL } }, 0, 0 },
	{ IKE_E_TS, "gre, all but one", { { V4, GRE, 1, 65535, NULL, NULL } }, 0, 0 },
	{ IKE_E_TS, "OPAQUE", { { V4, GRE, 65535, 0, NULL, NULL } }, 0, 0 },
	{ IKE_E_TS, "another host", { { V4, GRE, 0, 65535, "10.0.0.1", "10.0.0.9" } }, 0, 0 },
	{ IKE_E_TS, "below", { { V4, 0, 0, 65535, "0.0.0.0", "192.0.2.0" } }, 0, 0 },
	{ IKE_E_TS, "above", { { V4, 0, 0, 65535, "203.0.113.34", "255.255.255.255" } }, 0, 0 },
	{ IKE_E_TS, "unknown type", { { 99, GRE, 0, 65535, NULL, NULL } }, 0, 0 },
	/* CVE-2023-23009: not even selectors. */
	{ IKE_E_SYNTAX, "backwards", { { V4, GRE, 0, 65535, "10.0.0.9", "10.0.0.1" } }, 0, 0 },
	{ IKE_E_SYNTAX, "ports backwards", { { V4, GRE, 9, 8, NULL, NULL } }, 0, 0 },
	{ IKE_E_SYNTAX, "none", { { 0, 0, 0, 0, NULL, NULL } }, 0, 0 },
	{ IKE_E_TRUNCATED, "two declared", { { V4, GRE, 0, 65535, NULL, NULL } }, 2, 0 },
	{ IKE_E_TOO_MANY, "255 declared", { { V4, GRE, 0, 65535, NULL, NULL } }, 255, 0 },
	{ IKE_E_LENGTH,
	  "one declared, two there",
	  { { V4, GRE, 0, 65535, NULL, NULL }, { V4, GRE, 0, 65535, NULL, NULL } },
	  1,
	  0 },
	{ IKE_E_TRUNCATED, "too long", { { V4, GRE, 0, 65535, NULL, NULL } }, 0, 1 },
	{ IKE_E_LENGTH, "too short", { { V4, GRE, 0, 65535, NULL, NULL } }, 0, 0xff },
	{ IKE_E_LENGTH, "of no length", { { V4, GRE, 0, 65535, NULL, NULL } }, 0, 0xf0 },
	{ IKE_E_LENGTH, "an IPv6 one of 16", { { 8, GRE, 0, 65535, NULL, NULL } }, 0, 0 },
};

static void put_addr(struct buf *buf, const char *text, const struct addr *host)
{
	struct addr addr = *host;

	if (text)
		assert_true(addr_parse(text, &addr));
	buf_put(buf, addr.b, 4);
}

static void put_selectors(struct forge_item *item, const struct selectors *list,
			  const struct addr *host)
{
	struct buf buf = buf_of(item->body, sizeof(item->body));
	uint8_t count = 0;

	buf_zero(&buf, 4);
	for (size_t i = 0; i < ARRAY_LEN(list->item) && list->item[i].type; i++) {
		const struct selector *s = &list->item[i];

		buf_u8(&buf, s->type);
		buf_u8(&buf, s->protocol);
		buf_u16(&buf, (uint8_t)(16 + (i ? 0 : list->lie)));
		buf_u16(&buf, s->port_start);
		buf_u16(&buf, s->port_end);
		put_addr(&buf, s->start, host);
		put_addr(&buf, s->end, host);
		count++;
	}
	item->body[0] = list->declared ? list->declared : count;
	item->len = buf.len;
}

static void other_tsi(struct pair *p, struct forge *f, unsigned i)
{
	(void)p;
	put_selectors(forge_find(f, IKE_PL_TSI), &lists[i], &addr_a);
}

static void other_tsr(struct pair *p, struct forge *f, unsigned i)
{
	(void)p;
	put_selectors(forge_find(f, IKE_PL_TSR), &lists[i], &addr_b);
}

/* It comes up, and with no other selectors than ours. */
static void accepted(forge_fn *mutate, unsigned i, enum forge_step step)
{
	struct pair p;
	struct forge f;
	int from = step % 2;

	forge_pair(&p, step);
	forge_take(&p, from, &f);
	mutate(&p, &f, i);
	forge_put(&p, from, &f);
	assert_int_equal(pair_arrow(&p, from), IKE_OK);
	if (!from) {
		struct ike_ts_list ts;
		struct forge_item *item;

		forge_take(&p, 1, &f);
		item = forge_find(&f, IKE_PL_TSI);
		assert_int_equal(ike_ts_parse(cur_of(item->body, item->len), &ts), IKE_OK);
		assert_int_equal(ts.count, 1);
		assert_int_equal(ts.item[0].protocol, IP_PROTO_GRE);
		assert_true(addr_eq(&ts.item[0].start, &addr_a));
		assert_true(addr_eq(&ts.item[0].end, &addr_a));
	}
	forge_free(&p);
}

static void test_cve_2023_23009_selectors(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(lists); i++) {
		enum ike_err err = lists[i].err;

		if (!err) {
			accepted(other_tsi, i, FORGE_AUTH_REQUEST);
			accepted(other_tsr, i, FORGE_AUTH_REQUEST);
			accepted(other_tsi, i, FORGE_AUTH_RESPONSE);
			accepted(other_tsr, i, FORGE_AUTH_RESPONSE);
			continue;
		}
		forge_refused_child(other_tsi, i, err, IKE_N_TS_UNACCEPTABLE);
		forge_refused_child(other_tsr, i, err, IKE_N_TS_UNACCEPTABLE);
		forge_refused_answer(other_tsi, i, IKE_E_TS, IKE_CAUSE_TS);
		forge_refused_answer(other_tsr, i, IKE_E_TS, IKE_CAUSE_TS);
	}
}

static void swapped_ts(struct pair *p, struct forge *f, unsigned i)
{
	struct forge_item *tsi = forge_find(f, IKE_PL_TSI), *tsr = forge_find(f, IKE_PL_TSR);

	(void)p;
	(void)i;
	tsi->type = IKE_PL_TSR;
	tsr->type = IKE_PL_TSI;
}

static void test_swapped_selectors(void **state)
{
	(void)state;
	forge_refused_child(swapped_ts, 0, IKE_E_TS, IKE_N_TS_UNACCEPTABLE);
	forge_refused_answer(swapped_ts, 0, IKE_E_TS, IKE_CAUSE_TS);
}

/* ---- the SA payload ---- */

struct esp {
	const char *what;
	uint8_t protocol, spi_len;
	uint32_t spi;
	uint16_t encr, bits, integ, ke, esn; /* 0xffff: no such transform */
	enum ike_err request, answer;
};

#define NO 0xffff

static const struct esp esps[] = {
	{ "SPI 0", 3, 4, 0, 20, 256, NO, NO, 0, IKE_E_SYNTAX, IKE_E_MISSING },
	{ "AH", 2, 4, 0x1234567, NO, 0, 12, NO, 0, IKE_E_NO_PROPOSAL, IKE_E_NO_PROPOSAL },
	{ "IKE", 1, 8, 0x1234567, 20, 256, NO, NO, NO, IKE_E_NO_PROPOSAL, IKE_E_NO_PROPOSAL },
	{ "no SPI", 3, 0, 0, 20, 256, NO, NO, 0, IKE_E_SYNTAX, IKE_E_NO_PROPOSAL },
	{ "SPI of 8", 3, 8, 0x1234567, 20, 256, NO, NO, 0, IKE_E_SYNTAX, IKE_E_NO_PROPOSAL },
	{ "NULL", 3, 4, 0x1234567, 11, 0, 12, NO, 0, IKE_E_NO_PROPOSAL, IKE_E_NO_PROPOSAL },
	{ "3DES", 3, 4, 0x1234567, 3, 0, 2, NO, 0, IKE_E_NO_PROPOSAL, IKE_E_NO_PROPOSAL },
	{ "bare CBC", 3, 4, 0x1234567, 12, 256, NO, NO, 0, IKE_E_NO_PROPOSAL, IKE_E_NO_PROPOSAL },
	{ "ESN 7", 3, 4, 0x1234567, 20, 256, NO, NO, 7, IKE_E_NO_PROPOSAL, IKE_E_NO_PROPOSAL },
	{ "64 bits", 3, 4, 0x1234567, 20, 64, NO, NO, 0, IKE_E_NO_PROPOSAL, IKE_E_NO_PROPOSAL },
	{ "no cipher", 3, 4, 0x1234567, NO, 0, 12, NO, 0, IKE_E_NO_PROPOSAL, IKE_E_NO_PROPOSAL },
};

static void put_transform(struct buf *buf, uint8_t type, uint16_t id, uint16_t bits, bool last)
{
	buf_u16(buf, last ? 0 : 0x0300);
	buf_u16(buf, bits ? 12 : 8);
	buf_u16(buf, (uint16_t)(type << 8));
	buf_u16(buf, id);
	if (bits) {
		buf_u16(buf, 0x8000 | IKE_ATTR_KEY_LENGTH);
		buf_u16(buf, bits);
	}
}

static void other_esp(struct pair *p, struct forge *f, unsigned i)
{
	const struct esp *esp = &esps[i];
	const uint16_t ids[] = { NO, esp->encr, NO, esp->integ, esp->ke, esp->esn };
	struct forge_item *item = forge_find(f, IKE_PL_SA);
	struct buf buf = buf_of(item->body, sizeof(item->body));
	uint8_t count = 0, done = 0;
	size_t at;

	(void)p;
	for (int type = IKE_TT_ENCR; type < IKE_TT_COUNT; type++)
		count = (uint8_t)(count + (ids[type] != NO));
	buf_u16(&buf, 0);
	at = buf_open16(&buf);
	buf_u8(&buf, 1);
	buf_u8(&buf, esp->protocol);
	buf_u8(&buf, esp->spi_len);
	buf_u8(&buf, count);
	buf_zero(&buf, esp->spi_len == 8 ? 4 : 0);
	if (esp->spi_len)
		buf_u32(&buf, esp->spi);
	for (int type = IKE_TT_ENCR; type < IKE_TT_COUNT; type++) {
		if (ids[type] == NO)
			continue;
		done++;
		put_transform(&buf, (uint8_t)type, ids[type], type == IKE_TT_ENCR ? esp->bits : 0,
			      done == count);
	}
	buf_close16(&buf, at, 0);
	assert_false(buf.bad);
	item->len = buf.len;
}

static void test_esp_proposals(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(esps); i++) {
		bool mine = esps[i].answer == IKE_E_MISSING;

		forge_refused_child(other_esp, i, esps[i].request, IKE_N_NO_PROPOSAL_CHOSEN);
		forge_refused_answer(other_esp, i, esps[i].answer,
				     mine ? IKE_CAUSE_PROTOCOL : IKE_CAUSE_NO_CHILD_PROPOSAL);
	}
}

/* EN.I 1.1.6.10: an answer that holds all that was offered, or the one taken twice. */
static void greedy(struct pair *p, struct forge *f, unsigned i)
{
	struct forge_item *item = forge_find(f, IKE_PL_SA);

	(void)p;
	if (i) { /* the proposal again, numbered 2 */
		memcpy(item->body + item->len, item->body, item->len);
		item->body[0] = 2;
		item->body[item->len + 4] = (uint8_t)(item->body[4] + 1);
		item->len *= 2;
		return;
	}
	/* its last transform again */
	memcpy(item->body + item->len, item->body + item->len - 8, 8);
	item->body[item->len - 8] = 3;
	item->len += 8;
	item->body[3] = (uint8_t)(item->body[3] + 8);
	item->body[7]++;
}

static void test_greedy_answers(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++)
		forge_refused_answer(greedy, i, IKE_E_NO_PROPOSAL, IKE_CAUSE_NO_CHILD_PROPOSAL);
}

/* An error instead of the Child SA, next to a proof that is right: the IKE SA is not kept empty. */
static void child_error(struct pair *p, struct forge *f, unsigned i)
{
	static const uint16_t types[] = { IKE_N_NO_PROPOSAL_CHOSEN, IKE_N_TS_UNACCEPTABLE,
					  IKE_N_SINGLE_PAIR_REQUIRED,
					  IKE_N_INTERNAL_ADDRESS_FAILURE, 16383 };

	(void)p;
	forge_notify(f, types[i], NULL, 0); /* with SA, TSi and TSr still in it */
}

static void test_errors_beside_a_child(void **state)
{
	static const enum ike_cause causes[] = { IKE_CAUSE_NO_CHILD_PROPOSAL, IKE_CAUSE_TS,
						 IKE_CAUSE_TS, IKE_CAUSE_PROTOCOL,
						 IKE_CAUSE_PROTOCOL };

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(causes); i++)
		forge_refused_answer(child_error, i, IKE_OK, causes[i]);
}

/* What a request says beside it changes nothing: errors, deletes, cookies, IKEv1's things. */
static void chatter(struct pair *p, struct forge *f, unsigned i)
{
	static const uint32_t spis[] = { 0, 1, 0x12345678, 0xffffffff };

	(void)p;
	switch (i) {
	case 0:
		forge_delete(f, IKE_PROTO_IKE, NULL, 0);
		break;
	case 1:
		forge_delete(f, IKE_PROTO_ESP, spis, ARRAY_LEN(spis));
		break;
	case 2:
		for (uint16_t type = 1; type < 25; type++)
			forge_notify(f, (uint16_t)(16400 + type), "data", 4);
		break;
	case 3:
		forge_notify(f, IKE_N_COOKIE, "cookie", 6);
		forge_notify(f, IKE_N_NAT_DETECTION_SOURCE_IP, "", 0);
		break;
	case 4:
		for (uint8_t type = 1; type < 33; type++)
			(void)forge_add(f, type, "?", 1);
		break;
	case 5:
		(void)forge_add(f, IKE_PL_CP, "\1\0\0\0", 4);
		(void)forge_add(f, IKE_PL_CERTREQ, "\4", 1);
		(void)forge_add(f, IKE_PL_KE, "", 0);
		(void)forge_add(f, IKE_PL_NONCE, "", 0);
		break;
	}
}

static void test_chatter(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		accepted(chatter, i, FORGE_AUTH_REQUEST);
		accepted(chatter, i, FORGE_AUTH_RESPONSE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tunnel_mode),
		cmocka_unit_test(test_cve_2023_23009_selectors),
		cmocka_unit_test(test_swapped_selectors),
		cmocka_unit_test(test_esp_proposals),
		cmocka_unit_test(test_greedy_answers),
		cmocka_unit_test(test_errors_beside_a_child),
		cmocka_unit_test(test_chatter),
	};

	return cmocka_run_group_tests_name("attacks_child", tests, NULL, NULL);
}
