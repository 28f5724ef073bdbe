/*
 * ike/keys.c - the key schedule: which bytes of which prf+ become which key.  RFC 7296 2.14 (IKE
 * SA), 2.17 (Child SA), 2.18 (IKE SA after rekeying), 2.15 (AUTH of a shared key), RFC 5282 7.1 and
 * RFC 7634 3 (an AEAD has no integrity key, and its encryption key ends in the salt).
 *
 * prf+ writes one block of memory, which is cut into keys from front to back; block and seed are
 * wiped before the function returns.  A suite that lacks an algorithm, or names one that does not
 * exist, gives IKE_E_CRYPTO and no keys: nothing here falls back to a shorter key.
 */
#include "ike/algo.h"

#include <string.h>

#define SEED_MAX   (IKE_KE_SHARED_MAX + 2 * IKE_NONCE_MAX + 16)
#define KEYMAT_MAX (7 * SECRET_MAX)
#define CUTS_MAX   7

/* One key to be cut out of the key material. */
struct cut {
	struct secret *key;
	size_t len;
};

/* Encryption and integrity key lengths of a suite.  False if the suite is not a whole one. */
static bool suite_lens(const struct ike_suite *suite, size_t *encr_len, size_t *integ_len)
{
	*encr_len = ike_encr_key_len(suite->encr, suite->encr_bits);
	*integ_len = ike_integ_key_len(suite->integ);
	if (ike_encr_is_aead(suite->encr)) { /* SK_ai and SK_ar are empty: RFC 5282 7.1 */
		*integ_len = 0;
		return *encr_len != 0;
	}
	return *encr_len != 0 && *integ_len != 0;
}

/* Fill the keys from prf+(key, seed), in order. */
static enum ike_err cut_keys(uint16_t prf, struct cur key, struct cur seed, const struct cut *cuts,
			     size_t count)
{
	uint8_t keymat[KEYMAT_MAX];
	size_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += cuts[i].len;
	if (total > sizeof(keymat))
		return IKE_E_CRYPTO;

	enum ike_err err = ike_prf_plus(prf, key, seed, keymat, total);
	struct cur in = cur_of(keymat, total);

	for (size_t i = 0; !err && i < count; i++) {
		cuts[i].key->len = (uint8_t)cuts[i].len;
		cur_copy(&in, cuts[i].key->b, cuts[i].len);
	}
	secret_wipe(keymat, sizeof(keymat));
	return err;
}

/* {SK_d | SK_ai | ... | SK_pr} = prf+(SKEYSEED, Ni | Nr | SPIi | SPIr), RFC 7296 2.14 */
static enum ike_err keys_expand(const struct ike_suite *suite, struct cur skeyseed, struct cur ni,
				struct cur nr, uint64_t spi_i, uint64_t spi_r, struct ike_keys *out)
{
	size_t prf_len = ike_prf_len(suite->prf), e, a;

	if (!prf_len || !suite_lens(suite, &e, &a))
		return IKE_E_CRYPTO;

	const struct cut cuts[CUTS_MAX] = {
		{ &out->d, prf_len }, { &out->ai, a },	     { &out->ar, a },	    { &out->ei, e },
		{ &out->er, e },      { &out->pi, prf_len }, { &out->pr, prf_len },
	};
	uint8_t memory[SEED_MAX];
	struct buf seed = buf_of(memory, sizeof(memory));

	buf_put_cur(&seed, ni);
	buf_put_cur(&seed, nr);
	buf_u64(&seed, spi_i);
	buf_u64(&seed, spi_r);

	enum ike_err err =
		seed.bad ? IKE_E_CRYPTO
			 : cut_keys(suite->prf, skeyseed, buf_cur(&seed), cuts, ARRAY_LEN(cuts));

	secret_wipe(memory, sizeof(memory));
	return err;
}

enum ike_err ike_keys_derive(const struct ike_suite *suite, struct cur shared, struct cur ni,
			     struct cur nr, uint64_t spi_i, uint64_t spi_r, struct ike_keys *out)
{
	uint8_t nonces[2 * IKE_NONCE_MAX], skeyseed[IKE_PRF_LEN_MAX];
	struct buf key = buf_of(nonces, sizeof(nonces));
	enum ike_err err = IKE_OK;

