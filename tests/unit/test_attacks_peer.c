/*
 * tests/unit/test_attacks_peer.c - nonsense from the authenticated peer, on an SA that stands:
 * Deletes of what there is not, malformed requests and answers, errors out of place.
 * RFC 7296 1.3, 1.4.1, 2.5, 2.21.3.
 */
#include "tests/unit/forge.h"

static uint64_t errors(struct pair *p, int side, enum ike_err err)
{
	return p->side[side].ike->stats.errors[err];
}

/* `as` sends f as its next request: taken, answered, and nothing but the window moves. */
static void harmless(struct pair *p, int as, struct forge *f, struct forge *answer)
{
	struct ike_sa *other = pair_sa(p, 1 - as);
	struct forge_state before;

	f->hdr.mid = other->mid_in;
	other->last_in = p->now;
	other->t_dpd = p->now + other->conn->c.dpd_us;
	forge_look(p, &before);
	assert_int_equal(forge_send(p, as, f), IKE_OK);
	forge_answer(p, 1 - as, answer);
	assert_true(answer->sealed);
	assert_int_equal(answer->hdr.mid, f->hdr.mid);
	before.side[1 - as].sa[0].mid_in++;
	before.side[1 - as].sa[0].answer_len = other->answer.len;
	forge_assert_same(p, &before, __LINE__);
	pair_sa(p, as)->mid_out++; /* it has sent that */
}

/* A probe of `as` is on the wire, taken apart. */
static void probe(struct pair *p, int as, struct forge *f)
{
	forge_pair(p, FORGE_UP);
	info_probe(pair_sa(p, as));
	pair_drain(p, as);
	forge_take(p, as, f);
}

/* Both ends have lost it, at once and without more words, and come back. */
static void gone(struct pair *p)
{
	assert_int_equal(p->side[0].sa_count + p->side[1].sa_count, 0);
	assert_int_equal(pair_established(p, 0) + pair_established(p, 1), 0);
	pair_pass(p, 60 * TICK_S, false);
	pair_assert_nothing(p, 0);
	pair_assert_nothing(p, 1);
	pair_want(p, 0);
	forge_free(p);
}

/* ---- Delete ---- */

/* SPIs that are nobody's, ours instead of the peer's own, of AH: an answer of nothing. */
static void test_delete_of_unknown_spis(void **state)
{
	struct pair p;
	struct forge f, answer;
	uint32_t spis[IKE_SPIS_MAX];

	(void)state;
	forge_pair(&p, FORGE_UP);
	for (int as = 0; as < 2; as++) {
		for (uint32_t i = 0; i < IKE_SPIS_MAX; i++)
			spis[i] = i * 0x1000193;
		spis[5] = p.side[as].sa[0].out.spi; /* the direction that is not its to name */
		for (size_t count = 0; count <= IKE_SPIS_MAX; count++) {
			for (int protocol = IKE_PROTO_AH; protocol <= IKE_PROTO_ESP; protocol++) {
				forge_request(&p, as, IKE_X_INFORMATIONAL, &f);
				forge_delete(&f, (uint8_t)protocol, spis, count);
				harmless(&p, as, &f, &answer);
				assert_int_equal(answer.count, 0);
			}
		}
		spis[0] = p.side[as].sa[0].in.spi; /* the right one, but of AH */
		forge_request(&p, as, IKE_X_INFORMATIONAL, &f);
		forge_delete(&f, IKE_PROTO_AH, spis, 1);
		for (int i = 1; i < IKE_DELETES_MAX; i++)
			forge_delete(&f, IKE_PROTO_ESP, spis + i, 2);
		harmless(&p, as, &f, &answer);
		assert_int_equal(answer.count, 0);
	}
	forge_free(&p);
}

