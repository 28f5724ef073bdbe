/*
 * ike/crypto.h - the cryptography of IKEv2 over OpenSSL (and gmp for MODP): pseudo-random
 * functions, the key schedule, the protection of messages, key exchange.  Pure functions of their
 * arguments: no global state, no clock, no randomness of their own; safe to call from any thread.
 */
#ifndef IKE_CRYPTO_H
#define IKE_CRYPTO_H

#include "base/base.h"
#include "ike/err.h"
#include "ike/suite.h"

#define IKE_PRF_LEN_MAX	  64   /* HMAC-SHA2-512 */
#define IKE_KE_PUBLIC_MAX 1024 /* MODP 8192 */
#define IKE_KE_SHARED_MAX 1024
#define IKE_KE_SEED_MAX	  96 /* ecp521: its scalar and 64 bits more */
#define IKE_ICV_MAX	  32
#define IKE_PRF_PLUS_MAX  255 /* blocks; RFC 7296 2.13 */

/* ---- sizes; 0 for what is unknown ---- */
size_t ike_prf_len(uint16_t prf); /* output, and the length of SK_d, SK_pi, SK_pr */
size_t ike_encr_key_len(uint16_t encr, uint16_t key_bits); /* bytes, salt included */
bool ike_encr_is_aead(uint16_t encr);
size_t ike_integ_key_len(uint16_t integ);
size_t ike_icv_len(uint16_t encr, uint16_t integ); /* of the cipher if AEAD, else of integ */
size_t ike_encr_iv_len(uint16_t encr);
size_t ike_encr_block(uint16_t encr); /* padding granularity: 16 for CBC, 1 for AEAD */

/* ---- PRF, RFC 7296 2.13; HMAC: RFC 2104/4868; XCBC: RFC 4434 (keys of any length) ---- */

/* out = prf(key, parts[0] | parts[1] | ...), ike_prf_len() bytes. */
enum ike_err ike_prf(uint16_t prf, struct cur key, const struct cur *parts, size_t count,
		     uint8_t out[static IKE_PRF_LEN_MAX]);

/* out = prf+(key, seed) of `len` bytes; IKE_E_CRYPTO past 255 blocks. */
enum ike_err ike_prf_plus(uint16_t prf, struct cur key, struct cur seed, uint8_t *out, size_t len);

/* ---- key schedule ---- */

struct ike_keys {
	struct secret d, ai, ar, ei, er, pi, pr; /* RFC 7296 2.14; ei, er end in the salt if AEAD */
};

/*
 * SKEYSEED and the seven keys, RFC 7296 2.14.  `shared` is g^ir as the group writes it.
 * AES128-XCBC: RFC 7296 2.14's rule for PRFs with a fixed key: SKEYSEED is keyed with the first 64
 * bits of each nonce.  On failure `out` is wiped.
 */
enum ike_err ike_keys_derive(const struct ike_suite *suite, struct cur shared, struct cur ni,
			     struct cur nr, uint64_t spi_i, uint64_t spi_r, struct ike_keys *out);

/*
 * The same after rekeying the IKE SA, RFC 7296 2.18: SKEYSEED = prf(SK_d (old), g^ir (new)|Ni|Nr),
 * with the old SA's PRF; the seven keys with the new one's.
 */
enum ike_err ike_keys_rekey(uint16_t old_prf, const struct secret *old_d,
			    const struct ike_suite *suite, struct cur shared, struct cur ni,
			    struct cur nr, uint64_t spi_i, uint64_t spi_r, struct ike_keys *out);

/* The keys of a Child SA in the order of RFC 7296 2.17; i = sent by the exchange's initiator. */
struct ike_child_keys {
	struct secret ei, ai, er, ar; /* encryption keys end in the salt if AEAD */
};

/* KEYMAT = prf+(SK_d, [g^ir (new)] | Ni | Nr); `shared` is empty without PFS. */
enum ike_err ike_child_keys_derive(uint16_t prf, const struct secret *d,
				   const struct ike_suite *suite, struct cur shared, struct cur ni,
				   struct cur nr, struct ike_child_keys *out);

