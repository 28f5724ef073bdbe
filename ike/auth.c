/*
 * ike/auth.c - IKE_AUTH as initiator, with a pre-shared key.  RFC 7296 1.2, 2.15, 2.21.2.
 *
 *	HDR, SK {IDi, [IDr,] AUTH, [N(INITIAL_CONTACT),]
 *		 N(USE_TRANSPORT_MODE), SAi2, TSi, TSr}  -->
 *							<--  HDR, SK {IDr, AUTH, SAr2, TSi, TSr}
 *
 * The answer establishes the IKE SA if its AUTH verifies, even when it refuses the Child SA
 *(2.21.2); an IKE SA that carries nothing is then deleted by us.
 */
#include "ike/engine.h"

#include <stdlib.h>

enum ike_err auth_psk(struct ike_sa *sa, const struct conn *conn, int who, struct cur id_body,
		      uint8_t out[static IKE_PRF_LEN_MAX])
{
	const struct init_state *init = sa->init;

	return ike_psk_auth(sa->suite.prf, cur_of(conn->c.psk, conn->c.psk_len),
			    blob_cur(&init->message[who]), init_nonce(init, 1 - who),
			    who ? &sa->keys.pr : &sa->keys.pi, id_body, out);
}

void auth_local_id(const struct ike_sa *sa, const struct conn *conn, struct ike_id *out)
{
	if (conn->c.local_id.type != IKE_ID_NONE)
		*out = conn->c.local_id;
	else
		ike_id_from_addr(&sa->path.local.addr, out);
}

/* The content of an ID payload: what is authenticated (prf(SK_p, ID')).  3.5. */
struct cur auth_id_body(const struct ike_id *id, uint8_t memory[static IKE_ID_MAX + 4])
{
	struct buf buf = buf_of(memory, IKE_ID_MAX + 4);

	buf_u8(&buf, id->type);
	buf_zero(&buf, 3);
	buf_put(&buf, id->data, id->len);
	return buf_cur(&buf);
}

struct ike_id *auth_id_keep(const struct ike_id *id)
{
	struct ike_id *kept = malloc(sizeof(*kept));

	if (kept)
		*kept = *id;
	return kept;
}

void auth_esp_proposals(const struct conn *conn, uint32_t spi, struct ike_proposals *out)
{
	*out = conn->c.esp;
	ike_proposals_drop_groups(out);
	for (size_t i = 0; i < out->count; i++) {
		struct buf buf = buf_of(out->item[i].spi, sizeof(out->item[i].spi));

		buf_u32(&buf, spi);
		out->item[i].spi_len = 4;
	}
}

static void write_child(struct ike_sa *sa, struct ike_writer *w)
{
	struct ike_proposals esp;
	struct ike_ts_list ts;
	struct cur none = cur_of(NULL, 0);

	sa->init->spi_in = child_spi_new(sa->ike);
	auth_esp_proposals(sa->conn, sa->init->spi_in, &esp);
	ike_w_notify(w, IKE_PROTO_NONE, IKE_N_USE_TRANSPORT_MODE, none, none);
	ike_w_notify(w, IKE_PROTO_NONE, IKE_N_ESP_TFC_PADDING_NOT_SUPPORTED, none, none);
	ike_w_sa(w, &esp);
	child_ts(&sa->path.local.addr, &ts);
	ike_w_ts(w, IKE_PL_TSI, &ts);
	child_ts(&sa->path.remote.addr, &ts);
	ike_w_ts(w, IKE_PL_TSR, &ts);
}

void auth_start(struct ike_sa *sa)
{
	const struct ike_conn *c = &sa->conn->c;
	uint8_t auth[IKE_PRF_LEN_MAX], memory[IKE_ID_MAX + 4];
	struct cur none = cur_of(NULL, 0);
	struct ike_id id;
	struct ike_writer w;
	struct buf plain;

	auth_local_id(sa, sa->conn, &id);
	sa->local_id = auth_id_keep(&id);
	if (!sa->local_id || auth_psk(sa, sa->conn, 0, auth_id_body(&id, memory), auth)) {
		sa_down(sa, IKE_CAUSE_LIMIT, "cannot compute AUTH");
		return;
	}
	plain_begin(sa->ike, &plain, &w);
	ike_w_id(&w, IKE_PL_IDI, id.type, cur_of(id.data, id.len));
	if (c->remote_id.type != IKE_ID_NONE)
		ike_w_id(&w, IKE_PL_IDR, c->remote_id.type,
			 cur_of(c->remote_id.data, c->remote_id.len));
	ike_w_auth(&w, IKE_AUTH_PSK, cur_of(auth, ike_prf_len(sa->suite.prf)));
	if (unique_is_first_contact(sa)) {
		sa->initial_contact = true;
		ike_w_notify(&w, IKE_PROTO_NONE, IKE_N_INITIAL_CONTACT, none, none);
	}
	write_child(sa, &w);
	if (!request_send(sa, IKE_X_AUTH, &plain, w.first)) {
		sa_down(sa, IKE_CAUSE_LIMIT, "cannot build IKE_AUTH");
		return;
	}
	/* The peer keeps its half-open SA about as long as we would: after that it is no use. */
	sa->t_expire = tick_add(sa->ike->now, sa->ike->timing.half_open_us);
	sa_enter(sa, SA_AUTH_SENT);
}

