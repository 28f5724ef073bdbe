/*
 * tests/unit/test_attacks_flood.c - attacks on IKE_SA_INIT that go on: floods, cookies, loops of
 * answers that lead on, forged errors, and memory.  RFC 7296 2.6, 2.7, 2.21.1, 2.21.4.
 */
#include <malloc.h>

#include "tests/unit/forge.h"

/* Bytes to a side from any address. */
static enum ike_err from(struct pair *p, int to, struct addr addr, uint16_t port,
			 const uint8_t *bytes, size_t len)
{
	struct ike_path path = {
		.local = { to ? addr_b : addr_a, IKE_PORT },
		.remote = { addr, port },
	};
	enum ike_err err = ike_input(p->side[to].ike, p->now, &path, cur_of(bytes, len));

	pair_drain(p, to);
	return err;
}

static struct addr stranger(unsigned i)
{
	return addr_ip4(198, 18, (uint8_t)(i >> 8), (uint8_t)i);
}

/* A's request is on the wire; B takes anybody in, and `cookies` are demanded above that. */
static void open_house(struct pair *p, uint32_t cookies, struct forge *f)
{
	pair_init(p);
	for (int i = 0; i < 2; i++)
		pair_proposals(FORGE_IKE, IKE_PROTO_IKE, &p->side[i].conn.ike);
	p->side[1].conn.remote = (struct prefix){ 0 };
	p->side[1].conf.limits.cookie_threshold = cookies;
	pair_start(p);
	pair_want(p, 0);
	forge_take(p, 0, f);
}

static void discard_all(struct pair *p, int side)
{
	while (p->side[side].out_count)
		forge_discard(p, side);
}

static uint64_t errors(struct pair *p, int side, enum ike_err err)
{
	return p->side[side].ike->stats.errors[err];
}

/* ---- floods ---- */

/* CVE-2002-20001 (D(HE)at), CVE-2018-0158: without a cookie neither state nor a key exchange. */
static void test_cve_2002_20001_cookie_before_key_exchange(void **state)
{
	struct pair p;
	struct forge f;
	uint8_t bytes[IKE_MESSAGE_MAX];

	(void)state;
	open_house(&p, 0, &f);
	p.side[1].hold_jobs = true;
	for (unsigned i = 0; i < 10000; i++) {
		f.hdr.spi_i++;

		size_t len = forge_bytes(&p, 0, &f, bytes);

		assert_int_equal(from(&p, 1, stranger(i % 5000), IKE_PORT, bytes, len),
				 IKE_E_COOKIE);
		assert_int_equal(p.side[1].out_count, 1);
		assert_int_equal(pair_peek_notify(&p, 1), IKE_N_COOKIE);
		assert_true(p.side[1].out[0]->len < len);
		discard_all(&p, 1);
	}
	assert_int_equal(p.side[1].job_count, 0);
	pair_assert_nothing(&p, 1);
	assert_int_equal(errors(&p, 1, IKE_E_COOKIE), 10000);
	p.side[1].hold_jobs = false;
	forge_free(&p);
}

/* Send f from there; whoever is asked for a cookie shows it.  The verdict, `asked` or not. */
static enum ike_err knock(struct pair *p, const struct forge *f, struct addr addr, bool *asked)
{
	uint8_t bytes[IKE_MESSAGE_MAX];
	struct forge g, answer;
	enum ike_err err = from(p, 1, addr, IKE_PORT, bytes, forge_bytes(p, 0, f, bytes));

	*asked = err == IKE_E_COOKIE;
	if (!*asked)
		return err;
	forge_answer(p, 1, &answer);
	g = *f;
	memmove(g.item + 1, g.item, f->count * sizeof(g.item[0]));
	g.item[0] = answer.item[0];
	g.count++;
	return from(p, 1, addr, IKE_PORT, bytes, forge_bytes(p, 0, &g, bytes));
}

/*
 * CVE-2020-3230: half-open SAs are limited, per address and in all, and go by themselves.  Above
 * half of its share an address shows that it is one, so that strangers do not fill it in its name.
 */
