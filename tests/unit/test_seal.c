/*
 * tests/unit/test_seal.c - the SK payload: RFC 7296 3.14, RFC 5282, RFC 7634.
 *
 * Known answers: RFC 7634 B for ChaCha20-Poly1305; the others are its message sealed by another
 * implementation, itself checked against the GCM and AES test vectors.  What our own sealing never
 * does (long padding, impossible padding) is made by craft() below, straight with OpenSSL.
 */
#include "tests/unit/crypto_test.h"

#include <openssl/evp.h>

#include <stdlib.h>

#define PLAIN_MAX 80 /* bytes of the longest plaintext that is tried */
#define MSG_MAX	  1024

struct cipher {
	const char *name;
	uint16_t encr, integ;
	uint8_t e_len, a_len; /* key bytes, salt included */
	uint8_t iv_len, icv_len;
	const char *openssl;
	const char *digest;
};

static const struct cipher ciphers[] = {
	{ "aes128gcm16", IKE_ENCR_AES_GCM_16, 0, 20, 0, 8, 16, "AES-128-GCM", NULL },
	{ "aes256gcm16", IKE_ENCR_AES_GCM_16, 0, 36, 0, 8, 16, "AES-256-GCM", NULL },
	{ "aes128gcm12", IKE_ENCR_AES_GCM_12, 0, 20, 0, 8, 12, "AES-128-GCM", NULL },
	{ "aes256gcm12", IKE_ENCR_AES_GCM_12, 0, 36, 0, 8, 12, "AES-256-GCM", NULL },
	{ "chacha20poly1305", IKE_ENCR_CHACHA20_POLY1305, 0, 36, 0, 8, 16, "ChaCha20-Poly1305",
	  NULL },
	{ "aes128-sha256", IKE_ENCR_AES_CBC, IKE_INTEG_HMAC_SHA2_256_128, 16, 32, 16, 16,
	  "AES-128-CBC", "SHA256" },
	{ "aes256-sha384", IKE_ENCR_AES_CBC, IKE_INTEG_HMAC_SHA2_384_192, 32, 48, 16, 24,
	  "AES-256-CBC", "SHA384" },
	{ "aes256-sha512", IKE_ENCR_AES_CBC, IKE_INTEG_HMAC_SHA2_512_256, 32, 64, 16, 32,
	  "AES-256-CBC", "SHA512" },
	{ "aes128-sha1", IKE_ENCR_AES_CBC, IKE_INTEG_HMAC_SHA1_96, 16, 20, 16, 12, "AES-128-CBC",
	  "SHA1" },
};

/* One direction's keys, and what holds them. */
struct keys {
	struct secret e, a;
	struct ike_sk_key key;
};

/* Encryption key 80 81 82 ...; salt a0 a1 a2 a3; integrity key 20 21 22 ... */
static void keys_init(struct keys *k, const struct cipher *c)
{
	size_t salt_len = c->integ ? 0 : 4;

	*k = (struct keys){ .e.len = c->e_len, .a.len = c->a_len };
	for (size_t i = 0; i < c->e_len - salt_len; i++)
		k->e.b[i] = (uint8_t)(0x80 + i);
	for (size_t i = 0; i < salt_len; i++)
		k->e.b[c->e_len - salt_len + i] = (uint8_t)(0xa0 + i);
	for (size_t i = 0; i < c->a_len; i++)
		k->a.b[i] = (uint8_t)(0x20 + i);
	k->key = (struct ike_sk_key){ c->encr, c->integ, &k->e, c->integ ? &k->a : NULL };
}

/* A generator of 10 11 12 ..., which is the IV of the known answers. */
static void count_fill(void *ctx, void *out, size_t len)
{
	(void)ctx;
	for (size_t i = 0; i < len; i++)
		((uint8_t *)out)[i] = (uint8_t)(0x10 + i);
}

static const struct rng counting = { count_fill, NULL };

#define KNOWN_IV 0x1011121314151617u

/* The header of RFC 7634 B, with its length still unset. */
static const uint8_t header[IKE_HDR_LEN] = { 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6,
					     0xc7, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5,
					     0xd6, 0xd7, 0x2e, 0x20, 0x25, 0x00, 0x00,
					     0x00, 0x00, 0x09, 0x00, 0x00, 0x00, 0x00 };

static enum ike_err seal(const struct keys *k, struct cur plain, uint64_t *counter, struct buf *msg)
{
	buf_put(msg, header, sizeof(header));
	return ike_sk_seal(&k->key, &counting, counter, IKE_PL_NOTIFY, plain, msg);
}

