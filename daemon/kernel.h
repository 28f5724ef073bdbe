/*
 * daemon/kernel.h - carries out the node's SA actions in the kernel, and tells it how they went.
 */
#ifndef DAEMON_KERNEL_H
#define DAEMON_KERNEL_H

#include "daemon/node.h"

#define KERNEL_VIEWS_MAX ((size_t)4 * IKE_SAS_MAX) /* SAs of one listing */

/*
 * Carry out an action of the kinds SA_ADD, SA_MOVE, SA_DEL, COUNT, SA_LIST, ACQUIRE_FORGET
 * (asserted). The action's pointers are not valid any more afterwards.
 */
void kernel_do(struct xfrm *x, struct node *node, tick_t now, const struct node_action *action);

/*
 * All SAs that have a reqid, as a malloc'ed array in `*views`.  0, or a negative errno: `*views` is
 * NULL then.
 */
int kernel_list(struct xfrm *x, struct xfrm_sa_view **views, size_t *count);

#endif
