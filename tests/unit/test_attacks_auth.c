/*
 * tests/unit/test_attacks_auth.c - attacks on IKE_AUTH, by one who has gone through IKE_SA_INIT and
 * so holds the keys of messages, but not the secret; or who has that, too, and sends nonsense.
 *
 * A refused authentication is answered once, with one Notify, and nothing comes of it at either
 * end.  A refused Child SA leaves no trace in a kernel.  And the next honest attempt succeeds.
 */
#include "tests/unit/forge.h"

static uint64_t errors(struct pair *p, int side, enum ike_err err)
{
	return p->side[side].ike->stats.errors[err];
}

/* ---- before there is anything to authenticate ---- */

/*
 * CVE-2019-12312: INFORMATIONAL before IKE_AUTH has completed, sealed and not.  CVE-2026-78135,
 * CVE-2009-1957: CREATE_CHILD_SA.  CVE-2014-2338 would be its rekeying.
 */
static void test_cve_2019_12312_informational_before_auth(void **state)
{
	static const uint8_t exchanges[] = { IKE_X_INFORMATIONAL, IKE_X_CREATE_CHILD };

	(void)state;
	for (int step = FORGE_INIT_REQUEST; step <= FORGE_AUTH_RESPONSE; step++) {
		struct pair p;
		struct forge f;

		forge_pair(&p, (enum forge_step)step);
		for (int as = 0; as < 2; as++) {
			bool keys = as ? step >= FORGE_AUTH_REQUEST : step == FORGE_AUTH_REQUEST;

			if (as ? step == FORGE_INIT_REQUEST : step == FORGE_AUTH_RESPONSE)
				continue; /* no such SA, or one that has been authenticated */
			for (size_t i = 0; i < 2 * ARRAY_LEN(exchanges); i++) {
				forge_new(&p, as, exchanges[i / 2], i % 2, as ? 0 : 1, &f);
				forge_notify(&f, IKE_N_AUTHENTICATION_FAILED, NULL, 0);
				forge_delete(&f, IKE_PROTO_IKE, NULL, 0);
				if (keys) {
					assert_int_equal(forge_strike(&p, as, &f,
								      i % 2 ? IKE_E_UNEXPECTED
									    : IKE_E_STATE),
							 0);
				}
				f.sealed = false;
				(void)forge_strike(&p, as, &f, IKE_E_COUNT);
				f.count = 0;
				(void)forge_add(&f, IKE_PL_SK, "0123456789abcdef0123456789abcdef",
						32);
				(void)forge_strike(&p, as, &f, IKE_E_COUNT);
			}
		}
		forge_free(&p);
	}
}

/* IKE_AUTH in the wrong place of the window, or in the wrong direction. */
static void test_auth_message_ids(void **state)
{
	static const uint32_t mids[] = { 0, 2, 3, 0x7fffffff, 0xffffffff };
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_AUTH_REQUEST);
	forge_take(&p, 0, &f);
	for (size_t i = 0; i < ARRAY_LEN(mids); i++) {
		f.hdr.mid = mids[i];
		assert_int_equal(forge_strike(&p, 0, &f, IKE_E_MESSAGE_ID), 0);
		f.hdr.flags |= IKE_FLAG_RESPONSE;
		assert_int_equal(forge_strike(&p, 0, &f, IKE_E_UNEXPECTED), 0);
		f.hdr.flags ^= IKE_FLAG_RESPONSE;
	}
	forge_free(&p);
	forge_pair(&p, FORGE_AUTH_RESPONSE);
	forge_take(&p, 1, &f);
	for (size_t i = 0; i < ARRAY_LEN(mids); i++) {
		f.hdr.mid = mids[i];
		assert_int_equal(forge_strike(&p, 1, &f, IKE_E_UNEXPECTED), 0);
	}
	f.hdr.mid = 0;
	f.hdr.flags = 0; /* a request of the responder's, before A knows it */
	assert_int_equal(forge_strike(&p, 1, &f, IKE_E_STATE), 0);
	forge_free(&p);
}

