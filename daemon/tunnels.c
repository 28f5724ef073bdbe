/*
 * daemon/tunnels.c - see tunnels.h.
 *
 * A tunnel's life in the kernel:
 *
 *	source resolved -> policy pair set -> interface ensured
 *
 * `source = "eth0"` without an address yet means no policy and no interface: nothing of ours can
 * send, and a policy for "any source" would catch other people's GRE.  XFRM_EV_LINK brings us back.
 * Only if the interface is there already, its own source address has its policy at once.
 *
 * A reload changes what differs, in an order that never leaves GRE without a policy: the new policy
 * is set, the interface is changed, then the old policy goes.  What cannot be changed in place
 * (type, source, remote, key, an address taken away) needs a new interface: one that we created is
 * deleted and made again, one that we adopted is refused, with the reason, and left alone together
 * with its old policy.
 *
 * A tunnel that left the configuration: its interface goes if we created it, and then its policy.
 * If we only adopted it, it is the operator's and stays, and so does the policy: GRE that was
 * protected does not become plaintext because a line was deleted.  Both are said in the log.
 * "Created" is remembered by this process alone: after a restart all interfaces are adopted.
 */
#include "daemon/tunnels.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/log.h"

struct tunnel {
	struct xfrm_tunnel link; /* with its source resolved */
	char source[XFRM_NAME_MAX];
	uint32_t reqid;
	bool resolved;
	bool policy_set; /* `policy` stands in the kernel */
	struct xfrm_policy policy;
	bool ready;   /* the interface is as `link` says */
	bool created; /* by us */
	bool waiting_said;
};

struct tunnels {
	struct xfrm *x;
	struct tunnel *at;
	size_t count;
	bool started;
};

struct tunnels *tunnels_new(struct xfrm *x)
{
	struct tunnels *t = calloc(1, sizeof(*t));

	if (t)
		t->x = x;
	return t;
}

void tunnels_free(struct tunnels *t)
{
	if (!t)
		return;
	free(t->at);
	free(t);
}

/* ---- comparing ---- */

static bool same_policy(const struct xfrm_policy *a, const struct xfrm_policy *b)
{
	return a->has_key == b->has_key && a->key == b->key && addr_eq(&a->local, &b->local) &&
	       addr_eq(&a->remote, &b->remote);
}

static bool has_address(const struct xfrm_tunnel *link, const struct xfrm_tunnel_address *address)
{
	for (size_t i = 0; i < link->address_count; i++) {
		if (link->address[i].bits == address->bits &&
		    addr_eq(&link->address[i].addr, &address->addr))
			return true;
	}
	return false;
}

static bool has_all(const struct xfrm_tunnel *link, const struct xfrm_tunnel *of)
{
	for (size_t i = 0; i < of->address_count; i++) {
		if (!has_address(link, &of->address[i]))
			return false;
	}
	return true;
}

/* Can an interface like `a` become one like `b` without being made anew? */
static bool changes_in_place(const struct xfrm_tunnel *a, const struct xfrm_tunnel *b)
{
	return a->type == b->type && a->has_key == b->has_key && a->key == b->key &&
	       addr_eq(&a->local, &b->local) && addr_eq(&a->remote, &b->remote) && has_all(b, a);
}

static bool same_link(const struct xfrm_tunnel *a, const struct xfrm_tunnel *b)
{
	return changes_in_place(a, b) && has_all(a, b) && a->ttl == b->ttl && a->mtu == b->mtu &&
	       a->overhead == b->overhead;
}

static struct tunnel *find(struct tunnel *at, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(at[i].link.name, name) == 0)
			return &at[i];
	}
	return NULL;
}

static void __attribute__((format(printf, 2, 3)))
fail(char why[static CONFIG_WHY_MAX], const char *format, ...)
{
	va_list args;

	if (why[0])
		return; /* the first one is the one to mend */
	va_start(args, format);
	(void)vsnprintf(why, CONFIG_WHY_MAX, format, args);
	va_end(args);
}

/* ---- one tunnel, step by step ---- */

