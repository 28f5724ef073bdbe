/*
 * ike/suite_text.c - algorithms as words: what a configuration may say, and what is said about a
 * suite in logs and tables.  The words are strongSwan's, so that a proposal that works there can
 * be copied as it is.
 *
 * One table, one row per word.  The first row of an algorithm is its usual name, which is the one
 * that is printed and suggested; the others are spellings that are read.
 *
 * Reading is in three steps: words into transforms, what is left unsaid filled in (a PRF out of the
 * integrity algorithm, "noesn"), and the whole checked for what RFC 7296 3.3.3 asks of a proposal.
 */
#include "ike/crypto.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define WORD_MAX 24 /* longest word that is looked up */

struct word {
	const char *name;
	uint8_t type;
	uint16_t id, key_bits;
	bool weak; /* read where it is configured, never suggested: RFC 8247 */
};

static const struct word words[] = {
	{ "aes256gcm16", IKE_TT_ENCR, IKE_ENCR_AES_GCM_16, 256, false },
	{ "aes256gcm128", IKE_TT_ENCR, IKE_ENCR_AES_GCM_16, 256, false },
	{ "aes256gcm", IKE_TT_ENCR, IKE_ENCR_AES_GCM_16, 256, false },
	{ "aes128gcm16", IKE_TT_ENCR, IKE_ENCR_AES_GCM_16, 128, false },
	{ "aes128gcm128", IKE_TT_ENCR, IKE_ENCR_AES_GCM_16, 128, false },
	{ "aes128gcm", IKE_TT_ENCR, IKE_ENCR_AES_GCM_16, 128, false },
	{ "aesgcm16", IKE_TT_ENCR, IKE_ENCR_AES_GCM_16, 128, false },
	{ "aesgcm128", IKE_TT_ENCR, IKE_ENCR_AES_GCM_16, 128, false },
	{ "aesgcm", IKE_TT_ENCR, IKE_ENCR_AES_GCM_16, 128, false },
	{ "aes256gcm12", IKE_TT_ENCR, IKE_ENCR_AES_GCM_12, 256, false },
	{ "aes256gcm96", IKE_TT_ENCR, IKE_ENCR_AES_GCM_12, 256, false },
	{ "aes128gcm12", IKE_TT_ENCR, IKE_ENCR_AES_GCM_12, 128, false },
	{ "aes128gcm96", IKE_TT_ENCR, IKE_ENCR_AES_GCM_12, 128, false },
	{ "aesgcm12", IKE_TT_ENCR, IKE_ENCR_AES_GCM_12, 128, false },
	{ "aesgcm96", IKE_TT_ENCR, IKE_ENCR_AES_GCM_12, 128, false },
	{ "chacha20poly1305", IKE_TT_ENCR, IKE_ENCR_CHACHA20_POLY1305, 0, false },
	{ "aes256", IKE_TT_ENCR, IKE_ENCR_AES_CBC, 256, false },
	{ "aes128", IKE_TT_ENCR, IKE_ENCR_AES_CBC, 128, false },
	{ "aes", IKE_TT_ENCR, IKE_ENCR_AES_CBC, 128, false },

	{ "prfsha256", IKE_TT_PRF, IKE_PRF_HMAC_SHA2_256, 0, false },
	{ "prfsha384", IKE_TT_PRF, IKE_PRF_HMAC_SHA2_384, 0, false },
	{ "prfsha512", IKE_TT_PRF, IKE_PRF_HMAC_SHA2_512, 0, false },
	{ "prfaesxcbc", IKE_TT_PRF, IKE_PRF_AES128_XCBC, 0, false },
	{ "prfsha1", IKE_TT_PRF, IKE_PRF_HMAC_SHA1, 0, true },

	{ "sha256", IKE_TT_INTEG, IKE_INTEG_HMAC_SHA2_256_128, 0, false },
	{ "sha2_256", IKE_TT_INTEG, IKE_INTEG_HMAC_SHA2_256_128, 0, false },
	{ "sha384", IKE_TT_INTEG, IKE_INTEG_HMAC_SHA2_384_192, 0, false },
	{ "sha2_384", IKE_TT_INTEG, IKE_INTEG_HMAC_SHA2_384_192, 0, false },
	{ "sha512", IKE_TT_INTEG, IKE_INTEG_HMAC_SHA2_512_256, 0, false },
	{ "sha2_512", IKE_TT_INTEG, IKE_INTEG_HMAC_SHA2_512_256, 0, false },
	{ "sha1", IKE_TT_INTEG, IKE_INTEG_HMAC_SHA1_96, 0, true },
	{ "sha", IKE_TT_INTEG, IKE_INTEG_HMAC_SHA1_96, 0, true },

	{ "x25519", IKE_TT_KE, IKE_KE_CURVE25519, 0, false },
	{ "curve25519", IKE_TT_KE, IKE_KE_CURVE25519, 0, false },
	{ "x448", IKE_TT_KE, IKE_KE_CURVE448, 0, false },
	{ "curve448", IKE_TT_KE, IKE_KE_CURVE448, 0, false },
	{ "ecp256", IKE_TT_KE, IKE_KE_ECP256, 0, false },
	{ "ecp384", IKE_TT_KE, IKE_KE_ECP384, 0, false },
	{ "ecp521", IKE_TT_KE, IKE_KE_ECP521, 0, false },
	{ "modp2048", IKE_TT_KE, IKE_KE_MODP2048, 0, false },
	{ "modp3072", IKE_TT_KE, IKE_KE_MODP3072, 0, false },
	{ "modp4096", IKE_TT_KE, IKE_KE_MODP4096, 0, false },
	{ "modp6144", IKE_TT_KE, IKE_KE_MODP6144, 0, false },
	{ "modp8192", IKE_TT_KE, IKE_KE_MODP8192, 0, false },
	{ "modp1536", IKE_TT_KE, IKE_KE_MODP1536, 0, true },
	{ "modp1024", IKE_TT_KE, IKE_KE_MODP1024, 0, true },

	{ "esn", IKE_TT_ESN, IKE_ESN_YES, 0, false },
	{ "noesn", IKE_TT_ESN, IKE_ESN_NO, 0, false },
};