/* OpenIKED d452bd6: an address is believed after authentication, and only behind a NAT. */
static void test_auth_from_another_address(void **state)
{
	struct pair p;
	struct forge_state before;
	struct ike_path path = { .local = { addr_b, IKE_PORT } };

	(void)state;
	forge_pair(&p, FORGE_AUTH_REQUEST);
	path.remote = (struct endpoint){ addr_ip4(198, 51, 100, 7), IKE_PORT };
	forge_look(&p, &before);
	assert_int_equal(ike_input(p.side[1].ike, p.now, &path,
				   cur_of(p.side[0].out[0]->bytes, p.side[0].out[0]->len)),
			 IKE_E_PATH);
	pair_drain(&p, 1);
	assert_int_equal(p.side[1].out_count, 0);
	forge_assert_same(&p, &before, __LINE__);
	assert_int_equal(errors(&p, 1, IKE_E_PATH), 1);
	forge_free(&p);
}

/* ---- AUTH ---- */

/* CVE-2013-2944, CVE-2012-2388: empty, short, long, zeroed. */
static void bad_auth(struct pair *p, struct forge *f, unsigned i)
{
	struct forge_item *auth = forge_find(f, IKE_PL_AUTH);

	(void)p;
	if (i < 36)
		auth->len = i;
	else if (i == 36)
		memset(auth->body + 4, 0, auth->len - 4);
	else if (i == 37)
		memset(auth->body + 4, 0xff, auth->len - 4);
	else
		auth->len += i;
}

static void test_cve_2013_2944_empty_auth(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		enum ike_err err = i < 4 ? IKE_E_TRUNCATED : i == 4 ? IKE_E_SYNTAX : IKE_E_AUTH;

		forge_refused_request(bad_auth, i, err,
				      err == IKE_E_SYNTAX ? IKE_N_INVALID_SYNTAX
							  : IKE_N_AUTHENTICATION_FAILED);
		forge_refused_answer(bad_auth, i, err, IKE_CAUSE_AUTH_FAILED);
	}
}

static void flipped_auth(struct pair *p, struct forge *f, unsigned i)
{
	(void)p;
	forge_find(f, IKE_PL_AUTH)->body[4 + i / 8] ^= (uint8_t)(1u << i % 8);
}

static void test_flipped_auth(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 32 * 8; i += 5) {
		forge_refused_request(flipped_auth, i, IKE_E_AUTH, IKE_N_AUTHENTICATION_FAILED);
		forge_refused_answer(flipped_auth, i, IKE_E_AUTH, IKE_CAUSE_AUTH_FAILED);
	}
}

/* EN.R 1.2.8.1: with a method that was not configured, even the right value is wrong. */
static void other_method(struct pair *p, struct forge *f, unsigned i)
{
	(void)p;
	forge_find(f, IKE_PL_AUTH)->body[0] = (uint8_t)i;
}

static void test_wrong_auth_method(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		if (i == IKE_AUTH_PSK)
			continue;
		forge_refused_request(other_method, i, IKE_E_AUTH_METHOD,
				      IKE_N_AUTHENTICATION_FAILED);
		forge_refused_answer(other_method, i, IKE_E_AUTH_METHOD, IKE_CAUSE_AUTH_FAILED);
	}
}

/* The initiator's own proof, sent back to it as the responder's: the role is in it (2.15). */
static void test_role_in_auth(void **state)
{
	struct pair p;
	struct forge request, answer;

	(void)state;
	forge_pair(&p, FORGE_AUTH_REQUEST);
	forge_take(&p, 0, &request);
	assert_int_equal(pair_arrow(&p, 0), IKE_OK);
	forge_take(&p, 1, &answer);
	*forge_find(&answer, IKE_PL_AUTH) = *forge_find(&request, IKE_PL_AUTH);
	*forge_find(&answer, IKE_PL_IDR) = *forge_find(&request, IKE_PL_IDI);
	forge_find(&answer, IKE_PL_IDI)->type = IKE_PL_IDR;
	forge_put(&p, 1, &answer);
	assert_int_equal(pair_arrow(&p, 1), IKE_E_AUTH);
	pair_settle(&p);
	forge_over(&p, IKE_CAUSE_AUTH_FAILED);
}

