/*
 * ike/sa.c - the life of an IKE SA: born by IKE_SA_INIT, established by IKE_AUTH, kept alive by
 * probes when nothing else proves life, replaced when it grows old, and gone.  RFC 7296 2.4, 2.8.
 *
 * All its timers are fields; the heap holds the earliest of them.  Nothing is freed in the middle
 * of a call: what is over waits in ike->dead for ike_reap.
 */
#include "ike/engine.h"

#include <assert.h>
#include <stdlib.h>

bool blob_set(struct blob *blob, struct cur bytes)
{
	uint8_t *p = malloc(bytes.left ? bytes.left : 1);

	if (!p)
		return false;
	if (bytes.left)
		memcpy(p, bytes.p, bytes.left);
	free(blob->p);
	*blob = (struct blob){ p, bytes.left };
	return true;
}

void blob_clear(struct blob *blob)
{
	free(blob->p);
	*blob = (struct blob){ 0 };
}

struct conn *conn_ref(struct conn *conn)
{
	conn->refs++;
	return conn;
}

void conn_unref(struct conn *conn)
{
	if (!conn || --conn->refs)
		return;
	secret_free((void *)(uintptr_t)conn->c.psk, conn->c.psk_len);
	free(conn);
}

void init_nonce_set(struct init_state *init, int who, struct cur nonce)
{
	assert(nonce.left >= 1 && nonce.left <= IKE_NONCE_MAX);
	memcpy(init->nonce[who], nonce.p, nonce.left);
	init->nonce_len[who] = (uint8_t)(nonce.left - 1);
}

void init_state_free(struct init_state *init)
{
	if (!init)
		return;
	ike_ke_free(init->ke);
	blob_clear(&init->message[0]);
	blob_clear(&init->message[1]);
	blob_clear(&init->cookie);
	free(init);
}

static uint64_t spi_new(struct ike *ike)
{
	uint64_t spi;

	do {
		spi = rng_u64(&ike->rng);
	} while (!spi || map_find(&ike->by_spi, &spi)); /* 3.1: never zero */
	return spi;
}

static void sa_free(struct ike_sa *sa)
{
	struct ike *ike = sa->ike;

	assert(list_empty(&sa->children));
	heap_set(&ike->timers, &sa->timer, TICK_NEVER);
	map_remove(&ike->by_spi, &sa->by_spi);
	map_remove(&ike->by_id, &sa->by_id);
	if (sa->in_init_map)
		map_remove(&ike->by_init, &sa->by_init);
	list_remove(&sa->node);
	list_remove(&sa->half);
	list_remove(&sa->reap);
	init_state_free(sa->init);
	conn_unref(sa->conn);
	blob_clear(&sa->req.bytes);
	blob_clear(&sa->answer);
	free(sa->remote_id);
	free(sa->local_id);
	ike->sa_count--;
	secret_free(sa, sizeof(*sa));
}

struct ike_sa *sa_new(struct ike *ike, bool initiator, const struct ike_path *path)
{
	struct ike_sa *sa = NULL;

	if (ike->sa_count < IKE_SAS_MAX && heap_reserve(&ike->timers, ike->sa_count + 1))
		sa = calloc(1, sizeof(*sa));
	if (sa)
		sa->init = calloc(1, sizeof(*sa->init));
	if (!sa || !sa->init) {
		free(sa);
		return NULL;
	}
	sa->ike = ike;
	sa->initiator = initiator;
	sa->path = *path;
	sa->id = ++ike->next_id;
	sa->spi_own = spi_new(ike);
	*(initiator ? &sa->spi_i : &sa->spi_r) = sa->spi_own;
	sa->created = sa->last_in = sa->last_out = ike->now;
	sa->last_hint = ike->now - HINT_PROBE_US;
	sa->t_retransmit = sa->t_expire = sa->t_dpd = TICK_NEVER;
	sa->t_keepalive = sa->t_replace = sa->t_hard = TICK_NEVER;
	list_init(&sa->children);
	list_init(&sa->half);
	list_init(&sa->reap);
	heap_node_init(&sa->timer);
	list_append(&ike->sas, &sa->node);
	ike->sa_count++;
	/* Without memory the maps still work crowded; only their very first table can fail. */
	if (!map_insert(&ike->by_spi, &sa->by_spi, &sa->spi_own)) {
		list_remove(&sa->node);
		ike->sa_count--;
		free(sa->init);
		free(sa);
		return NULL;
	}
	if (!map_insert(&ike->by_id, &sa->by_id, &sa->id)) {
		map_remove(&ike->by_spi, &sa->by_spi);
		list_remove(&sa->node);
		ike->sa_count--;
		free(sa->init);
		free(sa);
		return NULL;
	}
	sa_enter(sa, initiator ? SA_KEYGEN : SA_ACCEPTING);
	return sa;
}

