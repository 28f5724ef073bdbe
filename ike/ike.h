/*
 * ike/ike.h - the IKEv2 engine, without sockets, clock or globals.  RFC 7296.
 *
 * Feed it datagrams, wishes and time; drain the actions it wants done:
 *
 *	ike_input(ike, now, &path, datagram);	a datagram came
 *	ike_want(ike, now, &want, &id);		an SA is wanted with a peer
 *	ike_deadline(ike)			when ike_timeout is next due
 *	ike_timeout(ike, now);			retransmit, probe, expire: whatever is due
 *	while (ike_next(ike, &action)) ...	after each of the above
 *
 * Slow public-key work leaves as IKE_ACT_JOB and comes back through ike_job_done, so that it may
 * run on a worker thread.  Randomness comes from the generator given to ike_new: same seed, same
 * input, same actions, byte for byte.  The engine never logs: it emits notes.
 */
#ifndef IKE_IKE_H
#define IKE_IKE_H

#include "base/base.h"
#include "ike/err.h"
#include "ike/proto.h"
#include "ike/suite.h"

#define IKE_NAME_MAX	 32  /* connection name with its terminator */
#define IKE_ID_MAX	 512 /* bytes of an identity */
#define IKE_ID_TEXT_MAX	 320
#define IKE_CONNS_MAX	 4096
#define IKE_FLOWS_MAX	 256
#define IKE_PSK_MIN	 1 /* bytes; config warns far above that */
#define IKE_PSK_MAX	 1024
#define IKE_WANTS_MAX	 4096 /* unanswered wishes */
#define IKE_SAS_MAX	 65536
#define IKE_CHILDREN_MAX 16 /* per IKE SA */

struct ike;
struct ike_job;

/* ---- Identities, RFC 7296 3.5 ---- */

struct ike_id {
	uint8_t type; /* enum ike_id_type; IKE_ID_NONE: unset */
	uint16_t len;
	uint8_t data[IKE_ID_MAX];
};

/*
 * Read an identity as an operator writes it: an address, "name.example" (FQDN), "user@example"
 * (RFC822_ADDR), "@name" (FQDN whatever it looks like), "@#hex" (KEY_ID), "CN=a, O=b" (a DN,
 * encoded as UTF8String, in the written order), or with an explicit "fqdn:", "email:", "keyid:",
 * "asn1:#hex", "ipv4:", "ipv6:" prefix.  False: `why` says what is wrong.
 */
bool ike_id_from_text(const char *text, struct ike_id *out, char why[static IKE_WHY_MAX]);
void ike_id_from_addr(const struct addr *addr, struct ike_id *out);
bool ike_id_eq(const struct ike_id *a, const struct ike_id *b);
const char *ike_id_text(const struct ike_id *id, char out[static IKE_ID_TEXT_MAX]);

/* ---- Configuration ---- */

/* How to speak with a set of peers.  Copied by ike_configure. */
struct ike_conn {
	char name[IKE_NAME_MAX];
	struct prefix remote;	 /* peers' addresses as we see them */
	struct addr local;	 /* ADDR_NONE: any of ours */
	struct ike_id local_id;	 /* IKE_ID_NONE: our address on the path */
	struct ike_id remote_id; /* IKE_ID_NONE: any identity that knows the secret */
	const uint8_t *psk;	 /* borrowed for the call; copied, and wiped when it goes */
	size_t psk_len;
	struct ike_proposals ike, esp;
	uint32_t replay_window; /* packets */
	bool force_encap;	/* ESP in UDP without a NAT, too */
	tick_t dpd_us;		/* silence after which the peer is probed; 0: never */
	tick_t lifetime_us;	/* IKE SA's age at which it is replaced; 0: never */
};

/* GRE between `local` and any of `remote` is what we accept and ask SAs for: one per tunnel. */
struct ike_flow {
	uint32_t reqid;
	struct addr local; /* ADDR_NONE: any of ours */
	struct prefix remote;
};

