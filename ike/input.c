/*
 * ike/input.c - one datagram: from its header to the handler that may look at it.  RFC 7296 2.2,
 * 2.5, 2.21, 3.1.
 *
 * Which message may do something in which state stands in `table`; an empty cell counts and
 * ignores.  Nothing but IKE_SA_INIT is looked into before its integrity has been verified, and
 * then the peer itself said it: a malformed request is answered, and ends the SA (2.21.3).
 */
#include "ike/engine.h"

#include <assert.h>

typedef enum ike_err handler_fn(struct ike_sa *sa, const struct ike_path *path,
				const struct ike_hdr *hdr, const struct ike_msg *msg);

static enum ike_err on_auth_answer(struct ike_sa *sa, const struct ike_path *path,
				   const struct ike_hdr *hdr, const struct ike_msg *msg)
{
	(void)hdr;
	return auth_answered(sa, path, msg);
}

static enum ike_err on_info_answer(struct ike_sa *sa, const struct ike_path *path,
				   const struct ike_hdr *hdr, const struct ike_msg *msg)
{
	(void)hdr;
	return info_answered(sa, path, msg);
}

#define EXCHANGES 4 /* IKE_X_SA_INIT ... IKE_X_INFORMATIONAL */

/* When <state>, on <exchange>: a request of the peer's, an answer to ours. */
static const struct cell {
	handler_fn *request[EXCHANGES], *answer[EXCHANGES];
} table[SA_STATE_COUNT] = {
#define X(exchange) ((exchange)-IKE_X_SA_INIT)
	[SA_AUTH_SENT] = {
		.answer = { [X(IKE_X_AUTH)] = on_auth_answer },
	},
	[SA_INIT_ANSWERED] = {
		.request = { [X(IKE_X_AUTH)] = auth_request },
	},
	[SA_ESTABLISHED] = {
		.request = { [X(IKE_X_INFORMATIONAL)] = info_request,
			     [X(IKE_X_CREATE_CHILD)] = create_child_request },
		.answer = { [X(IKE_X_INFORMATIONAL)] = on_info_answer },
	},
	[SA_DELETING] = {
		.request = { [X(IKE_X_INFORMATIONAL)] = info_request,
			     [X(IKE_X_CREATE_CHILD)] = create_child_request },
		.answer = { [X(IKE_X_INFORMATIONAL)] = on_info_answer },
	},
#undef X
};

/* States in which the SA has keys, and a protected message can be verified at all. */
static bool has_keys(const struct ike_sa *sa)
{
	switch ((enum sa_state)sa->state) {
	case SA_AUTH_SENT:
	case SA_INIT_ANSWERED:
	case SA_ESTABLISHED:
	case SA_DELETING:
	case SA_LINGERING:
		return true;
	case SA_KEYGEN:
	case SA_INIT_SENT:
	case SA_SHARED:
	case SA_ACCEPTING:
	case SA_DEAD:
	case SA_STATE_COUNT:
		break;
	}
	return false;
}

/*
 * An unprotected message that names an SA of ours: at most a hint that the peer may have forgotten
 * it (2.21.4), and a liveness check now and then is all that it can lead to.
 */
static enum ike_err hint(struct ike_sa *sa, const struct ike_msg *outer)
{
	struct ike *ike = sa->ike;
	bool forgot = ike_msg_notify(outer, IKE_N_INVALID_IKE_SPI) != NULL;

	if (forgot && sa->state == SA_ESTABLISHED && ike->now - sa->last_hint >= HINT_PROBE_US) {
		sa->last_hint = ike->now;
		info_probe(sa);
	} else if (forgot && sa->state == SA_AUTH_SENT) { /* a moment for the true answer */
		sa->t_expire = tick_min(sa->t_expire, tick_add(ike->now, INIT_ERROR_GRACE_US));
		sa_schedule(sa);
	}
	return IKE_E_PLAINTEXT;
}