/*
 * Not yet authenticated, or refused: what strangers can make us keep, and what limits are for.
 */
bool sa_is_half_open(const struct ike_sa *sa)
{
	return sa->state == SA_ACCEPTING || sa->state == SA_INIT_ANSWERED ||
	       (sa->state == SA_LINGERING && !sa->initiator && !sa->established_id);
}

void sa_enter(struct ike_sa *sa, enum sa_state state)
{
	struct ike *ike = sa->ike;

	ike->lingering -= sa->state == SA_LINGERING;
	sa->state = (uint8_t)state; /* the only assignment */
	if (sa_is_half_open(sa) == list_empty(&sa->half)) {
		if (sa_is_half_open(sa)) {
			list_append(&ike->half, &sa->half);
			ike->half_open++;
		} else {
			list_remove(&sa->half);
			ike->half_open--;
		}
	}
	if (state == SA_DEAD)
		list_append(&ike->dead, &sa->reap);
	ike->lingering += state == SA_LINGERING;
	sa_schedule(sa);
}

void sa_schedule(struct ike_sa *sa)
{
	tick_t due = tick_min(sa->t_retransmit, sa->t_expire);

	due = tick_min(due, tick_min(sa->t_dpd, sa->t_keepalive));
	due = tick_min(due, tick_min(sa->t_replace, sa->t_hard));
	heap_set(&sa->ike->timers, &sa->timer, sa->state == SA_DEAD ? TICK_NEVER : due);
}

struct ike_sa *sa_by_id(struct ike *ike, uint64_t id)
{
	struct map_node *node = map_find(&ike->by_id, &id);

	return node ? CONTAINER_OF(node, struct ike_sa, by_id) : NULL;
}

void ike_reap(struct ike *ike)
{
	for (struct list *it; (it = list_first(&ike->dead));)
		sa_free(CONTAINER_OF(it, struct ike_sa, reap));
}

/* What all endings share: timers off, children gone, everybody told. */
static void finish(struct ike_sa *sa, enum ike_cause cause, const char *detail)
{
	sa->t_retransmit = sa->t_expire = sa->t_dpd = TICK_NEVER;
	sa->t_keepalive = sa->t_replace = sa->t_hard = TICK_NEVER;
	LIST_EACH_SAFE(it, &sa->children)
		child_remove(CONTAINER_OF(it, struct child, node), cause);
	blob_clear(&sa->req.bytes);
	if (sa->up_told) {
		sa->up_told = false;
		sa->ike->stats.down++;
		action_sa(sa, IKE_ACT_DOWN, cause);
		sa_note(sa, NOTE_INFO, "IKE SA down: %s", detail ? detail : ike_cause_text(cause));
	} else if (detail && cause != IKE_CAUSE_COLLISION) {
		sa_note(sa, sa->initiator ? NOTE_WARN : NOTE_PEER, "not established: %s", detail);
	}
	wants_fail(sa, cause, detail ? detail : ike_cause_text(cause));
}

void sa_down(struct ike_sa *sa, enum ike_cause cause, const char *detail)
{
	if (sa->state == SA_DEAD)
		return;
	if (sa->state != SA_LINGERING)
		finish(sa, cause, detail);
	sa_enter(sa, SA_DEAD);
}