/* CVE-2020-16088: the secret of one peer does not prove another. */
static void test_cve_2020_16088_another_peers_secret(void **state)
{
	static const uint8_t other[] = "the other peer's secret";
	struct pair p;
	struct ike_conn conns[2];
	char why[IKE_WHY_MAX];

	(void)state;
	for (int honest = 0; honest < 2; honest++) {
		pair_init(&p);
		for (int i = 0; i < 2; i++)
			pair_proposals(FORGE_IKE, IKE_PROTO_IKE, &p.side[i].conn.ike);
		assert_true(ike_id_from_text(honest ? "a.example" : "c.example",
					     &p.side[0].conn.local_id, why));
		pair_start(&p);
		conns[0] = conns[1] = p.side[1].conn;
		assert_true(ike_id_from_text("a.example", &conns[0].remote_id, why));
		assert_true(ike_id_from_text("c.example", &conns[1].remote_id, why));
		memcpy(conns[1].name, "to-c", 5);
		conns[1].psk = other;
		conns[1].psk_len = sizeof(other) - 1;
		p.side[1].conf.conns = conns;
		p.side[1].conf.conn_count = 2;
		assert_true(ike_configure(p.side[1].ike, p.now, &p.side[1].conf));
		pair_want(&p, 0);
		pair_settle(&p);
		assert_int_equal(errors(&p, 1, IKE_E_AUTH), !honest);
		assert_int_equal(p.side[0].cause, honest ? IKE_CAUSE_NONE : IKE_CAUSE_AUTH_REFUSED);
		assert_int_equal(p.side[1].sa_count, honest);
		pair_free(&p);
	}
}

/* CVE-2021-45079: EAP where AUTH should be. */
static void eap_for_auth(struct pair *p, struct forge *f, unsigned i)
{
	(void)p;
	forge_drop(f, IKE_PL_AUTH);
	(void)forge_add(f, IKE_PL_EAP, i ? "\3\1\0\4" : "\1\1\0\5\1", i ? 4 : 5); /* Success */
}

static void test_cve_2021_45079_early_eap_success(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		forge_refused_request(eap_for_auth, i, IKE_E_MISSING, IKE_N_AUTHENTICATION_FAILED);
		forge_refused_answer(eap_for_auth, i, IKE_E_MISSING, IKE_CAUSE_AUTH_FAILED);
	}
}

/* ---- identities ---- */

struct identity {
	uint8_t type;
	uint16_t len;
	const char *start;
	enum ike_err err;
};

static const struct identity identities[] = {
	{ IKE_ID_FQDN, 0, "", IKE_E_SYNTAX }, /* CVE-2026-47895 */
	{ IKE_ID_KEY_ID, 0, "", IKE_E_SYNTAX },
	{ IKE_ID_DER_ASN1_DN, 0, "", IKE_E_SYNTAX },
	{ IKE_ID_IPV4_ADDR, 0, "", IKE_E_SYNTAX },
	{ IKE_ID_IPV4_ADDR, 3, "\300\0\2", IKE_E_SYNTAX },
	{ IKE_ID_IPV4_ADDR, 5, "\300\0\2\1\0", IKE_E_SYNTAX },
	{ IKE_ID_IPV6_ADDR, 4, "\300\0\2\1", IKE_E_SYNTAX },
	{ IKE_ID_FQDN, 600, "a.example", IKE_E_SYNTAX }, /* CVE-2025-9242 */
	{ IKE_ID_FQDN, 513, "a.example", IKE_E_SYNTAX },
	{ IKE_ID_KEY_ID, 2000, "a.example", IKE_E_SYNTAX },
	{ IKE_ID_NONE, 9, "a.example", IKE_E_SYNTAX },
	{ IKE_ID_FQDN, 12, "a.example\0.b", IKE_E_SYNTAX },
	{ IKE_ID_RFC822_ADDR, 12, "a@example\r\n\r", IKE_E_SYNTAX },
};

static void other_identity(struct pair *p, struct forge *f, unsigned i)
{
	uint8_t data[2048];
	const struct identity *id = &identities[i];

	memset(data, 'x', sizeof(data));
	memcpy(data, id->start, strlen(id->start) < id->len ? strlen(id->start) : id->len);
	if (i >= 11) /* with a NUL in it */
		memcpy(data, id->start, id->len);
	forge_identify(p, forge_has(f, IKE_PL_IDR) ? 1 : 0, f, id->type, data, id->len);
}

