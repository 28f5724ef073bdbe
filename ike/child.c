/*
 * ike/child.c - Child SAs: GRE between two hosts, in transport mode.  RFC 7296 2.9, 2.17, 2.23.1.
 *
 * Selectors on the wire are protocol 47, all ports (the kernel's ACQUIRE writes the GRE key into
 * them, but a key is nothing that a peer should have to agree on), one address each.  What the
 * kernel gets are the addresses as this host sees them, whatever a NAT made of them on the way.
 */
#include "ike/engine.h"

#include <assert.h>
#include <stdlib.h>

#define ESP_SPI_MIN 0x100 /* RFC 4303 2.1: below is reserved */

const struct ike_flow *flow_find(const struct ike *ike, const struct addr *local,
				 const struct addr *remote, uint32_t reqid)
{
	for (size_t i = 0; i < ike->flow_count; i++) {
		const struct ike_flow *flow = &ike->flows[i];

		if (reqid && flow->reqid != reqid)
			continue;
		if (flow->local.family != ADDR_NONE && !addr_eq(&flow->local, local))
			continue;
		if (prefix_contains(&flow->remote, remote))
			return flow;
	}
	return NULL;
}

struct child *child_by_spi(struct ike *ike, uint32_t spi_in)
{
	struct map_node *node = map_find(&ike->by_child, &spi_in);

	return node ? CONTAINER_OF(node, struct child, by_spi) : NULL;
}

uint32_t child_spi_new(struct ike *ike)
{
	uint32_t spi;

	do {
		spi = rng_u32(&ike->rng);
	} while (spi < ESP_SPI_MIN || child_by_spi(ike, spi));
	return spi;
}

struct child *child_by_id(struct ike *ike, uint64_t id)
{
	LIST_EACH(it, &ike->sas) {
		struct ike_sa *sa = CONTAINER_OF(it, struct ike_sa, node);

		LIST_EACH(jt, &sa->children) {
			struct child *child = CONTAINER_OF(jt, struct child, node);

			if (child->c.child_id == id)
				return child;
		}
	}
	return NULL;
}

struct child *child_for(struct ike_sa *sa, uint32_t reqid)
{
	LIST_EACH(it, &sa->children) {
		struct child *child = CONTAINER_OF(it, struct child, node);

		if (!child->deleting && (!reqid || child->c.reqid == reqid))
			return child;
	}
	return NULL;
}

void child_ts(const struct addr *addr, struct ike_ts_list *out)
{
	*out = (struct ike_ts_list){ .count = 1 };
	out->item[0] = (struct ike_ts){
		.protocol = IP_PROTO_GRE,
		.port_start = 0,
		.port_end = UINT16_MAX,
		.start = *addr,
		.end = *addr,
	};
}

/*
 * A selector that is narrower than all ports is passed over, not taken: peers put the triggering
 * packet first (2.9), which for GRE may be its key in the place of ports; the general one follows.
 * Behind a NAT the address is whatever the peer thinks it is, and is substituted (2.23.1).
 */
bool child_ts_covers(const struct ike_ts_list *list, const struct addr *host, bool nat)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct ike_ts *ts = &list->item[i];

		if (ts->protocol != 0 && ts->protocol != IP_PROTO_GRE)
			continue;
		if (ts->port_start != 0 || ts->port_end != UINT16_MAX)
			continue;
		if (ts->start.family == host->family && addr_cmp(&ts->start, host) <= 0 &&
		    addr_cmp(host, &ts->end) <= 0)
			return true;
		if (nat && addr_eq(&ts->start, &ts->end))
			return true;
	}
	return false;
}

/* Addresses and ports as the path has them now. */
static void follow_path(struct child *child)
{
	const struct ike_sa *sa = child->sa;

	child->c.in.src = child->c.out.dst = sa->path.remote.addr;
	child->c.in.dst = child->c.out.src = sa->path.local.addr;
	child->c.encap = sa->natt;
	child->c.local_port = sa->path.local.port;
	child->c.remote_port = sa->path.remote.port;
}

static bool derive(struct child *child, bool i_am_initiator, struct cur ni, struct cur nr)
{
	struct ike_child_keys keys;
	struct ike_child_sa *c = &child->c;
	const struct ike_sa *sa = child->sa;

	if (ike_child_keys_derive(sa->suite.prf, &sa->keys.d, &c->suite, cur_of(NULL, 0), ni, nr,
				  &keys))
		return false;

	struct ike_sa_half *i = i_am_initiator ? &c->out : &c->in;
	struct ike_sa_half *r = i_am_initiator ? &c->in : &c->out;

	i->encr_key = keys.ei;
	i->integ_key = keys.ai;
	r->encr_key = keys.er;
	r->integ_key = keys.ar;
	secret_wipe(&keys, sizeof(keys));
	return true;
}

struct child *child_add(struct ike_sa *sa, const struct ike_suite *suite, uint32_t spi_in,
			uint32_t spi_out, uint32_t reqid, uint32_t seq, bool i_am_initiator,
			struct cur ni, struct cur nr)
{
	struct ike *ike = sa->ike;
	struct child *child = NULL;
	char text[IKE_SUITE_TEXT_MAX];