static void test_cve_2020_3230_half_open_limits(void **state)
{
	struct pair p;
	struct forge f;
	const unsigned total = 60, each = 20;

	(void)state;
	open_house(&p, 1000, &f);
	p.side[1].conf.limits.half_open_max = total;
	p.side[1].conf.limits.half_open_per_addr_max = each;
	pair_start(&p);
	for (unsigned i = 0; i < 200; i++) {
		unsigned who = i / 40; /* twice as many as they may */
		bool in = i % 40 < each && who * each < total, asked;

		f.hdr.spi_i++;
		assert_int_equal(knock(&p, &f, stranger(who), &asked), in ? IKE_OK : IKE_E_BUSY);
		if (in)
			assert_int_equal(asked, i % 40 >= each / 2);
		assert_int_equal(p.side[1].out_count, in);
		discard_all(&p, 1);
	}
	assert_int_equal(p.side[1].ike->half_open, total);
	assert_int_equal(errors(&p, 1, IKE_E_BUSY), 200 - total);
	/* A cannot come in, either, until they have expired. */
	assert_int_equal(pair_arrow(&p, 0), IKE_E_BUSY);
	pair_pass(&p, p.side[1].conf.timing.half_open_us + 20 * TICK_S, false);
	assert_int_equal(p.side[1].ike->half_open, 0);
	assert_int_equal(p.side[1].ike->stats.half_open_expired, total);
	forge_free(&p);
}

/* A thousand requests in A's name fill half of its share, and A, who sees its cookie, comes in. */
static void test_spoofed_requests_do_not_lock_a_peer_out(void **state)
{
	struct pair p;
	struct forge f;
	uint8_t bytes[IKE_MESSAGE_MAX];
	unsigned in = 0;

	(void)state;
	open_house(&p, 1000, &f);
	for (unsigned i = 0; i < 1000; i++) {
		f.hdr.spi_i++;

		size_t len = forge_bytes(&p, 0, &f, bytes);
		enum ike_err err = from(&p, 1, addr_a, IKE_PORT, bytes, len);

		assert_true(err == IKE_OK || err == IKE_E_COOKIE);
		in += err == IKE_OK;
		discard_all(&p, 1);
	}
	assert_int_equal(in, (p.side[1].conf.limits.half_open_per_addr_max + 1) / 2);
	assert_int_equal(pair_arrow(&p, 0), IKE_E_COOKIE);
	forge_free(&p);
}

/* Cookies are demanded of everybody once there are too many, and A comes through all the same. */
static void test_cookie_threshold(void **state)
{
	struct pair p;
	struct forge f;
	uint8_t bytes[IKE_MESSAGE_MAX];

	(void)state;
	open_house(&p, 10, &f);
	for (unsigned i = 0; i < 50; i++) {
		f.hdr.spi_i++;

		size_t len = forge_bytes(&p, 0, &f, bytes);

		assert_int_equal(from(&p, 1, stranger(i), IKE_PORT, bytes, len),
				 i < 10 ? IKE_OK : IKE_E_COOKIE);
		discard_all(&p, 1);
	}
	assert_int_equal(p.side[1].ike->half_open, 10);
	assert_int_equal(pair_arrow(&p, 0), IKE_E_COOKIE);
	forge_free(&p);
}

/* A peer that fails to authenticate is held against the limits, as one that never tries. */
static void test_lingering_failures_count(void **state)
{
	static const uint8_t wrong[] = "a guess";
	struct pair p;

	(void)state;
	pair_init(&p);
	for (int i = 0; i < 2; i++)
		pair_proposals(FORGE_IKE, IKE_PROTO_IKE, &p.side[i].conn.ike);
	p.side[0].conn.psk = wrong;
	p.side[0].conn.psk_len = sizeof(wrong) - 1;
	p.side[1].conf.limits.half_open_per_addr_max = 5;
	pair_start(&p);
	for (unsigned i = 0; i < 8; i++) {
		pair_want(&p, 0);
		pair_settle(&p);
		if (i < 5)
			assert_int_equal(p.side[0].cause, IKE_CAUSE_AUTH_REFUSED);
	}
	assert_int_equal(errors(&p, 1, IKE_E_AUTH), 5);
	assert_int_equal(p.side[1].ike->sa_count, 5);
	assert_true(errors(&p, 1, IKE_E_BUSY) > 0);
	pair_pass(&p, 600 * TICK_S, true);
	pair_assert_nothing(&p, 1);
	assert_int_equal(p.side[1].ike->half_open, 0);
	pair_free(&p);
}

