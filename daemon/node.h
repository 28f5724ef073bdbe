/*
 * daemon/node.h - the node: joins the IKE engine, the kernel and the operator's commands, and is
 * itself sans-IO.  What the simulation runs is what ships; only the event loop, the sockets and
 * netlink are left out.
 *
 *	in:  node_datagram, node_kernel, node_job_done, node_command functions, node_timeout
 *	out: node_next, after each of them, until it says false
 */
#ifndef DAEMON_NODE_H
#define DAEMON_NODE_H

#include "ike/ike.h"
#include "xfrm/xfrm.h"

#define NODE_TUNNELS_MAX 256
#define NODE_WAITERS_MAX 1024 /* `establish` commands that wait */

struct node;

/* A tunnel as the node needs it: `source` has been resolved to an address. */
struct node_tunnel {
	char name[XFRM_NAME_MAX];
	uint32_t reqid;
	struct addr local, remote; /* ADDR_NONE: any, multipoint */
};

struct node_conf {
	const struct node_tunnel *tunnels;
	size_t tunnel_count;
	const struct ike_conn *conns;
	size_t conn_count;
	struct ike_timing timing;
	struct ike_limits limits;
};

struct node *node_new(const struct rng *rng);
void node_free(struct node *node);

/* Copied.  Unchanged tunnels and peers are untouched; SAs that nothing covers any more are deleted.
 */
bool node_configure(struct node *node, tick_t now, const struct node_conf *conf);

void node_datagram(struct node *node, tick_t now, const struct ike_path *path, struct cur bytes);
void node_kernel(struct node *node, tick_t now, const struct xfrm_event *ev);
void node_job_done(struct node *node, tick_t now, struct ike_job *job);
tick_t node_deadline(const struct node *node);
void node_timeout(struct node *node, tick_t now);

/* ---- Commands ---- */

/* An SA that somebody wants to stand. */
struct node_wish {
	struct addr local;  /* ADDR_NONE: the tunnel's own */
	struct addr source; /* where neither that nor the tunnel says: the routing table's choice */
	struct addr remote; /* must be set */
	const char *tunnel; /* its name; NULL: whichever can reach the peer */
	bool wait;	    /* false: the reply comes at once */
	tick_t timeout_us;  /* of the waiting; 0: as long as the negotiation takes */
	uint64_t tag;	    /* comes back with the reply */
};

/*
 * `establish`: exactly one NODE_ACT_REPLY with the tag follows.  False, and nothing follows, if
 * NODE_WAITERS_MAX wait already, or without memory.
 */
bool node_establish(struct node *node, tick_t now, const struct node_wish *wish);

/* The one who waited has gone: no reply any more. */
void node_forget(struct node *node, uint64_t tag);
size_t node_terminate(struct node *node, tick_t now, const struct ike_match *match, bool silent);
void node_shutdown(struct node *node, tick_t now);
bool node_idle(const struct node *node);

/* Look in: the engine's lists and counters, with the tunnel's name for a reqid. */
const struct ike *node_ike(const struct node *node);
const char *node_tunnel_name(const struct node *node, uint32_t reqid); /* "" if there is none */

struct node_stats {
	uint64_t acquires;	    /* packets without an SA that the kernel told us of */
	uint64_t acquires_repeated; /* of these, while an attempt or its back-off was under way */
	uint64_t acquires_unknown;  /* of these, towards addresses that no peer is configured for */
	uint64_t acquires_foreign;  /* reqids that are not ours: another daemon's */
	uint64_t acquires_dropped;  /* table full, or no memory */
	uint64_t expires, mappings, resyncs;
	uint64_t strays;	/* SAs in the kernel that the engine did not know: removed */
	uint64_t lost;		/* Child SAs that the kernel no longer had */
	uint64_t kernel_errors; /* SAs that it refused */
};
void node_stats(const struct node *node, struct node_stats *out);

/* ---- What the kernel answered to an action ---- */
void node_sa_failed(struct node *node, tick_t now, uint64_t child_id, const char *why);
void node_sa_counted(struct node *node, tick_t now, uint64_t child_id, uint64_t packets_in);

/* After NODE_ACT_SA_LIST: what stands in the kernel with our reqids; the node sorts out the rest.
 */
void node_sa_listed(struct node *node, tick_t now, const struct xfrm_sa_view *views, size_t count);

/* ---- Actions ---- */

enum node_action_kind {
	NODE_ACT_SEND,	  /* path, bytes */
	NODE_ACT_JOB,	  /* ike_job_run, anywhere; then node_job_done */
	NODE_ACT_SA_ADD,  /* sa[0] (inbound) and sa[1] (outbound), child_id; failure: node_sa_failed
			   */
	NODE_ACT_SA_MOVE, /* sa[0], sa[1] as they shall be; old_remote */
	NODE_ACT_SA_DEL,  /* addresses and SPIs of sa[0], sa[1]; an SPI of 0: there is no such half
			   */
	NODE_ACT_COUNT,	  /* xfrm_sa_count of sa[0]; answer with node_sa_counted */
	NODE_ACT_SA_LIST, /* answer with node_sa_listed */
	NODE_ACT_ACQUIRE_FORGET, /* sa[1].src, .dst, .reqid: let the kernel ask again */
	NODE_ACT_UPDOWN, /* for event subscribers: up, child (or the IKE SA), info; text: why
			  * it went, NULL if there is no more to say than that */
	NODE_ACT_REPLY,	 /* to node_establish: tag, ok, existed, text, ike_id */
	NODE_ACT_NOTE,
};

/* Pointers live until the next call of any function of the node. */
struct node_action {
	enum node_action_kind kind;
	struct ike_path path;
	struct cur bytes;
	struct ike_job *job;
	uint64_t child_id, ike_id, tag;
	const struct xfrm_sa *sa; /* two; their keys are wiped with the next call */
	struct addr old_remote;
	bool up, child, ok, existed;
	const char *text;
	const struct ike_sa_info *info;
	const struct note *note;
};

bool node_next(struct node *node, struct node_action *action);

#endif
