/*
 * ike/ke.c - key exchange: one table of groups, three ways of computing.  See crypto.h, ke.h.
 *
 * A private key is made of a seed that the caller drew, so that this code needs no randomness: the
 * same seed gives the same key.  It lives until ike_ke_free() wipes it, is used for one exchange
 * (RFC 7296 2.12 allows more; we do not), and may go to a worker thread and back, but is used by
 * one thread at a time.
 *
 * A group that is not in the table does not exist, whatever number a peer writes (CVE-2014-9221),
 * and a public value of another length than the group's is never copied anywhere (CVE-2023-41913).
 * Left out: MODP groups with small subgroups (RFC 5114; RFC 8247 2.4: must not or should not).
 */
#include "ike/ke.h"

#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include <stdlib.h>
#include <string.h>

struct ike_ke {
	const struct ike_ke_row *row;
	EVP_PKEY *curve;   /* the private key on curve25519 and curve448, which OpenSSL wipes */
	size_t scalar_len; /* the private key of the other groups */
	uint8_t scalar[IKE_KE_SEED_MAX];
	uint8_t public[IKE_KE_PUBLIC_MAX];
};

/*
 * Seeds of MODP groups are exponents, of at least the larger size in RFC 3526 8; those of ECP
 * groups have 64 bits more than the order (see ike_ecp_scalar).
 */
static const struct ike_ke_row rows[] = {
	{ IKE_KE_MODP1024, IKE_KE_KIND_MODP, 128, 128, 32, 129093 }, /* RFC 2409 6.2 */
	{ IKE_KE_MODP1536, IKE_KE_KIND_MODP, 192, 192, 32, 741804 },
	{ IKE_KE_MODP2048, IKE_KE_KIND_MODP, 256, 256, 40, 124476 },
	{ IKE_KE_MODP3072, IKE_KE_KIND_MODP, 384, 384, 56, 1690314 },
	{ IKE_KE_MODP4096, IKE_KE_KIND_MODP, 512, 512, 64, 240904 },
	{ IKE_KE_MODP6144, IKE_KE_KIND_MODP, 768, 768, 72, 929484 },
	{ IKE_KE_MODP8192, IKE_KE_KIND_MODP, 1024, 1024, 80, 4743158 },
	{ IKE_KE_ECP256, IKE_KE_KIND_ECP, 64, 32, 40, NID_X9_62_prime256v1 },
	{ IKE_KE_ECP384, IKE_KE_KIND_ECP, 96, 48, 56, NID_secp384r1 },
	{ IKE_KE_ECP521, IKE_KE_KIND_ECP, 132, 66, 74, NID_secp521r1 },
	{ IKE_KE_CURVE25519, IKE_KE_KIND_CURVE, 32, 32, 32, EVP_PKEY_X25519 },
	{ IKE_KE_CURVE448, IKE_KE_KIND_CURVE, 56, 56, 56, EVP_PKEY_X448 },
};

static const struct ike_ke_row *row_find(uint16_t group)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].group == group)
			return &rows[i];
	return NULL;
}

size_t ike_ke_seed_len(uint16_t group)
{
	const struct ike_ke_row *row = row_find(group);

	return row ? row->seed_len : 0;
}

size_t ike_ke_public_len(uint16_t group)
{
	const struct ike_ke_row *row = row_find(group);

	return row ? row->public_len : 0;
}

/* The private value out of the seed, and our public value. */
static enum ike_err ke_init(struct ike_ke *ke, const uint8_t *seed)
{
	const struct ike_ke_row *row = ke->row;
	enum ike_err err;

	switch (row->kind) {
	case IKE_KE_KIND_MODP:
		ke->scalar_len = row->seed_len;
		memcpy(ke->scalar, seed, row->seed_len);
		ke->scalar[0] |= 0x80; /* one size for all: see ke_modp.c */
		return ike_modp_power(row, NULL, cur_of(ke->scalar, ke->scalar_len), ke->public);
	case IKE_KE_KIND_ECP:
		ke->scalar_len = row->shared_len;
		err = ike_ecp_scalar(row, cur_of(seed, row->seed_len), ke->scalar);
		return err ? err
			   : ike_ecp_public(row, cur_of(ke->scalar, ke->scalar_len), ke->public);
	case IKE_KE_KIND_CURVE:
		ke->curve = ike_curve_new(row, seed);
		return ke->curve ? ike_curve_public(row, ke->curve, ke->public) : IKE_E_CRYPTO;
	}
	return IKE_E_CRYPTO;
}

struct ike_ke *ike_ke_new(uint16_t group, const uint8_t *seed)
{
	const struct ike_ke_row *row = row_find(group);
	struct ike_ke *ke = row ? calloc(1, sizeof(*ke)) : NULL;

	if (!ke)
		return NULL;
	ke->row = row;
	if (ke_init(ke, seed)) {
		ike_ke_free(ke);
		return NULL;
	}
	return ke;
}

void ike_ke_free(struct ike_ke *ke)
{
	if (ke)
		EVP_PKEY_free(ke->curve);
	secret_free(ke, sizeof(*ke));
}

uint16_t ike_ke_group(const struct ike_ke *ke)
{
	return ke->row->group;
}

enum ike_err ike_ke_public(const struct ike_ke *ke, uint8_t out[static IKE_KE_PUBLIC_MAX])
{
	memcpy(out, ke->public, ke->row->public_len);
	return IKE_OK;
}

enum ike_err ike_ke_shared(const struct ike_ke *ke, struct cur peer,
			   uint8_t out[static IKE_KE_SHARED_MAX], size_t *out_len)
{
	const struct ike_ke_row *row = ke->row;
	struct cur scalar = cur_of(ke->scalar, ke->scalar_len);
	enum ike_err err = IKE_E_CRYPTO;

	*out_len = 0;
	ERR_set_mark(); /* a bad value leaves nothing in OpenSSL's error queue */
	switch (row->kind) {
	case IKE_KE_KIND_MODP:
		err = ike_modp_power(row, &peer, scalar, out);
		break;
	case IKE_KE_KIND_ECP:
		err = ike_ecp_shared(row, scalar, peer, out);
		break;
	case IKE_KE_KIND_CURVE:
		err = ike_curve_shared(row, ke->curve, peer, out);
		break;
	}
	ERR_pop_to_mark();
	if (err)
		secret_wipe(out, IKE_KE_SHARED_MAX);
	else
		*out_len = row->shared_len;
	return err;
}