/* Open a message whose SK payload follows the IKE header; it is in memory of exactly its size. */
static enum ike_err open_exact(const struct keys *k, const uint8_t *bytes, size_t len, uint8_t *out,
			       size_t *out_len)
{
	const size_t before = IKE_HDR_LEN + 4;
	uint8_t *copy = malloc(len), *plain = malloc(len - before + 1);

	assert_non_null(copy);
	assert_non_null(plain);
	memcpy(copy, bytes, len);
	memset(plain, 0xa5, len - before + 1);

	enum ike_err err =
		ike_sk_open(&k->key, cur_of(copy, len), cur_of(copy + before, len - before), plain,
			    len - before, out_len);

	if (err) {
		assert_int_equal(*out_len, 0);
		assert_true(all_zero(plain, len - before));
	} else {
		memcpy(out, plain, *out_len);
	}
	assert_int_equal(plain[len - before], 0xa5);
	free(copy);
	free(plain);
	return err;
}

/* ---- known answers ---- */

static void known_answers(void **state)
{
	static const char *const want[] = {
		"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e2025000000000900000045290000291011121314151617"
		"9146c4ffacb89c2bc9f175a7fa300a7cc3736a7d6febaa1cde9ff2970d",
		"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e2025000000000900000045290000291011121314151617"
		"9440c4dcb893200cfb55f6fdcc30045d78376cd938f8f24d89b4ab48f2",
		"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e2025000000000900000041290000251011121314151617"
		"9146c4ffacb89c2bc9f175a7fa58cd133297416bd1d4c3cfe2",
		"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e2025000000000900000041290000251011121314151617"
		"9440c4dcb893200cfb55f6fdccb36388f75150c5e441e898da",
		/* RFC 7634 B */
		"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e2025000000000900000045290000291011121314151617"
		"610394701f8d017f7c12924889 6b71bfe25236efd7cdc67066906315b2",
		"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000005029000034101112131415161718"
		"191a1b1c1d1e1fe33fd309e9d107145f7e21edff494236d5d7741498dc3fed6cbd1a33c8132bbe",
		"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e20250000000009000000582900003c101112131415161718"
		"191a1b1c1d1e1f33c5424c06b72578caad1ebb0765f10235a1fd364928af293371d89b87875da6148"
		"9e90e1dae84e4",
		"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000006029000044101112131415161718"
		"191a1b1c1d1e1f33c5424c06b72578caad1ebb0765f102cf2d2b319bb1556cb3ab03a443019e62633"
		"2ef726589a19ceab080d6ccc0a966",
		"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004c29000030101112131415161718"
		"191a1b1c1d1e1fe33fd309e9d107145f7e21edff4942366739da171ab2496b9c2c2d52",
	};
	struct hex plain = hex_of("0000000c000040010000000a"); /* N(SET_WINDOW_SIZE), 10 */

	(void)state;
	_Static_assert(ARRAY_LEN(want) == ARRAY_LEN(ciphers), "one answer per cipher");
	for (size_t i = 0; i < ARRAY_LEN(ciphers); i++) {
		uint8_t memory[MSG_MAX], out[MSG_MAX];
		struct buf msg = buf_of(memory, sizeof(memory));
		uint64_t counter = KNOWN_IV;
		struct hex message = hex_of(want[i]);
		struct keys k;
		size_t len;

		keys_init(&k, &ciphers[i]);
		assert_int_equal(seal(&k, hex_cur(&plain), &counter, &msg), IKE_OK);
		assert_hex(ciphers[i].name, msg.p, msg.len, want[i]);
		assert_true(counter == (ciphers[i].integ ? KNOWN_IV : KNOWN_IV + 1));

		assert_int_equal(open_exact(&k, message.b, message.len, out, &len), IKE_OK);
		assert_hex(ciphers[i].name, out, len, "0000000c000040010000000a");
	}
}

/* ---- there and back ---- */

static void round_trip_every_length(void **state)
{
	uint8_t plain[PLAIN_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)(i * 3 + 1);
	for (size_t c = 0; c < ARRAY_LEN(ciphers); c++) {
		const size_t block = ciphers[c].integ ? 16 : 1;
		struct keys k;
		uint64_t counter = 0;

		keys_init(&k, &ciphers[c]);
		for (size_t len = 0; len <= PLAIN_MAX; len++) {
			uint8_t memory[MSG_MAX], out[MSG_MAX];
			struct buf msg = buf_of(memory, sizeof(memory));
			size_t text = (len + 1 + block - 1) / block * block, out_len;
			size_t payload = 4u + ciphers[c].iv_len + text + ciphers[c].icv_len;

			assert_int_equal(seal(&k, cur_of(plain, len), &counter, &msg), IKE_OK);
			/* the least padding, and both lengths right: RFC 7296 3.1, 3.14 */
			assert_int_equal(msg.len, IKE_HDR_LEN + payload);
			assert_int_equal(msg.p[26] << 8 | msg.p[27], msg.len);
			assert_int_equal(msg.p[28], IKE_PL_NOTIFY);
			assert_int_equal(msg.p[29], 0);
			assert_int_equal(msg.p[30] << 8 | msg.p[31], payload);
			if (!ciphers[c].integ) /* the IV counts messages: RFC 5282 3.1 */
				assert_int_equal(msg.p[39], len);

			assert_int_equal(open_exact(&k, msg.p, msg.len, out, &out_len), IKE_OK);
			assert_int_equal(out_len, len);
			assert_memory_equal(out, plain, len);
		}
	}
}