/*
 * The AUTH data of a shared key, RFC 7296 2.15:
 * prf(prf(psk, "Key Pad for IKEv2"), message | nonce | prf(sk_p, id_body)).
 * `message` is the whole first message of the side that authenticates, `nonce` the other side's,
 * `id_body` its ID payload without the generic header.
 */
enum ike_err ike_psk_auth(uint16_t prf, struct cur psk, struct cur message, struct cur nonce,
			  const struct secret *sk_p, struct cur id_body,
			  uint8_t out[static IKE_PRF_LEN_MAX]);

/* ---- protection of messages: the SK payload, RFC 7296 3.14, RFC 5282, RFC 7634 ---- */

/* One direction's keys. */
struct ike_sk_key {
	uint16_t encr, integ;
	const struct secret *e, *a; /* a is unused with an AEAD */
};

/*
 * Append an SK payload that holds `plain` to `msg`, which already contains the IKE header and
 * whatever goes before it, and set the header's length field.  `next` is the type of the first
 * payload inside.  The IV is drawn from `rng` for CBC and is `*iv_counter`++ for an AEAD, so a
 * counter must live exactly as long as the key.
 * IKE_E_TOO_LONG if it does not fit; then `msg` is unusable.
 */
enum ike_err ike_sk_seal(const struct ike_sk_key *key, const struct rng *rng, uint64_t *iv_counter,
			 uint8_t next, struct cur plain, struct buf *msg);

/*
 * Verify and decrypt.  `message` is the whole IKE message, `sk_body` the content of its SK payload
 * (a slice of `message`, its last bytes).  The plaintext goes into `out`, of `out_cap` bytes (at
 * least sk_body.left), and its length without padding into `*out_len`.
 * IKE_E_TRUNCATED (too short for IV and ICV), IKE_E_LENGTH (not whole blocks), IKE_E_INTEGRITY,
 * IKE_E_PADDING; on any of them `out` is wiped.
 */
enum ike_err ike_sk_open(const struct ike_sk_key *key, struct cur message, struct cur sk_body,
			 uint8_t *out, size_t out_cap, size_t *out_len);

/* ---- key exchange: MODP with gmp (mpz_powm_sec), curves with OpenSSL ---- */

struct ike_ke; /* a private key */

size_t ike_ke_seed_len(uint16_t group);	  /* bytes of randomness that a private key is made of */
size_t ike_ke_public_len(uint16_t group); /* bytes on the wire; 0: the group is unknown */

/* A private key out of ike_ke_seed_len() random bytes, deterministically.  NULL on failure. */
struct ike_ke *ike_ke_new(uint16_t group, const uint8_t *seed);
void ike_ke_free(struct ike_ke *ke); /* wipes; NULL is fine */
uint16_t ike_ke_group(const struct ike_ke *ke);

/* Our public value, ike_ke_public_len() bytes (MODP padded, ECP x|y: RFC 5903 7). */
enum ike_err ike_ke_public(const struct ike_ke *ke, uint8_t out[static IKE_KE_PUBLIC_MAX]);

/*
 * The shared secret: MODP padded to the modulus (RFC 7296 2.14), ECP the x coordinate (RFC 5903 9),
 * curves as RFC 8031 3.  The peer's value is checked as RFC 6989 2 says: its length; 1 < y < p-1
 * for MODP; on the curve and not the point at infinity for ECP; a shared secret of zeroes refused
 * for curve25519/448.  IKE_E_PUBLIC_VALUE if it fails; then `out` is wiped and *out_len is 0.
 */
enum ike_err ike_ke_shared(const struct ike_ke *ke, struct cur peer,
			   uint8_t out[static IKE_KE_SHARED_MAX], size_t *out_len);

/* ---- hashes ---- */

/* SHA-1 of the parts, for NAT detection (RFC 7296 2.23), which is all it may be used for. */
enum ike_err ike_sha1(const struct cur *parts, size_t count, uint8_t out[static 20]);

#endif