void sa_linger(struct ike_sa *sa, enum ike_cause cause, const char *detail)
{
	finish(sa, cause, detail);
	init_state_free(sa->init);
	sa->init = NULL;
	sa->t_expire = tick_add(sa->ike->now, LINGER_US);
	sa_enter(sa, SA_LINGERING);
}

void sa_delete(struct ike_sa *sa, enum ike_cause cause)
{
	if (sa->state == SA_DELETING || sa->state == SA_LINGERING || sa->state == SA_DEAD)
		return;
	if (sa->state != SA_ESTABLISHED) {
		sa_down(sa, cause, NULL);
		return;
	}
	sa->down_cause = cause;
	LIST_EACH_SAFE(it, &sa->children) {
		/*
		 * Another SA has taken its place, but the peer may not know yet and still send on
		 * this one: then its pairs stay until the Delete is answered.
		 */
		if (cause != IKE_CAUSE_REPLACED && cause != IKE_CAUSE_COLLISION)
			child_remove(CONTAINER_OF(it, struct child, node), cause);
	}
	sa->t_dpd = sa->t_replace = sa->t_hard = sa->t_keepalive = sa->t_expire = TICK_NEVER;
	sa->delete_wanted = true;
	if (!sa->req.bytes.p)
		info_delete_sa(sa);
}

/* When to look for life next; never, if a reload has switched that off. */
static tick_t dpd_at(const struct ike_sa *sa)
{
	tick_t dpd_us = sa->conn->c.dpd_us;

	return dpd_us ? tick_add(sa->ike->now, dpd_us) : TICK_NEVER;
}

void sa_established(struct ike_sa *sa)
{
	struct ike *ike = sa->ike;
	const struct ike_conn *c = &sa->conn->c;
	char suite[IKE_SUITE_TEXT_MAX], id[IKE_ID_TEXT_MAX];

	sa->t_expire = TICK_NEVER;
	sa->established = sa->last_in = ike->now;
	sa->t_dpd = dpd_at(sa);
	if (sa->nat_local)
		sa->t_keepalive = tick_add(ike->now, ike->timing.keepalive_us);
	if (c->lifetime_us) {
		uint64_t spread = (uint64_t)c->lifetime_us / 10 + 1;

		/* Earlier by up to a tenth: peers that came together do not go together. */
		sa->t_replace =
			tick_add(ike->now, c->lifetime_us - (tick_t)rng_below(&ike->rng, spread));
		sa->t_hard = tick_add(ike->now, c->lifetime_us + (tick_t)spread);
	}
	sa->established_id = ++ike->next_id;
	sa_enter(sa, SA_ESTABLISHED);
	sa->up_told = true;
	ike->stats.up++;
	action_sa(sa, IKE_ACT_UP, IKE_CAUSE_NONE);
	sa_note(sa, NOTE_INFO, "IKE SA established as %s with %s, %s%s",
		sa->initiator ? "initiator" : "responder", ike_id_text(sa->remote_id, id),
		ike_suite_text(&sa->suite, suite), sa->natt ? ", NAT" : "");
}

void sa_move(struct ike_sa *sa, const struct endpoint *remote)
{
	struct addr old = sa->path.remote.addr;
	char from[ENDPOINT_TEXT_MAX], to[ENDPOINT_TEXT_MAX];

	if (endpoint_eq(&sa->path.remote, remote))
		return;
	sa_note(sa, NOTE_INFO, "peer's NAT mapping changed from %s to %s",
		endpoint_text(&sa->path.remote, from), endpoint_text(remote, to));
	sa->path.remote = *remote;
	/*
	 * New ports change in the kernel's SA as it stands; a new address has it installed again
	 * under the same key, which should not happen often (doc/KERNEL.md): replace it soon.
	 */
	if (!addr_eq(&old, &remote->addr) && sa->child_count)
		sa->t_replace = tick_min(sa->t_replace, tick_add(sa->ike->now, MOVED_REPLACE_US));
	LIST_EACH(it, &sa->children)
		child_moved(CONTAINER_OF(it, struct child, node), &old);
}

