/*
 * ike/prf.c - the pseudo-random functions and prf+ of RFC 7296 2.13, and SHA-1 for NAT detection.
 *
 * HMAC (RFC 2104, RFC 4868) comes from OpenSSL.  AES128-XCBC (RFC 3566 with the two changes of
 * RFC 4434 2: keys of any length, no truncation) is not in OpenSSL and is built here out of single
 * AES blocks: three subkeys, a CBC chain, and a last block that is masked with K2 if it is whole
 * and with K3 if it had to be padded.
 *
 * Every context lives for one call.  On failure the output is wiped, so that nobody goes on with
 * half a key.
 */
#include "ike/algo.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <string.h>

#define AES_BLOCK 16

enum ike_err ike_hmac(const char *digest, struct cur key, const struct cur *parts, size_t count,
		      uint8_t out[static IKE_PRF_LEN_MAX])
{
	static const uint8_t nothing[1]; /* an empty key is a key: OpenSSL takes NULL for "none" */
	OSSL_PARAM params[] = {
		/* only read, in spite of its type */
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
	EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
	size_t len = 0;
	bool ok = ctx && EVP_MAC_init(ctx, key.left ? key.p : nothing, key.left, params) == 1;

	for (size_t i = 0; ok && i < count; i++)
		ok = parts[i].left == 0 || EVP_MAC_update(ctx, parts[i].p, parts[i].left) == 1;
	ok = ok && EVP_MAC_final(ctx, out, &len, IKE_PRF_LEN_MAX) == 1;
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
	if (ok)
		return IKE_OK;
	secret_wipe(out, IKE_PRF_LEN_MAX);
	return IKE_E_CRYPTO;
}

/* ---- AES128-XCBC ---- */

struct xcbc {
	EVP_CIPHER_CTX *aes;	  /* under K1 */
	uint8_t k2[AES_BLOCK];	  /* masks a whole last block */
	uint8_t k3[AES_BLOCK];	  /* masks a padded one */
	uint8_t chain[AES_BLOCK]; /* E[i] */
	uint8_t block[AES_BLOCK]; /* input that has not gone into the chain yet */
	size_t used;		  /* bytes of `block`; stays at 16 until more input comes */
};

static EVP_CIPHER_CTX *aes_new(const uint8_t key[static AES_BLOCK])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (ctx && EVP_EncryptInit_ex(ctx, EVP_aes_128_ecb(), NULL, key, NULL) == 1 &&
	    EVP_CIPHER_CTX_set_padding(ctx, 0) == 1)
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

static bool aes_block(EVP_CIPHER_CTX *ctx, const uint8_t in[static AES_BLOCK],
		      uint8_t out[static AES_BLOCK])
{
	int len = 0;

	return EVP_EncryptUpdate(ctx, out, &len, in, AES_BLOCK) == 1 && len == AES_BLOCK;
}

/* chain = AES(chain ^ block [^ mask]) */
static bool xcbc_step(struct xcbc *x, const uint8_t *mask)
{
	uint8_t in[AES_BLOCK];

	for (size_t i = 0; i < AES_BLOCK; i++)
		in[i] = (uint8_t)(x->chain[i] ^ x->block[i] ^ (mask ? mask[i] : 0));

	bool ok = aes_block(x->aes, in, x->chain);

	secret_wipe(in, sizeof(in));
	return ok;
}

/* RFC 3566 4, step 1: three subkeys, each the encryption of a constant. */
static bool xcbc_init(struct xcbc *x, const uint8_t key[static AES_BLOCK])
{
	uint8_t constant[AES_BLOCK], k1[AES_BLOCK];
	EVP_CIPHER_CTX *aes = aes_new(key);
	bool ok = aes != NULL;

	*x = (struct xcbc){ .aes = NULL };
	memset(constant, 1, sizeof(constant));
	ok = ok && aes_block(aes, constant, k1);
	memset(constant, 2, sizeof(constant));
	ok = ok && aes_block(aes, constant, x->k2);
	memset(constant, 3, sizeof(constant));
	ok = ok && aes_block(aes, constant, x->k3);
	if (ok)
		x->aes = aes_new(k1);
	EVP_CIPHER_CTX_free(aes);
	secret_wipe(k1, sizeof(k1));
	return x->aes != NULL;
}

static bool xcbc_add(struct xcbc *x, struct cur in)
{
	while (in.left) {
		if (x->used == AES_BLOCK) { /* not the last block after all */
			if (!xcbc_step(x, NULL))
				return false;
			x->used = 0;
		}

		size_t room = AES_BLOCK - x->used;
		size_t len = in.left < room ? in.left : room;

		memcpy(x->block + x->used, cur_bytes(&in, len), len);
		x->used += len;
	}
	return true;
}

static bool xcbc_end(struct xcbc *x, uint8_t out[static AES_BLOCK])
{
	bool whole = x->used == AES_BLOCK;

	if (!whole) { /* 10...0, even after no input at all */
		memset(x->block + x->used, 0, AES_BLOCK - x->used);
		x->block[x->used] = 0x80;
	}
	if (!xcbc_step(x, whole ? x->k2 : x->k3))
		return false;
	memcpy(out, x->chain, AES_BLOCK);
	return true;
}

/* XCBC under a key of exactly one block. */
static bool xcbc_mac(const uint8_t key[static AES_BLOCK], const struct cur *parts, size_t count,
		     uint8_t out[static AES_BLOCK])
{
	struct xcbc x;
	bool ok = xcbc_init(&x, key);

	for (size_t i = 0; ok && i < count; i++)
		ok = xcbc_add(&x, parts[i]);
	ok = ok && xcbc_end(&x, out);
	EVP_CIPHER_CTX_free(x.aes);
	secret_wipe(&x, sizeof(x));
	return ok;
}

/* RFC 4434 2: short keys are padded with zeroes, long ones hashed under the key of zeroes. */
static bool xcbc_prf(struct cur key, const struct cur *parts, size_t count,
		     uint8_t out[static AES_BLOCK])
{
	uint8_t k[AES_BLOCK] = { 0 };
	bool ok = true;

	if (key.left > AES_BLOCK)
		ok = xcbc_mac((const uint8_t[AES_BLOCK]){ 0 }, &key, 1, k);
	else if (key.left)
		memcpy(k, key.p, key.left);
	ok = ok && xcbc_mac(k, parts, count, out);
	secret_wipe(k, sizeof(k));
	return ok;
}

/* ---- what crypto.h promises ---- */

enum ike_err ike_prf(uint16_t prf, struct cur key, const struct cur *parts, size_t count,
		     uint8_t out[static IKE_PRF_LEN_MAX])
{
	const struct ike_prf_alg *alg = ike_prf_find(prf);

	if (alg && alg->digest)
		return ike_hmac(alg->digest, key, parts, count, out);
	if (alg && xcbc_prf(key, parts, count, out))
		return IKE_OK;
	secret_wipe(out, IKE_PRF_LEN_MAX);
	return IKE_E_CRYPTO;
}

enum ike_err ike_prf_plus(uint16_t prf, struct cur key, struct cur seed, uint8_t *out, size_t len)
{
	size_t block = ike_prf_len(prf), done = 0;
	uint8_t t[IKE_PRF_LEN_MAX], number = 0;
	enum ike_err err = IKE_OK;

	if (!block || len > block * IKE_PRF_PLUS_MAX)
		err = IKE_E_CRYPTO;
	/* T1 = prf(K, S | 1), Tn = prf(K, Tn-1 | S | n); RFC 7296 2.13 */
	while (!err && done < len) {
		size_t take = len - done < block ? len - done : block;

		number++;

		struct cur parts[] = { cur_of(t, done ? block : 0), seed, cur_of(&number, 1) };

		err = ike_prf(prf, key, parts, ARRAY_LEN(parts), t);
		if (!err) {
			memcpy(out + done, t, take);
			done += take;
		}
	}
	if (err)
		secret_wipe(out, len);
	secret_wipe(t, sizeof(t));
	return err;
}

enum ike_err ike_sha1(const struct cur *parts, size_t count, uint8_t out[static 20])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) == 1;

	for (size_t i = 0; ok && i < count; i++)
		ok = parts[i].left == 0 || EVP_DigestUpdate(ctx, parts[i].p, parts[i].left) == 1;
	ok = ok && EVP_DigestFinal_ex(ctx, out, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return ok ? IKE_OK : IKE_E_CRYPTO;
}
