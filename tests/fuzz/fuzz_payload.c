/*
 * tests/fuzz/fuzz_payload.c - fuzz target: what comes out of a message that verifies.
 *
 * Behind the seal stands a peer that has gone through IKE_SA_INIT, and perhaps through IKE_AUTH,
 *and may then write what it likes.  An input says where the exchange is, who writes, and what:
 *
 *	byte 0	the situation: see `situations`
 *	byte 1	exchange type, counted from IKE_SA_INIT
 *	byte 2	bits: 1 an answer, 2 a wrong message ID, 4 CBC and HMAC instead of GCM,
 *		8 put the right proof into AUTH, 16 deliver it twice
 *	byte 3	type of the first payload
 *	rest	the payloads
 *
 * What must hold: one verdict, which is counted; one answer at the most; each engine's Child SAs
 *are those of its kernel; no Child SA without the right proof; and both ends recover
 *(pair_check.h).
 *
 * Fuzzing: meson setup -Dfuzzer=true -Db_sanitize=address,undefined -Db_lundef=false with clang,
 *then mkdir /tmp/found && fuzz_payload -max_len=1024 /tmp/found tests/fuzz/corpus/payload
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/pair_check.h"

#define PLAIN_MAX 4096
#define WRONG_MID 0x55

enum { BIT_ANSWER = 1, BIT_MID = 2, BIT_CBC = 4, BIT_PROOF = 8, BIT_TWICE = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct situation {
	int arrows;  /* of A's set-up that have been delivered */
	int as;	     /* who writes */
	bool probe;  /* the other end has a probe outstanding */
	bool delete; /* or a Delete */
	bool linger; /* or has been deleted by the writer */
};

static const struct situation situations[] = {
	{ 4, 0, false, false, false }, { 4, 1, false, false, false }, { 2, 0, false, false, false },
	{ 3, 1, false, false, false }, { 2, 1, false, false, false }, { 4, 0, true, false, false },
	{ 4, 1, true, false, false },  { 4, 0, false, true, false },  { 4, 1, false, true, false },
	{ 4, 0, false, false, true },
};

static void set_up(struct pair *p, const struct situation *s, bool cbc)
{
	const struct ike_match all = { 0 };

	pair_init(p);
	pair_check_setup(p);
	for (int i = 0; i < 2; i++)
		pair_proposals(cbc ? "aes128-sha256-x25519" : "aes256gcm16-prfsha256-x25519",
			       IKE_PROTO_IKE, &p->side[i].conn.ike);
	pair_start(p);
	pair_want(p, 0);
	for (int i = 0; i < s->arrows; i++)
		assert_int_equal(pair_arrow(p, i % 2), IKE_OK);
	if (s->probe)
		info_probe(pair_sa(p, 1 - s->as));
	if (s->delete)
		(void)ike_terminate(p->side[1 - s->as].ike, p->now, &all, false);
	pair_drain(p, 1 - s->as);
	if (s->linger) {
		struct ike_sa *sa = pair_sa(p, 1 - s->as);

		sa_linger(sa, IKE_CAUSE_PEER_DELETED, NULL);
		pair_drain(p, 1 - s->as);
	}
}

/* The first payload of that type, of at least `len` bytes after its header; NULL: none. */
static uint8_t *find_payload(uint8_t *plain, size_t len, uint8_t first, uint8_t type, size_t need,
			     size_t *body_len)
{
	size_t at = 0;

	while (first && at + 4 <= len) {
		size_t size = (size_t)(plain[at + 2] << 8 | plain[at + 3]);

		if (size < 4 || size > len - at)
			return NULL;
		if (first == type && size - 4 >= need) {
			*body_len = size - 4;
			return plain + at + 4;
		}
		first = plain[at];
		at += size;
	}
	return NULL;
}

static void put_proof(struct pair *p, int as, uint8_t *plain, size_t len, uint8_t first)
{
	struct ike_sa *sa = pair_sa(p, as);
	uint8_t proof[IKE_PRF_LEN_MAX];
	size_t id_len = 0, auth_len = 0;
	const uint8_t *id =
		find_payload(plain, len, first, as ? IKE_PL_IDR : IKE_PL_IDI, 0, &id_len);
	uint8_t *auth = find_payload(plain, len, first, IKE_PL_AUTH, 4 + 32, &auth_len);

	if (!sa->init)
		sa = pair_sa(p, 1 - as);
	if (!id || !auth || !sa->init)
		return;
	assert_int_equal(auth_psk(sa, sa->conn, as, cur_of(id, id_len), proof), IKE_OK);
	memcpy(auth + 4, proof, 32);
}