/* The pair's SPI any number of times: it goes once, and our SPI is named once. */
static void test_delete_of_the_same_spi(void **state)
{
	(void)state;
	for (int as = 0; as < 2; as++) {
		struct pair p;
		struct forge f, answer;
		uint32_t spis[IKE_SPIS_MAX], own;
		struct forge_item *item;

		forge_pair(&p, FORGE_UP);
		own = p.side[1 - as].sa[0].in.spi;
		for (size_t i = 0; i < IKE_SPIS_MAX; i++)
			spis[i] = p.side[as].sa[0].in.spi;
		forge_request(&p, as, IKE_X_INFORMATIONAL, &f);
		for (int i = 0; i < IKE_DELETES_MAX; i++)
			forge_delete(&f, IKE_PROTO_ESP, spis, IKE_SPIS_MAX);
		assert_int_equal(forge_send(&p, as, &f), IKE_OK);
		forge_answer(&p, 1 - as, &answer);
		assert_int_equal(answer.count, 1);
		item = forge_find(&answer, IKE_PL_DELETE);
		assert_int_equal(item->len, 8);

		struct cur spi = cur_of(item->body + 4, 4);

		assert_int_equal(cur_u32(&spi), own);
		assert_int_equal(p.side[1 - as].sa_count, 0);
		assert_int_equal(p.side[1 - as].child_downs, 1);
		assert_int_equal(pair_established(&p, 1 - as), 1); /* the IKE SA stays */
		pair_free(&p);
	}
}

/* Both kinds in one message: the IKE SA takes all along, and the answer is empty. */
static void test_delete_of_both_kinds(void **state)
{
	(void)state;
	for (int order = 0; order < 2; order++) {
		struct pair p;
		struct forge f, answer;
		uint32_t spi;

		forge_pair(&p, FORGE_UP);
		spi = p.side[0].sa[0].in.spi;
		forge_request(&p, 0, IKE_X_INFORMATIONAL, &f);
		if (order)
			forge_delete(&f, IKE_PROTO_IKE, NULL, 0);
		forge_delete(&f, IKE_PROTO_ESP, &spi, 1);
		if (!order)
			forge_delete(&f, IKE_PROTO_IKE, NULL, 0);
		assert_int_equal(forge_send(&p, 0, &f), IKE_OK);
		forge_answer(&p, 1, &answer);
		assert_int_equal(answer.count, 0);
		assert_int_equal(p.side[1].sa_count, 0);
		assert_int_equal(p.side[1].downs, 1);
		assert_int_equal(p.side[1].child_downs, 1);
		assert_int_equal(p.side[1].down_cause, IKE_CAUSE_PEER_DELETED);
		/* It lingers, deaf to all but the same again. */
		assert_int_equal(forge_strike(&p, 0, &f, IKE_E_REPLAY), FORGE_ANSWER);
		f.hdr.mid++;
		assert_int_equal(forge_strike(&p, 0, &f, IKE_E_STATE), 0);
		pair_pass(&p, LINGER_US + TICK_S, true);
		pair_assert_nothing(&p, 1);
		pair_free(&p);
	}
}

/* RFC 7296 1.4.1: both at once.  Both go, nobody waits, nothing is left. */
static void test_crossed_deletes(void **state)
{
	(void)state;
	for (unsigned kinds = 0; kinds < 4; kinds++) {
		struct pair p;

		forge_pair(&p, FORGE_UP);
		for (int i = 0; i < 2; i++) {
			struct ike_match match = { 0 };

			if (kinds >> i & 1)
				match.child_id = p.side[i].sa[0].child_id;
			assert_int_equal(ike_terminate(p.side[i].ike, p.now, &match, false), 1);
			pair_drain(&p, i);
		}
		pair_settle(&p);
		assert_int_equal(p.side[0].sa_count + p.side[1].sa_count, 0);
		if (kinds < 3) {
			gone(&p);
			continue;
		}
		assert_int_equal(pair_established(&p, 0) + pair_established(&p, 1), 2);
		pair_free(&p);
	}
}

/* ---- malformed ---- */