/* RFC 7296 2.21.4: answers to what is no SA's are limited in rate; nothing is kept. */
static void test_stray_rate(void **state)
{
	struct pair p;
	struct forge f;
	uint8_t bytes[IKE_MESSAGE_MAX];
	size_t len;

	(void)state;
	forge_pair(&p, FORGE_UP);
	forge_request(&p, 0, IKE_X_INFORMATIONAL, &f);
	f.sealed = false;
	f.hdr.spi_i ^= 1;
	for (unsigned second = 0; second < 5; second++) {
		for (unsigned i = 0; i < 1000; i++) {
			f.hdr.spi_r = i + 1;
			len = forge_bytes(&p, 0, &f, bytes);
			assert_int_equal(from(&p, 1, stranger(i), IKE_PORT, bytes, len),
					 IKE_E_UNKNOWN_SPI);
		}
		assert_int_equal(p.side[1].out_count, STRAY_BURST_MAX);
		assert_int_equal(pair_peek_notify(&p, 1), IKE_N_INVALID_IKE_SPI);
		assert_int_equal(pair_peek(&p, 1).mid, f.hdr.mid);
		assert_int_equal(pair_peek(&p, 1).flags, IKE_FLAG_RESPONSE);
		discard_all(&p, 1);
		p.now += STRAY_REFILL_US;
	}
	f.hdr.flags |= IKE_FLAG_RESPONSE; /* answers are never answered */
	len = forge_bytes(&p, 0, &f, bytes);
	assert_int_equal(forge_attack(&p, 1, bytes, len, IKE_E_UNKNOWN_SPI), 0);
	forge_free(&p);
}

/* ---- cookies, as responder ---- */

/* A wrong one, one of another address, SPI or nonce, and an old one: each gets a fresh one. */
static void test_wrong_cookies(void **state)
{
	struct pair p;
	struct forge f, g;
	uint8_t bytes[IKE_MESSAGE_MAX];
	size_t len;

	(void)state;
	open_house(&p, 0, &f);
	assert_int_equal(pair_arrow(&p, 0), IKE_E_COOKIE);
	assert_int_equal(pair_arrow(&p, 1), IKE_OK);
	forge_take(&p, 0, &f); /* now with its cookie, which comes first */
	assert_int_equal(f.item[0].type, IKE_PL_NOTIFY);
	assert_true(forge_says(&f, IKE_N_COOKIE));
	len = forge_bytes(&p, 0, &f, bytes);
	assert_int_equal(from(&p, 1, stranger(1), IKE_PORT, bytes, len), IKE_E_COOKIE);
	discard_all(&p, 1);
	for (size_t i = 4; i < f.item[0].len; i++) {
		g = f;
		g.item[0].body[i] ^= 1;
		assert_int_equal(forge_strike(&p, 0, &g, IKE_E_COOKIE), IKE_N_COOKIE);
	}
	for (size_t cut = 4; cut < f.item[0].len; cut++) {
		g = f;
		g.item[0].len = cut;
		assert_int_equal(forge_strike(&p, 0, &g, IKE_E_COOKIE), IKE_N_COOKIE);
	}
	g = f;
	g.item[0].len++;
	assert_int_equal(forge_strike(&p, 0, &g, IKE_E_COOKIE), IKE_N_COOKIE);
	g = f;
	g.hdr.spi_i++;
	assert_int_equal(forge_strike(&p, 0, &g, IKE_E_COOKIE), IKE_N_COOKIE);
	g = f;
	forge_find(&g, IKE_PL_NONCE)->body[0]++;
	assert_int_equal(forge_strike(&p, 0, &g, IKE_E_COOKIE), IKE_N_COOKIE);
	/* The port does not matter: it is not in the cookie. */
	assert_int_equal(from(&p, 1, addr_a, 1234, bytes, len), IKE_OK);
	discard_all(&p, 1);
	forge_free(&p);
}