	*out = (struct ike_keys){ 0 };
	/* A PRF with a fixed key takes the first 64 bits of each nonce; RFC 7296 2.14 */
	if (suite->prf == IKE_PRF_AES128_XCBC && ni.left >= 8 && nr.left >= 8) {
		buf_put(&key, ni.p, 8);
		buf_put(&key, nr.p, 8);
	} else {
		buf_put_cur(&key, ni);
		buf_put_cur(&key, nr);
	}
	if (key.bad)
		return IKE_E_CRYPTO;
	/* SKEYSEED = prf(Ni | Nr, g^ir) */
	err = ike_prf(suite->prf, buf_cur(&key), &shared, 1, skeyseed);
	if (!err)
		err = keys_expand(suite, cur_of(skeyseed, ike_prf_len(suite->prf)), ni, nr, spi_i,
				  spi_r, out);
	if (err)
		secret_wipe(out, sizeof(*out));
	secret_wipe(skeyseed, sizeof(skeyseed));
	return err;
}

enum ike_err ike_keys_rekey(uint16_t old_prf, const struct secret *old_d,
			    const struct ike_suite *suite, struct cur shared, struct cur ni,
			    struct cur nr, uint64_t spi_i, uint64_t spi_r, struct ike_keys *out)
{
	const struct cur parts[] = { shared, ni, nr };
	uint8_t skeyseed[IKE_PRF_LEN_MAX];

	*out = (struct ike_keys){ 0 };

	/* The exchange belongs to the old SA, so its PRF makes SKEYSEED; RFC 7296 2.18 */
	enum ike_err err = ike_prf(old_prf, secret_cur(old_d), parts, ARRAY_LEN(parts), skeyseed);

	if (!err)
		err = keys_expand(suite, cur_of(skeyseed, ike_prf_len(old_prf)), ni, nr, spi_i,
				  spi_r, out);
	if (err)
		secret_wipe(out, sizeof(*out));
	secret_wipe(skeyseed, sizeof(skeyseed));
	return err;
}

enum ike_err ike_child_keys_derive(uint16_t prf, const struct secret *d,
				   const struct ike_suite *suite, struct cur shared, struct cur ni,
				   struct cur nr, struct ike_child_keys *out)
{
	uint8_t memory[SEED_MAX];
	struct buf seed = buf_of(memory, sizeof(memory));
	size_t e, a;

	*out = (struct ike_child_keys){ 0 };
	if (!suite_lens(suite, &e, &a))
		return IKE_E_CRYPTO;

	/* Initiator's keys first; in each direction encryption before integrity; RFC 7296 2.17 */
	const struct cut cuts[] = {
		{ &out->ei, e },
		{ &out->ai, a },
		{ &out->er, e },
		{ &out->ar, a },
	};

	buf_put_cur(&seed, shared);
	buf_put_cur(&seed, ni);
	buf_put_cur(&seed, nr);

	enum ike_err err =
		seed.bad ? IKE_E_CRYPTO
			 : cut_keys(prf, secret_cur(d), buf_cur(&seed), cuts, ARRAY_LEN(cuts));

	if (err)
		secret_wipe(out, sizeof(*out));
	secret_wipe(memory, sizeof(memory));
	return err;
}

enum ike_err ike_psk_auth(uint16_t prf, struct cur psk, struct cur message, struct cur nonce,
			  const struct secret *sk_p, struct cur id_body,
			  uint8_t out[static IKE_PRF_LEN_MAX])
{
	static const char pad[] = "Key Pad for IKEv2"; /* 17 characters; the NUL stays out */
	const struct cur pad_cur = cur_of(pad, sizeof(pad) - 1);
	const size_t len = ike_prf_len(prf);
	uint8_t key[IKE_PRF_LEN_MAX], mac[IKE_PRF_LEN_MAX];
	enum ike_err err = ike_prf(prf, psk, &pad_cur, 1, key);

	if (!err)
		err = ike_prf(prf, secret_cur(sk_p), &id_body, 1, mac); /* MACedIDFor... */
	if (!err) {
		const struct cur parts[] = { message, nonce, cur_of(mac, len) };

		err = ike_prf(prf, cur_of(key, len), parts, ARRAY_LEN(parts), out);
	}
	if (err)
		secret_wipe(out, IKE_PRF_LEN_MAX);
	secret_wipe(key, sizeof(key));
	secret_wipe(mac, sizeof(mac));
	return err;
}
