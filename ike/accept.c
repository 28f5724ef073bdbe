/*
 * ike/accept.c - IKE_SA_INIT as responder.  RFC 7296 2.6, 2.7, 2.1.
 *
 * Anyone can send these, from any address that they like.  So the order is: cheap checks, the
 * cookie once there are many half-open SAs, the limits, the configuration; and only then state and
 * a key exchange.  COOKIE and INVALID_KE_PAYLOAD answers leave no state behind.
 *
 * A cookie is <version> | HMAC-SHA2-256(secret, Ni | IPi | SPIi), after 2.6; the secret changes
 * every COOKIE_SECRET_US, and the one before it is still taken.
 */
#include "ike/engine.h"

#include <assert.h>
#include <stdlib.h>

#define OUR_NONCE_LEN 32
#define COOKIE_LEN    (1 + 32)

static void cookie_rotate(struct ike *ike)
{
	tick_t age = ike->now - ike->cookie_since;

	if (ike->cookie_since && age < COOKIE_SECRET_US)
		return;
	memcpy(ike->cookie_secret[1], ike->cookie_secret[0], sizeof(ike->cookie_secret[1]));
	rng_fill(&ike->rng, ike->cookie_secret[0], sizeof(ike->cookie_secret[0]));
	/* The very first, or none was needed for long: there is none before it. */
	if (!ike->cookie_since || age >= 2 * COOKIE_SECRET_US)
		rng_fill(&ike->rng, ike->cookie_secret[1], sizeof(ike->cookie_secret[1]));
	ike->cookie_since = ike->now ? ike->now : 1;
}

static bool cookie_make(const struct ike *ike, unsigned which, const struct ike_path *path,
			uint64_t spi_i, struct cur nonce, uint8_t out[static COOKIE_LEN])
{
	uint8_t hash[IKE_PRF_LEN_MAX];
	const struct cur parts[] = {
		nonce,
		cur_of(path->remote.addr.b, addr_len(&path->remote.addr)),
		cur_of(&spi_i, sizeof(spi_i)),
	};
	struct cur key = cur_of(ike->cookie_secret[which], sizeof(ike->cookie_secret[which]));

	if (ike_prf(IKE_PRF_HMAC_SHA2_256, key, parts, ARRAY_LEN(parts), hash))
		return false;
	out[0] = 1;
	memcpy(out + 1, hash, COOKIE_LEN - 1);
	return true;
}

static bool cookie_valid(struct ike *ike, const struct ike_path *path, const struct ike_hdr *hdr,
			 const struct ike_msg *msg)
{
	const struct ike_notify *n = ike_msg_notify(msg, IKE_N_COOKIE);
	uint8_t want[COOKIE_LEN];

	if (!n || n->data.left != COOKIE_LEN)
		return false;
	for (unsigned which = 0; which < 2; which++) {
		if (cookie_make(ike, which, path, hdr->spi_i, msg->nonce, want) &&
		    secret_eq(n->data.p, want, COOKIE_LEN))
			return true;
	}
	return false;
}

static size_t half_open_from(const struct ike *ike, const struct addr *addr)
{
	size_t count = 0;

	LIST_EACH(it, &ike->half)
		count += addr_eq(&CONTAINER_OF(it, struct ike_sa, half)->path.remote.addr, addr);
	return count;
}

/*
 * Under load everyone shows a cookie; before that, whoever seems to come from an address that
 * has half of its share of half-open SAs: so what others send in its name never fills the share.
 */
static bool cookie_needed(const struct ike *ike, const struct ike_path *path)
{
	return ike->half_open >= ike->limits.cookie_threshold ||
	       half_open_from(ike, &path->remote.addr) >=
		       (ike->limits.half_open_per_addr_max + 1) / 2;
}

static enum ike_err cookie_check(struct ike *ike, const struct ike_path *path,
				 const struct ike_hdr *hdr, const struct ike_msg *msg)
{
	uint8_t cookie[COOKIE_LEN];

	if (!cookie_needed(ike, path))
		return IKE_OK;
	cookie_rotate(ike);
	if (cookie_valid(ike, path, hdr, msg))
		return IKE_OK;
	if (!cookie_make(ike, 0, path, hdr->spi_i, msg->nonce, cookie))
		return IKE_E_CRYPTO;
	stray_notify(ike, path, hdr, IKE_N_COOKIE, cur_of(cookie, sizeof(cookie)));
	ike->stats.cookies_sent++;
	return IKE_E_COOKIE;
}