static void break_it(struct forge *f, unsigned how)
{
	uint32_t spis[IKE_SPIS_MAX + 1] = { 0 };

	switch (how) {
	case 0:
		f->last_next = IKE_PL_DELETE;
		break;
	case 1:
		f->trailing = 3;
		break;
	case 2:
		(void)forge_add(f, IKE_PL_SK, "0123456789abcdef0123456789abcdef", 32);
		break;
	case 3:
		(void)forge_add(f, IKE_PL_NOTIFY, "\0\0", 2);
		break;
	case 4:
		(void)forge_add(f, IKE_PL_DELETE, "\3\4\377\377", 4);
		break;
	case 5:
		(void)forge_add(f, IKE_PL_DELETE, "\3\4\0\1\1\2\3", 7);
		break;
	case 6:
		(void)forge_add(f, IKE_PL_DELETE, "\3\4\0\1\1\2\3\4\5", 9);
		break;
	case 7:
		(void)forge_add(f, IKE_PL_DELETE, "\3\0\0\1", 4);
		break;
	case 8:
		(void)forge_add(f, IKE_PL_DELETE, "\1\10\0\1\1\2\3\4\1\2\3\4", 12);
		break;
	case 9:
		(void)forge_add(f, IKE_PL_DELETE, "\0\0\0\0", 4);
		break;
	case 10:
		forge_delete(f, IKE_PROTO_ESP, spis, IKE_SPIS_MAX + 1);
		break;
	case 11:
		for (int i = 0; i <= IKE_DELETES_MAX; i++)
			forge_delete(f, IKE_PROTO_ESP, spis, 1);
		break;
	case 12:
		for (int i = 0; i <= IKE_NOTIFIES_MAX; i++)
			forge_notify(f, 40000, "", 0);
		break;
	case 13:
		(void)forge_add(f, IKE_PL_SA, "", 0);
		(void)forge_add(f, IKE_PL_SA, "", 0);
		break;
	case 14: /* CVE-2023-38710 */
		(void)forge_add(f, IKE_PL_NOTIFY, "\0\4\100\11\1\2\3\4", 8);
		break;
	case 15:
		(void)forge_add(f, IKE_PL_NOTIFY, "\1\4\100\11\1\2\3\4", 8);
		break;
	}
}

#define BROKEN 16

static const enum ike_err broken[BROKEN] = {
	IKE_E_TRUNCATED, IKE_E_TRAILING,  IKE_E_SYNTAX,	  IKE_E_TRUNCATED,
	IKE_E_TOO_MANY,	 IKE_E_TRUNCATED, IKE_E_LENGTH,	  IKE_E_SYNTAX,
	IKE_E_SYNTAX,	 IKE_E_SYNTAX,	  IKE_E_TOO_MANY, IKE_E_TOO_MANY,
	IKE_E_TOO_MANY,	 IKE_E_DUPLICATE, IKE_E_SYNTAX,	  IKE_E_SYNTAX,
};

/*
 * RFC 7296 2.21.3: a malformed request is answered INVALID_SYNTAX, which ends the SA on both ends
 * without a Delete.  CVE-2023-38710: REKEY_SA of the wrong protocol, in whatever exchange.
 */
static void test_cve_2023_38710_malformed_requests(void **state)
{
	(void)state;
	for (unsigned how = 0; how < BROKEN; how++) {
		for (int as = 0; as < 2; as++) {
			struct pair p;
			struct forge f;

			probe(&p, as, &f);
			break_it(&f, how);
			forge_put(&p, as, &f);
			assert_int_equal(pair_copy(&p, as), broken[how]);
			assert_int_equal(errors(&p, 1 - as, broken[how]), 1);
			assert_int_equal(forge_attack(&p, 1 - as, p.side[as].out[0]->bytes,
						      p.side[as].out[0]->len, IKE_E_REPLAY),
					 FORGE_ANSWER);
			pair_drop(&p, as);
			forge_take(&p, 1 - as, &f);
			assert_true(f.sealed && f.count == 1 &&
				    forge_says(&f, IKE_N_INVALID_SYNTAX));
			pair_settle(&p);
			assert_int_equal(p.side[as].down_cause, IKE_CAUSE_PROTOCOL);
			assert_int_equal(p.side[1 - as].down_cause, IKE_CAUSE_PROTOCOL);
			gone(&p);
		}
	}
}

/* In CREATE_CHILD_SA, too, though that is refused anyway. */
static void test_malformed_create_child(void **state)
{
	(void)state;
	for (unsigned how = 0; how < BROKEN; how++) {
		struct pair p;
		struct forge f, answer;

		forge_pair(&p, FORGE_UP);
		forge_request(&p, 0, IKE_X_CREATE_CHILD, &f);
		break_it(&f, how);
		assert_int_equal(forge_send(&p, 0, &f), broken[how]);
		forge_answer(&p, 1, &answer);
		assert_true(answer.sealed && forge_says(&answer, IKE_N_INVALID_SYNTAX));
		assert_int_equal(p.side[1].sa_count, 0);
		pair_free(&p);
	}
}

