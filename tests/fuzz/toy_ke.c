/*
 * tests/fuzz/toy_ke.c - a key exchange that costs nothing, in the place of ike/ke.c, for targets
 * that set up many SAs: the public value is the private one, and the secret is both, xored.  Whose
 * object is linked before the engine's archive replaces it.
 */
#include <stdlib.h>

#include "ike/crypto.h"

#define TOY_SECRET_LEN 32

struct ike_ke {
	uint16_t group;
	uint8_t value[TOY_SECRET_LEN];
};

size_t ike_ke_seed_len(uint16_t group)
{
	return ike_ke_public_len(group) ? TOY_SECRET_LEN : 0;
}

size_t ike_ke_public_len(uint16_t group)
{
	return group == IKE_KE_CURVE25519 ? 32 : group == IKE_KE_ECP256 ? 64 : 0;
}

struct ike_ke *ike_ke_new(uint16_t group, const uint8_t *seed)
{
	struct ike_ke *ke = ike_ke_public_len(group) ? calloc(1, sizeof(*ke)) : NULL;

	if (!ke)
		return NULL;
	ke->group = group;
	memcpy(ke->value, seed, sizeof(ke->value));
	return ke;
}

void ike_ke_free(struct ike_ke *ke)
{
	free(ke);
}

uint16_t ike_ke_group(const struct ike_ke *ke)
{
	return ke->group;
}

enum ike_err ike_ke_public(const struct ike_ke *ke, uint8_t out[static IKE_KE_PUBLIC_MAX])
{
	memset(out, 0xa5, ike_ke_public_len(ke->group));
	memcpy(out, ke->value, sizeof(ke->value));
	return IKE_OK;
}

/* Ourselves as the peer would give zeroes, which stand for all that RFC 6989 refuses. */
enum ike_err ike_ke_shared(const struct ike_ke *ke, struct cur peer,
			   uint8_t out[static IKE_KE_SHARED_MAX], size_t *out_len)
{
	uint8_t any = 0;

	*out_len = 0;
	if (peer.left != ike_ke_public_len(ke->group))
		return IKE_E_PUBLIC_VALUE;
	for (size_t i = 0; i < TOY_SECRET_LEN; i++) {
		out[i] = ke->value[i] ^ peer.p[i];
		any |= out[i];
	}
	if (!any)
		return IKE_E_PUBLIC_VALUE;
	*out_len = TOY_SECRET_LEN;
	return IKE_OK;
}
