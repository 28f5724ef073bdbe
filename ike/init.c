/*
 * ike/init.c - IKE_SA_INIT as initiator.  RFC 7296 1.2, 2.6, 2.7, 2.23.
 *
 *	HDR, [N(COOKIE)], SAi1, KEi, Ni, N(NATD)...  -->
 *						     <--  HDR, N(COOKIE)
 *						     <--  HDR, N(INVALID_KE_PAYLOAD)
 *						     <--  HDR, SAr1, KEr, Nr, N(NATD)...
 *
 * Everything that comes back here is unauthenticated.  What leads on (cookie, group) is followed, a
 * bounded number of times; an error is only remembered, while we go on trying (2.21.1); what is
 * malformed is as if it had not come.
 */
#include "ike/engine.h"

#include <assert.h>
#include <stdlib.h>

#define OUR_NONCE_LEN 32 /* 2.10: at least half the PRF's key, and 16 */

bool conn_covers(const struct conn *conn, const struct ike_path *path)
{
	return (conn->c.local.family == ADDR_NONE || addr_eq(&conn->c.local, &path->local.addr)) &&
	       prefix_contains(&conn->c.remote, &path->remote.addr);
}

/* ---- NAT detection, RFC 7296 2.23 ---- */

static bool natd_hash(uint64_t spi_i, uint64_t spi_r, const struct endpoint *ep,
		      uint8_t out[static 20])
{
	uint8_t bytes[8 + 8 + 16 + 2];
	struct buf buf = buf_of(bytes, sizeof(bytes));
	struct cur part;

	buf_u64(&buf, spi_i);
	buf_u64(&buf, spi_r);
	buf_put(&buf, ep->addr.b, addr_len(&ep->addr));
	buf_u16(&buf, ep->port);
	part = buf_cur(&buf);
	return ike_sha1(&part, 1, out) == IKE_OK;
}

void natd_write(struct ike_sa *sa, struct ike_writer *w)
{
	uint8_t hash[20];
	struct cur none = cur_of(NULL, 0);

	/* Forced encapsulation: a hash that cannot match makes the peer see a NAT before us. */
	if (sa->conn && sa->conn->c.force_encap)
		rng_fill(&sa->ike->rng, hash, sizeof(hash));
	else if (!natd_hash(sa->spi_i, sa->spi_r, &sa->path.local, hash))
		return;
	ike_w_notify(w, IKE_PROTO_NONE, IKE_N_NAT_DETECTION_SOURCE_IP, none,
		     cur_of(hash, sizeof(hash)));
	if (!natd_hash(sa->spi_i, sa->spi_r, &sa->path.remote, hash))
		return;
	ike_w_notify(w, IKE_PROTO_NONE, IKE_N_NAT_DETECTION_DESTINATION_IP, none,
		     cur_of(hash, sizeof(hash)));
}

/* Did the peer send this kind, and is one of them what we see? */
static bool natd_match(const struct ike_msg *msg, uint16_t type, const uint8_t hash[static 20],
		       bool *sent)
{
	bool match = false;

	for (size_t i = 0; i < msg->notify_count; i++) {
		if (msg->notify[i].type != type)
			continue;
		*sent = true;
		match |= cur_eq(msg->notify[i].data, cur_of(hash, 20));
	}
	return match;
}

void natd_read(struct ike_sa *sa, const struct ike_path *path, const struct ike_hdr *hdr,
	       const struct ike_msg *msg)
{
	uint8_t source[20], destination[20];
	bool source_sent = false, destination_sent = false;

	if (!natd_hash(hdr->spi_i, hdr->spi_r, &path->remote, source) ||
	    !natd_hash(hdr->spi_i, hdr->spi_r, &path->local, destination))
		return;

	bool source_same = natd_match(msg, IKE_N_NAT_DETECTION_SOURCE_IP, source, &source_sent);
	bool destination_same =
		natd_match(msg, IKE_N_NAT_DETECTION_DESTINATION_IP, destination, &destination_sent);

	/* Without both kinds the peer knows nothing of NAT traversal. */
	if (!source_sent || !destination_sent)
		return;
	sa->nat_remote = !source_same;
	sa->nat_local = !destination_same || (sa->conn && sa->conn->c.force_encap);
	sa->natt = sa->nat_local || sa->nat_remote;
}

/* ---- the request ---- */

void nonces_compare(struct ike_sa *sa)
{
	struct cur ni = init_nonce(sa->init, 0), nr = init_nonce(sa->init, 1);
	bool i_lower = memcmp(ni.p, nr.p, IKE_NONCE_MIN) < 0;

	memcpy(sa->lowest_nonce, i_lower ? ni.p : nr.p, sizeof(sa->lowest_nonce));
}

