/*
 * ike/engine.h - the engine's inside: what an IKE SA is made of, and which file does what.
 *
 *	ike.c		the public functions: engine, configuration, looking in
 *	input.c		one datagram: header, SPIs, flags, window; who handles what in which state
 *	init.c		IKE_SA_INIT as initiator; accept.c: as responder, with cookies
 *	auth.c		IKE_AUTH as initiator; auth_resp.c: as responder
 *	info.c		INFORMATIONAL: Delete, liveness; and what is refused politely
 *	exchange.c	requests and answers: sealing, keeping, retransmitting
 *	sa.c		an IKE SA's life, its timers, its one assignment to `state`
 *	child.c		Child SAs: selectors, keys, up, down, moved
 *	unique.c	one IKE SA per peer: INITIAL_CONTACT, crossed initiations, replacement
 *	want.c		wishes, from asking to answering
 *	action.c	the queue of actions;  job.c: slow work
 *
 * Lifetimes: an IKE SA is owned by ike->sas.  Handlers may find it dead (SA_DEAD) after any step;
 * the memory stays until ike_reap at the end of the public call.  Jobs never point to SAs: they
 * carry the SA's id.
 */
#ifndef IKE_ENGINE_H
#define IKE_ENGINE_H

#include "ike/crypto.h"
#include "ike/ike.h"
#include "ike/wire.h"

#define INIT_RETRIES_MAX      5 /* COOKIE and INVALID_KE_PAYLOAD rounds of one IKE_SA_INIT */
#define COOKIE_SECRET_US      (120 * TICK_S)
#define INIT_ERROR_GRACE_US   (2 * TICK_S)  /* 2.21.1: go on trying before believing an error */
#define REPLACED_GRACE_US     (10 * TICK_S) /* a replaced SA, until we delete it */
#define CROSSED_GRACE_US      (20 * TICK_S) /* its initiator should have deleted it by then */
#define LINGER_US	      (30 * TICK_S) /* a refused peer may still ask for our answer */
#define DPD_ANSWER_US	      (2 * TICK_S)  /* the caller's time to answer IKE_ACT_COUNT */
#define REPLACE_RETRY_US      (60 * TICK_S)
#define MOVED_REPLACE_US      (5 * TICK_S)  /* after a peer's address changed under its SAs */
#define HINT_PROBE_US	      (10 * TICK_S) /* at most one liveness check per hint and this time */
#define STRAY_BURST_MAX	      20	    /* unprotected answers per STRAY_REFILL_US */
#define STRAY_REFILL_US	      TICK_S
#define ACTIONS_MAX	      65536 /* an engine whose caller does not drain it is a bug */
#define JOBS_MAX	      256   /* responder's key exchanges under way */
#define REPLAY_WINDOW_DEFAULT 128
#define INIT_KEY_LEN	      (8 + 1 + 16 + 2)

enum sa_state {
	SA_KEYGEN, /* initiator: our key pair is being made */
	SA_INIT_SENT,
	SA_SHARED, /* initiator: the shared secret is being computed */
	SA_AUTH_SENT,
	SA_ACCEPTING,	  /* responder: key pair and shared secret are being computed */
	SA_INIT_ANSWERED, /* responder: half-open */
	SA_ESTABLISHED,
	SA_DELETING,  /* our Delete is under way */
	SA_LINGERING, /* gone, but the last answer may have to be sent again */
	SA_DEAD,      /* to be freed at the end of this call */
	SA_STATE_COUNT
};

/* A connection as copied from the configuration, shared by the SAs that use it. */
struct conn {
	unsigned refs;
	struct ike_conn c; /* c.psk: owned, wiped */
};

struct blob {
	uint8_t *p; /* owned */
	size_t len;
};

struct child {
	struct list node;	/* in sa->children */
	struct map_node by_spi; /* in ike->by_child, under sa.in.spi */
	struct ike_sa *sa;
	struct ike_child_sa c; /* with its keys: a NAT that rebinds has it installed again */
	tick_t since;
	uint64_t packets_seen; /* of the inbound SA, at the last IKE_ACT_COUNT */
	bool deleting;	       /* our Delete names it */
};