/* Payloads between header and SK are covered too: RFC 5282 5.1 */
static void payloads_in_clear_are_authenticated(void **state)
{
	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(ciphers); c++) {
		uint8_t memory[MSG_MAX], out[MSG_MAX];
		struct buf msg = buf_of(memory, sizeof(memory));
		uint64_t counter = 7;
		size_t out_len, at = IKE_HDR_LEN + 12 + 4;
		struct keys k;

		keys_init(&k, &ciphers[c]);
		buf_put(&msg, header, sizeof(header));
		buf_put(&msg,
			"\x2e\0\0\x0c"
			"clear!!!",
			12);
		assert_int_equal(ike_sk_seal(&k.key, &counting, &counter, IKE_PL_NOTIFY,
					     cur_of("plain", 5), &msg),
				 IKE_OK);
		assert_int_equal(ike_sk_open(&k.key, buf_cur(&msg),
					     cur_of(msg.p + at, msg.len - at), out, sizeof(out),
					     &out_len),
				 IKE_OK);
		assert_int_equal(out_len, 5);
		assert_memory_equal(out, "plain", 5);
		msg.p[IKE_HDR_LEN + 5] ^= 1;
		assert_int_equal(ike_sk_open(&k.key, buf_cur(&msg),
					     cur_of(msg.p + at, msg.len - at), out, sizeof(out),
					     &out_len),
				 IKE_E_INTEGRITY);
	}
}

/* ---- forgeries ---- */

static void every_bit_flip_is_rejected(void **state)
{
	static const size_t lens[] = { 0, 1, 15, 16, 31, 80 };
	uint8_t plain[PLAIN_MAX] = { 1, 2, 3 };

	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(ciphers); c++) {
		struct keys k;

		keys_init(&k, &ciphers[c]);
		for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
			uint8_t memory[MSG_MAX], out[MSG_MAX];
			struct buf msg = buf_of(memory, sizeof(memory));
			uint64_t counter = 5;
			size_t out_len;

			assert_int_equal(seal(&k, cur_of(plain, lens[i]), &counter, &msg), IKE_OK);
			for (size_t bit = 0; bit < msg.len * 8; bit++) {
				msg.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
				assert_int_equal(open_exact(&k, msg.p, msg.len, out, &out_len),
						 IKE_E_INTEGRITY);
				msg.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
			}
			assert_int_equal(open_exact(&k, msg.p, msg.len, out, &out_len), IKE_OK);
		}
	}
}

static void every_truncation_is_rejected(void **state)
{
	uint8_t plain[40] = { 1, 2, 3 };

	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(ciphers); c++) {
		const size_t block = ciphers[c].integ ? 16 : 1;
		const size_t around = (size_t)ciphers[c].iv_len + ciphers[c].icv_len;
		uint8_t memory[MSG_MAX], out[MSG_MAX];
		struct buf msg = buf_of(memory, sizeof(memory));
		uint64_t counter = 5;
		struct keys k;

		keys_init(&k, &ciphers[c]);
		assert_int_equal(seal(&k, cur_of(plain, sizeof(plain)), &counter, &msg), IKE_OK);
		for (size_t len = IKE_HDR_LEN + 4; len < msg.len; len++) {
			size_t body = len - IKE_HDR_LEN - 4, out_len;
			enum ike_err want = body < around + block     ? IKE_E_TRUNCATED
					    : (body - around) % block ? IKE_E_LENGTH
								      : IKE_E_INTEGRITY;

			assert_int_equal(open_exact(&k, msg.p, len, out, &out_len), want);
		}
	}
}