/* 2.21.3, 2.5: the sender gets to know, once, and INVALID_SYNTAX ends the SA on both ends. */
static enum ike_err answer_malformed(struct ike_sa *sa, const struct ike_path *path,
				     const struct ike_hdr *hdr, enum ike_err err, uint8_t type)
{
	if (err == IKE_E_CRITICAL) {
		answer_notify(sa, path, hdr->exchange, hdr->mid, IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD,
			      cur_of(&type, 1));
		if (sa->state == SA_INIT_ANSWERED) /* 2.21.2: not created then */
			sa_linger(sa, IKE_CAUSE_PROTOCOL, "the peer wants what we do not know");
		return err;
	}
	answer_notify(sa, path, hdr->exchange, hdr->mid, IKE_N_INVALID_SYNTAX, cur_of(NULL, 0));
	sa_linger(sa, IKE_CAUSE_PROTOCOL, "the peer sent a malformed message");
	return err;
}

static enum ike_err sort(struct cur plain, uint8_t first, struct ike_chain *chain,
			 struct ike_msg *msg)
{
	enum ike_err err = ike_chain_parse(plain, first, chain);

	if (!err)
		err = ike_msg_collect(chain, msg);
	if (!err && (msg->sk.p || msg->skf.p)) /* 3.14: never one within another */
		err = IKE_E_SYNTAX;
	return err;
}

static enum ike_err take_request(struct ike_sa *sa, const struct ike_path *path,
				 const struct ike_hdr *hdr, const struct ike_msg *outer,
				 struct cur datagram)
{
	bool again = hdr->mid + 1 == sa->mid_in && sa->answer.p;
	handler_fn *run = table[sa->state].request[hdr->exchange - IKE_X_SA_INIT];
	struct ike_chain chain;
	struct ike_msg msg;
	struct cur plain;

	if (!again && hdr->mid != sa->mid_in)
		return IKE_E_MESSAGE_ID;

	enum ike_err err = message_open(sa, datagram, outer, &plain);

	if (err)
		return err;
	if (again) { /* 2.1: the same answer, to where the request came from */
		action_send(sa->ike, path, blob_cur(&sa->answer));
		return IKE_E_REPLAY;
	}
	if (!run)
		return IKE_E_STATE;
	err = sort(plain, outer->sk_next, &chain, &msg);
	if (err)
		return answer_malformed(sa, path, hdr, err, chain.critical_type);
	return run(sa, path, hdr, &msg);
}

static enum ike_err take_answer(struct ike_sa *sa, const struct ike_path *path,
				const struct ike_hdr *hdr, const struct ike_msg *outer,
				struct cur datagram)
{
	handler_fn *run = table[sa->state].answer[hdr->exchange - IKE_X_SA_INIT];
	struct ike_chain chain;
	struct ike_msg msg;
	struct cur plain;

	if (!sa->req.bytes.p || hdr->mid != sa->req.mid || hdr->exchange != sa->req.exchange)
		return IKE_E_UNEXPECTED;

	enum ike_err err = message_open(sa, datagram, outer, &plain);

	if (err)
		return err;
	if (!run)
		return IKE_E_STATE;
	err = sort(plain, outer->sk_next, &chain, &msg);
	if (err) { /* 2.21: no answer to an answer, but the SA is not worth keeping */
		request_done(sa);
		sa_note(sa, NOTE_WARN, "the peer's answer is malformed: %s", ike_err_text(err));
		if (sa->state == SA_DELETING)
			sa_down(sa, sa->down_cause, NULL);
		else
			sa_delete(sa, IKE_CAUSE_PROTOCOL);
		return err;
	}
	return run(sa, path, hdr, &msg);
}

static struct ike_sa *find(struct ike *ike, uint64_t own, const struct ike_hdr *hdr)
{
	struct map_node *node = own ? map_find(&ike->by_spi, &own) : NULL;
	struct ike_sa *sa = node ? CONTAINER_OF(node, struct ike_sa, by_spi) : NULL;

	return sa && sa->spi_i == hdr->spi_i && sa->spi_r == hdr->spi_r ? sa : NULL;
}

