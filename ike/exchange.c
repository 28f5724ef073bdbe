/*
 * ike/exchange.c - requests and answers.  RFC 7296 2.1 - 2.3.
 *
 * The window is one: at most one request of ours is outstanding, and of the peer's requests only
 * the next one is new.  The bytes of our request are kept until its answer comes and are sent again
 * with exponential back-off; the bytes of our last answer are kept until the next request comes,
 * and are sent again, never recomputed, when the same request does.
 */
#include "ike/engine.h"

#include <assert.h>
#include <stdlib.h>

void plain_begin(struct ike *ike, struct buf *buf, struct ike_writer *w)
{
	*buf = buf_of(ike->draft, sizeof(ike->draft));
	ike_w_init(w, buf);
}

/* The key that protects what we send, or (ours false) what the peer sends.  RFC 7296 2.14. */
static struct ike_sk_key sk_key(const struct ike_sa *sa, bool ours)
{
	bool i = sa->initiator == ours;

	return (struct ike_sk_key){
		.encr = sa->suite.encr,
		.integ = sa->suite.integ,
		.e = i ? &sa->keys.ei : &sa->keys.er,
		.a = i ? &sa->keys.ai : &sa->keys.ar,
	};
}

/* Seal `plain` into ike->wire.  False if it cannot be built: our own limit, or no memory. */
static bool seal(struct ike_sa *sa, uint8_t exchange, uint8_t flags, uint32_t mid,
		 const struct buf *plain, uint8_t first, struct buf *msg)
{
	struct ike *ike = sa->ike;
	struct ike_hdr hdr = {
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.next = IKE_PL_SK,
		.major = IKE_VERSION_MAJOR,
		.exchange = exchange,
		.flags = flags | (sa->initiator ? IKE_FLAG_INIT : 0),
		.mid = mid,
	};
	struct ike_sk_key key = sk_key(sa, true);

	*msg = buf_of(ike->wire, sizeof(ike->wire));
	ike_hdr_write(msg, &hdr);

	enum ike_err err = plain->bad ? IKE_E_TOO_LONG
				      : ike_sk_seal(&key, &ike->rng, &sa->iv_counter, first,
						    buf_cur(plain), msg);

	if (!err && msg->bad)
		err = IKE_E_TOO_LONG;
	if (err)
		sa_note(sa, NOTE_BUG, "cannot build a message: %s", ike_err_text(err));
	return !err;
}

bool request_keep(struct ike_sa *sa, uint8_t exchange, struct cur message)
{
	struct ike *ike = sa->ike;

	if (!blob_set(&sa->req.bytes, message)) {
		ike->stats.errors[IKE_E_MEMORY]++;
		return false;
	}
	sa->req.mid = sa->mid_out;
	sa->req.exchange = exchange;
	sa->req.sends = 1;
	sa->req.interval = ike->timing.retransmit_us;
	sa->t_retransmit = tick_add(ike->now, sa->req.interval);
	sa->last_out = ike->now;
	action_send(ike, &sa->path, message);
	sa_schedule(sa);
	return true;
}

bool request_send(struct ike_sa *sa, uint8_t exchange, const struct buf *plain, uint8_t first)
{
	struct buf msg;

	assert(!sa->req.bytes.p);
	if (sa->mid_out == UINT32_MAX) /* 2.2: the SA must be gone before IDs wrap */
		return false;
	if (!seal(sa, exchange, 0, sa->mid_out, plain, first, &msg))
		return false;
	return request_keep(sa, exchange, buf_cur(&msg));
}

void request_done(struct ike_sa *sa)
{
	blob_clear(&sa->req.bytes);
	sa->mid_out++;
	sa->t_retransmit = TICK_NEVER;
	sa->probing = false;
	sa_schedule(sa);
}

bool answer_send(struct ike_sa *sa, const struct ike_path *path, uint8_t exchange, uint32_t mid,
		 const struct buf *plain, uint8_t first)
{
	struct ike *ike = sa->ike;
	struct buf msg;

	assert(mid == sa->mid_in);
	if (!seal(sa, exchange, IKE_FLAG_RESPONSE, mid, plain, first, &msg))
		return false;
	if (!blob_set(&sa->answer, buf_cur(&msg))) {
		ike->stats.errors[IKE_E_MEMORY]++;
		return false;
	}
	sa->mid_in++;
	sa->last_out = ike->now;
	action_send(ike, path, buf_cur(&msg));
	return true;
}

