/*
 * tests/unit/pair.c - see pair.h.
 */
#include "tests/unit/pair.h"

#include <stdio.h>
#include <stdlib.h>

const struct addr addr_a = { ADDR_IP4, { 192, 0, 2, 1 } };
const struct addr addr_b = { ADDR_IP4, { 203, 0, 113, 33 } };

static const uint8_t secret[] = "a secret of thirty-two bytes....";

void pair_init(struct pair *p)
{
	memset(p, 0, sizeof(*p));
	p->now = 1000 * TICK_S;
	for (int i = 0; i < 2; i++) {
		struct side *s = &p->side[i];
		struct rng rng;

		s->seed = 0x1234567u + (uint64_t)i;
		rng = rng_seeded(&s->seed);
		s->ike = ike_new(&rng);
		assert_non_null(s->ike);
		ike_conf_defaults(&s->conf);
		s->conf.timing.retransmit_us = TICK_S;
		(void)snprintf(s->conn.name, sizeof(s->conn.name), "%s", i ? "to-a" : "to-b");
		s->conn.remote = prefix_host(i ? &addr_a : &addr_b);
		s->conn.psk = secret;
		s->conn.psk_len = sizeof(secret) - 1;
		s->conn.replay_window = 128;
		s->conn.dpd_us = 30 * TICK_S;
		ike_proposals_default(IKE_PROTO_IKE, &s->conn.ike);
		ike_proposals_default(IKE_PROTO_ESP, &s->conn.esp);
		s->flow = (struct ike_flow){ .reqid = PAIR_REQID };
	}
}

void pair_start(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		struct side *s = &p->side[i];

		s->conf.conns = &s->conn;
		s->conf.conn_count = 1;
		s->conf.flows = &s->flow;
		s->conf.flow_count = 1;
		assert_true(ike_configure(s->ike, p->now, &s->conf));
		pair_drain(p, i);
	}
}

void pair_free(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		struct side *s = &p->side[i];

		for (size_t j = 0; j < s->job_count; j++)
			ike_job_done(s->ike, p->now, s->job[j]);
		while (s->out_count)
			pair_drop(p, i);
		ike_free(s->ike);
	}
}

static void kernel_add(struct side *s, const struct ike_child_sa *child)
{
	assert_true(s->sa_count < PAIR_SAS_MAX);
	s->sa[s->sa_count++] = *child;
}

static struct ike_child_sa *kernel_find(struct side *s, const struct ike_child_sa *child)
{
	for (size_t i = 0; i < s->sa_count; i++) {
		if (s->sa[i].in.spi == child->in.spi && s->sa[i].out.spi == child->out.spi)
			return &s->sa[i];
	}
	fail_msg("no such SA in the kernel: %08x", child->in.spi);
	return NULL;
}

static void send_datagram(struct side *s, const struct ike_action *a)
{
	if (a->bytes.left == 1) /* NAT keepalive */
		return;

	struct flight *f = malloc(sizeof(*f));

	assert_non_null(f);
	assert_true(s->out_count < PAIR_FLIGHT_MAX && a->bytes.left <= sizeof(f->bytes));
	f->path = a->path;
	f->len = a->bytes.left;
	memcpy(f->bytes, a->bytes.p, f->len);
	s->out[s->out_count++] = f;
}

static void want_done(struct side *s, const struct ike_action *a)
{
	s->wants_done++;
	s->wants_failed += a->cause != IKE_CAUSE_NONE;
	s->cause = a->cause;
	s->existed = a->existed;
	(void)snprintf(s->detail, sizeof(s->detail), "%s", a->detail);
}

static void carry_out(struct pair *p, int side, struct ike_action *a)
{
	struct side *s = &p->side[side];

	switch (a->kind) {
	case IKE_ACT_SEND:
		send_datagram(s, a);
		break;
	case IKE_ACT_JOB:
		if (s->hold_jobs) {
			assert_true(s->job_count < ARRAY_LEN(s->job));
			s->job[s->job_count++] = a->job;
			break;
		}
		ike_job_run(a->job);
		ike_job_done(s->ike, p->now, a->job);
		break;
	case IKE_ACT_SA_ADD:
		kernel_add(s, a->child);
		break;
	case IKE_ACT_SA_MOVE:
		*kernel_find(s, a->child) = *a->child;
		s->moves++;
		break;
	case IKE_ACT_SA_DEL:
		*kernel_find(s, a->child) = s->sa[s->sa_count - 1];
		s->sa_count--;
		break;
	case IKE_ACT_COUNT:
		s->counts++;
		ike_child_count(s->ike, p->now, a->child_id, s->packets);
		break;
	case IKE_ACT_UP:
		s->ups++;
		break;
	case IKE_ACT_DOWN:
		s->downs++;
		s->down_cause = a->cause;
		break;
	case IKE_ACT_CHILD_UP:
		s->child_ups++;
		break;
	case IKE_ACT_CHILD_DOWN:
		s->child_downs++;
		break;
	case IKE_ACT_WANT_DONE:
		want_done(s, a);
		break;
	case IKE_ACT_NOTE:
		if (s->verbose)
			print_message("%c %s\n", 'A' + side, a->note->text);
		break;
	}
}

