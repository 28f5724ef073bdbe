/*
 * daemon/loop.h - the event loop: what wakes the daemon up, and where the node's actions go.
 *
 * One event per UDP socket, one for the kernel's events, one for the node's deadline, one for
 * finished jobs, one per signal; the control server adds its own to the same base.  Whatever calls
 * the node calls loop_drain afterwards.
 */
#ifndef DAEMON_LOOP_H
#define DAEMON_LOOP_H

#include "daemon/config.h"
#include "daemon/node.h"

#define LOOP_PATIENCE_S	  4 /* after SIGTERM, for the peers to answer our Deletes */
#define LOOP_LINK_PAUSE_S 1 /* after a link event, for the rest of them */

struct event_base;
struct net;
struct workers;
struct control;
struct loop;

/* Microseconds of CLOCK_BOOTTIME, which goes on while the machine is suspended. */
tick_t loop_now(void);

/* The system's generator; it aborts the process rather than give weak bytes. */
struct rng loop_rng(void);

struct loop_host {
	struct node *node;
	struct xfrm *xfrm;
	struct net *net;
	struct workers *workers;
	struct control *control;
	void *ctx;
	/* SIGHUP.  It logs what it did. */
	void (*reload)(void *ctx);
	/* Links or addresses changed a moment ago.  It may configure the node. */
	void (*links)(void *ctx);
	/* Policies were removed, or events were lost that could have said so. */
	void (*policies)(void *ctx);
};

/* The event base alone, so that others can add to it.  NULL without memory. */
struct loop *loop_new(void);
struct event_base *loop_base(struct loop *loop);
void loop_free(struct loop *loop);

/* Start watching; everything in `host` must outlive the watching.  False: `why` says what failed.
 */
bool loop_watch(struct loop *loop, const struct loop_host *host, char why[static CONFIG_WHY_MAX]);

/*
 * Carry out all of the node's actions, then set the timer to its next deadline.  Before loop_watch
 * it does nothing.  Never called from within itself (asserted).
 */
void loop_drain(struct loop *loop);

/*
 * Run until SIGTERM or SIGINT, and then until the node has said goodbye to its peers or
 * LOOP_PATIENCE_S are over; a second signal ends it at once.
 */
void loop_run(struct loop *loop);

/* Stop watching: no event of the loop's fires any more. */
void loop_unwatch(struct loop *loop);

#endif