/*
 * CVE-2026-47895: an identity of no bytes.  CVE-2025-9242: one that is longer than any buffer,
 * copied before it is authenticated.  The proof that goes with each is right.
 */
static void test_cve_2025_9242_identity_lengths(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(identities); i++) {
		bool long_one = identities[i].len > IKE_ID_MAX;

		forge_refused_request(other_identity, i, identities[i].err, IKE_N_INVALID_SYNTAX);
		forge_refused_answer(other_identity, i,
				     long_one ? IKE_E_TOO_LONG : identities[i].err,
				     IKE_CAUSE_AUTH_FAILED);
	}
}

/* CVE-2010-2628, OpenIKED 2695060: printing any identity that anybody may have; all are notes. */
static void test_cve_2010_2628_printing_identities(void **state)
{
	static const uint8_t types[] = { 2, 3, 4, 9, 10, 11, 12, 200, 255 };
	uint8_t data[IKE_ID_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		for (unsigned fill = 0; fill < 256; fill += 15) {
			struct pair p;
			struct forge f;
			bool text = types[i] == IKE_ID_FQDN || types[i] == IKE_ID_RFC822_ADDR;

			if (text && !fill)
				continue;
			forge_pair(&p, FORGE_AUTH_REQUEST);
			forge_take(&p, 0, &f);
			memset(data, (int)fill, sizeof(data));
			forge_identify(&p, 0, &f, types[i], data, sizeof(data));
			forge_put(&p, 0, &f);
			assert_int_equal(pair_arrow(&p, 0), IKE_OK); /* anybody with the secret */
			forge_free(&p);
		}
	}
}

/*
 * CVE-2023-28771: what a peer sends comes out in notes as plain printable text of one line,
 * whatever shell or terminal reads it.
 */
static void test_cve_2023_28771_notes(void **state)
{
	static const char name[] = "`reboot`;$(reboot)|\n\r\033[2J\0\377%s%n";
	struct pair p;
	struct forge f;
	struct ike_action a;
	struct ike_path path = { .local = { addr_b, IKE_PORT }, .remote = { addr_a, IKE_PORT } };
	unsigned notes = 0;

	(void)state;
	for (int wrong = 0; wrong < 2; wrong++) {
		uint8_t bytes[IKE_MESSAGE_MAX];

		forge_pair(&p, FORGE_AUTH_REQUEST);
		forge_take(&p, 0, &f);
		forge_identify(&p, 0, &f, IKE_ID_KEY_ID, name, sizeof(name) - 1);
		forge_find(&f, IKE_PL_AUTH)->body[4] ^= (uint8_t)wrong;
		(void)ike_input(p.side[1].ike, p.now, &path,
				cur_of(bytes, forge_bytes(&p, 0, &f, bytes)));
		while (ike_next(p.side[1].ike, &a)) {
			if (a.kind != IKE_ACT_NOTE)
				continue;
			for (const char *c = a.note->text; *c; c++)
				assert_in_range((unsigned char)*c, 0x20, 0x7e);
			notes += strstr(a.note->text, "reboot") || strstr(a.note->text, "7265626f");
		}
		pair_free(&p);
	}
	assert_true(notes >= 2); /* they do name it */
}

/*
 * CVE-2013-6075, CVE-2013-2052: distinguished names that are cut, that go on, or that are nothing
 * of the kind, where one is expected.
 */