struct want {
	struct list node; /* in ike->wants */
	uint64_t id;
	struct ike_want w;
	uint64_t sa_id; /* the IKE SA that is to bring it; 0 once cancelled from it */
	bool silent;	/* cancelled, or our own (replacement): no WANT_DONE */
};

struct request {
	struct blob bytes; /* empty: nothing is outstanding */
	uint32_t mid;
	uint8_t exchange;
	unsigned sends;
	tick_t interval;
};

struct init_state { /* what only IKE_SA_INIT and IKE_AUTH need; freed once established */
	struct ike_ke *ke;
	uint16_t group;
	uint8_t proposal_num; /* responder: of the proposal that was chosen */
	uint8_t nonce_len[2]; /* less one: 16..256; [0] initiator's */
	uint8_t nonce[2][IKE_NONCE_MAX];
	struct blob message[2]; /* IKE_SA_INIT request and response, as they were */
	struct blob cookie;
	unsigned rounds; /* COOKIE and INVALID_KE_PAYLOAD answers so far */
	uint16_t groups_tried[INIT_RETRIES_MAX + 1];
	unsigned groups_tried_count;
	uint32_t spi_in; /* of the Child SA that we propose */
	uint32_t child_reqid, child_seq;
	enum ike_cause hint; /* an unauthenticated error said so */
};

struct ike_sa {
	struct list node;	 /* in ike->sas, oldest first */
	struct list reap;	 /* in ike->dead once it is over */
	struct list half;	 /* in ike->half while half-open */
	struct map_node by_id;	 /* in ike->by_id */
	struct map_node by_spi;	 /* in ike->by_spi, under spi_own */
	struct map_node by_init; /* responder: in ike->by_init, under init_key */
	struct heap_node timer;
	struct ike *ike;
	uint64_t id;
	uint8_t state; /* enum sa_state; assigned in sa_enter alone */
	bool initiator;
	bool nat_local, nat_remote, natt; /* natt: ESP in UDP, port 4500 */
	bool in_init_map;
	bool up_told;	      /* IKE_ACT_UP has been emitted */
	bool initial_contact; /* as initiator: we said so */
	bool crossed;	      /* lost against an SA of the peer's making, or won: settled */
	bool replaced;	      /* a newer SA has taken over */
	bool dpd_asked;	      /* IKE_ACT_COUNT is out */
	unsigned dpd_left;    /* counts that have not been answered */
	bool delete_wanted;   /* once the outstanding request is through */
	bool probe_wanted;
	bool probing;	     /* the outstanding request is a liveness check or a Delete */
	uint16_t last_words; /* Notify to send in the place of our Delete (2.21.2), or 0 */
	enum ike_cause down_cause;
	struct conn *conn; /* reference; NULL for a responder until IKE_AUTH */
	uint64_t spi_i, spi_r, spi_own;
	uint8_t init_key[INIT_KEY_LEN]; /* initiator's SPI, address, port */
	struct ike_path path;
	struct ike_suite suite;
	struct ike_keys keys;
	uint64_t iv_counter;
	uint8_t lowest_nonce[16]; /* the lower of the two, its first bytes: for crossings (2.8.1) */
	struct ike_id *remote_id; /* owned; NULL until authenticated */
	struct ike_id *local_id;
	struct init_state *init;
	uint64_t replaces;	  /* id of the SA that this one was started to replace, or 0 */
	uint32_t mid_out, mid_in; /* next request to send, next request to expect */
	struct request req;
	struct blob answer;	 /* to request mid_in - 1 */
	uint64_t established_id; /* of ike->next_id: what came before what, finer than time */
	tick_t created, established, last_in, last_out, last_hint;
	tick_t t_retransmit, t_expire, t_dpd, t_keepalive, t_replace,
		t_hard; /* TICK_NEVER: unset */
	struct list children;
	size_t child_count;
};

