/*
 * tests/unit/pair.h - two engines and the wire between them, moved one arrow at a time.
 *
 * A (side 0) is 192.0.2.1, B (side 1) is 203.0.113.33.  Every action of either engine is carried
 * out at once, except datagrams: those wait on the wire until a test delivers, drops, copies or
 * damages them.  What each end's kernel would hold is kept beside it, so that a test can assert
 * both ends' SAs after every arrow.  Time moves only when the test says so.
 */
#ifndef TESTS_UNIT_PAIR_H
#define TESTS_UNIT_PAIR_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "ike/engine.h"

#define PAIR_FLIGHT_MAX 256
#define PAIR_SAS_MAX	16
#define PAIR_REQID	7

struct flight {
	struct ike_path path; /* as the sender has it */
	size_t len;
	uint8_t bytes[IKE_MESSAGE_MAX];
};

struct side {
	struct ike *ike;
	uint64_t seed;
	struct ike_conn conn;
	struct ike_flow flow;
	struct ike_conf conf;
	size_t out_count; /* datagrams that it has sent and that have not been dealt with */
	struct flight *out[PAIR_FLIGHT_MAX];
	size_t sa_count; /* pairs in its kernel */
	struct ike_child_sa sa[PAIR_SAS_MAX];
	unsigned ups, downs, child_ups, child_downs, wants_done, wants_failed, moves, counts;
	enum ike_cause cause; /* of the last WANT_DONE */
	enum ike_cause down_cause;
	char detail[NOTE_MAX];
	bool existed;
	uint64_t want_id;
	uint64_t packets; /* what IKE_ACT_COUNT is answered with */
	bool hold_jobs;	  /* leave jobs in `job` instead of running them at once */
	size_t job_count;
	struct ike_job *job[8];
	bool verbose;
};

/* Between the two, as a NAT would: what B sees of A's packets, and A's address for B's. */
struct pair_nat {
	bool on;
	struct addr inside, outside;
	uint16_t port_shift; /* added to source ports */
};

struct pair {
	struct side side[2];
	struct pair_nat nat; /* in front of A */
	tick_t now;
};

extern const struct addr addr_a, addr_b;

/* Two engines with default proposals and one secret, not started.  Change side[].conn, then
 * pair_start. */
void pair_init(struct pair *p);
void pair_start(struct pair *p); /* (re)configures both */
void pair_free(struct pair *p);

/* A wish of that side for an SA with the other. */
void pair_want(struct pair *p, int side);

/* Carry out whatever that engine's queue holds. */
void pair_drain(struct pair *p, int side);

/* Deliver side's oldest datagram to the other end; the receiver's verdict. */
enum ike_err pair_arrow(struct pair *p, int from);

/* Deliver a copy of side's oldest datagram, which stays on the wire. */
enum ike_err pair_copy(struct pair *p, int from);
void pair_drop(struct pair *p, int from);

/* Deliver arbitrary bytes to a side, as if from the other. */
enum ike_err pair_inject(struct pair *p, int to, const void *bytes, size_t len);

/* Deliver everything, both ways, until the wire is silent. */
void pair_settle(struct pair *p);

/* Let time pass, running timers in order, delivering (or, if `cut`, dropping) all that is sent. */
void pair_pass(struct pair *p, tick_t time, bool cut);

/* Want from A, settle, and assert that one IKE SA and one pair stand at both ends. */
void pair_establish(struct pair *p);

/* One established IKE SA and one Child SA at each end, mirror images of each other. */
void pair_assert_up(struct pair *p);

/* Nothing at all: no SA, no kernel state, no timer. */
void pair_assert_nothing(struct pair *p, int side);
size_t pair_established(struct pair *p, int side);
struct ike_sa *pair_sa(struct pair *p, int side); /* its only one, or the oldest */

/* Header of side's oldest datagram; the error notify type of an unprotected one, or 0. */
struct ike_hdr pair_peek(struct pair *p, int from);
uint16_t pair_peek_notify(struct pair *p, int from);

/* Proposals from text, one string. */
void pair_proposals(const char *text, enum ike_protocol protocol, struct ike_proposals *out);

#endif
