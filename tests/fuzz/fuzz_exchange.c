/*
 * tests/fuzz/fuzz_exchange.c - fuzz target: any course of events between two engines.
 *
 * The first byte of an input sets the scene (bits: 1 B demands cookies, 2 B wants another group, 4
 * SAs grow old after 100 s, 8 ESP in UDP, 16 A wants, 32 B wants).  Then each pair of bytes is an
 * event: what, in the upper five bits, the side in the lowest; and a number.  Datagrams are
 * delivered, lost, doubled, reordered, damaged, replayed; time passes; SAs are wanted, deleted,
 * expired, refused by the kernel; an end restarts or reads its configuration again; computations
 * take their time.
 *
 * After each event each engine's Child SAs are those of its kernel.  After the last one the wire is
 * whole again, and both ends must find together: pair_check_recovery.
 *
 * Fuzzing: as fuzz_payload.c says, with -max_len=400.
 */
#include <stdlib.h>

#include "tests/fuzz/pair_check.h"

#define EVENTS_MAX  200
#define FLIGHTS_MAX 40
#define HISTORY_MAX 32

enum {
	SCENE_COOKIES = 1,
	SCENE_GROUPS = 2,
	SCENE_OLD = 4,
	SCENE_ENCAP = 8,
	SCENE_A_WANTS = 16,
	SCENE_B_WANTS = 32,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct record {
	int from;
	size_t len;
	uint8_t bytes[2048];
};

struct course {
	struct pair p;
	size_t history_count;
	struct record history[HISTORY_MAX];
};

static void set_up(struct course *c, uint8_t scene)
{
	struct pair *p = &c->p;

	pair_init(p);
	pair_check_setup(p);
	for (int i = 0; i < 2; i++) {
		pair_proposals(i && scene & SCENE_GROUPS ? "aes256gcm16-prfsha256-ecp256"
							 : "aes256gcm16-prfsha256-x25519-ecp256",
			       IKE_PROTO_IKE, &p->side[i].conn.ike);
		if (scene & SCENE_OLD)
			p->side[i].conn.lifetime_us = 100 * TICK_S;
	}
	if (scene & SCENE_COOKIES)
		p->side[1].conf.limits.cookie_threshold = 0;
	p->side[0].conn.force_encap = scene & SCENE_ENCAP;
	pair_start(p);
	if (scene & SCENE_A_WANTS)
		pair_want(p, 0);
	if (scene & SCENE_B_WANTS)
		pair_want(p, 1);
}

/* ---- the wire ---- */

static void remember(struct course *c, int from)
{
	const struct flight *f = c->p.side[from].out[0];
	struct record *r = &c->history[c->history_count % HISTORY_MAX];

	if (f->len > sizeof(r->bytes))
		return;
	r->from = from;
	r->len = f->len;
	memcpy(r->bytes, f->bytes, f->len);
	c->history_count++;
}

static void replay(struct course *c, uint8_t which, bool reflect)
{
	size_t count = c->history_count < HISTORY_MAX ? c->history_count : HISTORY_MAX;

	if (!count)
		return;

	const struct record *r = &c->history[which % count];

	(void)pair_inject(&c->p, reflect ? r->from : 1 - r->from, r->bytes, r->len);
}

static void reorder(struct side *s)
{
	struct flight *first = s->out[0];

	memmove(s->out, s->out + 1, (s->out_count - 1) * sizeof(s->out[0]));
	s->out[s->out_count - 1] = first;
}

static void damage(struct side *s, uint8_t n)
{
	struct flight *f = s->out[0];

	if (n & 0x80)
		f->len = f->len * (n & 0x7f) / 128;
	else if (f->len)
		f->bytes[f->len * n / 128] ^= (uint8_t)(1u << n % 8);
}

/* ---- the ends ---- */

static void finish_jobs(struct pair *p, int side)
{
	struct side *s = &p->side[side];

	while (s->job_count) {
		struct ike_job *job = s->job[0];

		s->job_count--;
		memmove(s->job, s->job + 1, s->job_count * sizeof(s->job[0]));
		ike_job_run(job);
		ike_job_done(s->ike, p->now, job);
		pair_drain(p, side);
	}
}

/* Timers, as far as they are due; what they send waits on the wire. */
static void wait(struct pair *p, tick_t time)
{
	p->now += time;
	for (int i = 0; i < 2; i++) {
		ike_timeout(p->side[i].ike, p->now);
		pair_drain(p, i);
	}
}

static void terminate(struct pair *p, int side, uint8_t n)
{
	struct side *s = &p->side[side];
	struct ike_match match = { 0 };

	if (n & 1 && s->sa_count)
		match.child_id = s->sa[n / 4 % s->sa_count].child_id;
	/* A pair alone is never ended in silence: the IKE SA would stand, and the peer's pair with
	 * it. */
	(void)ike_terminate(s->ike, p->now, &match, n & 2 && !match.child_id);
	pair_drain(p, side);
}

static void kernel_says(struct pair *p, int side, uint8_t n)
{
	struct side *s = &p->side[side];

	if (!s->sa_count)
		return;

	const struct ike_child_sa c = s->sa[n / 8 % s->sa_count];
	const struct endpoint elsewhere = { c.in.src, (uint16_t)(5000 + n) };

	switch (n % 8) {
	case 0:
		ike_child_failed(s->ike, p->now, c.child_id);
		break;
	case 1:
	case 2:
		ike_child_expired(s->ike, p->now, &c.in.dst, c.in.spi, n % 8 == 1);
		break;
	case 3:
	case 4:
		ike_child_expired(s->ike, p->now, &c.out.dst, c.out.spi, n % 8 == 3);
		break;
	case 5:
		s->packets += n;
		break;
	default: /* numbers drawn, not an enum */
		ike_mapping_changed(s->ike, p->now, &c.in.dst, c.in.spi, &elsewhere);
		break;
	}
	pair_drain(p, side);
}

/* It has lost all, its kernel with it, and starts with other randomness. */
static void restart(struct pair *p, int side, uint8_t n)
{
	struct side *s = &p->side[side];
	struct rng rng;

	finish_jobs(p, side);
	while (s->out_count)
		pair_drop(p, side);
	ike_free(s->ike);
	s->seed = s->seed * 31 + n + 1;
	rng = rng_seeded(&s->seed);
	s->ike = ike_new(&rng);
	assert_non_null(s->ike);
	s->sa_count = 0;
	pair_start(p);
}

/* ---- events ---- */

enum event {
	EVENT_DELIVER, /* 0 to 7, and numbers that say nothing: the commonest event */
	EVENT_DROP = 8,
	EVENT_DOUBLE,
	EVENT_REORDER,
	EVENT_DAMAGE,
	EVENT_REPLAY,
	EVENT_REFLECT,
	EVENT_WAIT,
	EVENT_WAIT_LONG,
	EVENT_WANT,
	EVENT_CANCEL,
	EVENT_TERMINATE,
	EVENT_KERNEL,
	EVENT_HOLD_JOBS,
	EVENT_FINISH_JOBS,
	EVENT_RESTART,
	EVENT_RELOAD,
	EVENT_PROBE,
	EVENT_SETTLE,
};

/* What happens to the oldest datagram of a side. */
static void wire_event(struct course *c, unsigned what, int side, uint8_t n)
{
	struct side *s = &c->p.side[side];

	if (!s->out_count)
		return;
	switch (what) {
	case EVENT_DROP:
		pair_drop(&c->p, side);
		break;
	case EVENT_DOUBLE:
		remember(c, side);
		(void)pair_copy(&c->p, side);
		break;
	case EVENT_REORDER:
		reorder(s);
		break;
	case EVENT_DAMAGE:
		damage(s, n);
		break;
	default: /* numbers drawn, not an enum */
		remember(c, side);
		(void)pair_arrow(&c->p, side);
		break;
	}
}

static void end_event(struct pair *p, unsigned what, int side, uint8_t n)
{
	struct side *s = &p->side[side];

	switch (what) {
	case EVENT_WANT:
		pair_want(p, side);
		break;
	case EVENT_CANCEL:
		ike_want_cancel(s->ike, s->want_id);
		break;
	case EVENT_TERMINATE:
		terminate(p, side, n);
		break;
	case EVENT_KERNEL:
		kernel_says(p, side, n);
		break;
	case EVENT_HOLD_JOBS:
		s->hold_jobs = true;
		break;
	case EVENT_FINISH_JOBS:
		s->hold_jobs = n & 1;
		finish_jobs(p, side);
		break;
	case EVENT_RESTART:
		restart(p, side, n);
		break;
	case EVENT_RELOAD:
		pair_start(p);
		break;
	case EVENT_PROBE:
		if (list_first(&s->ike->sas))
			info_probe(pair_sa(p, side));
		pair_drain(p, side);
		break;
	}
}

static void happen(struct course *c, uint8_t what, uint8_t n)
{
	int side = what & 1;
	unsigned event = what >> 3;

	switch (event) {
	case EVENT_REPLAY:
	case EVENT_REFLECT:
		replay(c, n, event == EVENT_REFLECT);
		break;
	case EVENT_WAIT:
		wait(&c->p, (n + 1) * 100 * TICK_MS);
		break;
	case EVENT_WAIT_LONG:
		wait(&c->p, (n + 1) * TICK_S);
		break;
	case EVENT_SETTLE:
		if (!c->p.side[0].hold_jobs && !c->p.side[1].hold_jobs)
			pair_settle(&c->p);
		break;
	default: /* numbers drawn, not an enum */
		if (event < EVENT_REPLAY)
			wire_event(c, event, side, n);
		else
			end_event(&c->p, event, side, n);
		break;
	}
}

/* The pair's tables are small: no more than fit. */
static void make_room(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		while (p->side[i].out_count > FLIGHTS_MAX)
			pair_drop(p, i);
		if (p->side[i].job_count > ARRAY_LEN(p->side[i].job) / 2)
			finish_jobs(p, i);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cur in = cur_of(data, size);
	uint8_t scene = cur_u8(&in);
	struct course *c;

	if (in.bad)
		return 0;
	c = calloc(1, sizeof(*c));
	assert_non_null(c);
	set_up(c, scene);
	for (int i = 0; i < EVENTS_MAX && in.left >= 2; i++) {
		uint8_t what = cur_u8(&in);

		happen(c, what, cur_u8(&in));
		make_room(&c->p);
		pair_check_counts(&c->p);
	}
	for (int i = 0; i < 2; i++) {
		c->p.side[i].hold_jobs = false;
		c->p.side[i].conn.lifetime_us = 0;
		finish_jobs(&c->p, i);
	}
	pair_start(&c->p);
	pair_check_recovery(&c->p);
	pair_free(&c->p);
	free(c);
	return 0;
}
