/*
 * daemon/spoked.h - the daemon as a whole: its parts, and how a configuration takes effect.
 */
#ifndef DAEMON_SPOKED_H
#define DAEMON_SPOKED_H

#include "daemon/config.h"
#include "daemon/control.h"
#include "daemon/loop.h"
#include "daemon/net.h"
#include "daemon/reader.h"
#include "daemon/tunnels.h"
#include "daemon/workers.h"

struct spoked {
	const char *file; /* the configuration's */
	bool foreground, verbose;

	/* In the order in which they come to be; NULL until then. */
	struct reader *reader;
	struct config *config; /* in force */
	struct rng rng;
	struct node *node;
	struct xfrm *xfrm;
	struct tunnels *tunnels;
	struct loop *loop;
	struct net *net;
	struct control *control;
	struct workers *workers;
};

/* Where the log goes, as the configuration in force has it. */
void spoked_log_open(const struct spoked *s);
void spoked_log_warnings(const struct config *config);

/* Give the node the configuration in force, with the tunnels as they stand.  False without memory.
 */
bool spoked_configure(struct spoked *s);

/* What the loop and the control server need; `s` must outlive them. */
struct loop_host spoked_loop_host(struct spoked *s);
struct control_host spoked_control_host(struct spoked *s);

#endif
