/*
 * xfrm/algo.h - IANA's IKEv2 transform numbers as the kernel's crypto names and lengths.
 */
#ifndef XFRM_ALGO_H
#define XFRM_ALGO_H

#include "base/base.h"

/* A cipher, or an AEAD (icv_bits != 0), for ESP. */
struct xfrm_cipher {
	uint16_t id; /* IKEv2 transform type 1 */
	const char *name;
	uint16_t icv_bits;  /* of an AEAD; 0: an integrity algorithm must go with it */
	uint8_t salt_len;   /* bytes after the key proper */
	uint8_t iv_len;	    /* bytes in every packet */
	uint8_t block;	    /* payload, padding and trailer fill a multiple of this */
	uint8_t key_len[4]; /* allowed, without the salt; 0 ends */
};

struct xfrm_integrity {
	uint16_t id; /* IKEv2 transform type 3 */
	const char *name;
	uint16_t icv_bits;
	uint8_t key_len;
};

/* NULL: not one of ours. */
const struct xfrm_cipher *xfrm_cipher_find(uint16_t id);
const struct xfrm_integrity *xfrm_integrity_find(uint16_t id);

/* Is this a length that the cipher takes, salt included? */
bool xfrm_cipher_takes(const struct xfrm_cipher *cipher, size_t key_len);

#endif
