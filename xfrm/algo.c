/*
 * xfrm/algo.c - the algorithms of ESP that spoked offers, one row each: RFC 4106 (GCM), RFC 7634
 * (ChaCha20-Poly1305), RFC 3602 (CBC), RFC 2404 and 4868 (HMAC).  What it adds to a packet follows
 * from the same rows.
 */
#include "xfrm/algo.h"

#include "xfrm/xfrm.h"

#define UDP_HEADER  8
#define ESP_HEADER  8 /* SPI, sequence number; the high half of an ESN is not sent */
#define ESP_TRAILER 2 /* pad length, next header */

static const struct xfrm_cipher ciphers[] = {
	{ 12, "cbc(aes)", 0, 0, 16, 16, { 16, 24, 32 } },
	{ 19, "rfc4106(gcm(aes))", 96, 4, 8, 4, { 16, 24, 32 } },
	{ 20, "rfc4106(gcm(aes))", 128, 4, 8, 4, { 16, 24, 32 } },
	{ 28, "rfc7539esp(chacha20,poly1305)", 128, 4, 8, 4, { 32 } },
};

static const struct xfrm_integrity integrities[] = {
	{ 2, "hmac(sha1)", 96, 20 },
	{ 12, "hmac(sha256)", 128, 32 },
	{ 13, "hmac(sha384)", 192, 48 },
	{ 14, "hmac(sha512)", 256, 64 },
};

const struct xfrm_cipher *xfrm_cipher_find(uint16_t id)
{
	for (size_t i = 0; i < ARRAY_LEN(ciphers); i++)
		if (ciphers[i].id == id)
			return &ciphers[i];
	return NULL;
}

const struct xfrm_integrity *xfrm_integrity_find(uint16_t id)
{
	for (size_t i = 0; i < ARRAY_LEN(integrities); i++)
		if (integrities[i].id == id)
			return &integrities[i];
	return NULL;
}

bool xfrm_cipher_takes(const struct xfrm_cipher *cipher, size_t key_len)
{
	for (size_t i = 0; i < ARRAY_LEN(cipher->key_len) && cipher->key_len[i]; i++)
		if ((size_t)cipher->key_len[i] + cipher->salt_len == key_len)
			return true;
	return false;
}

uint32_t xfrm_esp_overhead(uint16_t encr, uint16_t integ)
{
	const struct xfrm_cipher *cipher = xfrm_cipher_find(encr);
	const struct xfrm_integrity *integrity = xfrm_integrity_find(integ);

	if (!cipher || (!cipher->icv_bits && !integrity))
		return XFRM_PROPOSAL_OVERHEAD_MAX;

	uint32_t icv_bits = cipher->icv_bits ? cipher->icv_bits : integrity->icv_bits;

	/* Padding fills up to block - 1 bytes: RFC 4303 2.4. */
	return UDP_HEADER + ESP_HEADER + cipher->iv_len + (cipher->block - 1u) + ESP_TRAILER +
	       icv_bits / 8;
}
