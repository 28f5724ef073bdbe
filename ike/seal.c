/*
 * ike/seal.c - the Encrypted payload: how a message is protected, and how it is told from a
 * forgery.
 *
 * The wire, RFC 7296 3.14 and RFC 5282 3:
 *
 *     IKE header | payloads in clear | SK header | IV | payloads, padding, pad length | ICV
 *     '--------------- associated data ----------'     '------ ciphertext ----------'
 *
 * Classic ciphers encrypt, then authenticate everything before the ICV with HMAC.  An AEAD cipher
 * authenticates the associated data and the ciphertext; its nonce is salt | IV, where the salt is
 * the end of the key and the IV a counter, which is the simplest way of never using one twice
 * (RFC 5282 3.1, RFC 7634 2).  CBC needs an IV that nobody can foresee (3.14).
 *
 * Opening is the other way round: lengths, then the ICV in constant time, and only then is anything
 * decrypted or a pad length believed.  Padding of any length and content is accepted.
 *
 * All memory is the caller's; nothing outlives a call.
 */
#include "ike/algo.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <assert.h>
#include <string.h>

#define SK_HEADER_LEN 4
#define LENGTH_AT     24 /* of the length field in the IKE header; RFC 7296 3.1 */

/* One direction's key, split and checked. */
struct sealer {
	const struct ike_encr_alg *alg;
	const struct ike_integ_alg *integ; /* NULL with an AEAD */
	const EVP_CIPHER *cipher;
	const uint8_t *key, *salt; /* borrowed from the caller's secret */
	struct cur integ_key;
	size_t icv_len;
};

/* OpenSSL's cipher for a key of that many bytes, without salt; NULL: there is none. */
static const EVP_CIPHER *cipher_find(uint16_t encr, size_t key_len)
{
	switch (encr) {
	case IKE_ENCR_AES_CBC:
		return key_len == 16 ? EVP_aes_128_cbc() : key_len == 32 ? EVP_aes_256_cbc() : NULL;
	case IKE_ENCR_AES_GCM_12:
	case IKE_ENCR_AES_GCM_16:
		return key_len == 16 ? EVP_aes_128_gcm() : key_len == 32 ? EVP_aes_256_gcm() : NULL;
	case IKE_ENCR_CHACHA20_POLY1305:
		return key_len == 32 ? EVP_chacha20_poly1305() : NULL;
	}
	return NULL;
}

/* False if algorithms and key lengths do not go together. */
static bool sealer_init(struct sealer *s, const struct ike_sk_key *key)
{
	*s = (struct sealer){ .alg = ike_encr_find(key->encr) };
	if (!s->alg || key->e->len < s->alg->salt_len)
		return false;

	size_t key_len = (size_t)(key->e->len - s->alg->salt_len);

	s->cipher = cipher_find(key->encr, key_len);
	s->key = key->e->b;
	s->salt = key->e->b + key_len;
	s->icv_len = s->alg->icv_len;
	if (s->alg->aead)
		return s->cipher != NULL;
	s->integ = ike_integ_find(key->integ);
	if (!s->integ || !key->a || key->a->len != s->integ->key_len)
		return false;
	s->integ_key = secret_cur(key->a);
	s->icv_len = s->integ->icv_len;
	return s->cipher != NULL;
}

/* The nonce of an AEAD is salt | IV (RFC 5282 4); CBC takes the IV as it is. */
static void nonce_make(const struct sealer *s, const uint8_t *iv, uint8_t nonce[static 16])
{
	memcpy(nonce, s->salt, s->alg->salt_len);
	memcpy(nonce + s->alg->salt_len, iv, s->alg->iv_len);
}

/* Encrypt `len` bytes in place; `tag` is written with an AEAD. */
static bool encrypt(const struct sealer *s, const uint8_t *iv, struct cur aad, uint8_t *text,
		    size_t len, uint8_t *tag)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[16], rest[16];
	int n = 0;

	nonce_make(s, iv, nonce);

	bool ok = ctx && EVP_EncryptInit_ex(ctx, s->cipher, NULL, s->key, nonce) == 1 &&
		  EVP_CIPHER_CTX_set_padding(ctx, 0) == 1;

	if (s->alg->aead)
		ok = ok && EVP_EncryptUpdate(ctx, NULL, &n, aad.p, (int)aad.left) == 1;
	ok = ok && EVP_EncryptUpdate(ctx, text, &n, text, (int)len) == 1 && n == (int)len &&
	     EVP_EncryptFinal_ex(ctx, rest, &n) == 1 && n == 0;
	if (s->alg->aead)
		ok = ok &&
		     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)s->icv_len, tag) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

/* Decrypt into `out`, which has `text.left` bytes; with an AEAD false also means a wrong tag. */
static bool decrypt(const struct sealer *s, const uint8_t *iv, struct cur aad, struct cur text,
		    const uint8_t *tag, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[16], icv[IKE_ICV_MAX], rest[16];
	int n = 0;

	nonce_make(s, iv, nonce);
	memcpy(icv, tag, s->icv_len); /* OpenSSL takes a pointer that is not const */

	bool ok = ctx && EVP_DecryptInit_ex(ctx, s->cipher, NULL, s->key, nonce) == 1 &&
		  EVP_CIPHER_CTX_set_padding(ctx, 0) == 1;

	if (s->alg->aead)
		ok = ok &&
		     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)s->icv_len, icv) == 1 &&
		     EVP_DecryptUpdate(ctx, NULL, &n, aad.p, (int)aad.left) == 1;
	ok = ok && EVP_DecryptUpdate(ctx, out, &n, text.p, (int)text.left) == 1 &&
	     n == (int)text.left && EVP_DecryptFinal_ex(ctx, rest, &n) == 1 && n == 0;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

