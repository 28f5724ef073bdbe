/*
 * ike/algo.c - every algorithm's sizes, one row each.  See crypto.h and algo.h.
 *
 * An algorithm that is not in these tables does not exist: its sizes are zero, so that nothing can
 * be derived or sealed with it, and suite_text.c, which lists the same ones by name, never offers
 * it.  (Peers have crashed on algorithms that were negotiable but not there: CVE-2016-3071,
 * CVE-2018-10811.)
 *
 * Left out on purpose: AES-192 (RFC 5282 7.3: not recommended), the 8-byte ICV of GCM, AES-CTR,
 * AES-CCM, 3DES, and everything with MD5 (RFC 8247).
 */
#include "ike/algo.h"

/* RFC 3602 (CBC), RFC 4106 and RFC 5282 (GCM), RFC 7634 (ChaCha20-Poly1305) */
static const struct ike_encr_alg encrs[] = {
	{ IKE_ENCR_AES_CBC, false, 0, 0, 16, 0, 16 },
	{ IKE_ENCR_AES_GCM_12, true, 0, IKE_AEAD_SALT_LEN, 8, 12, 1 },
	{ IKE_ENCR_AES_GCM_16, true, 0, IKE_AEAD_SALT_LEN, 8, 16, 1 },
	{ IKE_ENCR_CHACHA20_POLY1305, true, 32, IKE_AEAD_SALT_LEN, 8, 16, 1 },
};

/* RFC 2404 (SHA-1, of which 96 bits are sent), RFC 4868 */
static const struct ike_integ_alg integs[] = {
	{ IKE_INTEG_HMAC_SHA1_96, 20, 12, "SHA1" },
	{ IKE_INTEG_HMAC_SHA2_256_128, 32, 16, "SHA256" },
	{ IKE_INTEG_HMAC_SHA2_384_192, 48, 24, "SHA384" },
	{ IKE_INTEG_HMAC_SHA2_512_256, 64, 32, "SHA512" },
};

/* RFC 7296 2.13, RFC 4434, RFC 4868 */
static const struct ike_prf_alg prfs[] = {
	{ IKE_PRF_HMAC_SHA1, 20, "SHA1" },	 { IKE_PRF_AES128_XCBC, 16, NULL },
	{ IKE_PRF_HMAC_SHA2_256, 32, "SHA256" }, { IKE_PRF_HMAC_SHA2_384, 48, "SHA384" },
	{ IKE_PRF_HMAC_SHA2_512, 64, "SHA512" },
};

const struct ike_encr_alg *ike_encr_find(uint16_t id)
{
	for (size_t i = 0; i < ARRAY_LEN(encrs); i++)
		if (encrs[i].id == id)
			return &encrs[i];
	return NULL;
}

const struct ike_integ_alg *ike_integ_find(uint16_t id)
{
	for (size_t i = 0; i < ARRAY_LEN(integs); i++)
		if (integs[i].id == id)
			return &integs[i];
	return NULL;
}

const struct ike_prf_alg *ike_prf_find(uint16_t id)
{
	for (size_t i = 0; i < ARRAY_LEN(prfs); i++)
		if (prfs[i].id == id)
			return &prfs[i];
	return NULL;
}

size_t ike_prf_len(uint16_t prf)
{
	const struct ike_prf_alg *alg = ike_prf_find(prf);

	return alg ? alg->len : 0;
}

size_t ike_encr_key_len(uint16_t encr, uint16_t key_bits)
{
	const struct ike_encr_alg *alg = ike_encr_find(encr);

	if (!alg)
		return 0;
	/* A fixed-length cipher has no Key Length attribute, AES must have one: RFC 7296 3.3.5 */
	if (alg->fixed_len)
		return key_bits ? 0 : (size_t)alg->fixed_len + alg->salt_len;
	if (key_bits != 128 && key_bits != 256)
		return 0;
	return key_bits / 8u + alg->salt_len;
}

bool ike_encr_is_aead(uint16_t encr)
{
	const struct ike_encr_alg *alg = ike_encr_find(encr);

	return alg && alg->aead;
}

size_t ike_integ_key_len(uint16_t integ)
{
	const struct ike_integ_alg *alg = ike_integ_find(integ);

	return alg ? alg->key_len : 0;
}

size_t ike_icv_len(uint16_t encr, uint16_t integ)
{
	const struct ike_encr_alg *cipher = ike_encr_find(encr);
	const struct ike_integ_alg *alg = ike_integ_find(integ);

	if (cipher && cipher->aead)
		return cipher->icv_len;
	return cipher && alg ? alg->icv_len : 0;
}

size_t ike_encr_iv_len(uint16_t encr)
{
	const struct ike_encr_alg *alg = ike_encr_find(encr);

	return alg ? alg->iv_len : 0;
}

size_t ike_encr_block(uint16_t encr)
{
	const struct ike_encr_alg *alg = ike_encr_find(encr);

	return alg ? alg->block : 0;
}