void pair_drain(struct pair *p, int side)
{
	struct ike_action a;

	while (ike_next(p->side[side].ike, &a))
		carry_out(p, side, &a);
}

void pair_want(struct pair *p, int side)
{
	struct ike_want w = {
		.local = side ? addr_b : addr_a,
		.remote = side ? addr_a : addr_b,
		.reqid = PAIR_REQID,
	};

	if (p->nat.on)
		*(side ? &w.remote : &w.local) = side ? p->nat.outside : p->nat.inside;
	assert_int_equal(ike_want(p->side[side].ike, p->now, &w, &p->side[side].want_id),
			 IKE_CAUSE_NONE);
	pair_drain(p, side);
}

/* The path as the receiver sees it. */
static struct ike_path received(const struct pair *p, int from, const struct ike_path *sent)
{
	struct ike_path path = { .local = sent->remote, .remote = sent->local };

	if (p->nat.on && from == 0) {
		assert_true(addr_eq(&path.remote.addr, &p->nat.inside));
		path.remote.addr = p->nat.outside;
		path.remote.port = (uint16_t)(path.remote.port + p->nat.port_shift);
	}
	if (p->nat.on && from == 1) {
		path.local.addr = p->nat.inside;
		path.local.port = (uint16_t)(path.local.port - p->nat.port_shift);
	}
	return path;
}

static enum ike_err deliver(struct pair *p, int from, const struct flight *f)
{
	struct ike_path path = received(p, from, &f->path);
	uint8_t *exact = malloc(f->len); /* so that a sanitizer sees a read past the end */

	assert_non_null(exact);
	memcpy(exact, f->bytes, f->len);

	enum ike_err err = ike_input(p->side[1 - from].ike, p->now, &path, cur_of(exact, f->len));

	free(exact);
	pair_drain(p, 1 - from);
	return err;
}

enum ike_err pair_copy(struct pair *p, int from)
{
	assert_true(p->side[from].out_count > 0);
	return deliver(p, from, p->side[from].out[0]);
}

void pair_drop(struct pair *p, int from)
{
	struct side *s = &p->side[from];

	assert_true(s->out_count > 0);
	free(s->out[0]);
	s->out_count--;
	memmove(s->out, s->out + 1, s->out_count * sizeof(s->out[0]));
}

enum ike_err pair_arrow(struct pair *p, int from)
{
	struct side *s = &p->side[from];

	assert_true(s->out_count > 0);

	struct flight *f = s->out[0];

	s->out_count--;
	memmove(s->out, s->out + 1, s->out_count * sizeof(s->out[0]));

	enum ike_err err = deliver(p, from, f);

	free(f);
	return err;
}

enum ike_err pair_inject(struct pair *p, int to, const void *bytes, size_t len)
{
	struct flight *f = malloc(sizeof(*f));
	enum ike_err err;

	assert_non_null(f);
	assert_true(len <= sizeof(f->bytes));
	f->path = (struct ike_path){
		.local = { to ? addr_a : addr_b, IKE_PORT },
		.remote = { to ? addr_b : addr_a, IKE_PORT },
	};
	if (p->nat.on)
		*(to ? &f->path.local.addr : &f->path.remote.addr) =
			to ? p->nat.inside : p->nat.outside;
	f->len = len;
	memcpy(f->bytes, bytes, len);
	err = deliver(p, 1 - to, f);
	free(f);
	return err;
}

void pair_settle(struct pair *p)
{
	unsigned rounds = 0;

	while (p->side[0].out_count || p->side[1].out_count) {
		for (int i = 0; i < 2; i++) {
			if (p->side[i].out_count)
				pair_arrow(p, i);
		}
		assert_true(++rounds < 1000);
	}
}