static enum ike_err limits_check(const struct ike *ike, const struct ike_path *path)
{
	if (ike->shutting_down || ike->half_open >= ike->limits.half_open_max ||
	    half_open_from(ike, &path->remote.addr) >= ike->limits.half_open_per_addr_max)
		return IKE_E_BUSY;
	return IKE_OK;
}

/*
 * The connection that speaks with that address and has a proposal in common, the longest prefix
 * first.  Who the peer really is comes with IKE_AUTH, which may choose another one.
 */
static enum ike_err negotiate(struct ike *ike, const struct ike_path *path,
			      const struct ike_proposals *offered, uint16_t group,
			      struct conn **conn, struct ike_suite *suite, uint8_t *num)
{
	enum ike_err err = IKE_E_NO_PEER;
	struct conn *best = NULL;

	for (size_t i = 0; i < ike->conn_count; i++) {
		struct conn *c = ike->conns[i];
		struct ike_suite s;
		uint8_t n;

		if (!conn_covers(c, path))
			continue;
		if (best && c->c.remote.bits <= best->c.remote.bits)
			continue;
		if (ike_suite_choose(&c->c.ike, offered, group, &s, &n, NULL)) {
			if (!best)
				err = IKE_E_NO_PROPOSAL;
			continue;
		}
		best = c;
		*suite = s;
		*num = n;
		err = IKE_OK;
	}
	*conn = best;
	return err;
}

/* The request that made this half-open SA came again: the same answer, not a new one.  2.1. */
static enum ike_err answer_again(struct ike_sa *sa, const struct ike_path *path,
				 struct cur datagram)
{
	if (sa->state == SA_INIT_ANSWERED && cur_eq(blob_cur(&sa->init->message[0]), datagram))
		action_send(sa->ike, path, blob_cur(&sa->init->message[1]));
	return IKE_E_REPLAY;
}

/* Key of ike->by_init: who sent the request. */
static void init_key(uint64_t spi_i, const struct endpoint *from, uint8_t out[static INIT_KEY_LEN])
{
	struct buf key = buf_of(out, INIT_KEY_LEN);

	buf_u64(&key, spi_i);
	buf_u8(&key, from->addr.family);
	buf_put(&key, from->addr.b, sizeof(from->addr.b));
	buf_u16(&key, from->port);
}

static enum ike_err half_open_new(struct ike *ike, const struct ike_path *path,
				  const struct ike_hdr *hdr, const struct ike_msg *msg,
				  struct cur datagram, struct conn *conn,
				  const struct ike_suite *suite, uint8_t num, struct cur ke)
{
	struct ike_sa *sa = sa_new(ike, false, path);
	uint8_t nonce[OUR_NONCE_LEN];

	if (!sa)
		return IKE_E_BUSY;
	sa->conn = conn_ref(conn);
	sa->spi_i = hdr->spi_i;
	sa->suite = *suite;
	sa->init->proposal_num = num;
	init_key(hdr->spi_i, &path->remote, sa->init_key);
	sa->in_init_map = map_insert(&ike->by_init, &sa->by_init, sa->init_key);
	init_nonce_set(sa->init, 0, msg->nonce);
	rng_fill(&ike->rng, nonce, sizeof(nonce));
	init_nonce_set(sa->init, 1, cur_of(nonce, sizeof(nonce)));
	natd_read(sa, path, hdr, msg);
	sa->t_expire = tick_add(ike->now, ike->timing.half_open_us);
	sa_schedule(sa);
	if (!sa->in_init_map || !blob_set(&sa->init->message[0], datagram) ||
	    !job_start(sa, JOB_ACCEPT, suite->ke, NULL, ke)) {
		sa_down(sa, IKE_CAUSE_LIMIT, NULL);
		return IKE_E_BUSY;
	}
	return IKE_OK;
}

static struct ike_sa *find_half_open(struct ike *ike, uint64_t spi_i, const struct endpoint *from)
{
	uint8_t key[INIT_KEY_LEN];

	init_key(spi_i, from, key);

	struct map_node *node = map_find(&ike->by_init, key);

