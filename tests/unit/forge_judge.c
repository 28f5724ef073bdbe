/*
 * tests/unit/forge_judge.c - what a forged message has done: see forge.h.
 */
#include "tests/unit/forge.h"

static void look_sa(const struct ike_sa *sa, struct forge_sa_state *s)
{
	size_t i = 0;

	s->id = sa->id;
	s->spi_i = sa->spi_i;
	s->spi_r = sa->spi_r;
	s->mid_out = sa->mid_out;
	s->mid_in = sa->mid_in;
	s->req_mid = sa->req.mid;
	s->req_len = sa->req.bytes.len;
	s->answer_len = sa->answer.len;
	s->state = sa->state;
	s->natt = sa->natt;
	s->replaced = sa->replaced;
	s->delete_wanted = sa->delete_wanted;
	s->remote = sa->path.remote.addr;
	s->remote_port = sa->path.remote.port;
	s->local_port = sa->path.local.port;
	s->child_count = sa->child_count;
	s->last_in = sa->last_in;
	s->t_dpd = sa->t_dpd;
	s->t_replace = sa->t_replace;
	s->t_hard = sa->t_hard;
	s->t_expire = sa->t_expire;
	memcpy(s->key, sa->keys.d.b, sizeof(s->key));
	LIST_EACH(it, &sa->children) {
		const struct child *child = CONTAINER_OF(it, struct child, node);

		s->child_id[i] = child->c.child_id;
		s->child_spi[i][0] = child->c.in.spi;
		s->child_spi[i++][1] = child->c.out.spi;
	}
}

void forge_look(struct pair *p, struct forge_state *state)
{
	memset(state, 0, sizeof(*state));
	for (int i = 0; i < 2; i++) {
		const struct side *s = &p->side[i];
		struct forge_side_state *look = &state->side[i];
		size_t count = 0;

		look->sa_count = s->ike->sa_count;
		look->half_open = s->ike->half_open;
		look->kernel_count = s->sa_count;
		look->out_count = s->out_count;
		look->ups = s->ups;
		look->downs = s->downs;
		look->child_ups = s->child_ups;
		look->child_downs = s->child_downs;
		look->wants_done = s->wants_done;
		look->moves = s->moves;
		memcpy(look->errors, s->ike->stats.errors, sizeof(look->errors));
		for (size_t j = 0; j < s->sa_count; j++) {
			look->kernel[j][0] = s->sa[j].in.spi;
			look->kernel[j][1] = s->sa[j].out.spi;
		}
		LIST_EACH(it, &s->ike->sas) {
			if (count < FORGE_SAS_MAX)
				look_sa(CONTAINER_OF(it, struct ike_sa, node), &look->sa[count++]);
		}
	}
}

static void assert_sa_same(const struct forge_sa_state *a, const struct forge_sa_state *b, int side,
			   unsigned line)
{
	if (a->id != b->id || a->state != b->state)
		fail_msg("line %u: an SA of %c went from state %u to %u", line, 'A' + side,
			 a->state, b->state);
	if (a->mid_in != b->mid_in || a->mid_out != b->mid_out || a->req_len != b->req_len ||
	    a->req_mid != b->req_mid)
		fail_msg("line %u: the window of an SA of %c moved", line, 'A' + side);
	if (a->last_in != b->last_in || a->t_dpd != b->t_dpd || a->t_expire != b->t_expire)
		fail_msg("line %u: %c took it for a sign of life", line, 'A' + side);
	if (memcmp(a, b, sizeof(*a)) != 0)
		fail_msg("line %u: an SA of %c changed", line, 'A' + side);
}

void forge_assert_same(struct pair *p, const struct forge_state *before, unsigned line)
{
	struct forge_state now;

	forge_look(p, &now);
	for (int i = 0; i < 2; i++) {
		const struct forge_side_state *a = &before->side[i], *b = &now.side[i];

		if (a->sa_count != b->sa_count || a->half_open != b->half_open)
			fail_msg("line %u: %c had %zu SAs and has %zu", line, 'A' + i, a->sa_count,
				 b->sa_count);
		for (size_t j = 0; j < FORGE_SAS_MAX; j++)
			assert_sa_same(&a->sa[j], &b->sa[j], i, line);
		if (a->kernel_count != b->kernel_count ||
		    memcmp(a->kernel, b->kernel, sizeof(a->kernel)) != 0)
			fail_msg("line %u: the kernel of %c changed", line, 'A' + i);
		if (a->ups != b->ups || a->downs != b->downs || a->child_ups != b->child_ups ||
		    a->child_downs != b->child_downs || a->wants_done != b->wants_done ||
		    a->moves != b->moves)
			fail_msg("line %u: %c told its caller something", line, 'A' + i);
	}
}

static void assert_counted(const struct forge_side_state *a, const struct forge_side_state *b,
			   enum ike_err err, unsigned line)
{
	for (unsigned e = 0; e < IKE_E_COUNT; e++) {
		if (b->errors[e] != a->errors[e] + (e == err))
			fail_msg("line %u: %s counted %d times", line, ike_err_name(e),
				 (int)(b->errors[e] - a->errors[e]));
	}
}