static size_t seal(struct pair *p, int as, const struct ike_hdr *hdr, uint8_t first,
		   const uint8_t *plain, size_t len, uint8_t *out)
{
	const struct ike_sa *sa = pair_sa(p, as);
	bool i = sa->initiator;
	struct ike_sk_key key = {
		.encr = sa->suite.encr,
		.integ = sa->suite.integ,
		.e = i ? &sa->keys.ei : &sa->keys.er,
		.a = i ? &sa->keys.ai : &sa->keys.ar,
	};
	uint64_t seed = 7, iv = (uint64_t)1 << 60;
	struct rng rng = rng_seeded(&seed);
	struct buf msg = buf_of(out, IKE_MESSAGE_MAX);

	ike_hdr_write(&msg, hdr);
	assert_int_equal(ike_sk_seal(&key, &rng, &iv, first, cur_of(plain, len), &msg), IKE_OK);
	return msg.len;
}

static uint64_t errors(const struct side *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < IKE_E_COUNT; i++)
		sum += s->ike->stats.errors[i];
	return sum;
}

static void deliver(struct pair *p, int as, const uint8_t *bytes, size_t len, bool proven)
{
	struct side *to = &p->side[1 - as];
	uint64_t before = errors(to);
	size_t out = to->out_count, pairs = to->sa_count;

	enum ike_err err = pair_inject(p, 1 - as, bytes, len);

	assert_int_equal(errors(to), before + (err != IKE_OK));
	assert_true(to->out_count <= out + 1);
	if (!proven)
		assert_true(to->sa_count <= pairs);
	pair_check_counts(p);
}

/* Who wrote that is not seen again: the other end is left with what it made of it. */
static void vanish(struct pair *p, int as)
{
	const struct ike_match all = { 0 };

	(void)ike_terminate(p->side[as].ike, p->now, &all, true);
	pair_drain(p, as);
	while (p->side[as].out_count)
		pair_drop(p, as);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cur in = cur_of(data, size);
	const struct situation *s = &situations[cur_u8(&in) % ARRAY_LEN(situations)];
	uint8_t exchange = (uint8_t)(IKE_X_SA_INIT + cur_u8(&in) % 4);
	uint8_t bits = cur_u8(&in), first = cur_u8(&in);
	uint8_t plain[PLAIN_MAX], bytes[IKE_MESSAGE_MAX];
	struct pair *p;

	if (in.bad || in.left > sizeof(plain))
		return 0;
	p = calloc(1, sizeof(*p));
	assert_non_null(p);
	set_up(p, s, bits & BIT_CBC);
	if (in.left)
		memcpy(plain, in.p, in.left);
	if (bits & BIT_PROOF)
		put_proof(p, s->as, plain, in.left, first);

	const struct ike_sa *peer = pair_sa(p, 1 - s->as);
	struct ike_hdr hdr = {
		.spi_i = peer->spi_i,
		.spi_r = peer->spi_r,
		.next = IKE_PL_SK,
		.major = IKE_VERSION_MAJOR,
		.exchange = exchange,
		.flags = (uint8_t)((s->as ? 0 : IKE_FLAG_INIT) |
				   (bits & BIT_ANSWER ? IKE_FLAG_RESPONSE : 0)),
		.mid = (bits & BIT_ANSWER ? peer->mid_out : peer->mid_in) ^
		       (bits & BIT_MID ? WRONG_MID : 0u),
	};
	size_t len = seal(p, s->as, &hdr, first, plain, in.left, bytes);

	deliver(p, s->as, bytes, len, bits & BIT_PROOF);
	if (bits & BIT_TWICE)
		deliver(p, s->as, bytes, len, bits & BIT_PROOF);
	vanish(p, s->as);
	pair_check_recovery(p);
	pair_free(p);
	free(p);
	return 0;
}
