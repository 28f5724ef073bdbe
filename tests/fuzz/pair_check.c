/*
 * tests/fuzz/pair_check.c - see pair_check.h.
 */
#include "tests/fuzz/pair_check.h"

#include <stdio.h>
#include <stdlib.h>

#define RECOVERY_S 700 /* a dozen retransmissions, then probes: all must be over by then */

#define REQUIRE(cond)                                                                    \
	do {                                                                             \
		if (!(cond)) {                                                           \
			(void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
			abort();                                                         \
		}                                                                        \
	} while (0)

void pair_check_setup(struct pair *p)
{
	(void)setenv("CMOCKA_TEST_ABORT", "1", 1);
	p->side[0].verbose = p->side[1].verbose = getenv("PAIR_VERBOSE") != NULL;
}

static bool in_kernel(const struct side *s, const struct ike_child_sa *c)
{
	for (size_t i = 0; i < s->sa_count; i++) {
		if (s->sa[i].in.spi == c->in.spi && s->sa[i].out.spi == c->out.spi)
			return true;
	}
	return false;
}

static void check_side(const struct side *s)
{
	const struct ike *ike = s->ike;
	size_t sas = 0, half = 0, lingering = 0, children = 0;

	LIST_EACH(it, &ike->sas) {
		const struct ike_sa *sa = CONTAINER_OF(it, struct ike_sa, node);
		size_t own = 0;

		REQUIRE(sa->state != SA_DEAD);
		REQUIRE(sa->state < SA_ESTABLISHED ? !sa->child_count : true);
		REQUIRE(sa->state == SA_ESTABLISHED || sa->state == SA_DELETING ||
			!sa->child_count);
		REQUIRE(!sa->established_id || sa->remote_id);
		REQUIRE(sa->state == SA_LINGERING || sa->req.bytes.p || sa->init ||
			sa->state == SA_ESTABLISHED);
		sas++;
		half += sa_is_half_open(sa);
		lingering += sa->state == SA_LINGERING;
		LIST_EACH(jt, &sa->children) {
			const struct child *child = CONTAINER_OF(jt, struct child, node);

			REQUIRE(in_kernel(s, &child->c));
			own++;
		}
		REQUIRE(own == sa->child_count);
		children += own;
	}
	REQUIRE(sas == ike->sa_count && half == ike->half_open && lingering == ike->lingering);
	REQUIRE(children == s->sa_count && children == ike->by_child.count);
	REQUIRE(sas == ike->by_spi.count && sas == ike->by_id.count);
	REQUIRE(ike->action_count == 0);
}

void pair_check_counts(struct pair *p)
{
	check_side(&p->side[0]);
	check_side(&p->side[1]);
}

static bool half_eq(const struct ike_sa_half *a, const struct ike_sa_half *b)
{
	return a->spi == b->spi && a->encr_key.len == b->encr_key.len &&
	       memcmp(a->encr_key.b, b->encr_key.b, a->encr_key.len) == 0 &&
	       a->integ_key.len == b->integ_key.len &&
	       memcmp(a->integ_key.b, b->integ_key.b, a->integ_key.len) == 0;
}

static void check_mirrors(const struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		for (size_t j = 0; j < p->side[i].sa_count; j++) {
			const struct ike_child_sa *a = &p->side[i].sa[j];
			bool found = false;

			for (size_t k = 0; k < p->side[1 - i].sa_count; k++) {
				const struct ike_child_sa *b = &p->side[1 - i].sa[k];

				found |= half_eq(&a->in, &b->out) && half_eq(&a->out, &b->in);
			}
			REQUIRE(found);
		}
	}
}

void pair_check_recovery(struct pair *p)
{
	const struct ike_match all = { 0 };

	pair_settle(p);
	pair_check_counts(p);
	pair_pass(p, RECOVERY_S * TICK_S, false);
	pair_check_counts(p);
	check_mirrors(p);
	for (int i = 0; i < 2; i++) {
		REQUIRE(pair_established(p, i) <= 1 && p->side[i].sa_count <= 1);
		REQUIRE(p->side[i].ike->want_count == 0);
		REQUIRE(p->side[i].ike->half_open == 0);
	}
	pair_want(p, 0);
	pair_want(p, 1);
	pair_settle(p);
	pair_pass(p, 60 * TICK_S, false);
	pair_check_counts(p);
	pair_assert_up(p);
	(void)ike_terminate(p->side[0].ike, p->now, &all, false);
	pair_drain(p, 0);
	pair_settle(p);
	pair_pass(p, 60 * TICK_S, false);
	pair_assert_nothing(p, 0);
	pair_assert_nothing(p, 1);
}