_Static_assert(ARRAY_LEN(words) <= IKE_TRANSFORMS_MAX, "a proposal may name every word");

static const char *const type_names[IKE_TT_COUNT] = {
	[IKE_TT_ENCR] = "cipher",
	[IKE_TT_PRF] = "PRF",
	[IKE_TT_INTEG] = "integrity algorithm",
	[IKE_TT_KE] = "key exchange group",
	[IKE_TT_ESN] = "esn",
};

static const struct word *word_find(struct cur text)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (cur_eq(text, cur_of(words[i].name, strlen(words[i].name))))
			return &words[i];
	return NULL;
}

/* The usual name's row of an algorithm, or NULL. */
static const struct word *word_of(uint8_t type, uint16_t id, uint16_t key_bits)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (words[i].type == type && words[i].id == id && words[i].key_bits == key_bits)
			return &words[i];
	return NULL;
}

static const char *name_of(uint8_t type, uint16_t id, uint16_t key_bits)
{
	const struct word *word = word_of(type, id, key_bits);

	return word ? word->name : "unknown";
}

/* ---- errors ---- */

/* What somebody who wrote this word may have meant. */
static uint8_t type_guess(struct cur text)
{
	static const struct {
		const char *start;
		uint8_t type;
	} starts[] = {
		{ "aes", IKE_TT_ENCR },	     { "chacha", IKE_TT_ENCR },	  { "3des", IKE_TT_ENCR },
		{ "des", IKE_TT_ENCR },	     { "camellia", IKE_TT_ENCR }, { "null", IKE_TT_ENCR },
		{ "blowfish", IKE_TT_ENCR }, { "prf", IKE_TT_PRF },	  { "sha", IKE_TT_INTEG },
		{ "md5", IKE_TT_INTEG },     { "hmac", IKE_TT_INTEG },	  { "modp", IKE_TT_KE },
		{ "ecp", IKE_TT_KE },	     { "x", IKE_TT_KE },	  { "curve", IKE_TT_KE },
		{ "dh", IKE_TT_KE },	     { "mlkem", IKE_TT_KE },
	};

	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		size_t len = strlen(starts[i].start);

		if (text.left >= len && memcmp(text.p, starts[i].start, len) == 0)
			return starts[i].type;
	}
	return 0;
}

