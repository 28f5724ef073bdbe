/*
 * ike/info.c - INFORMATIONAL: deletes, liveness checks, errors after the fact; and CREATE_CHILD_SA,
 * which is refused as RFC 7296 1.3 allows.  RFC 7296 1.4, 2.4, 2.21.
 *
 * A Delete for an IKE SA takes its Child SAs along; a Delete for ESP names the SPIs that its sender
 * receives on, so the pair is found by our outbound SPI and the answer names our inbound ones.
 */
#include "ike/engine.h"

/* ---- ours ---- */

void info_probe(struct ike_sa *sa)
{
	struct ike_writer w;
	struct buf plain;

	if (sa->state != SA_ESTABLISHED)
		return;
	if (sa->req.bytes.p) /* the outstanding request is a probe as good as any */
		return;
	plain_begin(sa->ike, &plain, &w);
	sa->probing = true;
	request_send(sa, IKE_X_INFORMATIONAL, &plain, w.first);
}

void info_delete_sa(struct ike_sa *sa)
{
	struct ike_writer w;
	struct buf plain;
	struct cur none = cur_of(NULL, 0);

	sa->delete_wanted = false;
	plain_begin(sa->ike, &plain, &w);
	if (sa->last_words)
		ike_w_notify(&w, IKE_PROTO_NONE, sa->last_words, none, none);
	else
		ike_w_delete(&w, IKE_PROTO_IKE, none);
	sa->probing = true; /* nobody waits long for the answer to a farewell */
	if (!request_send(sa, IKE_X_INFORMATIONAL, &plain, w.first)) {
		sa_down(sa, sa->down_cause, NULL);
		return;
	}
	sa_enter(sa, SA_DELETING);
}

/* Tell the peer that the pair goes, then let it go: what is in flight to us is lost either way. */
void info_delete_child(struct child *child)
{
	struct ike_sa *sa = child->sa;
	struct ike_writer w;
	struct buf plain;
	uint8_t spi[4];
	struct buf buf = buf_of(spi, sizeof(spi));

	if (sa->req.bytes.p) {
		child->deleting = true; /* info_next comes back to it */
		return;
	}
	buf_u32(&buf, child->c.in.spi);
	plain_begin(sa->ike, &plain, &w);
	ike_w_delete(&w, IKE_PROTO_ESP, cur_of(spi, sizeof(spi)));
	request_send(sa, IKE_X_INFORMATIONAL, &plain, w.first);
	child_remove(child, IKE_CAUSE_TERMINATED);
}

void info_next(struct ike_sa *sa)
{
	if (sa->state != SA_ESTABLISHED || sa->req.bytes.p)
		return;
	if (sa->delete_wanted) {
		info_delete_sa(sa);
		return;
	}
	LIST_EACH(it, &sa->children) {
		struct child *child = CONTAINER_OF(it, struct child, node);

		if (child->deleting) {
			info_delete_child(child);
			return;
		}
	}
}

enum ike_err info_answered(struct ike_sa *sa, const struct ike_path *path,
			   const struct ike_msg *msg)
{
	/* The answer to a Delete may hold Deletes: the pairs are gone already. */
	request_done(sa);
	sa_heard(sa, path, false);
	if (sa->state == SA_DELETING)
		sa_down(sa, sa->down_cause, NULL);
	else if (ike_msg_notify(msg, IKE_N_INVALID_SYNTAX)) /* 2.21.3: fatal at both ends */
		sa_down(sa, IKE_CAUSE_PROTOCOL, "the peer cannot read what we send");
	else
		info_next(sa);
	return IKE_OK;
}

/* ---- the peer's ---- */

/* Remove the pairs that the peer deletes, writing our SPIs of them for the answer. */
static void delete_children(struct ike_sa *sa, const struct ike_delete *del, struct buf *ours)
{
	struct cur spis = del->spis;

	while (spis.left >= 4) {
		uint32_t spi = cur_u32(&spis);

		LIST_EACH_SAFE(it, &sa->children) {
			struct child *child = CONTAINER_OF(it, struct child, node);

			if (child->c.out.spi != spi)
				continue;
			/* 1.4.1: a pair that our own Delete names already is not named again. */
			if (!child->deleting)
				buf_u32(ours, child->c.in.spi);
			child_remove(child, IKE_CAUSE_PEER_DELETED);
		}
	}
}

/* Does the peer say that it never accepted us (2.21.2)?  Only Notifies of that kind count. */
static bool rejects_us(const struct ike_msg *msg)
{
	return ike_msg_notify(msg, IKE_N_AUTHENTICATION_FAILED) ||
	       ike_msg_notify(msg, IKE_N_INVALID_SYNTAX);
}

enum ike_err info_request(struct ike_sa *sa, const struct ike_path *path, const struct ike_hdr *hdr,
			  const struct ike_msg *msg)
{
	struct ike_writer w;
	struct buf plain;
	uint8_t memory[4 * IKE_CHILDREN_MAX];
	struct buf ours = buf_of(memory, sizeof(memory));
	bool whole = false;

	sa_heard(sa, path, true);
	for (size_t i = 0; i < msg->delete_count; i++)
		whole |= msg->del[i].protocol == IKE_PROTO_IKE;
	for (size_t i = 0; i < msg->delete_count && !whole; i++) {
		if (msg->del[i].protocol == IKE_PROTO_ESP)
			delete_children(sa, &msg->del[i], &ours);
	}
	plain_begin(sa->ike, &plain, &w);
	if (ours.len) /* the answer to a Delete for the IKE SA is empty */
		ike_w_delete(&w, IKE_PROTO_ESP, buf_cur(&ours));
	if (!answer_send(sa, path, hdr->exchange, hdr->mid, &plain, w.first))
		return IKE_E_CRYPTO;
	if (whole && sa->state == SA_DELETING) /* 2.25: both at once, and both get their way */
		sa_linger(sa, sa->down_cause, NULL);
	else if (whole)
		sa_linger(sa, IKE_CAUSE_PEER_DELETED, "the peer deleted it");
	else if (rejects_us(msg))
		sa_linger(sa, IKE_CAUSE_AUTH_REFUSED, "the peer rejected our authentication");
	return IKE_OK;
}

enum ike_err create_child_request(struct ike_sa *sa, const struct ike_path *path,
				  const struct ike_hdr *hdr, const struct ike_msg *msg)
{
	(void)msg;
	sa_heard(sa, path, true);
	if (!answer_notify(sa, path, hdr->exchange, hdr->mid, IKE_N_NO_ADDITIONAL_SAS,
			   cur_of(NULL, 0)))
		return IKE_E_CRYPTO;
	return IKE_OK;
}