bool answer_notify(struct ike_sa *sa, const struct ike_path *path, uint8_t exchange, uint32_t mid,
		   uint16_t type, struct cur data)
{
	struct buf plain;
	struct ike_writer w;

	plain_begin(sa->ike, &plain, &w);
	ike_w_notify(&w, IKE_PROTO_NONE, type, cur_of(NULL, 0), data);
	return answer_send(sa, path, exchange, mid, &plain, w.first);
}

/*
 * 2.4: an endpoint may be declared dead only when repeated attempts go unanswered.  `sends` counts
 * the first one, too.
 */
void request_retransmit(struct ike_sa *sa)
{
	struct ike *ike = sa->ike;
	const struct ike_timing *t = &ike->timing;
	unsigned tries = sa->probing ? t->probe_tries : t->retransmit_tries;
	tick_t interval = sa->req.interval / 100 * t->retransmit_factor_pct;

	if (sa->req.sends >= tries) {
		char text[NOTE_MAX], remote[ENDPOINT_TEXT_MAX];
		struct note note;

		note_write(&note, NOTE_INFO, "no answer from %s to %u %s requests",
			   endpoint_text(&sa->path.remote, remote), sa->req.sends,
			   ike_exchange_name(sa->req.exchange));
		memcpy(text, note.text, sizeof(text));
		sa_down(sa, sa->down_cause != IKE_CAUSE_NONE ? sa->down_cause : IKE_CAUSE_NO_ANSWER,
			text);
		return;
	}
	sa->req.interval = tick_min(interval, t->retransmit_max_us);
	/* Jitter of an eighth, so that a hub's peers do not march in step after an outage. */
	sa->t_retransmit = tick_add(
		ike->now, sa->req.interval +
				  (tick_t)rng_below(&ike->rng, (uint64_t)sa->req.interval / 8 + 1));
	sa->req.sends++;
	sa->last_out = ike->now;
	ike->stats.retransmits++;
	action_send(ike, &sa->path, blob_cur(&sa->req.bytes));
}

enum ike_err message_open(struct ike_sa *sa, struct cur datagram, const struct ike_msg *outer,
			  struct cur *plain)
{
	struct ike *ike = sa->ike;
	struct ike_sk_key key = sk_key(sa, false);
	size_t len = 0;

	if (!outer->sk.p)
		return IKE_E_PLAINTEXT;
	if (outer->sk.left > sizeof(ike->plain))
		return IKE_E_TOO_LONG;

	enum ike_err err =
		ike_sk_open(&key, datagram, outer->sk, ike->plain, sizeof(ike->plain), &len);

	*plain = cur_of(ike->plain, len);
	return err;
}

/*
 * 2.21.4: answers to unprotected messages are limited in rate.  A bucket refills once a second.
 */
static bool stray_allowed(struct ike *ike)
{
	if (ike->now - ike->stray_since >= STRAY_REFILL_US) {
		ike->stray_since = ike->now;
		ike->stray_tokens = STRAY_BURST_MAX;
	}
	if (!ike->stray_tokens)
		return false;
	ike->stray_tokens--;
	return true;
}

void stray_notify(struct ike *ike, const struct ike_path *path, const struct ike_hdr *to,
		  uint16_t type, struct cur data)
{
	struct buf msg = buf_of(ike->wire, sizeof(ike->wire));
	struct ike_writer w;
	struct ike_hdr hdr = {
		.spi_i = to->spi_i,
		.spi_r = to->spi_r,
		.major = IKE_VERSION_MAJOR,
		.exchange = to->exchange,
		.flags = (uint8_t)(IKE_FLAG_RESPONSE |
				   (to->flags & IKE_FLAG_INIT ? 0 : IKE_FLAG_INIT)),
		.mid = to->mid,
	};
	/* The answers that lead on are the defence itself, and smaller than what asked for them. */
	bool leads_on = type == IKE_N_COOKIE || type == IKE_N_INVALID_KE_PAYLOAD;

	if (!leads_on && !stray_allowed(ike))
		return;
	ike_hdr_write(&msg, &hdr);
	ike_w_init(&w, &msg);
	ike_w_notify(&w, IKE_PROTO_NONE, type, cur_of(NULL, 0), data);
	ike_w_finish_plain(&w);
	ike_hdr_close(&msg);
	assert(!msg.bad);
	action_send(ike, path, buf_cur(&msg));
}
