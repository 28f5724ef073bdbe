/*
 * tests/sim/sim.h - a world of real nodes (daemon/node) in one process, in which everything that
 * goes wrong on real networks goes wrong on purpose, and the same way for the same seed.
 *
 *	main.c		options; one world per seed; the line that reproduces a failure
 *	world.c		the virtual clock and its events; a run from its first moment to its last
 *	host.c		a machine: its daemon started, stopped, crashed; what the node wants done
 *	setup.c		who is whose peer, with which secrets, proposals, timing
 *	link.c		loss, duplication, reordering, delay, corruption, partitions
 *	nat.c		address and port translation, and what happens when it forgets
 *	kernel.c	xfrm/xfrm.h over memory: policies, SAs, larval SAs, events
 *	traffic.c	pings over the policy
 *	faults.c	what goes wrong when
 *	check.c		what must be true after every step, and at the end
 *
 * The daemon's own glue (daemon/kernel.c) runs on the simulated kernel, so what is simulated is
 *what ships, less sockets and netlink.  Time is virtual: an hour takes as long as its events do.
 */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include "daemon/node.h"

#define SIM_HOSTS_MAX	  1024
#define SIM_POLICIES_MAX  4
#define SIM_KERNEL_MAX	  65536		/* SAs in one kernel */
#define SIM_LARVAL_US	  (30 * TICK_S) /* net.core.xfrm_acq_expires */
#define SIM_PATIENCE_US	  (4 * TICK_S)	/* as LOOP_PATIENCE_S */
#define SIM_FOREIGN_REQID 9999		/* another daemon's, which nobody may touch */
#define SIM_NAT_MAPS_MAX  8
#define SIM_NAT_PEERS_MAX 64
#define SIM_CUTS_MAX	  32
#define SIM_OLD_MAX	  64
#define SIM_WHY_MAX	  400

struct sim;
struct sim_host;

enum sim_shape { SIM_ANY_SHAPE, SIM_HUB, SIM_MESH };

/* What a run is made of; all of it comes from the seed unless the command line says otherwise. */
struct sim_options {
	uint64_t seed;
	unsigned nodes; /* 0: from the seed */
	enum sim_shape shape;
	bool calm;	  /* no faults: SAs are replaced under traffic, and nothing may be lost */
	tick_t faults_us; /* how long things go wrong; 0: from the seed */
	bool verbose;
};

/* How often it came to what the faults are for: a rule that is never tried says nothing. */
enum sim_seen {
	SIM_SEEN_IKE_UP,
	SIM_SEEN_WANTS_FAILED,
	SIM_SEEN_RETRANSMITS,
	SIM_SEEN_COOKIES,
	SIM_SEEN_KEEPALIVES,
	SIM_SEEN_HALF_OPEN_EXPIRED,
	SIM_SEEN_ACQUIRES,
	SIM_SEEN_EXPIRES,
	SIM_SEEN_MAPPINGS,
	SIM_SEEN_RESYNCS,
	SIM_SEEN_STRAYS,
	SIM_SEEN_LOST,
	SIM_SEEN_REFUSED,
	SIM_SEEN_CORRUPTED,
	SIM_SEEN_REPLAYED,
	SIM_SEEN_COUNT
};

/* What a run found out, for the summary. */
struct sim_result {
	bool failed;
	char why[SIM_WHY_MAX];
	tick_t at;	     /* of the failure */
	tick_t simulated_us; /* world time that passed */
	tick_t settle_us;    /* from the end of the faults until everybody was settled */
	tick_t bound_us;     /* and how long that may take at most */
	uint64_t steps, packets, pings, faults, seen[SIM_SEEN_COUNT];
	unsigned nodes;
};

/* ---- events ---- */

enum sim_event_kind {
	SIM_EV_PACKET, /* arrives: struct sim_packet */
	SIM_EV_JOB,    /* is done: struct sim_job */
	SIM_EV_KERNEL, /* reaches the daemon: struct sim_kernel_event */
	SIM_EV_NODE,   /* the node's deadline */
	SIM_EV_LARVAL, /* the kernel's: a question grows too old */
	SIM_EV_FLOW,   /* the next ping: struct sim_flow */
	SIM_EV_DAEMON, /* start it, or end its patience */
	SIM_EV_FAULT,
};