void pair_pass(struct pair *p, tick_t time, bool cut)
{
	tick_t end = p->now + time;

	for (;;) {
		tick_t due = tick_min(ike_deadline(p->side[0].ike), ike_deadline(p->side[1].ike));

		if (due > end)
			break;
		p->now = due > p->now ? due : p->now;
		for (int i = 0; i < 2; i++) {
			ike_timeout(p->side[i].ike, p->now);
			pair_drain(p, i);
		}
		if (!cut)
			pair_settle(p);
		for (int i = 0; i < 2 && cut; i++) {
			while (p->side[i].out_count)
				pair_drop(p, i);
		}
	}
	p->now = end;
}

size_t pair_established(struct pair *p, int side)
{
	size_t count = 0;

	LIST_EACH(it, &p->side[side].ike->sas)
		count += CONTAINER_OF(it, struct ike_sa, node)->state == SA_ESTABLISHED;
	return count;
}

struct ike_sa *pair_sa(struct pair *p, int side)
{
	struct list *first = list_first(&p->side[side].ike->sas);

	assert_non_null(first);
	return CONTAINER_OF(first, struct ike_sa, node);
}

static void assert_half(const struct ike_sa_half *a, const struct ike_sa_half *b)
{
	assert_int_equal(a->spi, b->spi);
	assert_int_equal(a->encr_key.len, b->encr_key.len);
	assert_memory_equal(a->encr_key.b, b->encr_key.b, a->encr_key.len);
	assert_int_equal(a->integ_key.len, b->integ_key.len);
	assert_memory_equal(a->integ_key.b, b->integ_key.b, a->integ_key.len);
}

void pair_assert_up(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pair_established(p, i), 1);
		assert_int_equal(p->side[i].sa_count, 1);
	}

	const struct ike_child_sa *a = &p->side[0].sa[0], *b = &p->side[1].sa[0];

	assert_half(&a->in, &b->out);
	assert_half(&a->out, &b->in);
	assert_int_equal(a->suite.encr, b->suite.encr);
	assert_int_equal(a->suite.encr_bits, b->suite.encr_bits);
	assert_int_equal(a->suite.integ, b->suite.integ);
	assert_int_equal(a->suite.esn, b->suite.esn);
	assert_int_equal(a->encap, b->encap);
	assert_int_equal(a->reqid, PAIR_REQID);
	assert_int_equal(b->reqid, PAIR_REQID);
	assert_true(a->in.encr_key.len > 0);
	assert_memory_not_equal(a->in.encr_key.b, a->out.encr_key.b, a->in.encr_key.len);
}

void pair_assert_nothing(struct pair *p, int side)
{
	struct ike_stats stats;

	ike_stats(p->side[side].ike, &stats);
	assert_int_equal(stats.sas, 0);
	assert_int_equal(stats.half_open, 0);
	assert_int_equal(stats.children, 0);
	assert_int_equal(p->side[side].sa_count, 0);
	assert_true(ike_deadline(p->side[side].ike) == TICK_NEVER);
}

void pair_establish(struct pair *p)
{
	pair_want(p, 0);
	pair_settle(p);
	assert_int_equal(p->side[0].wants_done, 1);
	assert_int_equal(p->side[0].cause, IKE_CAUSE_NONE);
	pair_assert_up(p);
}

struct ike_hdr pair_peek(struct pair *p, int from)
{
	struct ike_hdr hdr;

	assert_true(p->side[from].out_count > 0);
	assert_int_equal(
		ike_hdr_parse(cur_of(p->side[from].out[0]->bytes, p->side[from].out[0]->len), &hdr),
		IKE_OK);
	return hdr;
}

uint16_t pair_peek_notify(struct pair *p, int from)
{
	struct ike_hdr hdr = pair_peek(p, from);
	struct cur body = cur_of(p->side[from].out[0]->bytes, p->side[from].out[0]->len);
	struct ike_chain chain;
	struct ike_msg msg;

	(void)cur_bytes(&body, IKE_HDR_LEN);
	assert_int_equal(ike_chain_parse(body, hdr.next, &chain), IKE_OK);
	assert_int_equal(ike_msg_collect(&chain, &msg), IKE_OK);
	return msg.notify_count ? msg.notify[0].type : 0;
}

void pair_proposals(const char *text, enum ike_protocol protocol, struct ike_proposals *out)
{
	char why[IKE_WHY_MAX];

	if (!ike_proposals_parse(&text, 1, protocol, out, NULL, why))
		fail_msg("%s: %s", text, why);
}