static void send_init(struct ike_sa *sa)
{
	struct ike *ike = sa->ike;
	struct init_state *init = sa->init;
	struct buf msg = buf_of(ike->wire, sizeof(ike->wire));
	struct ike_writer w;
	struct ike_hdr hdr = {
		.spi_i = sa->spi_i,
		.major = IKE_VERSION_MAJOR,
		.exchange = IKE_X_SA_INIT,
		.flags = IKE_FLAG_INIT,
	};
	uint8_t public[IKE_KE_PUBLIC_MAX];
	struct cur none = cur_of(NULL, 0);

	if (ike_ke_public(init->ke, public)) {
		sa_down(sa, IKE_CAUSE_LIMIT, "cannot make a key pair");
		return;
	}
	ike_hdr_write(&msg, &hdr);
	ike_w_init(&w, &msg);
	if (init->cookie.p) /* 2.6: first, and everything else unchanged */
		ike_w_notify(&w, IKE_PROTO_NONE, IKE_N_COOKIE, none, blob_cur(&init->cookie));
	ike_w_sa(&w, &sa->conn->c.ike);
	ike_w_ke(&w, init->group, cur_of(public, ike_ke_public_len(init->group)));
	ike_w_nonce(&w, init_nonce(init, 0));
	natd_write(sa, &w);
	ike_w_finish_plain(&w);
	ike_hdr_close(&msg);
	if (msg.bad || !blob_set(&init->message[0], buf_cur(&msg)) ||
	    !request_keep(sa, IKE_X_SA_INIT, buf_cur(&msg))) {
		sa_down(sa, IKE_CAUSE_LIMIT, "cannot build IKE_SA_INIT");
		return;
	}
	sa_enter(sa, SA_INIT_SENT);
}

static void make_key_pair(struct ike_sa *sa, uint16_t group)
{
	struct init_state *init = sa->init;

	ike_ke_free(init->ke);
	init->ke = NULL;
	init->group = group;
	init->groups_tried[init->groups_tried_count++] = group;
	blob_clear(&sa->req.bytes);
	sa->t_retransmit = TICK_NEVER;
	sa_enter(sa, SA_KEYGEN);
	if (!job_start(sa, JOB_KEYGEN, group, NULL, cur_of(NULL, 0)))
		sa_down(sa, IKE_CAUSE_LIMIT, "too many key exchanges at once");
}

struct ike_sa *init_start(struct ike *ike, struct conn *conn, const struct ike_path *path,
			  uint32_t reqid, uint32_t seq)
{
	struct ike_sa *sa = sa_new(ike, true, path);
	uint8_t nonce[OUR_NONCE_LEN];

	if (!sa)
		return NULL;
	sa->conn = conn_ref(conn);
	rng_fill(&ike->rng, nonce, sizeof(nonce));
	init_nonce_set(sa->init, 0, cur_of(nonce, sizeof(nonce)));
	sa->init->child_reqid = reqid;
	sa->init->child_seq = seq;
	make_key_pair(sa, ike_proposals_first_group(&conn->c.ike));
	return sa;
}

/* ---- the answers ---- */

static enum ike_err take_cookie(struct ike_sa *sa, struct cur cookie)
{
	struct init_state *init = sa->init;

	if (cookie.left < 1 || cookie.left > IKE_COOKIE_MAX)
		return IKE_E_SYNTAX;
	if (init->rounds == INIT_RETRIES_MAX)
		return IKE_E_UNEXPECTED;
	if (!blob_set(&init->cookie, cookie))
		return IKE_E_MEMORY;
	init->rounds++;
	send_init(sa);
	return IKE_OK;
}

/* 2.7, 2.6.1: another group, if it is one that we proposed and have not tried; the cookie stays. */
static enum ike_err take_group(struct ike_sa *sa, struct cur data)
{
	struct init_state *init = sa->init;
	uint16_t group = cur_u16(&data);

	if (data.bad || data.left)
		return IKE_E_SYNTAX;
	if (!ike_proposals_has_group(&sa->conn->c.ike, group) || init->rounds == INIT_RETRIES_MAX)
		return IKE_E_UNEXPECTED;
	for (size_t i = 0; i < init->groups_tried_count; i++) {
		if (init->groups_tried[i] == group)
			return IKE_E_UNEXPECTED;
	}
	init->rounds++;
	make_key_pair(sa, group);
	return IKE_OK;
}

static enum ike_err take_error(struct ike_sa *sa, const struct ike_notify *error)
{
	if (sa->init->hint != IKE_CAUSE_NONE)
		return IKE_OK;
	sa->init->hint = error->type == IKE_N_NO_PROPOSAL_CHOSEN ? IKE_CAUSE_NO_PROPOSAL
								 : IKE_CAUSE_PROTOCOL;
	sa->down_cause = sa->init->hint;
	sa_note(sa, NOTE_INFO, "peer answers %s to IKE_SA_INIT; trying on for a moment",
		ike_notify_name(error->type));
	sa->t_expire = tick_add(sa->ike->now, INIT_ERROR_GRACE_US);
	sa_schedule(sa);
	return IKE_OK;
}

