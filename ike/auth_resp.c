/*
 * ike/auth_resp.c - IKE_AUTH as responder.  RFC 7296 1.2, 2.15, 2.21.2, 2.23.1.
 *
 * Who the peer is decides which connection it is held to: the one whose remote-id is its identity,
 * else one that takes any.  The connection that IKE_SA_INIT guessed by address does not matter any
 * more, but the algorithms agreed on then must be allowed by the one chosen now.
 *
 * A refused authentication is answered once (AUTHENTICATION_FAILED, whatever the reason, so that
 * identities cannot be probed), and that answer lingers for retransmissions.  A refused Child SA
 * leaves the IKE SA up; its initiator decides what becomes of it.
 */
#include "ike/engine.h"

#include <stdlib.h>

/* What the peer wants for its Child SA, and what becomes of it. */
struct child_offer {
	uint16_t refuse; /* Notify type, or 0 */
	enum ike_err err;
	struct ike_suite suite;
	uint8_t num;
	uint32_t spi_in, spi_out, reqid;
};

static bool id_take(struct cur body, struct ike_id *out)
{
	struct cur data;

	memset(out, 0, sizeof(*out));
	if (ike_id_parse(body, &out->type, &data) || data.left > IKE_ID_MAX)
		return false;
	out->len = (uint16_t)data.left;
	memcpy(out->data, data.p, data.left);
	return true;
}

/*
 * The connection for these identities.  `idr` is NULL if the peer did not say whom it wants.
 */
static struct conn *choose_conn(const struct ike_sa *sa, const struct ike_path *path,
				const struct ike_id *idi, const struct ike_id *idr)
{
	struct ike *ike = sa->ike;
	struct conn *best = NULL;
	unsigned best_score = 0;

	for (size_t i = 0; i < ike->conn_count; i++) {
		struct conn *conn = ike->conns[i];
		bool named = conn->c.remote_id.type != IKE_ID_NONE;
		struct ike_id local;

		auth_local_id(sa, conn, &local);
		if (!conn_covers(conn, path) || !ike_suite_allowed(&conn->c.ike, &sa->suite) ||
		    (named && !ike_id_eq(&conn->c.remote_id, idi)) ||
		    (idr && !ike_id_eq(&local, idr)))
			continue;

		/* A named identity beats any address; then the longer prefix; then the order. */
		unsigned score = (named ? 1000u : 0u) + conn->c.remote.bits + 1u;

		if (score > best_score) {
			best = conn;
			best_score = score;
		}
	}
	return best;
}

static enum ike_err verify(struct ike_sa *sa, const struct conn *conn, const struct ike_msg *msg)
{
	uint8_t method, want[IKE_PRF_LEN_MAX];
	size_t len = ike_prf_len(sa->suite.prf);
	struct cur auth;
	enum ike_err err;

	if ((err = ike_auth_parse(msg->auth, &method, &auth)))
		return err;
	if (method != IKE_AUTH_PSK)
		return IKE_E_AUTH_METHOD;
	if ((err = auth_psk(sa, conn, 0, msg->idi, want)))
		return err;
	return auth.left == len && secret_eq(auth.p, want, len) ? IKE_OK : IKE_E_AUTH;
}

static enum ike_err identify(struct ike_sa *sa, const struct ike_path *path,
			     const struct ike_msg *msg, struct ike_id *idi)
{
	struct ike_id idr;
	char i[IKE_ID_TEXT_MAX], r[IKE_ID_TEXT_MAX];
	enum ike_err err;

	if (!msg->idi.p || !msg->auth.p) /* no AUTH would mean EAP, which nobody configured */
		return IKE_E_MISSING;
	if (!id_take(msg->idi, idi) || (msg->idr.p && !id_take(msg->idr, &idr)))
		return IKE_E_SYNTAX;

	struct conn *conn = choose_conn(sa, path, idi, msg->idr.p ? &idr : NULL);

	if (!conn) {
		sa_note(sa, NOTE_PEER, "no peer is configured that calls itself %.70s and us %.70s",
			ike_id_text(idi, i), msg->idr.p ? ike_id_text(&idr, r) : "anything");
		return IKE_E_ID;
	}
	if ((err = verify(sa, conn, msg))) {
		sa_note(sa, NOTE_PEER, "authentication of %.80s failed: %s", ike_id_text(idi, i),
			err == IKE_E_AUTH ? "wrong secret" : ike_err_text(err));
		return err;
	}
	conn_ref(conn);
	conn_unref(sa->conn);
	sa->conn = conn;
	return IKE_OK;
}

static void judge_child(struct ike_sa *sa, const struct ike_msg *msg, struct child_offer *offer)
{
	const struct ike_flow *flow =
		flow_find(sa->ike, &sa->path.local.addr, &sa->path.remote.addr, 0);
	struct ike_proposals offered;
	struct ike_ts_list tsi, tsr;
	uint8_t spi[8] = { 0 };

	*offer = (struct child_offer){ .refuse = IKE_N_NO_PROPOSAL_CHOSEN };
	if (!msg->sa.p || !msg->tsi.p || !msg->tsr.p) {
		offer->err = IKE_E_MISSING;
		offer->refuse = 0;
		return;
	}
	if ((offer->err = ike_sa_parse(msg->sa, &offered)) ||
	    (offer->err = ike_suite_choose(&sa->conn->c.esp, &offered, 0, &offer->suite,
					   &offer->num, spi)))
		return;
	if (!ike_msg_notify(msg, IKE_N_USE_TRANSPORT_MODE)) {
		offer->err = IKE_E_MODE;
		return;
	}
	offer->refuse = IKE_N_TS_UNACCEPTABLE;
	if ((offer->err = ike_ts_parse(msg->tsi, &tsi)) ||
	    (offer->err = ike_ts_parse(msg->tsr, &tsr)))
		return;
	if (!flow || !child_ts_covers(&tsi, &sa->path.remote.addr, sa->nat_remote) ||
	    !child_ts_covers(&tsr, &sa->path.local.addr, sa->nat_local)) {
		offer->err = IKE_E_TS;
		return;
	}

	struct cur in = cur_of(spi, 4);

	offer->spi_out = cur_u32(&in);
	offer->spi_in = child_spi_new(sa->ike);
	offer->reqid = flow->reqid;
	offer->err = offer->spi_out ? IKE_OK : IKE_E_SYNTAX;
	offer->refuse = offer->err ? IKE_N_NO_PROPOSAL_CHOSEN : 0;
}

