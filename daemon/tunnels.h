/*
 * daemon/tunnels.h - the configured tunnels in the kernel: sources resolved, policies, interfaces.
 *
 * The rule that everything here serves: an interface that may send GRE exists only while the policy
 * that demands ESP for it stands.  Policies come first and go last.
 */
#ifndef DAEMON_TUNNELS_H
#define DAEMON_TUNNELS_H

#include "daemon/config.h"
#include "daemon/node.h"

struct tunnels;

/* NULL without memory.  `x` must outlive it. */
struct tunnels *tunnels_new(struct xfrm *x);

/* Frees the book-keeping; the kernel is left as it is. */
void tunnels_free(struct tunnels *tunnels);

/*
 * Make the kernel as `config` has it: policies, then (the first time) stale SAs out, then
 * interfaces.  Tunnels that have not changed are not touched.  False: `why` holds the first thing
 * that failed; the other tunnels have been seen to all the same.
 */
bool tunnels_apply(struct tunnels *tunnels, const struct config *config,
		   char why[static CONFIG_WHY_MAX]);

/*
 * A link or an address changed: resolve sources again, make interfaces anew that somebody deleted
 * or changed, and try again what failed.  True if the node has to be configured anew.
 */
bool tunnels_refresh(struct tunnels *tunnels);

/* Somebody removed policies: set those of ours again that are missing, and say so. */
void tunnels_restore(struct tunnels *tunnels);

/* The tunnels that have their policy, for the node.  Returns how many. */
size_t tunnels_list(const struct tunnels *tunnels, struct node_tunnel out[static NODE_TUNNELS_MAX]);

/*
 * The daemon ends: SAs with our reqids go (the peers have been told, or do not answer).  Policies
 * and interfaces stay, so that nothing leaks, unless `remove`: then interfaces of ours go, and
 * after them the policies.
 */
void tunnels_leave(struct tunnels *tunnels, bool remove);

#endif