struct ike {
	struct rng rng;
	struct conn **conns;
	size_t conn_count;
	struct ike_flow *flows;
	size_t flow_count;
	struct ike_timing timing;
	struct ike_limits limits;
	struct list sas, wants, dead, half;
	struct map by_id, by_spi, by_init, by_child;
	struct heap timers;
	struct list actions;	/* struct queued */
	struct queued *current; /* the one that ike_next gave out last */
	size_t action_count, sa_count, half_open, lingering, want_count, jobs;
	uint64_t next_id;
	uint8_t cookie_secret[2][32]; /* current, previous */
	tick_t cookie_since;
	unsigned stray_tokens;
	tick_t stray_since;
	bool shutting_down;
	tick_t now; /* of the public call under way */
	struct ike_stats stats;
	/* Scratch of one call: what was decrypted, what is being written, and that sealed. */
	uint8_t plain[IKE_MESSAGE_MAX], draft[IKE_MESSAGE_MAX], wire[IKE_MESSAGE_MAX];
};

/* ---- action.c ---- */
struct queued {
	struct list node;
	struct ike_action a;
	struct ike_child_sa child; /* a.child points here */
	struct ike_sa_info *info;  /* owned */
	struct note note;
	char detail[NOTE_MAX];
	size_t bytes_len;
	uint8_t bytes[]; /* a.bytes points here */
};
/* NULL without memory (counted). */
struct queued *action_new(struct ike *ike, enum ike_action_kind kind, struct cur bytes);
void action_free(struct queued *q);
void action_send(struct ike *ike, const struct ike_path *path, struct cur bytes);
void ike_note(struct ike *ike, enum note_class cls, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Prefixed with the connection's name, the SA's number and the peer's address. */
void sa_note(struct ike_sa *sa, enum note_class cls, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void action_sa(struct ike_sa *sa, enum ike_action_kind kind, enum ike_cause cause);
void action_child(struct child *child, enum ike_action_kind kind, enum ike_cause cause);
void action_want(struct ike *ike, const struct want *want, uint64_t ike_id, enum ike_cause cause,
		 bool existed, const char *detail);
void sa_fill_info(const struct ike_sa *sa, struct ike_sa_info *info);

/* ---- sa.c ---- */
/* A new SA in its first state, or NULL (IKE_SAS_MAX, no memory).  Its own SPI is drawn. */
struct ike_sa *sa_new(struct ike *ike, bool initiator, const struct ike_path *path);
/* The only assignment to state. */
void sa_enter(struct ike_sa *sa, enum sa_state state);
/* Recompute when the SA is next due. */
void sa_schedule(struct ike_sa *sa);
struct ike_sa *sa_by_id(struct ike *ike, uint64_t id);
/* It is over: children go, wishes fail with `cause`, DOWN is told.  Sends nothing. */
void sa_down(struct ike_sa *sa, enum ike_cause cause, const char *detail);
/* As sa_down, but the answer that was just given is kept for LINGER_US. */
void sa_linger(struct ike_sa *sa, enum ike_cause cause, const char *detail);
/* Send a Delete for it (at once or after the outstanding request), then sa_down. */
void sa_delete(struct ike_sa *sa, enum ike_cause cause);
void sa_established(struct ike_sa *sa);
void sa_timeout(struct ike_sa *sa);
/* An authenticated, fresh message came from `path`: life, and maybe a new NAT mapping. */
void sa_heard(struct ike_sa *sa, const struct ike_path *path, bool request);
void sa_move(struct ike_sa *sa, const struct endpoint *remote);
bool sa_is_half_open(const struct ike_sa *sa);
void init_state_free(struct init_state *init);
void ike_reap(struct ike *ike);
void conn_unref(struct conn *conn);
struct conn *conn_ref(struct conn *conn);
bool blob_set(struct blob *blob, struct cur bytes);
void blob_clear(struct blob *blob);
static inline struct cur blob_cur(const struct blob *blob)
{
	return cur_of(blob->p, blob->len);
}
static inline struct cur init_nonce(const struct init_state *init, int who)
{
	return cur_of(init->nonce[who], (size_t)init->nonce_len[who] + 1);
}
void init_nonce_set(struct init_state *init, int who, struct cur nonce);

/* ---- exchange.c ---- */
/* Start writing the payloads of a protected message. */
void plain_begin(struct ike *ike, struct buf *buf, struct ike_writer *w);
/* Seal and send it as our next request: false if one is outstanding or it cannot be built. */
bool request_send(struct ike_sa *sa, uint8_t exchange, const struct buf *plain, uint8_t first);
/* Seal, keep and send it as the answer to request `mid`, and expect the next. */
bool answer_send(struct ike_sa *sa, const struct ike_path *path, uint8_t exchange, uint32_t mid,
		 const struct buf *plain, uint8_t first);
/* An answer that is one Notify. */
bool answer_notify(struct ike_sa *sa, const struct ike_path *path, uint8_t exchange, uint32_t mid,
		   uint16_t type, struct cur data);
/* Keep an unprotected request (IKE_SA_INIT) for retransmission and send it. */
bool request_keep(struct ike_sa *sa, uint8_t exchange, struct cur message);
void request_done(struct ike_sa *sa);
/* The retransmission timer fired. */
void request_retransmit(struct ike_sa *sa);
/* Verify and decrypt into ike->plain: then it is the peer's, whatever it says. */
enum ike_err message_open(struct ike_sa *sa, struct cur datagram, const struct ike_msg *outer,
			  struct cur *plain);
/* An unprotected answer that is one Notify, rate-limited: INVALID_KE_PAYLOAD, COOKIE … */
void stray_notify(struct ike *ike, const struct ike_path *path, const struct ike_hdr *to,
		  uint16_t type, struct cur data);

/* ---- init.c, accept.c ---- */
struct ike_sa *init_start(struct ike *ike, struct conn *conn, const struct ike_path *path,
			  uint32_t reqid, uint32_t seq);
enum ike_err init_answered(struct ike_sa *sa, const struct ike_path *path,
			   const struct ike_hdr *hdr, const struct ike_msg *msg,
			   struct cur datagram);
void init_keys_ready(struct ike_sa *sa, struct ike_job *job);
enum ike_err accept_init(struct ike *ike, const struct ike_path *path, const struct ike_hdr *hdr,
			 const struct ike_msg *msg, struct cur datagram);
void accept_keys_ready(struct ike_sa *sa, struct ike_job *job);
/* NAT detection, RFC 7296 2.23 */
void natd_write(struct ike_sa *sa, struct ike_writer *w);
void natd_read(struct ike_sa *sa, const struct ike_path *path, const struct ike_hdr *hdr,
	       const struct ike_msg *msg);
/* Lower nonce of the two into sa->lowest_nonce. */
void nonces_compare(struct ike_sa *sa);
/* Is `path` within reach of this connection? */
bool conn_covers(const struct conn *conn, const struct ike_path *path);

/* ---- auth.c, auth_resp.c ---- */
void auth_start(struct ike_sa *sa);
enum ike_err auth_answered(struct ike_sa *sa, const struct ike_path *path,
			   const struct ike_msg *msg);
enum ike_err auth_request(struct ike_sa *sa, const struct ike_path *path, const struct ike_hdr *hdr,
			  const struct ike_msg *msg);
/* Our identity on that connection: the configured one, or our address. */
void auth_local_id(const struct ike_sa *sa, const struct conn *conn, struct ike_id *out);
/* The content of an ID payload, into `memory`. */
struct cur auth_id_body(const struct ike_id *id, uint8_t memory[static IKE_ID_MAX + 4]);
/* A copy, owned by the caller; NULL without memory. */
struct ike_id *auth_id_keep(const struct ike_id *id);
/* Our ESP proposals as IKE_AUTH offers them: no groups (1.2), our SPI in each. */
void auth_esp_proposals(const struct conn *conn, uint32_t spi, struct ike_proposals *out);
/* AUTH data of one side; who: 0 initiator, 1 responder. */
enum ike_err auth_psk(struct ike_sa *sa, const struct conn *conn, int who, struct cur id_body,
		      uint8_t out[static IKE_PRF_LEN_MAX]);

/* ---- info.c ---- */
enum ike_err info_request(struct ike_sa *sa, const struct ike_path *path, const struct ike_hdr *hdr,
			  const struct ike_msg *msg);
enum ike_err info_answered(struct ike_sa *sa, const struct ike_path *path,
			   const struct ike_msg *msg);
/* Whatever waited for the outstanding request to be answered. */
void info_next(struct ike_sa *sa);
enum ike_err create_child_request(struct ike_sa *sa, const struct ike_path *path,
				  const struct ike_hdr *hdr, const struct ike_msg *msg);
void info_probe(struct ike_sa *sa);
void info_delete_sa(struct ike_sa *sa);
void info_delete_child(struct child *child);

/* ---- child.c ---- */
const struct ike_flow *flow_find(const struct ike *ike, const struct addr *local,
				 const struct addr *remote, uint32_t reqid);
uint32_t child_spi_new(struct ike *ike);
/* The selectors that we propose: GRE, host to host. */
void child_ts(const struct addr *addr, struct ike_ts_list *out);
/* Does the list allow GRE on all ports with that host?  With `nat`, any one host will do. */
bool child_ts_covers(const struct ike_ts_list *list, const struct addr *host, bool nat);
/*
 * Derive keys, register, and have both halves installed.  `i_am_initiator` of the exchange.
 * NULL without memory or keys.
 */
struct child *child_add(struct ike_sa *sa, const struct ike_suite *suite, uint32_t spi_in,
			uint32_t spi_out, uint32_t reqid, uint32_t seq, bool i_am_initiator,
			struct cur ni, struct cur nr);
void child_remove(struct child *child, enum ike_cause cause);
void child_moved(struct child *child, const struct addr *old_remote);
struct child *child_by_spi(struct ike *ike, uint32_t spi_in);
struct child *child_by_id(struct ike *ike, uint64_t id);
struct child *child_for(struct ike_sa *sa, uint32_t reqid);

/* ---- unique.c ---- */
/* `sa` has just been established: settle it with the peer's other SAs. */
void unique_settle(struct ike_sa *sa, bool initial_contact);
bool unique_is_first_contact(const struct ike_sa *sa);

/* ---- want.c ---- */
void wants_child_up(struct ike_sa *sa, struct child *child);
void wants_fail(struct ike_sa *sa, enum ike_cause cause, const char *detail);
/* Start a replacement for an SA that has grown old. */
void want_replace(struct ike_sa *sa);
struct conn *conn_for(struct ike *ike, const struct addr *local, const struct addr *remote);

/* ---- job.c ---- */
enum job_kind { JOB_KEYGEN, JOB_SHARED, JOB_ACCEPT };
struct ike_job {
	enum job_kind kind;
	uint64_t sa_id;
	uint16_t group;
	struct ike_ke *ke; /* in: JOB_SHARED; out: JOB_KEYGEN */
	uint8_t seed[IKE_KE_SEED_MAX];
	size_t peer_len, shared_len;
	uint8_t peer[IKE_KE_PUBLIC_MAX]; /* the peer's public value */
	uint8_t public[IKE_KE_PUBLIC_MAX], shared[IKE_KE_SHARED_MAX];
	enum ike_err err;
};
/* Queue the work; false without memory or over JOBS_MAX.  `take_ke` is the job's then. */
bool job_start(struct ike_sa *sa, enum job_kind kind, uint16_t group, struct ike_ke *take_ke,
	       struct cur peer);

#endif