/* A cookie outlives one change of the secret, not two, however long nobody asked for any. */
static void test_expired_cookies(void **state)
{
	static const struct {
		tick_t age;
		bool valid;
	} rows[] = {
		{ 0, true },
		{ COOKIE_SECRET_US - 1, true },
		{ COOKIE_SECRET_US, true },
		{ 2 * COOKIE_SECRET_US - 1, true },
		{ 2 * COOKIE_SECRET_US, false },
		{ 3 * COOKIE_SECRET_US, false },
		{ 100 * COOKIE_SECRET_US, false },
	};
	struct forge f;
	struct pair p;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t bytes[IKE_MESSAGE_MAX];
		size_t len;

		open_house(&p, 0, &f);
		assert_int_equal(pair_arrow(&p, 0), IKE_E_COOKIE);
		assert_int_equal(pair_arrow(&p, 1), IKE_OK);
		forge_take(&p, 0, &f);
		len = forge_bytes(&p, 0, &f, bytes);
		p.now += rows[i].age;
		assert_int_equal(from(&p, 1, addr_a, IKE_PORT, bytes, len),
				 rows[i].valid ? IKE_OK : IKE_E_COOKIE);
		pair_free(&p);
	}
}

/* ---- cookies and groups, as initiator ---- */

static struct forge *answer_group(struct pair *p, uint16_t group, size_t len, struct forge *f)
{
	uint8_t data[4] = { (uint8_t)(group >> 8), (uint8_t)group };

	return forge_bare(p, f, IKE_N_INVALID_KE_PAYLOAD, data, len);
}

/* RFC 7296 2.6: 1 to 64 bytes. */
static void test_impossible_cookies(void **state)
{
	struct pair p;
	struct forge f;
	uint8_t cookie[1000] = { 0 };

	(void)state;
	forge_pair(&p, FORGE_INIT_REQUEST);
	forge_bare(&p, &f, IKE_N_COOKIE, cookie, 0);
	assert_int_equal(forge_strike(&p, 1, &f, IKE_E_SYNTAX), 0);
	forge_bare(&p, &f, IKE_N_COOKIE, cookie, 65);
	assert_int_equal(forge_strike(&p, 1, &f, IKE_E_SYNTAX), 0);
	forge_bare(&p, &f, IKE_N_COOKIE, cookie, 1000);
	assert_int_equal(forge_strike(&p, 1, &f, IKE_E_SYNTAX), 0);
	forge_bare(&p, &f, IKE_N_COOKIE, cookie, 64);
	assert_int_equal(forge_send(&p, 1, &f), IKE_OK);
	assert_int_equal(p.side[0].out_count, 2);
	pair_drop(&p, 0); /* what a responder that demands cookies does with it */
	forge_free(&p);
}

/* Who answers with a cookie each time is believed INIT_RETRIES_MAX times. */
static void test_cookie_loop(void **state)
{
	struct pair p;
	struct forge f;
	uint8_t cookie[8] = { 0 };

	(void)state;
	forge_pair(&p, FORGE_INIT_REQUEST);
	for (unsigned i = 0; i < 100; i++) {
		cookie[0] = (uint8_t)i;
		forge_bare(&p, &f, IKE_N_COOKIE, cookie, sizeof(cookie));
		if (i >= INIT_RETRIES_MAX) {
			assert_int_equal(forge_strike(&p, 1, &f, IKE_E_UNEXPECTED), 0);
			continue;
		}
		assert_int_equal(forge_send(&p, 1, &f), IKE_OK);
		assert_int_equal(p.side[0].out_count, 2);
		pair_drop(&p, 0);
		assert_int_equal(pair_peek_notify(&p, 0), IKE_N_COOKIE);
	}
	assert_int_equal(errors(&p, 0, IKE_E_UNEXPECTED), 100 - INIT_RETRIES_MAX);
	forge_free(&p); /* B needs no cookie, and is reached all the same */
}

