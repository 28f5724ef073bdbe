/*
 * ike/want.c - wishes: from the kernel's ACQUIRE, from scripts, and our own when an SA grows old.
 *
 * A wish waits in ike->wants under the number of the IKE SA that is to fulfil it, but any Child SA
 * between the same hosts and for the same tunnel does: when both ends start at once, the first
 * that comes up answers.
 */
#include "ike/engine.h"

#include <stdlib.h>

struct conn *conn_for(struct ike *ike, const struct addr *local, const struct addr *remote)
{
	const struct ike_path path = { .local.addr = *local, .remote.addr = *remote };
	struct conn *best = NULL;

	for (size_t i = 0; i < ike->conn_count; i++) {
		struct conn *c = ike->conns[i];

		if (conn_covers(c, &path) && (!best || c->c.remote.bits > best->c.remote.bits))
			best = c;
	}
	return best;
}

/* Does a Child SA stand that carries this?  Then its IKE SA, else NULL. */
static struct ike_sa *standing(struct ike *ike, const struct ike_want *want)
{
	LIST_EACH(it, &ike->sas) {
		struct ike_sa *sa = CONTAINER_OF(it, struct ike_sa, node);

		if (sa->state == SA_ESTABLISHED && !sa->replaced && !sa->delete_wanted &&
		    addr_eq(&sa->path.remote.addr, &want->remote) &&
		    addr_eq(&sa->path.local.addr, &want->local) && child_for(sa, want->reqid))
			return sa;
	}
	return NULL;
}

/* Is one of ours on its way there already? */
static struct ike_sa *under_way(struct ike *ike, const struct ike_want *want)
{
	LIST_EACH(it, &ike->sas) {
		struct ike_sa *sa = CONTAINER_OF(it, struct ike_sa, node);

		if (sa->initiator && sa->init && sa->state < SA_ESTABLISHED &&
		    sa->init->child_reqid == want->reqid &&
		    addr_eq(&sa->path.remote.addr, &want->remote) &&
		    addr_eq(&sa->path.local.addr, &want->local))
			return sa;
	}
	return NULL;
}

static struct ike_sa *begin(struct ike *ike, struct conn *conn, const struct ike_want *want)
{
	struct ike_path path = {
		.local = { want->local, IKE_PORT },
		.remote = { want->remote, IKE_PORT },
	};

	return init_start(ike, conn, &path, want->reqid, want->seq);
}

static struct want *want_new(struct ike *ike, const struct ike_want *w, uint64_t *id)
{
	struct want *want = NULL;

	if (ike->want_count < IKE_WANTS_MAX)
		want = calloc(1, sizeof(*want));
	if (!want)
		return NULL;
	want->id = *id = ++ike->next_id;
	want->w = *w;
	list_append(&ike->wants, &want->node);
	ike->want_count++;
	ike->stats.wants++;
	return want;
}

static void want_free(struct ike *ike, struct want *want)
{
	list_remove(&want->node);
	ike->want_count--;
	free(want);
}

enum ike_cause ike_want(struct ike *ike, tick_t now, const struct ike_want *wish, uint64_t *id)
{
	const struct ike_flow *flow = flow_find(ike, &wish->local, &wish->remote, wish->reqid);
	struct conn *conn = conn_for(ike, &wish->local, &wish->remote);
	struct ike_want w = *wish;
	struct ike_sa *sa;

	ike->now = now;
	if (ike->shutting_down)
		return IKE_CAUSE_TERMINATED;
	if (!flow)
		return IKE_CAUSE_NO_FLOW;
	if (!conn)
		return IKE_CAUSE_NO_PEER;
	w.reqid = flow->reqid;

	struct want *want = want_new(ike, &w, id);

	if (!want)
		return IKE_CAUSE_LIMIT;
	if ((sa = standing(ike, &w))) {
		action_want(ike, want, sa->id, IKE_CAUSE_NONE, true, "");
		want_free(ike, want);
		return IKE_CAUSE_NONE;
	}
	sa = under_way(ike, &w);
	if (!sa)
		sa = begin(ike, conn, &w);
	if (!sa) {
		want_free(ike, want);
		return IKE_CAUSE_LIMIT;
	}
	want->sa_id = sa->id;
	/* It may have failed at once: its wishes were told, but this one came too late. */
	if (sa->state == SA_DEAD)
		wants_fail(sa, IKE_CAUSE_LIMIT, ike_cause_text(IKE_CAUSE_LIMIT));
	ike_reap(ike);
	return IKE_CAUSE_NONE;
}

void ike_want_cancel(struct ike *ike, uint64_t id)
{
	LIST_EACH_SAFE(it, &ike->wants) {
		struct want *want = CONTAINER_OF(it, struct want, node);

		if (want->id == id)
			want_free(ike, want);
	}
}

void wants_child_up(struct ike_sa *sa, struct child *child)
{
	LIST_EACH_SAFE(it, &sa->ike->wants) {
		struct want *want = CONTAINER_OF(it, struct want, node);

		if (want->sa_id != sa->id &&
		    !(addr_eq(&want->w.remote, &child->c.in.src) &&
		      addr_eq(&want->w.local, &child->c.in.dst) && want->w.reqid == child->c.reqid))
			continue;
		action_want(sa->ike, want, sa->id, IKE_CAUSE_NONE, false, "");
		want_free(sa->ike, want);
	}
}

void wants_fail(struct ike_sa *sa, enum ike_cause cause, const char *detail)
{
	LIST_EACH_SAFE(it, &sa->ike->wants) {
		struct want *want = CONTAINER_OF(it, struct want, node);

		if (want->sa_id != sa->id)
			continue;
		action_want(sa->ike, want, sa->id, cause, false, detail);
		want_free(sa->ike, want);
	}
}

/*
 * Make before break: a new IKE SA with its Child SA comes up while this one goes on; unique_settle
 * has the old one deleted then.  If the new one fails, the old one stays until its hard limit.
 */
void want_replace(struct ike_sa *sa)
{
	const struct child *child = child_for(sa, 0);
	struct ike_want w = {
		.local = sa->path.local.addr,
		.remote = sa->path.remote.addr,
		.reqid = child ? child->c.reqid : 0,
	};
	struct ike_path path = sa->path;

	if (sa->state != SA_ESTABLISHED || sa->replaced || sa->delete_wanted)
		return;
	if (!child) { /* it carries nothing: let it go */
		sa_delete(sa, IKE_CAUSE_EXPIRED);
		return;
	}
	if (under_way(sa->ike, &w))
		return;

	struct ike_sa *fresh = init_start(sa->ike, sa->conn, &path, w.reqid, 0);

	if (fresh)
		fresh->replaces = sa->id;
}