/* Find the source address.  False if there is none yet; an old one is kept. */
static bool resolve(struct tunnels *t, struct tunnel *tunnel)
{
	struct addr found;
	int err;

	if (!tunnel->source[0]) {
		tunnel->resolved = true;
		return true;
	}
	err = xfrm_link_address(t->x, tunnel->source, &found);
	if (!err) {
		tunnel->link.local = found;
		tunnel->resolved = true;
		tunnel->waiting_said = false;
		return true;
	}
	if (!tunnel->waiting_said)
		log_write(NOTE_WARN, "%s: %s: waiting for it", tunnel->link.name, xfrm_why(t->x));
	tunnel->waiting_said = true;
	return false;
}

static bool policy_set(struct tunnels *t, struct tunnel *tunnel, char why[static CONFIG_WHY_MAX])
{
	struct xfrm_policy policy = { .reqid = tunnel->reqid,
				      .local = tunnel->link.local,
				      .remote = tunnel->link.remote,
				      .has_key = tunnel->link.has_key,
				      .key = tunnel->link.key };

	/*
	 * An interface that exists may send as soon as its source has its address, which is before
	 * we hear of that.
	 */
	if (!tunnel->resolved && (xfrm_tunnel_local(t->x, tunnel->link.name, &policy.local) ||
				  policy.local.family == ADDR_NONE))
		return true;
	if (tunnel->policy_set && same_policy(&tunnel->policy, &policy) &&
	    tunnel->policy.reqid == policy.reqid)
		return true;
	if (xfrm_policy_set(t->x, &policy)) {
		fail(why, "%s: %s", tunnel->link.name, xfrm_why(t->x));
		return false;
	}
	tunnel->policy = policy;
	tunnel->policy_set = true;
	return true;
}

static bool interface_ensure(struct tunnels *t, struct tunnel *tunnel,
			     char why[static CONFIG_WHY_MAX])
{
	char local[ADDR_TEXT_MAX], remote[ADDR_TEXT_MAX];
	bool created = false;
	uint32_t mtu = 0;

	if (tunnel->ready || !tunnel->resolved || !tunnel->policy_set)
		return true;
	if (xfrm_tunnel_ensure(t->x, &tunnel->link, &created, &mtu)) {
		fail(why, "%s: %s", tunnel->link.name, xfrm_why(t->x));
		return false;
	}
	tunnel->ready = true;
	tunnel->created = tunnel->created || created;
	log_write(NOTE_INFO, "%s: interface %s: %s to %s, MTU %u, reqid %u", tunnel->link.name,
		  created ? "created" : "adopted", addr_text(&tunnel->link.local, local),
		  addr_text(&tunnel->link.remote, remote), mtu, tunnel->reqid);
	if (tunnel->link.local.family != ADDR_NONE &&
	    !xfrm_address_is_local(t->x, &tunnel->link.local))
		log_write(NOTE_WARN, "%s: source %s is not an address of this machine",
			  tunnel->link.name, local);
	return true;
}

/* Does any tunnel still rest on this policy? */
static bool policy_needed(const struct tunnels *t, const struct xfrm_policy *policy)
{
	for (size_t i = 0; i < t->count; i++) {
		if (t->at[i].policy_set && same_policy(&t->at[i].policy, policy))
			return true;
	}
	return false;
}

static void policy_drop(struct tunnels *t, const char *name, const struct xfrm_policy *policy)
{
	int err = policy_needed(t, policy) ? 0 : xfrm_policy_del(t->x, policy);

	if (err && err != -ESRCH)
		log_write(NOTE_ERROR, "%s: %s", name, xfrm_why(t->x));
}

/* ---- a whole configuration ---- */

/*
 * What `config` asks for, taking over from the old tunnels what stands of them: NULL without
 * memory.
 */
static struct tunnel *plan(struct tunnels *t, const struct config *config)
{
	struct tunnel *next = calloc(config->tunnel_count + 1, sizeof(*next));