/* The HMAC of everything before the ICV, starting with the IKE header; RFC 7296 3.14. */
static enum ike_err icv_make(const struct sealer *s, struct cur covered, uint8_t *icv)
{
	uint8_t mac[IKE_PRF_LEN_MAX];
	enum ike_err err = ike_hmac(s->integ->digest, s->integ_key, &covered, 1, mac);

	if (!err)
		memcpy(icv, mac, s->icv_len);
	secret_wipe(mac, sizeof(mac));
	return err;
}

/* An IV that is right for the cipher.  False if the counter is used up: never in a key's life. */
static bool iv_make(const struct sealer *s, const struct rng *rng, uint64_t *counter, uint8_t *iv)
{
	if (!s->alg->aead) {
		rng_fill(rng, iv, s->alg->iv_len);
		return true;
	}
	if (*counter == UINT64_MAX)
		return false;

	uint64_t v = (*counter)++;

	for (size_t i = s->alg->iv_len; i-- > 0; v >>= 8)
		iv[i] = (uint8_t)v;
	return true;
}

enum ike_err ike_sk_seal(const struct ike_sk_key *key, const struct rng *rng, uint64_t *iv_counter,
			 uint8_t next, struct cur plain, struct buf *msg)
{
	struct sealer s;

	assert(msg->bad || msg->len >= IKE_HDR_LEN);
	if (!sealer_init(&s, key))
		return IKE_E_CRYPTO;
	if (msg->bad || plain.left > UINT16_MAX)
		return IKE_E_TOO_LONG;

	/* The least padding that makes whole blocks together with the pad length byte; 3.14 */
	size_t pad = (s.alg->block - (plain.left + 1) % s.alg->block) % s.alg->block;
	size_t text_len = plain.left + pad + 1;
	size_t payload_len = SK_HEADER_LEN + s.alg->iv_len + text_len + s.icv_len;

	if (payload_len > UINT16_MAX)
		return IKE_E_TOO_LONG;
	buf_u8(msg, next);
	buf_u8(msg, 0);
	buf_u16(msg, (uint16_t)payload_len);

	struct cur aad = buf_cur(msg);
	uint8_t *iv = buf_space(msg, s.alg->iv_len);
	uint8_t *text = buf_space(msg, text_len);
	uint8_t *icv = buf_space(msg, s.icv_len);

	if (msg->bad)
		return IKE_E_TOO_LONG;
	/* Both lengths are authenticated, so they are written before anything is computed. */
	buf_patch32(msg, LENGTH_AT, (uint32_t)msg->len);
	if (plain.left)
		memcpy(text, plain.p, plain.left);
	memset(text + plain.left, 0, pad);
	text[text_len - 1] = (uint8_t)pad;
	if (!iv_make(&s, rng, iv_counter, iv) || !encrypt(&s, iv, aad, text, text_len, icv)) {
		secret_wipe(text, text_len);
		return IKE_E_CRYPTO;
	}
	return s.alg->aead ? IKE_OK : icv_make(&s, cur_of(msg->p, msg->len - s.icv_len), icv);
}

/* Check what must hold before any key is used: RFC 7296 3.14. */
static enum ike_err body_check(const struct sealer *s, struct cur body)
{
	size_t around = s->alg->iv_len + s->icv_len;

	if (body.left < around + s->alg->block) /* there is a pad length at the least */
		return IKE_E_TRUNCATED;
	return (body.left - around) % s->alg->block ? IKE_E_LENGTH : IKE_OK;
}

static enum ike_err body_open(const struct sealer *s, struct cur message, struct cur body,
			      uint8_t *out, size_t *out_len)
{
	struct cur aad = cur_of(message.p, message.left - body.left);
	struct cur covered = cur_of(message.p, message.left - s->icv_len);
	const uint8_t *iv = cur_bytes(&body, s->alg->iv_len);
	struct cur text = cur_sub(&body, body.left - s->icv_len);
	const uint8_t *icv = cur_bytes(&body, s->icv_len);

	if (!s->alg->aead) {
		uint8_t want[IKE_ICV_MAX];
		enum ike_err err = icv_make(s, covered, want);

		if (err)
			return err;
		if (!secret_eq(want, icv, s->icv_len))
			return IKE_E_INTEGRITY;
	}
	if (!decrypt(s, iv, aad, text, icv, out))
		return s->alg->aead ? IKE_E_INTEGRITY : IKE_E_CRYPTO;

	size_t pad = out[text.left - 1];

	if (pad + 1 > text.left)
		return IKE_E_PADDING;
	*out_len = text.left - 1 - pad;
	return IKE_OK;
}

enum ike_err ike_sk_open(const struct ike_sk_key *key, struct cur message, struct cur sk_body,
			 uint8_t *out, size_t out_cap, size_t *out_len)
{
	struct sealer s;
	enum ike_err err = IKE_E_CRYPTO;

	assert(sk_body.left <= message.left && out_cap >= sk_body.left);
	assert(sk_body.p + sk_body.left == message.p + message.left);
	*out_len = 0;
	ERR_set_mark(); /* a forgery leaves nothing in OpenSSL's error queue */
	if (sealer_init(&s, key)) {
		err = body_check(&s, sk_body);
		if (!err)
			err = body_open(&s, message, sk_body, out, out_len);
	}
	ERR_pop_to_mark();
	if (err)
		secret_wipe(out, out_cap);
	return err;
}
