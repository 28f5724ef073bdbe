/*
 * daemon/control.h - the control socket: a VICI server on libevent.  doc/CONTROL.md is the
 * protocol.
 *
 * Requests of one connection are answered in order; one that waits (establish, initiate, terminate)
 * holds up its own connection alone.  Clients, their output and what they may send at once are
 * bounded; one that does not read is dropped.
 */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include "daemon/config.h"
#include "daemon/node.h"

#define CONTROL_CLIENTS_MAX  64
#define CONTROL_OUT_MAX	     ((size_t)4 << 20) /* bytes that a client has not read */
#define CONTROL_REQUESTS_MAX 32		       /* of one client per wakeup */

struct control;
struct event_base;

/* What the commands need of the daemon.  All members are required. */
struct control_host {
	void *ctx;
	struct node *node;
	tick_t (*now)(void *ctx);
	/* A command has called the node: drain it. */
	void (*changed)(void *ctx);
	bool (*reload)(void *ctx, char why[static CONFIG_WHY_MAX]);
	/* The configuration in force; valid until the next reload. */
	const struct config *(*config)(void *ctx);
	/* The kernel's SAs, malloc'ed, with their counters: how many.  NULL and 0 if it fails. */
	size_t (*sas)(void *ctx, struct xfrm_sa_view **views);
	/* Datagrams dropped before the engine saw them, by enum net_drop. */
	const uint64_t *(*drops)(void *ctx);
	/* The address that the routing table would use; false without a route. */
	bool (*source)(void *ctx, const struct addr *remote, struct addr *out);
};

struct control_conf {
	const char *path;
	unsigned mode;
	const char *group; /* "": as it comes */
	const char *user;  /* as for sandbox_user_find: owns the directory, if it has to be made */
};

/*
 * Listen.  The socket file appears in one step, with its mode and group.  A file left by a daemon
 * that died is replaced; if something answers there, or it is no socket, it is left alone.
 * NULL: `why` says what is in the way.
 */
struct control *control_open(struct event_base *base, const struct control_host *host,
			     const struct control_conf *conf, char why[static CONFIG_WHY_MAX]);

/* Drops all clients and removes the socket file, if it is still ours.  NULL is fine. */
void control_close(struct control *control);

/* The node's NODE_ACT_REPLY and NODE_ACT_UPDOWN. */
void control_reply(struct control *control, const struct node_action *action);
void control_updown(struct control *control, const struct node_action *action);

#endif