/* Groups that we did not offer, or that we have tried: not followed. */
static void test_invalid_ke_loop(void **state)
{
	static const uint16_t groups[] = { 0, 1, 2, 14, 20, 32, 1025, 65535 };
	struct pair p;
	struct forge f;

	(void)state;
	pair_init(&p);
	for (int i = 0; i < 2; i++)
		pair_proposals("aes256gcm16-prfsha256-x25519-ecp256", IKE_PROTO_IKE,
			       &p.side[i].conn.ike);
	pair_start(&p);
	pair_want(&p, 0);
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		answer_group(&p, groups[i], 2, &f);
		assert_int_equal(forge_strike(&p, 1, &f, IKE_E_UNEXPECTED), 0);
	}
	answer_group(&p, IKE_KE_CURVE25519, 2, &f); /* the one that we sent */
	assert_int_equal(forge_strike(&p, 1, &f, IKE_E_UNEXPECTED), 0);
	for (size_t len = 0; len < 4; len++) {
		answer_group(&p, IKE_KE_ECP256, len, &f);
		if (len != 2)
			assert_int_equal(forge_strike(&p, 1, &f, IKE_E_SYNTAX), 0);
	}
	answer_group(&p, IKE_KE_ECP256, 2, &f);
	assert_int_equal(forge_send(&p, 1, &f), IKE_OK);
	pair_drop(&p, 0);
	for (int i = 0; i < 20; i++) { /* and back again: both have been tried */
		answer_group(&p, i % 2 ? IKE_KE_ECP256 : IKE_KE_CURVE25519, 2, &f);
		assert_int_equal(forge_strike(&p, 1, &f, IKE_E_UNEXPECTED), 0);
	}
	forge_free(&p);
}

/* ---- errors, as initiator ---- */

/* RFC 7296 2.21.1: an error that anybody can forge does not end what a true answer goes on with. */
static void test_forged_errors_before_the_answer(void **state)
{
	static const uint16_t types[] = {
		IKE_N_NO_PROPOSAL_CHOSEN, IKE_N_INVALID_SYNTAX,	       IKE_N_INVALID_MAJOR_VERSION,
		IKE_N_INVALID_IKE_SPI,	  IKE_N_AUTHENTICATION_FAILED, 16383,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct pair p;
		struct forge f;

		forge_pair(&p, FORGE_INIT_RESPONSE);
		memset(&f, 0, sizeof(f));
		f.hdr = pair_peek(&p, 1);
		f.hdr.spi_r = 0;
		forge_notify(&f, types[i], NULL, 0);
		for (int n = 0; n < 10; n++)
			assert_int_equal(forge_send(&p, 1, &f), IKE_OK);
		assert_int_equal(p.side[0].out_count, 0);
		assert_int_equal(p.side[0].wants_done, 0);
		p.now += INIT_ERROR_GRACE_US - 1; /* so long the true one may take */
		ike_timeout(p.side[0].ike, p.now);
		pair_drain(&p, 0);
		pair_settle(&p);
		assert_int_equal(p.side[0].cause, IKE_CAUSE_NONE);
		forge_free(&p);
	}
}

/* Answers from elsewhere, to nothing, and a second time. */
static void test_answers_out_of_place(void **state)
{
	struct pair p;
	struct forge f;
	struct forge_state before;
	uint8_t bytes[IKE_MESSAGE_MAX];
	size_t len;

	(void)state;
	forge_pair(&p, FORGE_INIT_RESPONSE);
	forge_take(&p, 1, &f);
	len = forge_bytes(&p, 1, &f, bytes);
	forge_look(&p, &before);
	assert_int_equal(from(&p, 0, stranger(0), IKE_PORT, bytes, len), IKE_E_PATH);
	forge_assert_same(&p, &before, __LINE__);
	p.side[0].hold_jobs = true;
	assert_int_equal(pair_arrow(&p, 1), IKE_OK);
	/* While the shared secret is being computed: not a second one. */
	forge_find(&f, IKE_PL_NONCE)->body[0]++;
	assert_int_equal(forge_strike(&p, 1, &f, IKE_E_UNEXPECTED), 0);
	p.side[0].hold_jobs = false;
	for (size_t i = p.side[0].job_count; i; i--) {
		struct ike_job *job = p.side[0].job[--p.side[0].job_count];

		ike_job_run(job);
		ike_job_done(p.side[0].ike, p.now, job);
		pair_drain(&p, 0);
	}
	assert_int_equal(forge_strike(&p, 1, &f, IKE_E_UNEXPECTED), 0);
	pair_settle(&p);
	assert_int_equal(forge_strike(&p, 1, &f, IKE_E_UNEXPECTED), 0);
	forge_free(&p);
}

/* ---- memory ---- */