static void write_child(struct ike_sa *sa, const struct child_offer *offer, struct ike_writer *w)
{
	struct ike_proposals chosen = { .count = 1 };
	struct ike_ts_list ts;
	struct cur none = cur_of(NULL, 0);
	uint8_t spi[4];
	struct buf buf = buf_of(spi, sizeof(spi));

	if (offer->refuse) {
		ike_w_notify(w, IKE_PROTO_NONE, offer->refuse, none, none);
		return;
	}
	if (offer->err) /* none was asked for */
		return;
	buf_u32(&buf, offer->spi_in);
	ike_suite_proposal(&offer->suite, offer->num, spi, 4, &chosen.item[0]);
	ike_w_notify(w, IKE_PROTO_NONE, IKE_N_USE_TRANSPORT_MODE, none, none);
	ike_w_notify(w, IKE_PROTO_NONE, IKE_N_ESP_TFC_PADDING_NOT_SUPPORTED, none, none);
	ike_w_sa(w, &chosen);
	/* 2.23.1: the substituted addresses go back. */
	child_ts(&sa->path.remote.addr, &ts);
	ike_w_ts(w, IKE_PL_TSI, &ts);
	child_ts(&sa->path.local.addr, &ts);
	ike_w_ts(w, IKE_PL_TSR, &ts);
}

static bool send_answer(struct ike_sa *sa, uint32_t mid, const struct child_offer *offer)
{
	uint8_t auth[IKE_PRF_LEN_MAX], memory[IKE_ID_MAX + 4];
	const struct ike_id *id = sa->local_id;
	struct ike_writer w;
	struct buf plain;

	if (auth_psk(sa, sa->conn, 1, auth_id_body(id, memory), auth))
		return false;
	plain_begin(sa->ike, &plain, &w);
	ike_w_id(&w, IKE_PL_IDR, id->type, cur_of(id->data, id->len));
	ike_w_auth(&w, IKE_AUTH_PSK, cur_of(auth, ike_prf_len(sa->suite.prf)));
	write_child(sa, offer, &w);
	return answer_send(sa, &sa->path, IKE_X_AUTH, mid, &plain, w.first);
}

/* Identified and verified: establish, with or without a Child SA. */
static enum ike_err establish(struct ike_sa *sa, const struct ike_hdr *hdr,
			      const struct ike_msg *msg, const struct ike_id *idi)
{
	struct ike_id local;
	struct child_offer offer;
	struct child *child = NULL;
	const struct init_state *init = sa->init;

	auth_local_id(sa, sa->conn, &local);
	sa->local_id = auth_id_keep(&local);
	sa->remote_id = auth_id_keep(idi);
	if (!sa->local_id || !sa->remote_id) {
		sa_down(sa, IKE_CAUSE_LIMIT, NULL);
		return IKE_E_MEMORY;
	}
	sa_established(sa);
	judge_child(sa, msg, &offer);
	if (!offer.err)
		child = child_add(sa, &offer.suite, offer.spi_in, offer.spi_out, offer.reqid, 0,
				  false, init_nonce(init, 0), init_nonce(init, 1));
	if (!offer.err && !child) {
		offer.err = IKE_E_MEMORY;
		offer.refuse = IKE_N_NO_PROPOSAL_CHOSEN;
	}
	if (offer.err)
		sa_note(sa, NOTE_WARN, "no Child SA for the peer: %s", ike_err_text(offer.err));
	if (!send_answer(sa, hdr->mid, &offer)) {
		sa_down(sa, IKE_CAUSE_LIMIT, "cannot build the IKE_AUTH answer");
		return IKE_E_CRYPTO;
	}
	unique_settle(sa, ike_msg_notify(msg, IKE_N_INITIAL_CONTACT) != NULL);
	init_state_free(sa->init);
	sa->init = NULL;
	return offer.err;
}

enum ike_err auth_request(struct ike_sa *sa, const struct ike_path *path, const struct ike_hdr *hdr,
			  const struct ike_msg *msg)
{
	struct ike_id idi;

	/* 2.23: with a NAT the ports move to 4500; without one nothing moves. */
	if (!sa->natt && !addr_eq(&sa->path.remote.addr, &path->remote.addr))
		return IKE_E_PATH;

	enum ike_err err = identify(sa, path, msg, &idi);

	if (err) {
		uint16_t type =
			err == IKE_E_SYNTAX ? IKE_N_INVALID_SYNTAX : IKE_N_AUTHENTICATION_FAILED;

		answer_notify(sa, path, hdr->exchange, hdr->mid, type, cur_of(NULL, 0));
		sa_linger(sa, IKE_CAUSE_AUTH_FAILED, NULL);
		return err;
	}
	sa->path = *path;
	return establish(sa, hdr, msg, &idi);
}