	for (size_t i = 0; next && i < config->tunnel_count; i++) {
		const struct config_tunnel *in = &config->tunnels[i];
		struct tunnel *n = &next[i];
		const struct tunnel *old = find(t->at, t->count, in->link.name);

		n->link = in->link;
		memcpy(n->source, in->source, sizeof(n->source));
		n->reqid = in->reqid;
		if (!old)
			continue;
		if (n->source[0] && strcmp(n->source, old->source) == 0) {
			n->link.local = old->link.local; /* until resolve says otherwise */
			n->resolved = old->resolved;
			n->waiting_said = old->waiting_said;
		}
		n->policy_set = old->policy_set;
		n->policy = old->policy;
		n->created = old->created;
		n->ready = old->ready;
	}
	return next;
}

/* Interfaces that have to be made anew go first: the new policy stands already. */
static void make_way(struct tunnels *t, const struct tunnel *old, struct tunnel *next)
{
	/* Nobody but us is expected to touch it: with another key it would evade its policy. */
	bool touched = old->ready && !xfrm_tunnel_stands(t->x, &old->link);
	int err;

	next->ready = old->ready && !touched && same_link(&old->link, &next->link);
	if (!old->created || (!touched && changes_in_place(&old->link, &next->link)))
		return;
	err = xfrm_tunnel_delete(t->x, next->link.name);
	if (err && err != -ENODEV)
		log_write(NOTE_ERROR, "%s: %s", next->link.name, xfrm_why(t->x));
	next->created = false;
}

/* A tunnel that is not configured any more. */
static void retire(struct tunnels *t, const struct tunnel *old)
{
	if (old->created && xfrm_tunnel_delete(t->x, old->link.name)) {
		log_write(NOTE_ERROR, "%s: %s; its policy stays", old->link.name, xfrm_why(t->x));
		return;
	}
	if (!old->created && old->ready) {
		log_write(NOTE_WARN,
			  "%s: no longer configured; its interface is not ours and stays, and so "
			  "does the policy that keeps GRE from going out in the clear",
			  old->link.name);
		return;
	}
	if (old->policy_set)
		policy_drop(t, old->link.name, &old->policy);
	log_write(NOTE_INFO, "%s: removed", old->link.name);
}

/* Remove SAs with our reqids: an earlier life's, or our own at the end. */
static bool flush(struct tunnels *t, char why[static CONFIG_WHY_MAX])
{
	uint32_t reqids[NODE_TUNNELS_MAX];
	size_t removed = 0;

	for (size_t i = 0; i < t->count; i++)
		reqids[i] = t->at[i].reqid;
	if (!t->count)
		return true;
	if (xfrm_sa_flush(t->x, reqids, t->count, &removed)) {
		fail(why, "%s", xfrm_why(t->x));
		return false;
	}
	if (removed)
		log_write(NOTE_INFO, "%zu stale SAs removed from the kernel", removed);
	return true;
}

/* From `before` to t->at, whose tunnels are planned but not done. */
static void carry_out(struct tunnels *t, struct tunnel *before, size_t before_count,
		      char why[static CONFIG_WHY_MAX])
{
	bool *ok = calloc(t->count + 1, sizeof(*ok));

	for (size_t i = 0; i < t->count; i++) {
		(void)resolve(t, &t->at[i]);
		if (ok)
			ok[i] = policy_set(t, &t->at[i], why);
	}
	if (!t->started)
		(void)flush(t, why);
	/* Before new interfaces come: one under another name may have taken its endpoint over. */
	for (size_t i = 0; i < before_count; i++) {
		if (!find(t->at, t->count, before[i].link.name))
			retire(t, &before[i]);
	}
	for (size_t i = 0; ok && i < t->count; i++) {
		struct tunnel *next = &t->at[i];
		const struct tunnel *old = find(before, before_count, next->link.name);

		if (!ok[i])
			continue;
		if (old)
			make_way(t, old, next);
		ok[i] = interface_ensure(t, next, why);
		/* The old policy goes once nothing can send under it any more. */
		if (ok[i] && old && old->policy_set && !same_policy(&old->policy, &next->policy))
			policy_drop(t, next->link.name, &old->policy);
	}
	if (!ok)
		fail(why, "out of memory");
	free(ok);
}