/* An answer of that kind is not answered; the SA is deleted, for its ends disagree (2.21). */
static void test_malformed_answers(void **state)
{
	(void)state;
	for (unsigned how = 0; how < BROKEN + 1; how++) {
		for (int as = 0; as < 2; as++) {
			struct pair p;
			struct forge f;
			enum ike_err err = how < BROKEN ? broken[how] : IKE_E_CRITICAL;

			probe(&p, 1 - as, &f);
			assert_int_equal(pair_arrow(&p, 1 - as), IKE_OK);
			forge_take(&p, as, &f);
			if (how < BROKEN)
				break_it(&f, how);
			else
				forge_add(&f, 200, "", 0)->flags = 0x80;
			forge_put(&p, as, &f);
			assert_int_equal(pair_arrow(&p, as), err);
			assert_int_equal(errors(&p, 1 - as, err), 1);
			assert_int_equal(p.side[1 - as].sa_count, 0);
			assert_int_equal(p.side[1 - as].out_count, 1); /* our Delete */
			assert_int_equal(pair_peek(&p, 1 - as).flags & IKE_FLAG_RESPONSE, 0);
			pair_settle(&p);
			assert_int_equal(p.side[as].down_cause, IKE_CAUSE_PEER_DELETED);
			gone(&p);
		}
	}
}

/* The answer to a Delete may be anything at all: what it deletes is gone. */
static void test_malformed_answer_to_delete(void **state)
{
	(void)state;
	for (unsigned how = 0; how < BROKEN; how++) {
		struct pair p;
		struct forge f;
		struct ike_match match = { 0 };

		forge_pair(&p, FORGE_UP);
		assert_int_equal(ike_terminate(p.side[0].ike, p.now, &match, false), 1);
		pair_drain(&p, 0);
		assert_int_equal(pair_arrow(&p, 0), IKE_OK);
		forge_take(&p, 1, &f);
		break_it(&f, how);
		forge_put(&p, 1, &f);
		assert_int_equal(pair_arrow(&p, 1), broken[how]);
		gone(&p);
	}
}

/* ---- Notifies ---- */

/*
 * RFC 7296 2.21.2, 2.21.3: of all Notifies that a request may hold, AUTHENTICATION_FAILED and
 * INVALID_SYNTAX end the SA; the others, of whatever number, are answered and ignored.
 */
static void test_notifies_in_requests(void **state)
{
	struct pair p;
	struct forge f, answer;

	(void)state;
	forge_pair(&p, FORGE_UP);
	for (unsigned type = 0; type < 65536; type += type < 100 || type > 65500 ? 1 : 97) {
		int as = type % 2;

		if (type == IKE_N_AUTHENTICATION_FAILED || type == IKE_N_INVALID_SYNTAX)
			continue;
		forge_request(&p, as, IKE_X_INFORMATIONAL, &f);
		forge_notify(&f, (uint16_t)type, "data", 4);
		harmless(&p, as, &f, &answer);
		assert_int_equal(answer.count, 0);
	}
	for (uint16_t type = 16384; type < 16500; type++) {
		if (type == IKE_N_REKEY_SA) /* says of itself what it needs */
			continue;
		forge_request(&p, 0, IKE_X_INFORMATIONAL, &f);
		forge_notify(&f, type, NULL, 0);
		harmless(&p, 0, &f, &answer);
	}
	forge_free(&p);
	for (int i = 0; i < 2; i++) {
		uint16_t type = i ? IKE_N_INVALID_SYNTAX : IKE_N_AUTHENTICATION_FAILED;

		probe(&p, i, &f);
		forge_notify(&f, type, NULL, 0);
		forge_put(&p, i, &f);
		assert_int_equal(pair_arrow(&p, i), IKE_OK);
		assert_int_equal(p.side[1 - i].sa_count, 0);
		assert_int_equal(p.side[1 - i].down_cause, IKE_CAUSE_AUTH_REFUSED);
		forge_take(&p, 1 - i, &answer);
		assert_int_equal(answer.count, 0);
		pair_free(&p);
	}
}