	return node ? CONTAINER_OF(node, struct ike_sa, by_init) : NULL;
}

enum ike_err accept_init(struct ike *ike, const struct ike_path *path, const struct ike_hdr *hdr,
			 const struct ike_msg *msg, struct cur datagram)
{
	struct ike_sa *known = find_half_open(ike, hdr->spi_i, &path->remote);
	struct ike_proposals offered;
	struct ike_suite suite;
	struct conn *conn;
	struct cur ke;
	uint16_t group;
	uint8_t num = 0;
	enum ike_err err;

	if (hdr->spi_r || hdr->mid || !(hdr->flags & IKE_FLAG_INIT))
		return IKE_E_FLAGS;
	if (map_find(&ike->by_spi, &hdr->spi_i))
		return IKE_E_REFLECTED;
	if (known)
		return answer_again(known, path, datagram);
	if (!msg->sa.p || !msg->ke.p || !msg->nonce.p)
		return IKE_E_MISSING;
	if ((err = ike_nonce_check(msg->nonce)) || (err = ike_ke_parse(msg->ke, &group, &ke)) ||
	    (err = cookie_check(ike, path, hdr, msg)) || (err = limits_check(ike, path)) ||
	    (err = ike_sa_parse(msg->sa, &offered)))
		return err;
	err = negotiate(ike, path, &offered, group, &conn, &suite, &num);
	if (err) {
		stray_notify(ike, path, hdr, IKE_N_NO_PROPOSAL_CHOSEN, cur_of(NULL, 0));
		return err;
	}
	if (suite.ke != group) { /* 1.3: and say which it has to be */
		uint8_t want[2] = { (uint8_t)(suite.ke >> 8), (uint8_t)suite.ke };

		stray_notify(ike, path, hdr, IKE_N_INVALID_KE_PAYLOAD, cur_of(want, 2));
		return IKE_E_KE_GROUP;
	}
	if (ke.left != ike_ke_public_len(group))
		return IKE_E_PUBLIC_VALUE;
	return half_open_new(ike, path, hdr, msg, datagram, conn, &suite, num, ke);
}

static bool build_answer(struct ike_sa *sa, const struct ike_job *job, struct buf *msg)
{
	struct ike_writer w;
	struct ike_proposals chosen = { .count = 1 };
	struct ike_hdr hdr = {
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.major = IKE_VERSION_MAJOR,
		.exchange = IKE_X_SA_INIT,
		.flags = IKE_FLAG_RESPONSE,
	};

	ike_suite_proposal(&sa->suite, sa->init->proposal_num, NULL, 0, &chosen.item[0]);
	ike_hdr_write(msg, &hdr);
	ike_w_init(&w, msg);
	ike_w_sa(&w, &chosen);
	ike_w_ke(&w, sa->suite.ke, cur_of(job->public, ike_ke_public_len(sa->suite.ke)));
	ike_w_nonce(&w, init_nonce(sa->init, 1));
	natd_write(sa, &w);
	ike_w_finish_plain(&w);
	ike_hdr_close(msg);
	return !msg->bad;
}

void accept_keys_ready(struct ike_sa *sa, struct ike_job *job)
{
	struct ike *ike = sa->ike;
	struct init_state *init = sa->init;
	struct buf msg = buf_of(ike->wire, sizeof(ike->wire));

	if (job->kind != JOB_ACCEPT || sa->state != SA_ACCEPTING)
		return;
	if (job->err) { /* the peer's public value fails RFC 6989: it never existed */
		ike->stats.errors[job->err]++;
		sa_down(sa, IKE_CAUSE_PROTOCOL, ike_err_text(job->err));
		return;
	}
	if (ike_keys_derive(&sa->suite, cur_of(job->shared, job->shared_len), init_nonce(init, 0),
			    init_nonce(init, 1), sa->spi_i, sa->spi_r, &sa->keys) ||
	    !build_answer(sa, job, &msg) || !blob_set(&init->message[1], buf_cur(&msg))) {
		ike->stats.errors[IKE_E_CRYPTO]++;
		sa_down(sa, IKE_CAUSE_LIMIT, NULL);
		return;
	}
	nonces_compare(sa);
	sa->mid_in = 1;
	sa_enter(sa, SA_INIT_ANSWERED);
	action_send(ike, &sa->path, buf_cur(&msg));
}