bool tunnels_apply(struct tunnels *t, const struct config *config, char why[static CONFIG_WHY_MAX])
{
	struct tunnel *next, *before = t->at;
	size_t before_count = t->count;

	assert(config->tunnel_count <= NODE_TUNNELS_MAX);
	why[0] = 0;
	next = plan(t, config);
	if (!next) {
		fail(why, "out of memory");
		return false;
	}
	t->at = next;
	t->count = config->tunnel_count;
	carry_out(t, before, before_count, why);
	t->started = true;
	free(before);
	return !why[0];
}

bool tunnels_refresh(struct tunnels *t)
{
	char why[CONFIG_WHY_MAX];
	bool changed = false;

	for (size_t i = 0; i < t->count; i++) {
		struct tunnel *tunnel = &t->at[i], old = *tunnel;

		if (!resolve(t, tunnel))
			continue;
		if (tunnel->ready && same_link(&old.link, &tunnel->link) &&
		    xfrm_tunnel_stands(t->x, &tunnel->link))
			continue;
		why[0] = 0;
		if (policy_set(t, tunnel, why)) {
			make_way(t, &old, tunnel);
			if (interface_ensure(t, tunnel, why) && old.policy_set &&
			    !same_policy(&old.policy, &tunnel->policy))
				policy_drop(t, tunnel->link.name, &old.policy);
		} else {
			tunnel->link = old.link; /* the interface does not move without it */
		}
		if (why[0])
			log_write(NOTE_ERROR, "%s", why);
		changed =
			changed || !old.resolved || !addr_eq(&old.link.local, &tunnel->link.local);
	}
	return changed;
}

void tunnels_restore(struct tunnels *t)
{
	for (size_t i = 0; i < t->count; i++) {
		struct tunnel *tunnel = &t->at[i];
		int missing = tunnel->policy_set ? xfrm_policy_restore(t->x, &tunnel->policy) : 0;

		if (missing < 0)
			log_write(NOTE_ERROR, "%s: %s", tunnel->link.name, xfrm_why(t->x));
		else if (missing)
			log_write(NOTE_WARN,
				  "%s: somebody has removed its policies; they were set again, but "
				  "GRE may have left in the clear meanwhile",
				  tunnel->link.name);
	}
}

size_t tunnels_list(const struct tunnels *t, struct node_tunnel out[static NODE_TUNNELS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < t->count; i++) {
		const struct tunnel *tunnel = &t->at[i];

		if (!tunnel->policy_set)
			continue;
		memcpy(out[count].name, tunnel->link.name, sizeof(out[count].name));
		out[count].reqid = tunnel->reqid;
		out[count].local = tunnel->resolved ? tunnel->link.local : tunnel->policy.local;
		out[count].remote = tunnel->link.remote;
		count++;
	}
	return count;
}

void tunnels_leave(struct tunnels *t, bool remove)
{
	char why[CONFIG_WHY_MAX] = "";

	if (!flush(t, why))
		log_write(NOTE_ERROR, "%s", why);
	for (size_t i = 0; remove && i < t->count; i++) {
		struct tunnel *tunnel = &t->at[i];

		if (tunnel->created && xfrm_tunnel_delete(t->x, tunnel->link.name))
			log_write(NOTE_ERROR, "%s: %s", tunnel->link.name, xfrm_why(t->x));
	}
	for (size_t i = 0; remove && i < t->count; i++) {
		struct tunnel *tunnel = &t->at[i];

		if (!tunnel->policy_set)
			continue;
		if (!tunnel->created)
			log_write(NOTE_WARN,
				  "%s: its policies go, as remove-policies-at-exit asks, but the "
				  "interface is not ours and stays: GRE on it is in the clear now",
				  tunnel->link.name);
		tunnel->policy_set = false;
		policy_drop(t, tunnel->link.name, &tunnel->policy);
	}
}