/* False, with `why` saying which word, and which words of its kind there are. */
static bool say_unknown(struct cur text, char why[static IKE_WHY_MAX])
{
	uint8_t type = type_guess(text);
	int shown = text.left < WORD_MAX ? (int)text.left : WORD_MAX;
	int n;

	if (!type) {
		snprintf(why, IKE_WHY_MAX,
			 "unknown algorithm \"%.*s\": write proposals like "
			 "aes256gcm16-prfsha384-ecp384",
			 shown, (const char *)text.p);
		return false;
	}
	n = snprintf(why, IKE_WHY_MAX, "unknown %s \"%.*s\": there are", type_names[type], shown,
		     (const char *)text.p);
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		const struct word *word = &words[i];

		if (n < 0 || n >= IKE_WHY_MAX)
			break;
		if (word->type == type && !word->weak &&
		    word == word_of(type, word->id, word->key_bits))
			n += snprintf(why + n, IKE_WHY_MAX - (size_t)n, " %s", word->name);
	}
	return false;
}

/* ---- reading ---- */

static bool has(const struct ike_proposal *p, uint8_t type, uint16_t id, uint16_t key_bits)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->item[i].type == type && p->item[i].id == id &&
		    p->item[i].key_bits == key_bits)
			return true;
	return false;
}

static const struct ike_transform *first_of(const struct ike_proposal *p, uint8_t type)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->item[i].type == type)
			return &p->item[i];
	return NULL;
}

/* Said twice is said once. */
static void add(struct ike_proposal *p, uint8_t type, uint16_t id, uint16_t key_bits)
{
	if (has(p, type, id, key_bits))
		return;
	assert(p->count < IKE_TRANSFORMS_MAX); /* there are not that many words */
	p->item[p->count++] = (struct ike_transform){ type, id, key_bits };
}

/* The PRF that belongs to an integrity algorithm. */
static uint16_t prf_of(uint16_t integ)
{
	switch (integ) {
	case IKE_INTEG_HMAC_SHA1_96:
		return IKE_PRF_HMAC_SHA1;
	case IKE_INTEG_HMAC_SHA2_256_128:
		return IKE_PRF_HMAC_SHA2_256;
	case IKE_INTEG_HMAC_SHA2_384_192:
		return IKE_PRF_HMAC_SHA2_384;
	case IKE_INTEG_HMAC_SHA2_512_256:
		return IKE_PRF_HMAC_SHA2_512;
	}
	return IKE_PRF_NONE;
}

/* Words into transforms, in the order in which they stand. */
static bool read_words(const char *text, struct ike_proposal *p, char why[static IKE_WHY_MAX])
{
	struct cur in = cur_of(text, strlen(text));

	for (;;) {
		const uint8_t *dash = in.left ? memchr(in.p, '-', in.left) : NULL;
		struct cur part = cur_sub(&in, dash ? (size_t)(dash - in.p) : in.left);
		const struct word *word = word_find(part);

		if (!part.left) {
			snprintf(why, IKE_WHY_MAX,
				 "\"%.*s\" has an empty word: write algorithms with one '-' "
				 "between them, like aes256gcm16-prfsha384-ecp384",
				 WORD_MAX, text);
			return false;
		}
		if (!word)
			return say_unknown(part, why);
		if (word->type == (p->protocol == IKE_PROTO_IKE ? IKE_TT_ESN : IKE_TT_PRF)) {
			snprintf(why, IKE_WHY_MAX,
				 "\"%s\" has no place in an %s proposal: leave it out", word->name,
				 p->protocol == IKE_PROTO_IKE ? "IKE" : "ESP");
			return false;
		}
		add(p, word->type, word->id, word->key_bits);
		if (!dash)
			return true;
		cur_u8(&in);
	}
}

/* Fill in what is left unsaid; sort by type, which keeps the order within each. */
static void fill_in(const struct ike_proposal *said, struct ike_proposal *p)
{
	bool aead = false, prf = first_of(said, IKE_TT_PRF) != NULL;

	for (size_t i = 0; i < said->count; i++)
		if (said->item[i].type == IKE_TT_ENCR)
			aead |= ike_encr_is_aead(said->item[i].id);
	for (unsigned type = IKE_TT_ENCR; type < IKE_TT_COUNT; type++) {
		for (size_t i = 0; i < said->count; i++) {
			const struct ike_transform *t = &said->item[i];

			/* As in strongSwan, it only gives its PRF: RFC 5282 8 allows no other use
			 */
			if (t->type == IKE_TT_INTEG && aead && type == IKE_TT_INTEG)
				continue;
			if (t->type == type)
				add(p, t->type, t->id, t->key_bits);
			if (t->type == IKE_TT_INTEG && type == IKE_TT_PRF && !prf &&
			    p->protocol == IKE_PROTO_IKE)
				add(p, IKE_TT_PRF, prf_of(t->id), 0);
		}
	}
	if (p->protocol == IKE_PROTO_ESP && !first_of(p, IKE_TT_ESN))
		add(p, IKE_TT_ESN, IKE_ESN_NO, 0);
}