struct ike_timing {
	tick_t retransmit_us;		/* first interval */
	uint32_t retransmit_factor_pct; /* growth, 160: times 1.6 */
	tick_t retransmit_max_us;
	uint32_t retransmit_tries; /* sends of one request before giving up */
	uint32_t probe_tries;	   /* the same for a liveness check of a silent peer */
	tick_t half_open_us;	   /* a responder's SA must be authenticated by then */
	tick_t keepalive_us;	   /* NAT keepalive; RFC 3948 4 says 20 s */
};

struct ike_limits {
	uint32_t half_open_max;	   /* responder's: refuse above */
	uint32_t cookie_threshold; /* half-open SAs above which cookies are demanded; 0: always */
	uint32_t half_open_per_addr_max;
};

struct ike_conf {
	const struct ike_conn *conns;
	size_t conn_count;
	const struct ike_flow *flows;
	size_t flow_count;
	struct ike_timing timing;
	struct ike_limits limits;
};

/* Sensible timing and limits (README and spoked.conf(5) document them). */
void ike_conf_defaults(struct ike_conf *conf);

/* ---- Life ---- */

/* `rng` is copied; its ctx must outlive the engine.  NULL without memory. */
struct ike *ike_new(const struct rng *rng);

/* Frees everything, wipes keys, sends nothing: see ike_shutdown. */
void ike_free(struct ike *ike);

/*
 * Take a configuration (copied whole).  Standing SAs keep what they were made with, as long as a
 * connection of the same name with the same secret and identities remains and a flow still covers
 * them; others are deleted properly.  False without memory: the old configuration stands.
 */
bool ike_configure(struct ike *ike, tick_t now, const struct ike_conf *conf);

/* ---- Datagrams ---- */

/*
 * Where a datagram came from or goes to.  The non-ESP marker (RFC 3948 2.2) is the caller's: it is
 * on the wire whenever local.port is not IKE_PORT, and is stripped before ike_input.
 */
struct ike_path {
	struct endpoint local, remote;
};

/*
 * Take in one datagram received at `now` (microseconds, never backwards).
 * The bytes are borrowed for the length of the call.
 *
 * Any error means "the peer sent rubbish": it has been counted, at most one
 * reply is queued (2.21), and no SA has changed state.
 */
enum ike_err ike_input(struct ike *ike, tick_t now, const struct ike_path *path,
		       struct cur datagram);

/* ---- Time ---- */

/* When ike_timeout is next due; TICK_NEVER if nothing is pending. */
tick_t ike_deadline(const struct ike *ike);

/* Do whatever is due at `now`. */
void ike_timeout(struct ike *ike, tick_t now);

/* ---- Wishes ---- */

/* Why an SA did not come to be, or went. */
enum ike_cause {
	IKE_CAUSE_NONE = 0,
	IKE_CAUSE_NO_PEER,	     /* no connection is configured for that address */
	IKE_CAUSE_NO_FLOW,	     /* no tunnel between these addresses */
	IKE_CAUSE_NO_ANSWER,	     /* every request went unanswered */
	IKE_CAUSE_NO_PROPOSAL,	     /* IKE proposals have nothing in common */
	IKE_CAUSE_NO_CHILD_PROPOSAL, /* ESP proposals have nothing in common */
	IKE_CAUSE_AUTH_REFUSED,	     /* the peer refused our authentication */
	IKE_CAUSE_AUTH_FAILED,	     /* the peer's authentication does not verify */
	IKE_CAUSE_ID,		     /* the peer's identity is not the configured one */
	IKE_CAUSE_TS,		     /* traffic selectors refused */
	IKE_CAUSE_MODE,		     /* the peer insists on tunnel mode */
	IKE_CAUSE_PROTOCOL,	     /* the peer broke the protocol */
	IKE_CAUSE_PEER_DELETED,	     /* the peer deleted it */
	IKE_CAUSE_REPLACED,	     /* a newer SA with the same peer took its place */
	IKE_CAUSE_COLLISION,	     /* both ends initiated; the other SA stays */
	IKE_CAUSE_TERMINATED,	     /* asked for: ike_terminate, ike_shutdown */
	IKE_CAUSE_CONFIG,	     /* no longer configured */
	IKE_CAUSE_EXPIRED,	     /* lifetime over */
	IKE_CAUSE_KERNEL,	     /* the kernel refused or dropped the SA */
	IKE_CAUSE_LIMIT,	     /* one of our limits, or no memory */
	IKE_CAUSE_COUNT
};
const char *ike_cause_text(enum ike_cause cause); /* "no answer", … */