#if defined(__SANITIZE_ADDRESS__) || defined(__clang__)
/* The sanitizer's own count, for mallinfo2 knows nothing of its heap; absent without it. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));
#define COUNTED_BY_SANITIZER (__sanitizer_get_current_allocated_bytes != NULL)
#endif

static size_t heap_bytes(void)
{
#ifdef COUNTED_BY_SANITIZER
	if (COUNTED_BY_SANITIZER)
		return __sanitizer_get_current_allocated_bytes();
#endif
	return mallinfo2().uordblks;
}

/* Damage to a message of the exchange, the same each time: any byte, any length, any mix. */
static size_t damage(struct pair *p, const struct rng *rng, uint8_t *bytes, int *to)
{
	const uint8_t kinds = 4;
	int who = (int)rng_below(rng, 2);
	struct forge f;
	size_t len;

	forge_new(p, who, (uint8_t)(IKE_X_SA_INIT + rng_below(rng, 4)), rng_below(rng, 2),
		  (uint32_t)rng_below(rng, 4), &f);
	f.sealed = false;
	if (rng_below(rng, 3) == 0) {
		f.hdr.spi_i = rng_u64(rng);
		f.hdr.spi_r = rng_below(rng, 2) ? rng_u64(rng) : 0;
	}
	for (uint64_t n = rng_below(rng, 6); n; n--) {
		uint8_t body[100];

		rng_fill(rng, body, sizeof(body));
		(void)forge_add(&f, (uint8_t)(33 + rng_below(rng, 17)), body,
				rng_below(rng, sizeof(body)));
	}
	len = forge_bytes(p, who, &f, bytes);
	switch (rng_below(rng, kinds)) {
	case 0:
		len = rng_below(rng, len);
		break;
	case 1:
		bytes[rng_below(rng, len)] ^= (uint8_t)(1 + rng_below(rng, 255));
		break;
	case 2: /* an honest header, and nonsense */
		rng_fill(rng, bytes + IKE_HDR_LEN, len - IKE_HDR_LEN);
		break;
	default: /* numbers drawn, not an enum */
		break;
	}
	*to = 1 - who;
	return len;
}

/*
 * CVE-2026-78127, CVE-2018-0158, CVE-2025-20224 and their like: 10,000 malformed datagrams leave no
 * SA, no timer and no byte behind, and what stood stands.
 */
static void test_cve_2026_78127_memory(void **state)
{
	struct pair p;
	struct forge_state before;
	uint64_t seed = 42;
	const struct rng rng = rng_seeded(&seed);
	size_t heap = 0;

	(void)state;
	forge_pair(&p, FORGE_UP);
	for (unsigned i = 0; i < 20000; i++) {
		uint8_t bytes[IKE_MESSAGE_MAX];
		int to;
		size_t len = damage(&p, &rng, bytes, &to);

		(void)pair_inject(&p, to, bytes, len);
		discard_all(&p, to);
		if (i == 9999) { /* tables and the library's caches have their sizes now */
			forge_look(&p, &before);
			heap = heap_bytes();
		}
	}
	assert_int_equal(p.side[0].ike->stats.in + p.side[1].ike->stats.in, 20000 + 4);
	forge_assert_same(&p, &before, __LINE__);
	assert_int_equal(p.side[0].ike->sa_count, 1);
	assert_int_equal(p.side[1].ike->sa_count, 1);
	assert_int_equal(p.side[0].ike->action_count + p.side[1].ike->action_count, 0);
	assert_int_equal(heap_bytes(), heap);
	forge_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cve_2002_20001_cookie_before_key_exchange),
		cmocka_unit_test(test_cve_2020_3230_half_open_limits),
		cmocka_unit_test(test_spoofed_requests_do_not_lock_a_peer_out),
		cmocka_unit_test(test_cookie_threshold),
		cmocka_unit_test(test_lingering_failures_count),
		cmocka_unit_test(test_stray_rate),
		cmocka_unit_test(test_wrong_cookies),
		cmocka_unit_test(test_expired_cookies),
		cmocka_unit_test(test_impossible_cookies),
		cmocka_unit_test(test_cookie_loop),
		cmocka_unit_test(test_invalid_ke_loop),
		cmocka_unit_test(test_forged_errors_before_the_answer),
		cmocka_unit_test(test_answers_out_of_place),
		cmocka_unit_test(test_cve_2026_78127_memory),
	};

	return cmocka_run_group_tests_name("attacks_flood", tests, NULL, NULL);
}