	if (sa->child_count < IKE_CHILDREN_MAX)
		child = calloc(1, sizeof(*child));
	if (!child)
		return NULL;
	child->sa = sa;
	child->since = ike->now;
	child->c = (struct ike_child_sa){
		.child_id = ++ike->next_id,
		.ike_id = sa->id,
		.reqid = reqid,
		.seq = seq,
		.suite = *suite,
		.replay_window = sa->conn->c.replay_window,
	};
	child->c.in.spi = spi_in;
	child->c.out.spi = spi_out;
	follow_path(child);
	if (!derive(child, i_am_initiator, ni, nr) || child_by_spi(ike, spi_in) ||
	    !map_insert(&ike->by_child, &child->by_spi, &child->c.in.spi)) {
		secret_free(child, sizeof(*child));
		return NULL;
	}
	list_append(&sa->children, &child->node);
	sa->child_count++;
	ike->stats.child_up++;
	action_child(child, IKE_ACT_SA_ADD, IKE_CAUSE_NONE);
	action_child(child, IKE_ACT_CHILD_UP, IKE_CAUSE_NONE);
	sa_note(sa, NOTE_INFO, "Child SA up, SPIs %08x in %08x out, %s%s", spi_in, spi_out,
		ike_suite_text(suite, text), child->c.encap ? ", in UDP" : "");
	wants_child_up(sa, child);
	return child;
}

void child_remove(struct child *child, enum ike_cause cause)
{
	struct ike_sa *sa = child->sa;
	struct ike *ike = sa->ike;

	ike->stats.child_down++;
	action_child(child, IKE_ACT_SA_DEL, cause);
	action_child(child, IKE_ACT_CHILD_DOWN, cause); /* its info still lists the child */
	list_remove(&child->node);
	sa->child_count--;
	map_remove(&ike->by_child, &child->by_spi);
	sa_note(sa, NOTE_INFO, "Child SA down, SPIs %08x in %08x out: %s", child->c.in.spi,
		child->c.out.spi, ike_cause_text(cause));
	secret_free(child, sizeof(*child));
}

void child_moved(struct child *child, const struct addr *old_remote)
{
	follow_path(child);

	struct queued *q = action_new(child->sa->ike, IKE_ACT_SA_MOVE, cur_of(NULL, 0));

	if (!q)
		return;
	q->a.ike_id = child->sa->id;
	q->a.child_id = child->c.child_id;
	q->child = child->c;
	q->a.child = &q->child;
	q->a.old_remote = *old_remote;
}

void ike_mapping_changed(struct ike *ike, tick_t now, const struct addr *local, uint32_t spi_in,
			 const struct endpoint *remote)
{
	struct child *child = child_by_spi(ike, spi_in);

	ike->now = now;
	if (!child || !addr_eq(&child->c.in.dst, local))
		return;

	struct ike_sa *sa = child->sa;

	/* As in sa_heard: only a peer behind a NAT may move. */
	if (sa->state != SA_ESTABLISHED || !sa->natt || !sa->nat_remote)
		return;
	sa_move(sa, remote);
	sa_heard(sa, &sa->path, false); /* schedules, too */
	ike_reap(ike);
}

void ike_child_expired(struct ike *ike, tick_t now, const struct addr *dst, uint32_t spi, bool hard)
{
	struct child *found = child_by_spi(ike, spi);

	ike->now = now;
	if (found && !addr_eq(&found->c.in.dst, dst))
		found = NULL;
	/* An outbound SPI is the peer's number, unique only with its address. */
	for (struct list *it = ike->sas.next; !found && it != &ike->sas; it = it->next) {
		struct ike_sa *sa = CONTAINER_OF(it, struct ike_sa, node);

		LIST_EACH(jt, &sa->children) {
			struct child *child = CONTAINER_OF(jt, struct child, node);

			if (child->c.out.spi == spi && addr_eq(&child->c.out.dst, dst))
				found = child;
		}
	}
	if (!found)
		return;

	struct ike_sa *sa = found->sa;

	if (!hard) {
		want_replace(sa);
	} else {
		child_remove(found, IKE_CAUSE_EXPIRED);
		/* One half is gone: the peer must not go on alone. */
		if (!sa->child_count)
			sa_delete(sa, IKE_CAUSE_EXPIRED);
	}
	ike_reap(ike);
}

void ike_child_count(struct ike *ike, tick_t now, uint64_t child_id, uint64_t packets)
{
	struct child *child = child_by_id(ike, child_id);

	ike->now = now;
	if (!child)
		return;

	struct ike_sa *sa = child->sa;
	bool lives = packets != child->packets_seen;

	child->packets_seen = packets;
	if (lives) {
		sa_heard(sa, &sa->path, false);
	} else if (sa->dpd_asked && sa->dpd_left && --sa->dpd_left == 0) {
		sa->t_dpd = now; /* no packet on any of them: probe */
		sa_schedule(sa);
	}
}

void ike_child_failed(struct ike *ike, tick_t now, uint64_t child_id)
{
	struct child *child = child_by_id(ike, child_id);

	ike->now = now;
	if (child) {
		struct ike_sa *sa = child->sa;

		child_remove(child, IKE_CAUSE_KERNEL);
		if (!sa->child_count)
			sa_delete(sa, IKE_CAUSE_KERNEL);
	}
	ike_reap(ike);
}