struct sim_event {
	struct heap_node heap;
	enum sim_event_kind kind;
	struct sim_host *host; /* whose affair it is; NULL: the world's */
};

/* ---- the network ---- */

struct sim_ping {
	unsigned flow;
	uint32_t seq;
	bool reply;
};

struct sim_packet {
	struct sim_event ev;
	struct endpoint src, dst; /* as on the wire where it is now; ports are 0 for ESP over IP */
	unsigned from, to;	  /* hosts */
	bool esp, udp, corrupt, replayed;
	uint32_t spi; /* ESP: */
	struct secret key;
	struct sim_ping ping;
	uint8_t exchange; /* IKE, before it was corrupted */
	size_t len;
	uint8_t bytes[];
};

/* Of a host's access to the network; a packet suffers from both ends'. */
struct sim_weather {
	unsigned loss_pct, dup_pct, reorder_pct, corrupt_pct;
	tick_t delay_min_us, delay_max_us;
	tick_t burst_until; /* everything is held back until then */
};

struct sim_cut { /* no packet from a to b until then */
	unsigned a, b;
	tick_t until;
};

struct sim_nat_map {
	uint16_t inside, outside; /* ports */
	tick_t used;
	struct endpoint peer[SIM_NAT_PEERS_MAX]; /* whom the inside has spoken to */
	tick_t peer_used[SIM_NAT_PEERS_MAX];
	size_t peer_count;
};

struct sim_nat {
	struct addr outside;
	uint16_t next_port;
	tick_t keep_us; /* a mapping that is not used lives so long */
	struct sim_nat_map map[SIM_NAT_MAPS_MAX];
	size_t map_count;
};

/* ---- the kernel ---- */

struct sim_sa {
	struct xfrm_sa sa; /* spi 0: larval */
	struct xfrm_counters counters;
	bool stray;	/* somebody else's, with our reqid */
	uint64_t order; /* of its addition: the newest is used */
	tick_t since;
};

struct xfrm {
	struct sim_host *host;
	struct sim_sa *sa;
	size_t count, cap;
	struct xfrm_policy policy[SIM_POLICIES_MAX];
	size_t policy_count;
	uint32_t seq;
	uint64_t order;
	bool listening;	   /* the daemon's event socket is open */
	bool refuse;	   /* fault: no memory for SAs */
	tick_t deaf_until; /* fault: events are lost until then, and then it says so */
	bool resync;	   /* some were */
	tick_t said;	   /* when the last event was handed over: they stay in order */
	uint64_t out, in, no_sa, no_policy, unknown_spi, wrong_source;
	char why[XFRM_WHY_MAX];
};

struct sim_kernel_event {
	struct sim_event ev;
	unsigned life;
	struct xfrm_event event;
};

/* ---- hosts ---- */

struct sim_job {
	struct sim_event ev;
	struct list node; /* in host->jobs */
	struct ike_job *job;
};

/* What a host knows of another one. */
struct sim_peer {
	bool linked;	     /* they are meant to speak with each other */
	bool configured;     /* here, now */
	unsigned secret;     /* which version of it */
	bool held;	     /* an SA to it stood, in calm weather */
	struct addr learned; /* where its packets come from */
};

/* One Child SA's or IKE SA's way through the actions. */
struct sim_track {
	uint64_t id;
	bool added, up, child;
};

/* An `establish` that has not been replied to. */
struct sim_wait {
	uint64_t tag;
	tick_t due; /* the latest moment for it; the world's time */
	unsigned peer;
};

struct sim_host {
	struct sim *sim;
	unsigned index;
	struct addr addr;
	uint32_t reqid;
	struct sim_nat *nat; /* NULL: none */
	unsigned rebinds;    /* how often it forgot */
	struct sim_weather weather;
	struct sim_peer *peer; /* [sim->count] */

