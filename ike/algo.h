/*
 * ike/algo.h - private to ike/: the algorithms as tables, and the HMAC that both the PRFs and the
 * integrity checks are made of.
 */
#ifndef IKE_ALGO_H
#define IKE_ALGO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "ike/crypto.h"

#define IKE_AEAD_SALT_LEN  4  /* RFC 5282 7.1, RFC 7634 3: the last bytes of SK_e */
#define IKE_AEAD_NONCE_LEN 12 /* salt | IV: RFC 5282 4 */

struct ike_encr_alg {
	uint16_t id;
	bool aead;
	uint8_t fixed_len; /* bytes of key, or 0: as the Key Length attribute says, 128 or 256 */
	uint8_t salt_len, iv_len;
	uint8_t icv_len; /* AEAD only */
	uint8_t block;
};

struct ike_integ_alg {
	uint16_t id;
	uint8_t key_len, icv_len; /* RFC 4868 2.1: a key as long as the hash, half of it sent */
	const char *digest;	  /* OpenSSL's name of the hash */
};

struct ike_prf_alg {
	uint16_t id;
	uint8_t len;	    /* output and preferred key, RFC 7296 2.13 */
	const char *digest; /* NULL: AES128-XCBC */
};

/* The row of an algorithm, or NULL. */
const struct ike_encr_alg *ike_encr_find(uint16_t id);
const struct ike_integ_alg *ike_integ_find(uint16_t id);
const struct ike_prf_alg *ike_prf_find(uint16_t id);

/*
 * out = HMAC(key, parts[0] | parts[1] | ...), as many bytes as the hash has.  RFC 2104.
 * IKE_E_CRYPTO if the library fails; then `out` is wiped.
 */
enum ike_err ike_hmac(const char *digest, struct cur key, const struct cur *parts, size_t count,
		      uint8_t out[static IKE_PRF_LEN_MAX]);

#endif