/* A message of an IKE SA that stands or is being made. */
static enum ike_err take_protected(struct ike *ike, const struct ike_path *path,
				   const struct ike_hdr *hdr, const struct ike_msg *outer,
				   struct cur datagram)
{
	bool from_initiator = hdr->flags & IKE_FLAG_INIT;
	bool answer = hdr->flags & IKE_FLAG_RESPONSE;
	struct ike_sa *sa = find(ike, from_initiator ? hdr->spi_r : hdr->spi_i, hdr);

	/* Our own message, come back: telling the peer of an unknown SPI would be a lie. */
	if (!sa && find(ike, from_initiator ? hdr->spi_i : hdr->spi_r, hdr))
		return IKE_E_REFLECTED;
	if (!sa) {
		if (!answer) /* 1.5 */
			stray_notify(ike, path, hdr, IKE_N_INVALID_IKE_SPI, cur_of(NULL, 0));
		return IKE_E_UNKNOWN_SPI;
	}
	if (sa->initiator == from_initiator)
		return IKE_E_REFLECTED;
	if (!has_keys(sa))
		return IKE_E_STATE;
	if (!outer->sk.p)
		return hint(sa, outer);
	return answer ? take_answer(sa, path, hdr, outer, datagram)
		      : take_request(sa, path, hdr, outer, datagram);
}

static enum ike_err take_init(struct ike *ike, const struct ike_path *path,
			      const struct ike_hdr *hdr, const struct ike_msg *msg,
			      struct cur datagram)
{
	struct map_node *node;
	struct ike_sa *sa;

	if (msg->sk.p || msg->skf.p)
		return IKE_E_SYNTAX;
	if (!(hdr->flags & IKE_FLAG_RESPONSE))
		return accept_init(ike, path, hdr, msg, datagram);
	node = map_find(&ike->by_spi, &hdr->spi_i);
	sa = node ? CONTAINER_OF(node, struct ike_sa, by_spi) : NULL;
	if (!sa)
		return IKE_E_UNKNOWN_SPI;
	if (!sa->initiator)
		return IKE_E_REFLECTED;
	if (hdr->flags & IKE_FLAG_INIT || hdr->mid)
		return IKE_E_FLAGS;
	if (sa->state != SA_INIT_SENT)
		return IKE_E_UNEXPECTED;
	return init_answered(sa, path, hdr, msg, datagram);
}

static enum ike_err take(struct ike *ike, const struct ike_path *path, struct cur datagram)
{
	struct ike_hdr hdr;
	struct ike_chain chain;
	struct ike_msg outer;
	struct cur body = datagram;
	enum ike_err err = ike_hdr_parse(datagram, &hdr);

	if (datagram.left > IKE_MESSAGE_MAX)
		return IKE_E_TOO_LONG;
	if (err == IKE_E_VERSION && hdr.major > IKE_VERSION_MAJOR &&
	    !(hdr.flags & IKE_FLAG_RESPONSE)) /* 2.5 */
		stray_notify(ike, path, &hdr, IKE_N_INVALID_MAJOR_VERSION, cur_of(NULL, 0));
	if (err)
		return err;
	if (!hdr.spi_i)
		return IKE_E_FLAGS;
	if (hdr.exchange < IKE_X_SA_INIT || hdr.exchange > IKE_X_INFORMATIONAL)
		return IKE_E_EXCHANGE;
	(void)cur_bytes(&body, IKE_HDR_LEN);
	err = ike_chain_parse(body, hdr.next, &chain);
	if (err == IKE_E_CRITICAL && hdr.exchange == IKE_X_SA_INIT &&
	    !(hdr.flags & IKE_FLAG_RESPONSE))
		stray_notify(ike, path, &hdr, IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD,
			     cur_of(&chain.critical_type, 1));
	if (err || (err = ike_msg_collect(&chain, &outer)))
		return err;
	return hdr.exchange == IKE_X_SA_INIT ? take_init(ike, path, &hdr, &outer, datagram)
					     : take_protected(ike, path, &hdr, &outer, datagram);
}

enum ike_err ike_input(struct ike *ike, tick_t now, const struct ike_path *path,
		       struct cur datagram)
{
	ike->now = now;
	ike->stats.in++;

	enum ike_err err = take(ike, path, datagram);

	if (err)
		ike->stats.errors[err]++;
	ike_reap(ike);
	return err;
}