/* ---- the answer ---- */

/* A refusal before the peer has authenticated itself: whose fault, in words. */
static enum ike_err refused(struct ike_sa *sa, const struct ike_notify *error)
{
	char remote[ENDPOINT_TEXT_MAX], id[IKE_ID_TEXT_MAX];
	struct note note;
	bool auth = error->type == IKE_N_AUTHENTICATION_FAILED;

	endpoint_text(&sa->path.remote, remote);
	if (auth)
		note_write(&note, NOTE_WARN,
			   "%s refused to authenticate us as %.80s (AUTHENTICATION_FAILED): "
			   "wrong secret, or an identity it does not expect",
			   remote, ike_id_text(sa->local_id, id));
	else
		note_write(&note, NOTE_WARN, "%s refused IKE_AUTH with %s", remote,
			   ike_notify_name(error->type));
	sa_down(sa, auth ? IKE_CAUSE_AUTH_REFUSED : IKE_CAUSE_PROTOCOL, note.text);
	return IKE_OK;
}

/*
 * The peer did not prove who it is: tell it so (2.21.2 allows an INFORMATIONAL of its own), and go.
 */
static void reject(struct ike_sa *sa, enum ike_cause cause, const char *why)
{
	char remote[ENDPOINT_TEXT_MAX];
	struct note note;

	note_write(&note, NOTE_WARN, "%s: %.180s", endpoint_text(&sa->path.remote, remote), why);
	sa_note(sa, NOTE_WARN, "%.180s", why);
	wants_fail(sa, cause, note.text);
	sa->down_cause = cause;
	sa->last_words = IKE_N_AUTHENTICATION_FAILED;
	info_delete_sa(sa);
}

static enum ike_err verify(struct ike_sa *sa, const struct ike_msg *msg, struct ike_id *id,
			   char why[static NOTE_MAX])
{
	uint8_t method, want[IKE_PRF_LEN_MAX];
	struct cur data, auth;
	size_t len = ike_prf_len(sa->suite.prf);
	char text[IKE_ID_TEXT_MAX];
	struct note note;
	enum ike_err err;

	memset(id, 0, sizeof(*id));
	if ((err = ike_id_parse(msg->idr, &id->type, &data)) ||
	    (err = ike_auth_parse(msg->auth, &method, &auth)))
		return err;
	if (data.left > IKE_ID_MAX)
		return IKE_E_TOO_LONG;
	id->len = (uint16_t)data.left;
	memcpy(id->data, data.p, data.left);
	if (sa->conn->c.remote_id.type != IKE_ID_NONE && !ike_id_eq(&sa->conn->c.remote_id, id)) {
		note_write(&note, NOTE_WARN,
			   "peer is %.160s, which is not the configured remote-id",
			   ike_id_text(id, text));
		memcpy(why, note.text, NOTE_MAX);
		return IKE_E_ID;
	}
	if (method != IKE_AUTH_PSK)
		return IKE_E_AUTH_METHOD;
	if ((err = auth_psk(sa, sa->conn, 1, msg->idr, want)))
		return err;
	return auth.left == len && secret_eq(auth.p, want, len) ? IKE_OK : IKE_E_AUTH;
}

/*
 * The Child SA's part of the answer.  IKE_CAUSE_NONE: it stands.
 */
static enum ike_cause take_child(struct ike_sa *sa, const struct ike_msg *msg)
{
	const struct init_state *init = sa->init;
	const struct ike_notify *error = ike_msg_error(msg);
	struct ike_proposals ours, answer;
	struct ike_ts_list tsi, tsr;
	struct ike_suite suite;