/* Everything that must be true of an answer before a single bit of it is believed. */
static enum ike_err check_answer(struct ike_sa *sa, const struct ike_hdr *hdr,
				 const struct ike_msg *msg, struct ike_suite *suite, struct cur *ke)
{
	struct init_state *init = sa->init;
	struct ike_proposals answer;
	uint8_t public[IKE_KE_PUBLIC_MAX];
	uint16_t group;
	enum ike_err err;

	if (!hdr->spi_r)
		return IKE_E_FLAGS;
	if (!msg->sa.p || !msg->ke.p || !msg->nonce.p)
		return IKE_E_MISSING;
	if ((err = ike_sa_parse(msg->sa, &answer)) ||
	    (err = ike_suite_confirm(&sa->conn->c.ike, &answer, suite)) ||
	    (err = ike_ke_parse(msg->ke, &group, ke)) || (err = ike_nonce_check(msg->nonce)))
		return err;
	if (group != init->group || suite->ke != group)
		return IKE_E_KE_GROUP;
	if (ke->left != ike_ke_public_len(group))
		return IKE_E_PUBLIC_VALUE;
	if ((err = ike_ke_public(init->ke, public)))
		return err;
	if (cur_eq(*ke, cur_of(public, ke->left)) || cur_eq(msg->nonce, init_nonce(init, 0)) ||
	    hdr->spi_r == sa->spi_i)
		return IKE_E_REFLECTED;
	return IKE_OK;
}

enum ike_err init_answered(struct ike_sa *sa, const struct ike_path *path,
			   const struct ike_hdr *hdr, const struct ike_msg *msg,
			   struct cur datagram)
{
	struct init_state *init = sa->init;
	const struct ike_notify *n;
	struct ike_suite suite;
	struct cur ke;

	if (!addr_eq(&path->remote.addr, &sa->path.remote.addr))
		return IKE_E_PATH;
	if ((n = ike_msg_notify(msg, IKE_N_COOKIE)) && !msg->sa.p)
		return take_cookie(sa, n->data);
	if ((n = ike_msg_notify(msg, IKE_N_INVALID_KE_PAYLOAD)))
		return take_group(sa, n->data);
	if ((n = ike_msg_error(msg)))
		return take_error(sa, n);

	enum ike_err err = check_answer(sa, hdr, msg, &suite, &ke);

	if (err)
		return err;
	if (!blob_set(&init->message[1], datagram))
		return IKE_E_MEMORY;
	sa->suite = suite;
	sa->spi_r = hdr->spi_r;
	init_nonce_set(init, 1, msg->nonce);
	natd_read(sa, path, hdr, msg);
	if (sa->natt && sa->path.local.port == IKE_PORT) {
		sa->path.local.port = IKE_NATT_PORT; /* 2.23: from here on, both */
		sa->path.remote.port = IKE_NATT_PORT;
	}
	init->hint = sa->down_cause = IKE_CAUSE_NONE;
	sa->t_expire = TICK_NEVER;
	request_done(sa);

	struct ike_ke *pair = init->ke;

	init->ke = NULL;
	sa_enter(sa, SA_SHARED);
	if (!job_start(sa, JOB_SHARED, init->group, pair, ke))
		sa_down(sa, IKE_CAUSE_LIMIT, "too many key exchanges at once");
	return IKE_OK;
}

void init_keys_ready(struct ike_sa *sa, struct ike_job *job)
{
	struct init_state *init = sa->init;

	if (job->kind == JOB_KEYGEN && sa->state == SA_KEYGEN && job->group == init->group) {
		init->ke = job->ke;
		job->ke = NULL;
		if (job->err)
			sa_down(sa, IKE_CAUSE_LIMIT, "cannot make a key pair");
		else
			send_init(sa);
		return;
	}
	if (job->kind != JOB_SHARED || sa->state != SA_SHARED)
		return;
	if (job->err) {
		sa->ike->stats.errors[job->err]++;
		sa_down(sa, IKE_CAUSE_PROTOCOL, ike_err_text(job->err));
		return;
	}
	if (ike_keys_derive(&sa->suite, cur_of(job->shared, job->shared_len), init_nonce(init, 0),
			    init_nonce(init, 1), sa->spi_i, sa->spi_r, &sa->keys)) {
		sa_down(sa, IKE_CAUSE_LIMIT, "cannot derive keys");
		return;
	}
	nonces_compare(sa);
	auth_start(sa);
}
