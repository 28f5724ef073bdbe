/*
 * xfrm/policy.h - messages about policies, as pure functions.
 */
#ifndef XFRM_POLICY_H
#define XFRM_POLICY_H

#include <netinet/in.h>

#include <linux/xfrm.h>

#include "xfrm/msg.h"
#include "xfrm/xfrm.h"

/* UPDPOLICY; `dir` is XFRM_POLICY_OUT or XFRM_POLICY_IN. */
void xfrm_policy_build(struct xfrm_msg *msg, const struct xfrm_policy *policy, uint8_t dir);

/* DELPOLICY, by selector. */
void xfrm_policy_build_del(struct xfrm_msg *msg, const struct xfrm_policy *policy, uint8_t dir);

#endif