static void test_cve_2013_6075_names(void **state)
{
	char why[IKE_WHY_MAX];
	struct ike_id want;

	(void)state;
	assert_true(ike_id_from_text("C=CH, O=example, CN=a", &want, why));
	for (unsigned i = 0; i < 3u * want.len; i++) {
		struct pair p;
		struct forge f;
		uint8_t data[IKE_ID_MAX];
		size_t len = want.len;

		pair_init(&p);
		for (int j = 0; j < 2; j++)
			pair_proposals(FORGE_IKE, IKE_PROTO_IKE, &p.side[j].conn.ike);
		p.side[1].conn.remote_id = p.side[0].conn.local_id = want;
		pair_start(&p);
		pair_want(&p, 0);
		pair_arrow(&p, 0);
		pair_arrow(&p, 1);
		forge_take(&p, 0, &f);
		memset(data, 0, sizeof(data));
		memcpy(data, want.data, want.len);
		if (i < want.len)
			len = i + 1 < len ? i + 1 : len + 1;
		else if (i < 2u * want.len)
			data[i - want.len] = (uint8_t)(data[i - want.len] + 0x55);
		else
			data[i - 2u * want.len] = 0xff;
		forge_identify(&p, 0, &f, IKE_ID_DER_ASN1_DN, data, len);
		forge_put(&p, 0, &f);
		assert_int_equal(pair_copy(&p, 0), IKE_E_ID);
		pair_drop(&p, 0);
		pair_settle(&p);
		forge_over(&p, IKE_CAUSE_AUTH_REFUSED);
	}
}

/* ---- payloads ---- */

static const uint8_t mandatory[] = { IKE_PL_IDI, IKE_PL_AUTH, IKE_PL_SA, IKE_PL_TSI, IKE_PL_TSR };

static uint8_t mandatory_of(const struct forge *f, unsigned i)
{
	return mandatory[i] == IKE_PL_IDI && forge_has(f, IKE_PL_IDR) ? (uint8_t)IKE_PL_IDR
								      : mandatory[i];
}

static void without(struct pair *p, struct forge *f, unsigned i)
{
	(void)p;
	forge_drop(f, mandatory_of(f, i));
}

static void twice(struct pair *p, struct forge *f, unsigned i)
{
	(void)p;
	forge_repeat(f, mandatory_of(f, i));
}

/* CVE-2009-1958: no TSi or TSr; CVE-2013-6466: nor anything else that must be there. */
static void test_cve_2009_1958_withheld_payloads(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(mandatory); i++) {
		if (i < 2) {
			forge_refused_request(without, i, IKE_E_MISSING,
					      IKE_N_AUTHENTICATION_FAILED);
			forge_refused_answer(without, i, IKE_E_MISSING, IKE_CAUSE_AUTH_FAILED);
		} else {
			forge_refused_child(without, i, IKE_E_MISSING, 0);
			forge_refused_answer(without, i, IKE_E_MISSING, IKE_CAUSE_PROTOCOL);
		}
		forge_refused_request(twice, i, IKE_E_DUPLICATE, IKE_N_INVALID_SYNTAX);
		forge_refused_answer(twice, i, IKE_E_DUPLICATE, IKE_CAUSE_PROTOCOL);
	}
}

/* RFC 7296 2.5, 2.21.2. */
static void critical(struct pair *p, struct forge *f, unsigned i)
{
	static const uint8_t types[] = { 1, 32, 49, 255 };

	(void)p;
	forge_add(f, types[i], "x", 1)->flags = 0x80;
}

static void test_unknown_critical(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		forge_refused_request(critical, i, IKE_E_CRITICAL,
				      IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD);
		forge_refused_answer(critical, i, IKE_E_CRITICAL, IKE_CAUSE_PROTOCOL);
	}
}

/* Chains that do not end where the message does, and seals within seals (3.14). */
static void broken(struct pair *p, struct forge *f, unsigned i)
{
	(void)p;
	switch (i) {
	case 0:
		f->last_next = IKE_PL_NOTIFY;
		break;
	case 1:
		f->trailing = 1;
		break;
	case 2:
		(void)forge_add(f, IKE_PL_SK, "0123456789abcdef0123456789abcdef", 32);
		break;
	case 3:
		(void)forge_add(f, IKE_PL_SKF, "0123456789abcdef0123456789abcdef", 32);
		break;
	case 4:
		while (f->count <= IKE_PAYLOADS_MAX)
			(void)forge_add(f, IKE_PL_VENDOR, "", 0);
		break;
	case 5:
		for (int n = 0; n <= IKE_CERTS_MAX; n++)
			(void)forge_add(f, IKE_PL_CERT, "\4", 1);
		break;
	case 6:
		(void)forge_add(f, IKE_PL_NOTIFY, "", 0);
		break;
	case 7:
		(void)forge_add(f, IKE_PL_DELETE, "\3\4\0\2", 4);
		break;
	}
}