	if (error)
		return error->type == IKE_N_NO_PROPOSAL_CHOSEN ? IKE_CAUSE_NO_CHILD_PROPOSAL
		       : error->type == IKE_N_TS_UNACCEPTABLE ||
				       error->type == IKE_N_SINGLE_PAIR_REQUIRED
			       ? IKE_CAUSE_TS
			       : IKE_CAUSE_PROTOCOL;
	if (!msg->sa.p || !msg->tsi.p || !msg->tsr.p)
		return IKE_CAUSE_PROTOCOL;
	if (!ike_msg_notify(msg, IKE_N_USE_TRANSPORT_MODE))
		return IKE_CAUSE_MODE;
	auth_esp_proposals(sa->conn, init->spi_in, &ours);
	if (ike_sa_parse(msg->sa, &answer) || ike_suite_confirm(&ours, &answer, &suite))
		return IKE_CAUSE_NO_CHILD_PROPOSAL;
	if (answer.item[0].spi_len != 4)
		return IKE_CAUSE_PROTOCOL;
	if (ike_ts_parse(msg->tsi, &tsi) || ike_ts_parse(msg->tsr, &tsr) ||
	    !child_ts_covers(&tsi, &sa->path.local.addr, sa->nat_local) ||
	    !child_ts_covers(&tsr, &sa->path.remote.addr, sa->nat_remote))
		return IKE_CAUSE_TS;

	struct cur spi = cur_of(answer.item[0].spi, 4);
	uint32_t spi_out = cur_u32(&spi);

	if (!spi_out)
		return IKE_CAUSE_PROTOCOL;
	if (!child_add(sa, &suite, init->spi_in, spi_out, init->child_reqid, init->child_seq, true,
		       init_nonce(init, 0), init_nonce(init, 1)))
		return IKE_CAUSE_LIMIT;
	return IKE_CAUSE_NONE;
}

/* What the counters call an answer that gives us no Child SA, though it does not say why. */
static enum ike_err child_err(enum ike_cause cause)
{
	return cause == IKE_CAUSE_NONE		      ? IKE_OK
	       : cause == IKE_CAUSE_TS		      ? IKE_E_TS
	       : cause == IKE_CAUSE_MODE	      ? IKE_E_MODE
	       : cause == IKE_CAUSE_NO_CHILD_PROPOSAL ? IKE_E_NO_PROPOSAL
	       : cause == IKE_CAUSE_LIMIT	      ? IKE_E_BUSY
						      : IKE_E_MISSING;
}

enum ike_err auth_answered(struct ike_sa *sa, const struct ike_path *path,
			   const struct ike_msg *msg)
{
	const struct ike_notify *error = ike_msg_error(msg);
	char why[NOTE_MAX] = "", remote[ENDPOINT_TEXT_MAX];
	struct note note;
	struct ike_id id;

	request_done(sa);
	if (error && !msg->auth.p)
		return refused(sa, error);

	enum ike_err err = msg->idr.p && msg->auth.p ? verify(sa, msg, &id, why) : IKE_E_MISSING;

	if (!err && !(sa->remote_id = auth_id_keep(&id)))
		err = IKE_E_MEMORY;
	if (err) {
		if (!why[0] && err == IKE_E_AUTH)
			note_write(&note, NOTE_WARN, "peer's AUTH does not verify: wrong secret");
		else
			note_write(&note, NOTE_WARN, "%s", why[0] ? why : ike_err_text(err));
		reject(sa, err == IKE_E_ID ? IKE_CAUSE_ID : IKE_CAUSE_AUTH_FAILED, note.text);
		return err;
	}
	sa_established(sa);
	sa_heard(sa, path, false);

	enum ike_cause cause = take_child(sa, msg);

	if (cause != IKE_CAUSE_NONE) {
		note_write(&note, NOTE_WARN, "%s: no Child SA: %s%s%s",
			   endpoint_text(&sa->path.remote, remote), ike_cause_text(cause),
			   error ? ", peer answers " : "",
			   error ? ike_notify_name(error->type) : "");
		sa_note(sa, NOTE_WARN, "%s", note.text);
		wants_fail(sa, cause, note.text);
	}
	init_state_free(sa->init);
	sa->init = NULL;
	unique_settle(sa, false);
	if (cause != IKE_CAUSE_NONE)
		sa_delete(sa, cause);
	return error ? IKE_OK : child_err(cause);
}