/* Another key, another salt, another integrity key, another algorithm of the same size. */
static void other_keys_are_rejected(void **state)
{
	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(ciphers); c++) {
		uint8_t memory[MSG_MAX], out[MSG_MAX];
		struct buf msg = buf_of(memory, sizeof(memory));
		uint64_t counter = 5;
		size_t out_len;
		struct keys k, other;

		keys_init(&k, &ciphers[c]);
		assert_int_equal(seal(&k, cur_of("plain", 5), &counter, &msg), IKE_OK);
		keys_init(&other, &ciphers[c]);
		if (ciphers[c].integ) {
			other.a.b[other.a.len - 1] ^= 1;
		} else {
			other.e.b[other.e.len - 1] ^= 1; /* the salt */
			assert_int_equal(open_exact(&other, msg.p, msg.len, out, &out_len),
					 IKE_E_INTEGRITY);
			keys_init(&other, &ciphers[c]);
			other.e.b[0] ^= 1;
		}
		assert_int_equal(open_exact(&other, msg.p, msg.len, out, &out_len),
				 IKE_E_INTEGRITY);
	}
}

/* ---- padding ---- */

/* The message around `text`, which is everything that gets encrypted; returns its length. */
static size_t craft(const struct cipher *c, const struct keys *k, const uint8_t *text, size_t len,
		    uint8_t *msg)
{
	const size_t key_len = c->integ ? c->e_len : c->e_len - 4u, text_at = 32u + c->iv_len;
	const size_t total = text_at + len + c->icv_len;
	uint8_t nonce[16];
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, c->openssl, NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	size_t mac_len;
	int n;

	memset(msg, 0x77, text_at);
	memcpy(msg, header, 24);
	msg[24] = msg[25] = 0;
	msg[26] = (uint8_t)(total >> 8);
	msg[27] = (uint8_t)total;
	msg[28] = IKE_PL_NOTIFY;
	msg[29] = 0;
	msg[30] = (uint8_t)((total - 28) >> 8);
	msg[31] = (uint8_t)(total - 28);
	if (c->integ) {
		memcpy(nonce, msg + 32, 16);
	} else {
		memcpy(nonce, k->e.b + key_len, 4);
		memcpy(nonce + 4, msg + 32, 8);
	}
	assert_int_equal(EVP_EncryptInit_ex2(ctx, cipher, k->e.b, nonce, NULL), 1);
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	if (!c->integ)
		assert_int_equal(EVP_EncryptUpdate(ctx, NULL, &n, msg, 32), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, msg + text_at, &n, text, (int)len), 1);
	assert_int_equal(EVP_EncryptFinal_ex(ctx, msg + text_at + n, &n), 1);
	if (c->integ) {
		uint8_t mac[64];

		assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, c->digest, NULL, k->a.b, k->a.len,
					  msg, text_at + len, mac, sizeof(mac), &mac_len));
		memcpy(msg + text_at + len, mac, c->icv_len);
	} else {
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, c->icv_len, msg + text_at + len);
	}
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return total;
}

/* "The recipient MUST accept any length", whatever the padding's bytes: RFC 7296 3.14. */
static void any_padding_is_accepted(void **state)
{
	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(ciphers); c++) {
		struct keys k;

		keys_init(&k, &ciphers[c]);
		for (size_t pad = 0; pad <= 255; pad++) {
			uint8_t text[PLAIN_MAX + 256], msg[MSG_MAX], out[MSG_MAX];
			/* as many payload bytes as make whole blocks with that padding */
			size_t plain = ciphers[c].integ ? 15 - pad % 16 : 5, out_len;
			size_t len = plain + pad + 1;

			memset(text, 0xee, sizeof(text));
			memset(text, 0x11, plain);
			text[len - 1] = (uint8_t)pad;
			size_t total = craft(&ciphers[c], &k, text, len, msg);

			assert_int_equal(open_exact(&k, msg, total, out, &out_len), IKE_OK);
			assert_int_equal(out_len, plain);
			assert_memory_equal(out, text, plain);
		}
	}
}

/* A pad length that is more than there is: authentic, and wrong all the same. */
static void huge_pad_length_is_rejected(void **state)
{
	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(ciphers); c++) {
		struct keys k;

		keys_init(&k, &ciphers[c]);
		for (size_t len = ciphers[c].integ ? 16 : 1; len <= 48;
		     len += ciphers[c].integ ? 16 : 1) {
			uint8_t text[48] = { 0 }, msg[MSG_MAX], out[MSG_MAX];
			size_t out_len;

			for (size_t pad = len - 1; pad <= 255; pad++) {
				text[len - 1] = (uint8_t)pad;
				size_t total = craft(&ciphers[c], &k, text, len, msg);
				enum ike_err err = open_exact(&k, msg, total, out, &out_len);

				assert_int_equal(err, pad == len - 1 ? IKE_OK : IKE_E_PADDING);
				assert_int_equal(out_len, 0);
			}
		}
	}
}