/*
 * 2.23: a peer behind a NAT is followed to where its authenticated packets come from; one that is
 * not has no business moving.  2.4: any such packet proves life.
 */
void sa_heard(struct ike_sa *sa, const struct ike_path *path, bool request)
{
	sa->last_in = sa->ike->now;
	sa->dpd_asked = false;
	if (sa->t_dpd != TICK_NEVER && sa->conn)
		sa->t_dpd = dpd_at(sa);
	if (request && sa->state == SA_ESTABLISHED && sa->natt && sa->nat_remote)
		sa_move(sa, &path->remote);
	sa_schedule(sa);
}

/* Nothing was heard for a while.  ESP packets prove life, too: ask for their number first. */
static void dpd_due(struct ike_sa *sa)
{
	struct ike *ike = sa->ike;

	if (!sa->dpd_asked && sa->child_count) {
		sa->dpd_asked = true;
		sa->dpd_left = 0;
		sa->t_dpd = tick_add(ike->now, DPD_ANSWER_US);
		LIST_EACH(it, &sa->children) {
			action_child(CONTAINER_OF(it, struct child, node), IKE_ACT_COUNT,
				     IKE_CAUSE_NONE);
			sa->dpd_left++;
		}
		return;
	}
	sa->dpd_asked = false;
	sa->t_dpd = dpd_at(sa);
	info_probe(sa);
}

static void expire_due(struct ike_sa *sa)
{
	char remote[ENDPOINT_TEXT_MAX];
	struct note note;

	sa->t_expire = TICK_NEVER;
	switch ((enum sa_state)sa->state) {
	case SA_INIT_SENT:
		note_write(&note, NOTE_INFO, "%s: %s", endpoint_text(&sa->path.remote, remote),
			   ike_cause_text(sa->init->hint));
		sa_down(sa, sa->init->hint, note.text);
		break;
	case SA_ACCEPTING:
	case SA_INIT_ANSWERED:
		sa->ike->stats.half_open_expired++;
		sa_down(sa, IKE_CAUSE_NO_ANSWER, "the peer did not go on after IKE_SA_INIT");
		break;
	case SA_LINGERING:
		sa_enter(sa, SA_DEAD);
		break;
	case SA_ESTABLISHED:
		sa_delete(sa, IKE_CAUSE_REPLACED);
		break;
	case SA_AUTH_SENT: /* by now the peer has forgotten its half of it */
		note_write(&note, NOTE_INFO, "no answer from %s to %u IKE_AUTH requests",
			   endpoint_text(&sa->path.remote, remote), sa->req.sends);
		sa_down(sa, IKE_CAUSE_NO_ANSWER, note.text);
		break;
	case SA_KEYGEN:
	case SA_SHARED:
	case SA_DELETING:
	case SA_DEAD:
	case SA_STATE_COUNT:
		break;
	}
}

void sa_timeout(struct ike_sa *sa)
{
	static const uint8_t keepalive = 0xff; /* RFC 3948 2.3 */
	tick_t now = sa->ike->now;

	if (sa->t_retransmit <= now)
		request_retransmit(sa);
	if (sa->t_expire <= now)
		expire_due(sa);
	if (sa->t_hard <= now) {
		sa->t_hard = TICK_NEVER;
		sa_delete(sa, IKE_CAUSE_EXPIRED);
	}
	if (sa->t_replace <= now) {
		sa->t_replace = tick_add(now, REPLACE_RETRY_US);
		want_replace(sa);
	}
	if (sa->t_dpd <= now)
		dpd_due(sa);
	if (sa->t_keepalive <= now) {
		sa->t_keepalive = tick_add(now, sa->ike->timing.keepalive_us);
		sa->ike->stats.keepalives++;
		action_send(sa->ike, &sa->path, cur_of(&keepalive, 1));
	}
	sa_schedule(sa);
}