struct ike_want {
	struct addr local; /* ADDR_NONE is not allowed: the caller knows its source */
	struct addr remote;
	uint32_t reqid; /* of the flow; 0: the first that matches */
	uint32_t seq;	/* passed through to IKE_ACT_SA_ADD: the kernel's ACQUIRE; or 0 */
};

/*
 * Ask for an SA pair that carries GRE to a peer.  Whatever stands or is under way with that peer is
 * used.  Exactly one IKE_ACT_WANT_DONE with the id follows (maybe already queued on return).
 * IDs are never 0.  Returns IKE_CAUSE_NONE, or why there is no id.
 */
enum ike_cause ike_want(struct ike *ike, tick_t now, const struct ike_want *want, uint64_t *id);

/* Nobody waits for that wish any more; no action follows for it.  The negotiation goes on. */
void ike_want_cancel(struct ike *ike, uint64_t id);

/* Which SAs: fields that are 0 or ADDR_NONE match all. */
struct ike_match {
	uint64_t ike_id;
	uint64_t child_id; /* just that Child SA */
	struct addr local, remote;
	const char *conn; /* name, or NULL */
};

/*
 * Delete SAs properly (a Delete, its answer or its time-out).  A `child_id` alone deletes that pair
 * and leaves the IKE SA.  With `silent` nothing is sent.  Returns how many matched.
 */
size_t ike_terminate(struct ike *ike, tick_t now, const struct ike_match *match, bool silent);

/* Delete everything, accept nothing new; done when ike_idle, or when the caller's patience ends. */
void ike_shutdown(struct ike *ike, tick_t now);
bool ike_idle(const struct ike *ike);

/* ---- What the kernel says ---- */

/*
 * An authenticated ESP packet of the inbound SA (local address, SPI) came from another endpoint: a
 * NAT rebound (RFC 7296 2.23).
 */
void ike_mapping_changed(struct ike *ike, tick_t now, const struct addr *local, uint32_t spi_in,
			 const struct endpoint *remote);

/* An SA of ours reached a limit (hard: the kernel has removed it). Either direction's SPI. */
void ike_child_expired(struct ike *ike, tick_t now, const struct addr *dst, uint32_t spi,
		       bool hard);

/* The answer to IKE_ACT_COUNT: packets that the inbound SA has seen so far. */
void ike_child_count(struct ike *ike, tick_t now, uint64_t child_id, uint64_t packets);

/* IKE_ACT_SA_ADD could not be carried out. */
void ike_child_failed(struct ike *ike, tick_t now, uint64_t child_id);

/* ---- Jobs ---- */

/* Do the slow part.  Touches nothing but the job: call it on any thread. */
void ike_job_run(struct ike_job *job);

/* Hand a finished job back; the engine frees it.  Jobs outlive SAs safely, not the engine. */
void ike_job_done(struct ike *ike, tick_t now, struct ike_job *job);

/* ---- Actions ---- */

/* One direction of a Child SA, ready for the kernel. */
struct ike_sa_half {
	struct addr src, dst;
	uint32_t spi;
	struct secret encr_key, integ_key;
};

