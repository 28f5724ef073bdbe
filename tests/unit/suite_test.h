/*
 * tests/unit/suite_test.h - what the tests of proposals and suites share: proposals out of text,
 * and changed in ways that no text would give.
 */
#ifndef TESTS_UNIT_SUITE_TEST_H
#define TESTS_UNIT_SUITE_TEST_H

#include "tests/unit/crypto_test.h"

/* Proposals out of up to three strings; NULL ends them. */
static inline struct ike_proposals props(enum ike_protocol protocol, const char *a, const char *b,
					 const char *c)
{
	const char *const text[] = { a, b, c };
	struct ike_proposals out;
	char why[IKE_WHY_MAX] = "";
	size_t count = c ? 3 : b ? 2 : 1;

	if (!ike_proposals_parse(text, count, protocol, &out, NULL, why))
		print_error("%s\n", why);
	assert_int_equal(out.count, count);
	return out;
}

static inline struct ike_proposals ike(const char *text)
{
	return props(IKE_PROTO_IKE, text, NULL, NULL);
}

static inline struct ike_proposals esp(const char *text)
{
	return props(IKE_PROTO_ESP, text, NULL, NULL);
}

static inline void add(struct ike_proposals *p, uint8_t type, uint16_t id, uint16_t key_bits)
{
	struct ike_proposal *last = &p->item[p->count - 1];

	last->item[last->count++] = (struct ike_transform){ type, id, key_bits };
}

static inline void drop(struct ike_proposals *p, uint8_t type)
{
	struct ike_proposal *last = &p->item[p->count - 1];
	uint8_t kept = 0;

	for (size_t i = 0; i < last->count; i++)
		if (last->item[i].type != type)
			last->item[kept++] = last->item[i];
	last->count = kept;
}

/* Everything but what only an answer needs. */
static inline bool same(const struct ike_suite *a, const struct ike_suite *b)
{
	return a->protocol == b->protocol && a->encr == b->encr && a->encr_bits == b->encr_bits &&
	       a->prf == b->prf && a->integ == b->integ && a->ke == b->ke && a->esn == b->esn;
}

/* What a responder with `ours` chooses of `offered`, as text; "none" if nothing. */
static inline const char *chosen(struct ike_proposals ours, struct ike_proposals offered,
				 uint16_t hint, struct ike_suite *suite)
{
	static char text[IKE_SUITE_TEXT_MAX];
	struct ike_suite s, before;
	enum ike_err err;

	memset(&s, 0x5a, sizeof(s));
	memcpy(&before, &s, sizeof(s));
	err = ike_suite_choose(&ours, &offered, hint, &s, NULL, NULL);
	if (err) {
		assert_int_equal(err, IKE_E_NO_PROPOSAL);
		assert_memory_equal(&s, &before, sizeof(s)); /* untouched */
		return "none";
	}
	if (suite)
		*suite = s;
	/* Whatever is chosen is allowed, and an answer of it is confirmed by who offered it. */
	assert_true(ike_suite_allowed(&ours, &s));
	assert_int_not_equal(ike_encr_key_len(s.encr, s.encr_bits), 0);

	struct ike_proposals answer = { .count = 1 };
	struct ike_suite confirmed;

	ike_suite_proposal(&s, 1, NULL, 0, &answer.item[0]);
	if (!(offered.item[0].unknown & 0x3e)) {
		assert_int_equal(ike_suite_confirm(&offered, &answer, &confirmed), IKE_OK);
		assert_true(same(&s, &confirmed));
	}
	return ike_suite_text(&s, text);
}

#endif