/* Is everything there that must be (RFC 7296 3.3.3), and nothing together that must not be? */
static bool check(const struct ike_proposal *p, const char *text, char why[static IKE_WHY_MAX])
{
	const struct ike_transform *encr = first_of(p, IKE_TT_ENCR);
	const char *missing = NULL;

	for (size_t i = 0; encr && i < p->count; i++) {
		const struct ike_transform *t = &p->item[i];

		if (t->type == IKE_TT_ENCR &&
		    ike_encr_is_aead(t->id) != ike_encr_is_aead(encr->id)) {
			snprintf(why, IKE_WHY_MAX,
				 "%s and %s cannot share a proposal: write two, one of them with "
				 "the gcm and chacha20poly1305 ciphers",
				 name_of(IKE_TT_ENCR, encr->id, encr->key_bits),
				 name_of(IKE_TT_ENCR, t->id, t->key_bits));
			return false;
		}
	}
	if (!encr)
		missing = "a cipher, such as aes256gcm16";
	else if (!ike_encr_is_aead(encr->id) && !first_of(p, IKE_TT_INTEG))
		missing = "an integrity algorithm, such as sha256";
	else if (p->protocol == IKE_PROTO_IKE && !first_of(p, IKE_TT_PRF))
		missing = "a PRF, such as prfsha384";
	else if (p->protocol == IKE_PROTO_IKE && !first_of(p, IKE_TT_KE))
		missing = "a key exchange group, such as x25519 or ecp384";
	if (missing)
		snprintf(why, IKE_WHY_MAX, "\"%.60s\" lacks %s", text, missing);
	return !missing;
}

bool ike_proposals_parse(const char *const *text, size_t count, enum ike_protocol protocol,
			 struct ike_proposals *out, bool *weak, char why[static IKE_WHY_MAX])
{
	assert(protocol == IKE_PROTO_IKE || protocol == IKE_PROTO_ESP);
	*out = (struct ike_proposals){ 0 };
	if (weak)
		*weak = false;
	if (count == 0 || count > IKE_PROPOSALS_MAX) {
		snprintf(why, IKE_WHY_MAX, "%zu proposals: write 1 to %d", count,
			 IKE_PROPOSALS_MAX);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		struct ike_proposal said = { .protocol = (uint8_t)protocol };
		struct ike_proposal *p = &out->item[i];

		*p = (struct ike_proposal){ .num = (uint8_t)(i + 1), .protocol = said.protocol };
		if (!read_words(text[i], &said, why))
			return false;
		fill_in(&said, p);
		if (!check(p, text[i], why))
			return false;
		for (size_t k = 0; weak && k < p->count; k++)
			*weak |= word_of(p->item[k].type, p->item[k].id, p->item[k].key_bits)->weak;
	}
	out->count = (uint8_t)count;
	return true;
}

/* ---- writing ---- */

const char *ike_group_name(uint16_t ke)
{
	return name_of(IKE_TT_KE, ke, 0);
}

/* An unsaid integrity algorithm or group is left out; the rest is what reads back as the same. */
const char *ike_suite_text(const struct ike_suite *suite, char out[static IKE_SUITE_TEXT_MAX])
{
	snprintf(out, IKE_SUITE_TEXT_MAX, "%s%s%s%s%s%s%s%s",
		 name_of(IKE_TT_ENCR, suite->encr, suite->encr_bits), suite->integ ? "-" : "",
		 suite->integ ? name_of(IKE_TT_INTEG, suite->integ, 0) : "", suite->prf ? "-" : "",
		 suite->prf ? name_of(IKE_TT_PRF, suite->prf, 0) : "", suite->ke ? "-" : "",
		 suite->ke ? ike_group_name(suite->ke) : "",
		 suite->esn == IKE_ESN_YES ? "-esn" : "");
	return out;
}