struct ike_child_sa {
	uint64_t child_id; /* unique in this engine, never 0 */
	uint64_t ike_id;
	uint32_t reqid;
	uint32_t seq; /* of the want that led to it, or 0 */
	struct ike_suite suite;
	struct ike_sa_half in, out;
	bool encap;
	uint16_t local_port, remote_port; /* of ESP in UDP */
	uint32_t replay_window;
};

enum ike_action_kind {
	IKE_ACT_SEND,	    /* a datagram: path, bytes; a single byte 0xff on port 4500 is a
			     * NAT keepalive, which goes without the marker (RFC 3948 2.3) */
	IKE_ACT_JOB,	    /* run `job`, then ike_job_done */
	IKE_ACT_SA_ADD,	    /* install both halves, the inbound one first */
	IKE_ACT_SA_MOVE,    /* the peer's endpoint changed: `child` is the new state, old_remote */
	IKE_ACT_SA_DEL,	    /* remove both halves: only addresses and SPIs of `child` are set */
	IKE_ACT_COUNT,	    /* answer with ike_child_count: `child` as for SA_DEL */
	IKE_ACT_UP,	    /* an IKE SA is established: ike_id */
	IKE_ACT_DOWN,	    /* it is gone: ike_id, cause (still listed until the next action) */
	IKE_ACT_CHILD_UP,   /* a Child SA pair has been installed: child_id, ike_id */
	IKE_ACT_CHILD_DOWN, /* and is gone, cause */
	IKE_ACT_WANT_DONE,  /* want_id, cause (IKE_CAUSE_NONE: it stands), detail, ike_id */
	IKE_ACT_NOTE,
};

/* Pointers live until the next call of any function of the engine. */
struct ike_action {
	enum ike_action_kind kind;
	struct ike_path path;
	struct cur bytes;
	struct ike_job *job; /* the caller's until ike_job_done */
	const struct ike_child_sa *child;
	struct addr old_remote;
	uint64_t ike_id, child_id, want_id;
	bool existed; /* WANT_DONE: it stood already */
	enum ike_cause cause;
	const struct note *note; /* NOTE */
	const char *detail;	 /* WANT_DONE: a sentence with names and addresses */
	const struct ike_sa_info
		*info; /* UP, DOWN, CHILD_UP, CHILD_DOWN: its state at that moment */
};

/* Pop the oldest action.  False when there is none. */
bool ike_next(struct ike *ike, struct ike_action *action);

/* ---- Looking in ---- */

struct ike_child_info {
	uint64_t child_id;
	uint32_t reqid, spi_in, spi_out;
	struct ike_suite suite;
	bool encap;
	struct addr local, remote; /* as in the kernel */
	tick_t since;
};

struct ike_sa_info {
	uint64_t ike_id;
	uint64_t spi_i, spi_r;
	const char *conn; /* name; "" until known */
	bool initiator;
	const char *state; /* strongSwan's names: CONNECTING, ESTABLISHED, DELETING */
	bool established;
	struct ike_path path;
	bool nat_local, nat_remote;
	struct ike_id local_id, remote_id; /* IKE_ID_NONE until known */
	struct ike_suite suite;
	tick_t since;	   /* established at; or begun at */
	tick_t replace_at; /* when it will be replaced; TICK_NEVER */
	size_t child_count;
	struct ike_child_info child[IKE_CHILDREN_MAX];
};

/* Visit every IKE SA, oldest first. */
void ike_list(const struct ike *ike, void (*each)(void *ctx, const struct ike_sa_info *info),
	      void *ctx);

struct ike_stats {
	uint64_t errors[IKE_E_COUNT]; /* datagrams and messages refused, by reason */
	uint64_t in, out, retransmits, cookies_sent, keepalives;
	uint64_t up, down, child_up, child_down, wants, wants_failed, half_open_expired;
	size_t sas, half_open, children, jobs;
};
void ike_stats(const struct ike *ike, struct ike_stats *out);

#endif
