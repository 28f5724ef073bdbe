/*
 * tests/unit/node_world.h - two nodes with the real engine, the wire between them, and for each a
 * kernel of paper that holds the SAs it was given.  Time moves only when the test says so.
 */
#ifndef TESTS_UNIT_NODE_WORLD_H
#define TESTS_UNIT_NODE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/node.h"

#define WORLD_WIRE_MAX	 64
#define WORLD_KERNEL_MAX 32
#define WORLD_BYTES_MAX	 4096
#define WORLD_REQID	 7

extern const struct addr addr_a, addr_b, addr_c; /* host 0, host 1, nobody */

struct datagram {
	int to;
	struct ike_path path; /* as the receiver sees it */
	size_t len;
	uint8_t bytes[WORLD_BYTES_MAX];
};

struct host {
	struct node *node;
	uint64_t seed;
	struct addr addr;
	struct node_tunnel tunnel[3]; /* one is in use: gre1, multipoint */
	struct ike_conn conn;	      /* the other host, called "a" or "b" */
	struct node_conf conf;
	struct xfrm_sa sa[WORLD_KERNEL_MAX]; /* halves, inbound first */
	size_t sa_count;
	bool refuse; /* SAs */
	unsigned added, forgets, lists, ups, downs, child_ups, child_downs, warnings;
	size_t down_children; /* in the last child_down's info */
	char warning[NOTE_MAX];
	unsigned replies; /* and the last one: */
	bool ok, existed;
	uint64_t tag, ike_id;
	char text[NOTE_MAX];
	/* Sees every action before it is carried out; NULL: nobody does. */
	void (*watch)(void *ctx, const struct node_action *a);
	void *watch_ctx;
};

struct world {
	tick_t now;
	bool cut; /* nothing arrives */
	struct host host[2];
	struct datagram *wire[WORLD_WIRE_MAX];
	size_t wire_count;
};

/* cmocka's: *state is a struct world, both hosts configured. */
int world_setup(void **state);
int world_teardown(void **state);

/* Take host[i].conf into use. */
void world_configure(struct world *w, int i);

/* Carry out what host i's node has to say; datagrams go on the wire. */
void world_drain(struct world *w, int i);

/* Until nothing is on the wire and nobody has anything to say. */
void world_settle(struct world *w);

/* Let time pass, firing timers when they are due. */
void world_pass(struct world *w, tick_t us);

/* Host 0's kernel asks for an SA. */
void world_acquire(struct world *w, const struct addr *remote, uint32_t reqid, uint32_t seq);

/* Take one half out of a kernel. */
void world_sa_del(struct host *h, const struct xfrm_sa *sa);

/* So many halves stand at both ends. */
void world_assert_standing(const struct world *w, size_t halves);

#endif
