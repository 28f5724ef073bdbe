/*
 * ike/unique.c - one IKE SA per peer.  RFC 7296 2.4 (INITIAL_CONTACT), 2.8.1 and 2.25 (collisions).
 *
 * When an SA has been established, the others with the same peer are looked at:
 *
 *  - Ours that are still before IKE_AUTH, while the peer's has just come up with its Child SA:
 * given up, nobody has heard of them.
 *  - Crossed (each end initiated one, and neither was established when the other began): of the two
 *    SAs the one whose exchange holds the lowest of the four nonces goes, deleted by its initiator.
 *    Both ends see the same nonces, and both see the crossing: an end gives up its own before
 *    IKE_AUTH as above, so if both were authenticated, both were half-open on both sides.
 *  - INITIAL_CONTACT: the peer knows of no other, so they are gone without a word.
 *  - Otherwise the new one replaces the old one (a restart, a reauthentication): its initiator
 *    deletes the old one; the responder does after a while, should the initiator not.
 */
#include "ike/engine.h"

static bool same_hosts(const struct ike_sa *a, const struct ike_sa *b)
{
	return addr_eq(&a->path.remote.addr, &b->path.remote.addr) &&
	       addr_eq(&a->path.local.addr, &b->path.local.addr);
}

/*
 * Two peers behind different NATs may both be 192.168.1.2: an address as identity says something
 * only together with where its packets come from.
 */
static bool same_identity(const struct ike_sa *a, const struct ike_sa *b)
{
	const struct ike_id *id = a->remote_id;
	bool address = id && (id->type == IKE_ID_IPV4_ADDR || id->type == IKE_ID_IPV6_ADDR);

	return id && b->remote_id && ike_id_eq(id, b->remote_id) &&
	       (!address || addr_eq(&a->path.remote.addr, &b->path.remote.addr));
}

static bool crossed(const struct ike_sa *a, const struct ike_sa *b)
{
	return a->initiator != b->initiator && a->id < b->established_id &&
	       b->id < a->established_id;
}

static void settle_crossing(struct ike_sa *a, struct ike_sa *b)
{
	int order = memcmp(a->lowest_nonce, b->lowest_nonce, sizeof(a->lowest_nonce));
	struct ike_sa *loser = order < 0 ? a : b;

	loser->replaced = true;
	if (loser->initiator) {
		sa_delete(loser, IKE_CAUSE_COLLISION);
		return;
	}
	/* Its initiator deletes it; a peer that knows no such rule gets help later. */
	loser->t_expire = tick_add(loser->ike->now, CROSSED_GRACE_US);
	sa_schedule(loser);
}

/* Ours, and the peer has not heard more of it than IKE_SA_INIT. */
static bool can_be_given_up(const struct ike_sa *sa)
{
	return sa->initiator &&
	       (sa->state == SA_KEYGEN || sa->state == SA_INIT_SENT || sa->state == SA_SHARED);
}

void unique_settle(struct ike_sa *sa, bool initial_contact)
{
	struct ike *ike = sa->ike;

	LIST_EACH_SAFE(it, &ike->sas) {
		struct ike_sa *o = CONTAINER_OF(it, struct ike_sa, node);

		if (o == sa || sa->state != SA_ESTABLISHED)
			continue;
		if (!sa->initiator && sa->child_count && can_be_given_up(o) && same_hosts(o, sa)) {
			sa_down(o, IKE_CAUSE_COLLISION, NULL);
			continue;
		}
		if (o->state != SA_ESTABLISHED || o->replaced || !same_identity(o, sa))
			continue;
		if (same_hosts(o, sa) && crossed(o, sa)) {
			settle_crossing(o, sa);
		} else if (initial_contact) {
			sa_down(o, IKE_CAUSE_REPLACED, "the peer started anew");
		} else if (same_hosts(o, sa) && sa->initiator) {
			sa_delete(o, IKE_CAUSE_REPLACED);
		} else if (same_hosts(o, sa)) {
			o->replaced = true;
			o->t_expire = tick_add(ike->now, REPLACED_GRACE_US);
			sa_schedule(o);
		}
	}
}

bool unique_is_first_contact(const struct ike_sa *sa)
{
	LIST_EACH(it, &sa->ike->sas) {
		const struct ike_sa *o = CONTAINER_OF(it, struct ike_sa, node);

		if (o != sa && o->state == SA_ESTABLISHED &&
		    addr_eq(&o->path.remote.addr, &sa->path.remote.addr))
			return false;
	}
	return true;
}