/* ---- our own mistakes ---- */

static void wrong_keys_are_refused(void **state)
{
	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(ciphers); c++) {
		uint8_t memory[MSG_MAX], out[MSG_MAX];
		struct keys k;
		uint64_t counter = 1;
		size_t out_len;

		for (uint8_t len = 0; len <= SECRET_MAX; len++) {
			struct buf msg = buf_of(memory, sizeof(memory));
			bool aes = ciphers[c].encr != IKE_ENCR_CHACHA20_POLY1305;
			uint8_t salt = ciphers[c].integ ? 0 : 4;

			keys_init(&k, &ciphers[c]);
			if (len == 32 + salt || (aes && len == 16 + salt))
				continue;
			k.e.len = len;
			assert_int_equal(seal(&k, cur_of("x", 1), &counter, &msg), IKE_E_CRYPTO);
			assert_int_equal(open_exact(&k, memory, 200, out, &out_len), IKE_E_CRYPTO);
		}
		keys_init(&k, &ciphers[c]);
		if (!ciphers[c].integ)
			continue;

		struct buf msg = buf_of(memory, sizeof(memory));

		k.a.len--;
		assert_int_equal(seal(&k, cur_of("x", 1), &counter, &msg), IKE_E_CRYPTO);
		k.a.len++;
		k.key.a = NULL;
		assert_int_equal(seal(&k, cur_of("x", 1), &counter, &msg), IKE_E_CRYPTO);
		k.key.a = &k.a;
		k.key.integ = IKE_INTEG_NONE; /* CBC without integrity does not exist */
		assert_int_equal(seal(&k, cur_of("x", 1), &counter, &msg), IKE_E_CRYPTO);
		k.key.encr = 3;
		assert_int_equal(seal(&k, cur_of("x", 1), &counter, &msg), IKE_E_CRYPTO);
	}
}

static void too_long_for_the_buffer(void **state)
{
	static uint8_t big[UINT16_MAX + 200], plain[UINT16_MAX + 1];

	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(ciphers); c++) {
		uint8_t memory[MSG_MAX];
		struct buf msg = buf_of(memory, sizeof(memory));
		uint64_t counter = 1;
		struct keys k;

		keys_init(&k, &ciphers[c]);
		assert_int_equal(seal(&k, cur_of(plain, 20), &counter, &msg), IKE_OK);
		for (size_t cap = IKE_HDR_LEN; cap <= msg.len; cap++) {
			uint8_t *exact = malloc(cap);
			struct buf small = buf_of(exact, cap);

			assert_int_equal(seal(&k, cur_of(plain, 20), &counter, &small),
					 cap < msg.len ? IKE_E_TOO_LONG : IKE_OK);
			free(exact);
		}
		msg = buf_of(big, sizeof(big));
		assert_int_equal(seal(&k, cur_of(plain, UINT16_MAX - 20), &counter, &msg),
				 IKE_E_TOO_LONG);
		msg = buf_of(big, sizeof(big));
		assert_int_equal(seal(&k, cur_of(plain, UINT16_MAX + 1), &counter, &msg),
				 IKE_E_TOO_LONG);
	}
}

/* A nonce is never used twice: CVE-2022-20742 was about that. */
static void iv_counter_never_wraps_CVE_2022_20742(void **state)
{
	uint8_t memory[MSG_MAX];
	struct buf msg = buf_of(memory, sizeof(memory));
	uint64_t counter = UINT64_MAX - 1;
	struct keys k;

	(void)state;
	keys_init(&k, &ciphers[0]);
	assert_int_equal(seal(&k, cur_of("x", 1), &counter, &msg), IKE_OK);
	assert_hex("IV", msg.p + 32, 8, "fffffffffffffffe");
	msg = buf_of(memory, sizeof(memory));
	assert_int_equal(seal(&k, cur_of("x", 1), &counter, &msg), IKE_E_CRYPTO);
	assert_true(counter == UINT64_MAX);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(round_trip_every_length),
		cmocka_unit_test(payloads_in_clear_are_authenticated),
		cmocka_unit_test(every_bit_flip_is_rejected),
		cmocka_unit_test(every_truncation_is_rejected),
		cmocka_unit_test(other_keys_are_rejected),
		cmocka_unit_test(any_padding_is_accepted),
		cmocka_unit_test(huge_pad_length_is_rejected),
		cmocka_unit_test(wrong_keys_are_refused),
		cmocka_unit_test(too_long_for_the_buffer),
		cmocka_unit_test(iv_counter_never_wraps_CVE_2022_20742),
	};

	return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