	struct node *node; /* NULL: the daemon is not running */
	unsigned life;	   /* counts starts: what is late from an earlier one does not count */
	uint64_t seed;	   /* state of the node's generator */
	tick_t clock;	   /* added to the world's */
	struct xfrm kernel;
	struct list jobs;
	tick_t job_max_us;
	tick_t asleep_until;
	bool stopping;	    /* it has been told to */
	tick_t downtime_us; /* how long it stays away after that */
	struct sim_event deadline, larval, daemon;
	tick_t spun_at; /* the deadline that was last fired, and how often at one moment */
	unsigned spun;

	struct sim_track *track;
	size_t track_count, track_cap;
	struct sim_wait *wait;
	size_t wait_count, wait_cap;
	bool changed;	/* SAs were, since the last check */
	bool disturbed; /* somebody took SAs out of the kernel: the node may not know yet */
};

struct sim_flow {
	struct sim_event ev;
	unsigned index, from, to;
	bool on, met; /* met: a reply has come since it was switched on */
	tick_t period_us, last_ok;
	uint32_t seq, seq_ok;
	uint64_t sent, ok, lost;
	tick_t settled; /* when the pair was first seen settled after the faults; 0: not yet */
};

struct sim {
	struct sim_options opt;
	struct sim_result result;
	uint64_t seed; /* state of `rng` */
	struct rng rng;
	tick_t now, faults_end;
	struct heap events;
	struct sim_host *host;
	unsigned count;
	bool mesh, named_ids, faulty; /* faulty: the faults have not ended */
	bool ending;		      /* everybody is shutting down */
	bool in_order;		      /* packets do not overtake each other */
	struct sim_weather weather;
	struct sim_packet *old[SIM_OLD_MAX]; /* IKE datagrams to be sent again, much later */
	struct sim_cut cut[SIM_CUTS_MAX];
	size_t cut_count;
	struct sim_flow *flow;
	size_t flow_count;
	struct sim_event fault;
	uint32_t fault_kinds;  /* a bit each */
	tick_t fault_every_us; /* at most */
	struct ike_timing timing;
	struct ike_limits limits;
	struct ike_proposals ike, esp;
	tick_t dpd_us, lifetime_us, give_up_us; /* give_up: a request nobody answers */
	uint64_t next_tag;
	bool failed;
};