/* The same in answers: INVALID_SYNTAX alone is fatal, and nothing is sent for it. */
static void test_notifies_in_answers(void **state)
{
	static const uint16_t types[] = {
		1, 4, 11, 14, 24, 34, 35, 38, 43, 44, 16383, 16384, 65535
	};
	struct pair p;
	struct forge f;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		probe(&p, 0, &f);
		assert_int_equal(pair_arrow(&p, 0), IKE_OK);
		forge_take(&p, 1, &f);
		forge_notify(&f, types[i], "x", 1);
		forge_put(&p, 1, &f);
		assert_int_equal(pair_arrow(&p, 1), IKE_OK);
		assert_int_equal(p.side[0].out_count, 0);
		forge_free(&p);
	}
	probe(&p, 0, &f);
	assert_int_equal(pair_arrow(&p, 0), IKE_OK);
	forge_take(&p, 1, &f);
	forge_notify(&f, IKE_N_INVALID_SYNTAX, NULL, 0);
	forge_put(&p, 1, &f);
	assert_int_equal(pair_arrow(&p, 1), IKE_OK);
	assert_int_equal(p.side[0].out_count, 0);
	assert_int_equal(p.side[0].sa_count, 0);
	assert_int_equal(p.side[0].down_cause, IKE_CAUSE_PROTOCOL);
	pair_free(&p);
}

/* RFC 7296 2.5: unknown and critical is named in the answer, and the SA goes on. */
static void test_unknown_critical(void **state)
{
	static const uint8_t types[] = { 1, 32, 49, 255 };
	static const uint8_t exchanges[] = { IKE_X_INFORMATIONAL, IKE_X_CREATE_CHILD };
	struct pair p;
	struct forge f, answer;

	(void)state;
	forge_pair(&p, FORGE_UP);
	for (size_t i = 0; i < ARRAY_LEN(types) * ARRAY_LEN(exchanges) * 2; i++) {
		int as = i % 2;
		uint8_t type = types[i / 2 % 4];
		const struct forge_item *item;

		forge_request(&p, as, exchanges[i / 8], &f);
		forge_delete(&f, IKE_PROTO_IKE, NULL, 0); /* not looked at, either */
		forge_add(&f, type, "x", 1)->flags = 0x80;
		assert_int_equal(forge_send(&p, as, &f), IKE_E_CRITICAL);
		forge_answer(&p, 1 - as, &answer);
		assert_true(answer.sealed && answer.count == 1);
		item = forge_find(&answer, IKE_PL_NOTIFY);
		assert_true(forge_says(&answer, IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD));
		assert_int_equal(item->len, 5);
		assert_int_equal(item->body[4], type);
		pair_assert_up(&p);
		pair_sa(&p, as)->mid_out++;
	}
	forge_free(&p);
}

/* CVE-2026-78135 after IKE_AUTH: whatever CREATE_CHILD_SA asks for, it is NO_ADDITIONAL_SAS. */
static void test_create_child(void **state)
{
	struct pair p;
	struct forge f, answer, auth;

	(void)state;
	forge_pair(&p, FORGE_AUTH_REQUEST);
	forge_take(&p, 0, &auth);
	pair_settle(&p);
	for (unsigned i = 0; i < 32; i++) {
		forge_request(&p, 0, IKE_X_CREATE_CHILD, &f);
		if (i & 1)
			f.item[f.count++] = *forge_find(&auth, IKE_PL_SA);
		if (i & 2)
			(void)forge_add(&f, IKE_PL_NONCE, "0123456789abcdef0123456789abcdef", 32);
		if (i & 4)
			f.item[f.count++] = *forge_find(&auth, IKE_PL_TSI);
		if (i & 8)
			f.item[f.count++] = *forge_find(&auth, IKE_PL_TSR);
		if (i & 16)
			(void)forge_add(&f, IKE_PL_NOTIFY, "\3\4\100\11\1\2\3\4", 8); /* REKEY_SA */
		harmless(&p, 0, &f, &answer);
		assert_int_equal(answer.count, 1);
		assert_true(forge_says(&answer, IKE_N_NO_ADDITIONAL_SAS));
	}
	forge_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delete_of_unknown_spis),
		cmocka_unit_test(test_delete_of_the_same_spi),
		cmocka_unit_test(test_delete_of_both_kinds),
		cmocka_unit_test(test_crossed_deletes),
		cmocka_unit_test(test_cve_2023_38710_malformed_requests),
		cmocka_unit_test(test_malformed_create_child),
		cmocka_unit_test(test_malformed_answers),
		cmocka_unit_test(test_malformed_answer_to_delete),
		cmocka_unit_test(test_notifies_in_requests),
		cmocka_unit_test(test_notifies_in_answers),
		cmocka_unit_test(test_unknown_critical),
		cmocka_unit_test(test_create_child),
	};

	return cmocka_run_group_tests_name("attacks_peer", tests, NULL, NULL);
}
