/*
 * xfrm/policy.c - the policy pair of a tunnel: protocol 47, out and in, needs ESP in transport mode
 * with the tunnel's reqid.  RFC 4301 4.4.1.
 *
 * The kernel identifies a policy by direction, selector, mark and interface ID: UPDPOLICY with the
 * same selector takes the old one's place under a lock, so no packet finds a gap, and there are
 * never two.  A forward policy is not needed: transport mode's packets end at this host.
 *
 * The GRE key stands in the selector's ports, as the kernel takes packets apart: its upper half is
 * the source port, its lower half the destination port, in both directions.
 *
 * Priority: the lowest number wins, and among equals the oldest.  Daemons use hundreds of thousands
 * by default, `ip xfrm policy add` uses 0: ours lie in between, so that they hold against another
 * daemon while an administrator's explicit exception wins.  Of two of ours the one that says more
 * (key, then addresses) wins, whatever came first.
 */
#include "xfrm/policy.h"

#include <errno.h>

#include "xfrm/request.h"
#include "xfrm/sa.h"

#define PRIORITY     1000u
#define PRIORITY_KEY 300u /* more than both addresses' bits together */

static uint16_t family_of(const struct xfrm_policy *policy)
{
	uint16_t family = xfrm_family_put(&policy->local);

	if (family == AF_UNSPEC)
		family = xfrm_family_put(&policy->remote);
	return family == AF_UNSPEC ? AF_INET : family;
}

static uint8_t bits_of(const struct addr *addr)
{
	return (uint8_t)(addr_len(addr) * 8);
}

static struct xfrm_selector selector_of(const struct xfrm_policy *policy, uint8_t dir)
{
	const struct addr *src = dir == XFRM_POLICY_OUT ? &policy->local : &policy->remote;
	const struct addr *dst = dir == XFRM_POLICY_OUT ? &policy->remote : &policy->local;
	struct xfrm_selector sel = {
		.daddr = xfrm_address_put(dst),
		.saddr = xfrm_address_put(src),
		.family = family_of(policy),
		.prefixlen_d = bits_of(dst),
		.prefixlen_s = bits_of(src),
		.proto = IPPROTO_GRE,
	};

	if (policy->has_key) {
		sel.sport = htons((uint16_t)(policy->key >> 16));
		sel.dport = htons((uint16_t)policy->key);
		sel.sport_mask = sel.dport_mask = UINT16_MAX;
	}
	return sel;
}

static uint32_t priority_of(const struct xfrm_policy *policy)
{
	return PRIORITY - (policy->has_key ? PRIORITY_KEY : 0) - bits_of(&policy->local) -
	       bits_of(&policy->remote);
}

void xfrm_policy_build(struct xfrm_msg *msg, const struct xfrm_policy *policy, uint8_t dir)
{
	struct xfrm_userpolicy_info info = {
		.sel = selector_of(policy, dir),
		.lft = {
			.soft_byte_limit = XFRM_INF,
			.hard_byte_limit = XFRM_INF,
			.soft_packet_limit = XFRM_INF,
			.hard_packet_limit = XFRM_INF,
		},
		.priority = priority_of(policy),
		.dir = dir,
		.action = XFRM_POLICY_ALLOW,
		.share = XFRM_SHARE_ANY,
	};
	struct xfrm_user_tmpl tmpl = {
		.id = { .proto = IPPROTO_ESP },
		.family = info.sel.family,
		.reqid = policy->reqid,
		.mode = XFRM_MODE_TRANSPORT,
		.share = XFRM_SHARE_ANY,
		.optional = 0, /* level "required" */
		/* All bits of all three: an AEAD has no bit of its own. */
		.aalgos = UINT32_MAX,
		.ealgos = UINT32_MAX,
		.calgos = UINT32_MAX,
	};

	xfrm_msg_begin(msg, XFRM_MSG_UPDPOLICY, 0, &info, sizeof(info));
	xfrm_msg_attr(msg, XFRMA_TMPL, &tmpl, sizeof(tmpl));
}

void xfrm_policy_build_del(struct xfrm_msg *msg, const struct xfrm_policy *policy, uint8_t dir)
{
	struct xfrm_userpolicy_id id = { .sel = selector_of(policy, dir), .dir = dir };

	xfrm_msg_begin(msg, XFRM_MSG_DELPOLICY, 0, &id, sizeof(id));
}

/* False, and xfrm_why() written, if the policy makes no sense. */
static bool sound(struct xfrm *x, const struct xfrm_policy *policy)
{
	bool mixed = policy->local.family != ADDR_NONE && policy->remote.family != ADDR_NONE &&
		     policy->local.family != policy->remote.family;

	x->said[0] = '\0';
	if (mixed || !policy->reqid)
		xfrm_fail(x, -EINVAL, "cannot install a policy: %s",
			  mixed ? "its addresses are not of one family" : "its reqid is 0");
	return !mixed && policy->reqid;
}

int xfrm_policy_set(struct xfrm *x, const struct xfrm_policy *policy)
{
	static const uint8_t dirs[] = { XFRM_POLICY_OUT, XFRM_POLICY_IN };

	if (!sound(x, policy))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		struct xfrm_msg msg;

		xfrm_policy_build(&msg, policy, dirs[i]);

		int err = xfrm_request(x, XFRM_BUS_XFRM, &msg, NULL, NULL);

		if (err)
			return xfrm_fail(x, err, "cannot install the policy (%s) with reqid %u",
					 dirs[i] == XFRM_POLICY_OUT ? "out" : "in", policy->reqid);
	}
	return 0;
}

int xfrm_policy_restore(struct xfrm *x, const struct xfrm_policy *policy)
{
	static const uint8_t dirs[] = { XFRM_POLICY_OUT, XFRM_POLICY_IN };
	int missing = 0;

	if (!sound(x, policy))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		struct xfrm_msg msg;

		/* NEWPOLICY where UPDPOLICY would replace: EEXIST says that it stands. */
		xfrm_policy_build(&msg, policy, dirs[i]);
		xfrm_msg_head(&msg)->nlmsg_type = XFRM_MSG_NEWPOLICY;

		int err = xfrm_request(x, XFRM_BUS_XFRM, &msg, NULL, NULL);

		if (err && err != -EEXIST)
			return xfrm_fail(x, err, "cannot restore the policy with reqid %u",
					 policy->reqid);
		missing = missing || !err;
	}
	return missing;
}

int xfrm_policy_del(struct xfrm *x, const struct xfrm_policy *policy)
{
	static const uint8_t dirs[] = { XFRM_POLICY_OUT, XFRM_POLICY_IN };
	unsigned gone = 0;

	if (!sound(x, policy))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		struct xfrm_msg msg;

		xfrm_policy_build_del(&msg, policy, dirs[i]);

		int err = xfrm_request(x, XFRM_BUS_XFRM, &msg, NULL, NULL);

		/* The kernel says ENOENT; an SA that is missing is ESRCH, and so it is here. */
		if (err && err != -ENOENT)
			return xfrm_fail(x, err, "cannot delete the policy (%s) with reqid %u",
					 dirs[i] == XFRM_POLICY_OUT ? "out" : "in", policy->reqid);
		gone += !err;
	}
	return gone ? 0 : xfrm_fail(x, -ESRCH, "no policy with reqid %u to delete", policy->reqid);
}