/* ---- world.c ---- */
/* Run one world; `result` says how it went. */
void sim_run(const struct sim_options *options, struct sim_result *result);
/* Have `ev` happen at `at`; TICK_NEVER: not at all. */
void sim_at(struct sim *s, struct sim_event *ev, tick_t at);
/* Uniform in [low, high]. */
uint64_t sim_between(struct sim *s, uint64_t low, uint64_t high);
bool sim_chance(struct sim *s, unsigned pct);
/* The first of these counts; the run ends with the step. */
void sim_fail(struct sim *s, const struct sim_host *h, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A line for --verbose; `h` may be NULL. */
void sim_say(const struct sim *s, const struct sim_host *h, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* calloc that does not fail. */
void *sim_alloc(size_t count, size_t size);

/* ---- host.c ---- */
tick_t host_now(const struct sim_host *h);
void host_init(struct sim *s, unsigned index);
void host_fini(struct sim_host *h);
/* The daemon starts: kernel SAs flushed, peers configured. */
void host_start(struct sim_host *h);
/* It is gone without a word; its kernel's SAs and policies stay. */
/* Count what the node has seen, before it goes. */
void host_sum_up(struct sim_host *h);
void host_crash(struct sim_host *h, tick_t downtime_us);
/* It says goodbye, for SIM_PATIENCE_US at most, and is gone for so long; TICK_NEVER: for good. */
void host_stop(struct sim_host *h, tick_t downtime_us);
void host_daemon_event(struct sim_host *h);
void host_deadline(struct sim_host *h);
void host_job_done(struct sim_job *job);
/* Have done what the node wants done, then look whether all is well. */
void host_drain(struct sim_host *h);
bool host_awake(const struct sim_host *h);

/* ---- setup.c ---- */
void setup_world(struct sim *s);
void setup_free(struct sim *s);
/* Give the node the peers that are configured here. */
void setup_configure(struct sim_host *h);
/* Where a packet for that peer has to go; ADDR_NONE: nobody knows. */
struct addr setup_address(const struct sim_host *h, unsigned peer);

/* ---- link.c ---- */
struct sim_packet *packet_new(struct sim *s, const struct endpoint *src, const struct endpoint *dst,
			      struct cur bytes);
/* Takes the packet. */
void link_send(struct sim_host *from, struct sim_packet *p);
/* It has arrived, and is freed. */
void link_arrive(struct sim_packet *p);
void link_heal(struct sim *s);
/* Somebody sends again what he has seen on the wire. */
void link_replay(struct sim *s);
void link_fini(struct sim *s);
void link_cut(struct sim *s, unsigned a, unsigned b, tick_t until);

/* ---- nat.c ---- */
void nat_init(struct sim_host *h);
/* Translate what goes out, or comes in; false: it is dropped. */
bool nat_out(struct sim_host *h, struct sim_packet *p);
bool nat_in(struct sim_host *h, struct sim_packet *p);
/* Forget all mappings; the outside address changes, too, if `move`. */
void nat_rebind(struct sim_host *h, bool move);

/* ---- kernel.c: all of xfrm.h that a node needs, and ---- */
void kernel_fini(struct xfrm *x);
/* A GRE packet to that address: false if it did not go out. */
bool kernel_output(struct sim_host *h, const struct addr *dst, const struct sim_ping *ping);
void kernel_input(struct sim_host *h, const struct sim_packet *p);
void kernel_larval_due(struct sim_host *h);
void kernel_event_arrive(struct sim_kernel_event *ev);
/* An operator's `ip xfrm state flush`. */
void kernel_flush_all(struct sim_host *h);
/* Somebody adds an SA with the tunnel's reqid that no node knows of. */
void kernel_stray(struct sim_host *h);
/* Events were lost, says the kernel. */
void kernel_resync(struct sim_host *h);
/* A soft or hard limit of one SA, chosen by `pick`. */
void kernel_expire(struct sim_host *h, uint64_t pick, bool hard);
bool kernel_is_local(const struct sim_host *h, const struct addr *addr);

/* ---- traffic.c ---- */
void traffic_init(struct sim *s);
void traffic_due(struct sim_flow *f);
void traffic_arrived(struct sim_host *h, const struct addr *from, const struct sim_ping *ping);
/* All pairs speak, from now on. */
void traffic_all_on(struct sim *s);
void traffic_all_off(struct sim *s);

/* ---- faults.c ---- */
void faults_begin(struct sim *s);
void faults_due(struct sim *s);
/* Everything works again, and everybody runs. */
void faults_end(struct sim *s);

/* ---- check.c ---- */
void check_action(struct sim_host *h, const struct node_action *a);
/* After a node has been drained. */
void check_host(struct sim_host *h);
/* A half has been given to a kernel. */
void check_added(struct sim_host *h, const struct xfrm_sa *sa);
void check_forget_all(struct sim_host *h);
void check_establish(struct sim_host *h, const struct sim_wait *wait);
/* One IKE SA and one Child SA pair stand between the flow's ends, and the pings come back. */
bool check_settled(struct sim *s, const struct sim_flow *f, char why[static SIM_WHY_MAX]);
/* In calm weather no ping is lost, but a few each time a NAT forgets. */
void check_lost(struct sim *s, const struct sim_flow *f);
/* All nodes have been shut down for long: nothing may be left. */
void check_nothing_left(struct sim_host *h);
/*
 * To be called before and after a datagram is given to a node.  One that was corrupted or replayed
 * may only be counted.  True if it was taken: then it must never be again.
 */
struct check_datagram {
	struct ike_stats stats;
};
void check_datagram_begin(const struct sim_host *h, struct check_datagram *c);
bool check_datagram_end(struct sim_host *h, const struct check_datagram *c,
			const struct sim_packet *p);

#endif