uint16_t forge_attack_at(struct pair *p, int to, const void *bytes, size_t len, enum ike_err err,
			 unsigned line)
{
	struct forge_state before, after;
	struct forge answer;

	forge_look(p, &before);

	enum ike_err got = pair_inject(p, to, bytes, len);

	if (err == IKE_E_COUNT ? got == IKE_OK : got != err)
		fail_msg("line %u: %s where %s was expected", line, ike_err_name(got),
			 err == IKE_E_COUNT ? "an error" : ike_err_name(err));
	forge_look(p, &after);
	assert_counted(&before.side[to], &after.side[to], got, line);
	assert_counted(&before.side[1 - to], &after.side[1 - to], IKE_E_COUNT, line);
	forge_assert_same(p, &before, line);
	if (after.side[1 - to].out_count != before.side[1 - to].out_count ||
	    after.side[to].out_count > before.side[to].out_count + 1)
		fail_msg("line %u: too many datagrams went out", line);
	if (after.side[to].out_count == before.side[to].out_count)
		return 0;
	forge_answer(p, to, &answer);
	if (answer.sealed || answer.item[0].type != IKE_PL_NOTIFY)
		return FORGE_ANSWER;
	return (uint16_t)(answer.item[0].body[2] << 8 | answer.item[0].body[3]);
}

uint16_t forge_strike_at(struct pair *p, int as, const struct forge *f, enum ike_err err,
			 unsigned line)
{
	uint8_t bytes[IKE_MESSAGE_MAX];

	return forge_attack_at(p, 1 - as, bytes, forge_bytes(p, as, f, bytes), err, line);
}

/* ---- whole exchanges ---- */

void forge_over(struct pair *p, enum ike_cause cause)
{
	assert_int_equal(p->side[0].wants_done, 1);
	if (cause != IKE_CAUSE_NONE)
		assert_int_equal(p->side[0].cause, cause);
	else
		assert_int_not_equal(p->side[0].cause, IKE_CAUSE_NONE);
	pair_pass(p, 60 * TICK_S, false);
	pair_assert_nothing(p, 0);
	pair_assert_nothing(p, 1);
	pair_want(p, 0);
	forge_free(p);
}

static uint64_t errors(struct pair *p, int side, enum ike_err err)
{
	return p->side[side].ike->stats.errors[err];
}

void forge_refused_request(forge_fn *mutate, unsigned i, enum ike_err err, uint16_t notify)
{
	struct pair p;
	struct forge f, answer;

	forge_pair(&p, FORGE_AUTH_REQUEST);
	forge_take(&p, 0, &f);
	mutate(&p, &f, i);
	forge_put(&p, 0, &f);
	assert_int_equal(pair_copy(&p, 0), err);
	assert_int_equal(errors(&p, 1, err), 1);
	assert_int_equal(p.side[1].out_count, 1);
	for (int n = 0; n < 3; n++) {
		assert_int_equal(forge_attack(&p, 1, p.side[0].out[0]->bytes, p.side[0].out[0]->len,
					      IKE_E_REPLAY),
				 FORGE_ANSWER);
	}
	pair_drop(&p, 0);
	forge_take(&p, 1, &answer);
	assert_true(answer.sealed && answer.count == 1 && forge_says(&answer, notify));
	assert_int_equal(p.side[1].ups + p.side[1].child_ups + p.side[1].sa_count, 0);
	pair_settle(&p);
	forge_over(&p, notify == IKE_N_AUTHENTICATION_FAILED ? IKE_CAUSE_AUTH_REFUSED
							     : IKE_CAUSE_PROTOCOL);
}

void forge_refused_child(forge_fn *mutate, unsigned i, enum ike_err err, uint16_t notify)
{
	struct pair p;
	struct forge f, answer;

	forge_pair(&p, FORGE_AUTH_REQUEST);
	forge_take(&p, 0, &f);
	mutate(&p, &f, i);
	forge_put(&p, 0, &f);
	assert_int_equal(pair_arrow(&p, 0), err);
	assert_int_equal(errors(&p, 1, err), 1);
	assert_int_equal(p.side[1].out_count, 1);
	forge_take(&p, 1, &answer);
	assert_true(forge_has(&answer, IKE_PL_AUTH));
	assert_false(forge_has(&answer, IKE_PL_SA));
	if (notify)
		assert_true(forge_says(&answer, notify));
	pair_settle(&p);
	assert_int_equal(p.side[0].child_ups + p.side[1].child_ups, 0);
	assert_int_equal(p.side[0].sa_count + p.side[1].sa_count, 0);
	forge_over(&p, IKE_CAUSE_NONE);
}

void forge_refused_answer(forge_fn *mutate, unsigned i, enum ike_err err, enum ike_cause cause)
{
	struct pair p;
	struct forge f;

	forge_pair(&p, FORGE_AUTH_RESPONSE);
	forge_take(&p, 1, &f);
	mutate(&p, &f, i);
	forge_put(&p, 1, &f);
	assert_int_equal(pair_arrow(&p, 1), err);
	if (err)
		assert_int_equal(errors(&p, 0, err), 1);
	assert_true(p.side[0].out_count <= 1);
	assert_int_equal(p.side[0].sa_count + p.side[0].child_ups, 0);
	pair_settle(&p);
	if (p.side[1].sa_count) { /* A went without a word: B finds out */
		pair_pass(&p, 300 * TICK_S, false);
		assert_int_equal(p.side[1].sa_count, 0);
	}
	forge_over(&p, cause);
}