static void test_broken_chains(void **state)
{
	static const enum ike_err errs[] = { IKE_E_TRUNCATED, IKE_E_TRAILING, IKE_E_SYNTAX,
					     IKE_E_SYNTAX,    IKE_E_TOO_MANY, IKE_E_TOO_MANY,
					     IKE_E_TRUNCATED, IKE_E_TRUNCATED };

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(errs); i++) {
		forge_refused_request(broken, i, errs[i], IKE_N_INVALID_SYNTAX);
		forge_refused_answer(broken, i, errs[i], IKE_CAUSE_PROTOCOL);
	}
}

/* An answer of nothing at all, or of an error alone, or only of status notifies. */
static void test_empty_answers(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct pair p;
		struct forge f;

		forge_pair(&p, FORGE_AUTH_RESPONSE);
		forge_take(&p, 1, &f);
		f.count = 0;
		if (i == 1)
			forge_notify(&f, IKE_N_TS_UNACCEPTABLE, NULL, 0);
		if (i == 2)
			forge_notify(&f, IKE_N_USE_TRANSPORT_MODE, NULL, 0);
		forge_put(&p, 1, &f);
		assert_int_equal(pair_arrow(&p, 1), i == 1 ? IKE_OK : IKE_E_MISSING);
		pair_settle(&p);
		pair_pass(&p, 300 * TICK_S, false);
		forge_over(&p, IKE_CAUSE_NONE);
	}
}

/* CVE-2022-20742: no nonce twice under one key, save for the very same bytes. */
static void test_cve_2022_20742_nonces(void **state)
{
	struct pair p;
	uint64_t seen[2][64];
	size_t count[2] = { 0 };

	(void)state;
	forge_pair(&p, FORGE_AUTH_REQUEST);
	for (int i = 0; i < 40; i++) {
		for (int from = 0; from < 2; from++) {
			struct cur iv;

			if (!p.side[from].out_count)
				continue;
			iv = cur_of(p.side[from].out[0]->bytes + IKE_HDR_LEN + 4, 8);
			seen[from][count[from]] = cur_u64(&iv);
			for (size_t j = 0; j < count[from]; j++)
				assert_int_not_equal(seen[from][j], seen[from][count[from]]);
			count[from]++;
			(void)pair_copy(&p, from); /* and again: the answer is resent as it is */
			(void)pair_arrow(&p, from);
			if (p.side[1 - from].out_count == 2) {
				assert_int_equal(p.side[1 - from].out[0]->len,
						 p.side[1 - from].out[1]->len);
				assert_memory_equal(p.side[1 - from].out[0]->bytes,
						    p.side[1 - from].out[1]->bytes,
						    p.side[1 - from].out[0]->len);
				forge_discard(&p, 1 - from);
			}
		}
		if (p.side[0].sa_count && !p.side[0].out_count && !p.side[1].out_count) {
			info_probe(pair_sa(&p, i % 2));
			pair_drain(&p, i % 2);
		}
	}
	assert_true(count[0] > 10 && count[1] > 10);
	forge_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cve_2019_12312_informational_before_auth),
		cmocka_unit_test(test_auth_message_ids),
		cmocka_unit_test(test_auth_from_another_address),
		cmocka_unit_test(test_cve_2013_2944_empty_auth),
		cmocka_unit_test(test_flipped_auth),
		cmocka_unit_test(test_wrong_auth_method),
		cmocka_unit_test(test_role_in_auth),
		cmocka_unit_test(test_cve_2020_16088_another_peers_secret),
		cmocka_unit_test(test_cve_2021_45079_early_eap_success),
		cmocka_unit_test(test_cve_2025_9242_identity_lengths),
		cmocka_unit_test(test_cve_2010_2628_printing_identities),
		cmocka_unit_test(test_cve_2023_28771_notes),
		cmocka_unit_test(test_cve_2013_6075_names),
		cmocka_unit_test(test_cve_2009_1958_withheld_payloads),
		cmocka_unit_test(test_unknown_critical),
		cmocka_unit_test(test_broken_chains),
		cmocka_unit_test(test_empty_answers),
		cmocka_unit_test(test_cve_2022_20742_nonces),
	};

	return cmocka_run_group_tests_name("attacks_auth", tests, NULL, NULL);
}
