/*
 * xfrm/xfrm.h - the Linux kernel edge: IPsec SAs and policies, kernel events, tunnel interfaces.
 * All of netlink (libmnl) is behind this header.  Requests are synchronous: they return once the
 * kernel has answered, which it does without waiting for the network.  Events come on a socket of
 * their own that the caller polls.
 *
 * Cipher and integrity numbers are IANA's IKEv2 transform IDs, as the negotiation gave them.
 */
#ifndef XFRM_XFRM_H
#define XFRM_XFRM_H

#include "base/base.h"

#define XFRM_WHY_MAX		   200
#define XFRM_NAME_MAX		   16 /* IFNAMSIZ */
#define XFRM_ADDRESSES_MAX	   16 /* per interface that we configure */
#define XFRM_REPLAY_MAX		   4096
#define XFRM_PROPOSAL_OVERHEAD_MAX 96
#define XFRM_REQIDS_MAX		   1024

struct xfrm; /* the netlink sockets and their sequence numbers */

/*
 * Open the request and event sockets (and join XFRM's ACQUIRE, EXPIRE and MAPPING groups).  Needs
 * CAP_NET_ADMIN, now and for every request.  NULL: `why` says what is missing (also if the kernel
 * has no XFRM).
 */
struct xfrm *xfrm_open(char why[static XFRM_WHY_MAX]);
void xfrm_close(struct xfrm *x);

/* The event socket, non-blocking, for poll. */
int xfrm_fd(const struct xfrm *x);

/* Every request below returns 0 or a negative errno, and on failure leaves a sentence in
 * xfrm_why(). */
const char *xfrm_why(const struct xfrm *x);

/* ---- Security associations ---- */

struct xfrm_sa {
	struct addr src, dst; /* outer addresses, and the selector: host to host, protocol 47 */
	uint32_t spi;	      /* host order */
	uint32_t reqid;
	uint16_t encr;		 /* IANA: 12, 19, 20, 28 */
	uint16_t integ;		 /* IANA: 0, 2, 12, 13, 14 */
	struct secret encr_key;	 /* with the salt if AEAD */
	struct secret integ_key; /* empty with an AEAD */
	bool esn;
	uint32_t replay_window; /* packets; 0 switches the check off (with ESN, which needs one: the
				 * widest); at most XFRM_REPLAY_MAX */
	bool encap;		/* ESP in UDP, RFC 3948 */
	uint16_t encap_sport, encap_dport;
	uint32_t set_mark; /* mark on decapsulated packets (XFRMA_SET_MARK); 0: none */
	uint64_t soft_bytes, hard_bytes, soft_packets, hard_packets; /* 0: no limit */
	uint64_t hard_s;      /* seconds until the kernel drops it by itself; 0: never */
	uint32_t acquire_seq; /* of the ACQUIRE that this SA answers, or 0 */
};

struct xfrm_counters {
	uint64_t bytes, packets;
	uint32_t replay_errors, integrity_errors;
};

/* Install one direction of a transport-mode ESP SA.  -EEXIST: that (dst, SPI) is taken. */
int xfrm_sa_add(struct xfrm *x, const struct xfrm_sa *sa);

/* Remove one; -ESRCH if it is not there. */
int xfrm_sa_del(struct xfrm *x, const struct addr *src, const struct addr *dst, uint32_t spi);

/* What an SA has carried and refused so far; -ESRCH if it is not there: `out` is untouched. */
int xfrm_sa_count(struct xfrm *x, const struct addr *dst, uint32_t spi, struct xfrm_counters *out);

/*
 * Move an SA (from `src`, `dst`) to new outer addresses and encapsulation ports, keeping keys,
 * counters' sequence numbers and replay window: an AEAD nonce is never used twice.  Everything else
 * of `to` is as it was at xfrm_sa_add.
 *
 * Ports alone change in place.  New addresses mean delete, then add: for some microseconds outgoing
 * packets are dropped (never sent in the clear) and may raise an ACQUIRE for an SA that stands
 * again by the time it is read; incoming ones are dropped.  If the addition fails the SA is gone,
 * never doubled.  A moved outbound AEAD SA should be rekeyed soon: see doc/KERNEL.md, IVs.
 */
int xfrm_sa_move(struct xfrm *x, const struct addr *src, const struct addr *dst,
		 const struct xfrm_sa *to);

/*
 * Remove all ESP SAs (and larval ones, as far as the kernel lets us) with one of these reqids;
 * other daemons' stay.  `removed` counts them.
 */
int xfrm_sa_flush(struct xfrm *x, const uint32_t *reqids, size_t count, size_t *removed);

/*
 * Let the kernel forget that it asked: removes the larval SA of an ACQUIRE, so that the next packet
 * raises a new one instead of waiting for net.core.xfrm_acq_expires.  -ESRCH if there is none.
 */
int xfrm_acquire_forget(struct xfrm *x, const struct addr *src, const struct addr *dst,
			uint32_t reqid);

/* ---- Policies ---- */

struct xfrm_policy {
	uint32_t reqid;
	struct addr local, remote; /* ADDR_NONE: any */
	bool has_key;
	uint32_t key; /* GRE key, in the selector's port fields as the kernel wants */
};

/*
 * Install, or replace, the pair (out, in) for protocol 47: esp/transport/reqid, level required.
 * The replacement is atomic: at no time is there no policy.
 */
int xfrm_policy_set(struct xfrm *x, const struct xfrm_policy *policy);

/* Put back what is missing of the pair, and leave alone what stands.  1: something was missing. */
int xfrm_policy_restore(struct xfrm *x, const struct xfrm_policy *policy);

/* Remove the pair; -ESRCH if neither was there. */
int xfrm_policy_del(struct xfrm *x, const struct xfrm_policy *policy);

/* ---- Events ---- */

enum xfrm_event_kind {
	XFRM_EV_ACQUIRE, /* the kernel wants an SA: src, dst, reqid, seq */
	XFRM_EV_EXPIRE,	 /* an SA's soft or hard limit: src, dst, spi, reqid, hard (spi 0: an
			  * ACQUIRE that nobody answered) */
	XFRM_EV_MAPPING, /* an authenticated ESP packet came from elsewhere: dst, spi, from */
	XFRM_EV_RESYNC,	 /* ENOBUFS: events were lost; compare what stands with what should */
	XFRM_EV_POLICY,	 /* somebody, perhaps we, removed policies: look whether ours stand */
	XFRM_EV_LINK,	 /* a link came, went or changed (ifindex, up), or an address on it did:
			    re-resolve sources */
};

struct xfrm_event {
	enum xfrm_event_kind kind;
	struct addr src, dst;
	uint32_t spi, reqid, seq;
	bool hard;
	struct endpoint from; /* MAPPING: the new source */
	int ifindex;	      /* LINK: which; 0: events were lost, it may be any */
	bool up;	      /* LINK: it is up and running, or an address came to it */
};

/*
 * Read what the event socket holds (bounded: at most 64 datagrams a call), calling `on_event` for
 * each event that concerns ESP and IPv4/IPv6.  Malformed netlink is counted and skipped.  0 or a
 * negative errno.  `on_event` may make requests, but must not call xfrm_receive.
 */
int xfrm_receive(struct xfrm *x, void (*on_event)(void *ctx, const struct xfrm_event *ev),
		 void *ctx);

/* Netlink messages that were skipped because they were malformed, cut or not the kernel's. */
uint64_t xfrm_malformed(const struct xfrm *x);

/*
 * List the SAs with a reqid: for resynchronisation and for status.  Larval SAs are among them, with
 * SPI 0: questions of the kernel that are still open, so that an ACQUIRE lost to ENOBUFS is found
 * again.  `each` must not make requests.
 */
struct xfrm_sa_view {
	struct addr src, dst;
	uint32_t spi, reqid;
	struct xfrm_counters counters;
};
int xfrm_sa_list(struct xfrm *x, void (*each)(void *ctx, const struct xfrm_sa_view *view),
		 void *ctx);

/* ---- Tunnel interfaces ---- */

enum xfrm_tunnel_type {
	XFRM_TUNNEL_GRE,
	XFRM_TUNNEL_GRETAP, /* Ethernet over GRE: needs a remote */
};

struct xfrm_tunnel_address {
	struct addr addr;
	uint8_t bits;
};

struct xfrm_tunnel {
	char name[XFRM_NAME_MAX];
	enum xfrm_tunnel_type type;
	struct addr local;  /* outer; ADDR_NONE: any */
	struct addr remote; /* ADDR_NONE: multipoint */
	bool has_key;
	uint32_t key;
	uint8_t ttl;	   /* outer TTL, 0: inherit */
	uint32_t mtu;	   /* 0: compute from the underlay */
	uint32_t overhead; /* bytes that ESP (and UDP) may add, worst case of the proposals */
	size_t address_count;
	struct xfrm_tunnel_address address[XFRM_ADDRESSES_MAX];
};

/*
 * Make the interface exist, be up, have the MTU and the addresses.  Absent: it is created.  Present
 * and compatible (type, local, remote, key): adopted; addresses of ours that are missing are added,
 * foreign ones left alone, a different MTU or TTL set.  Present and incompatible: -EEXIST, nothing
 * changed, xfrm_why() says which property differs and what to do.  `*created`, `*mtu` tell what was
 * done (may be NULL).
 *
 * MTU: underlay device's (the one that `local` is on, else the route to `remote`, else 1500), less
 * outer IP (20), GRE (4, +4 with a key), ESP overhead.  gretap carries whole Ethernet frames for
 * bridges, which have no path MTU discovery: it keeps an inner MTU of the LAN (1500 unless set) and
 * lets the outer packets be fragmented after encryption (ignore-df, nopmtudisc).
 */
int xfrm_tunnel_ensure(struct xfrm *x, const struct xfrm_tunnel *tunnel, bool *created,
		       uint32_t *mtu);

/* Is it there as xfrm_tunnel_ensure left it: type, local, remote, key?  Asks, and changes nothing.
 */
bool xfrm_tunnel_stands(struct xfrm *x, const struct xfrm_tunnel *tunnel);

/* The outer source of an interface that exists, ADDR_NONE: any.  0 or a negative errno. */
int xfrm_tunnel_local(struct xfrm *x, const char *name, struct addr *out);

/* Delete an interface (only what xfrm_tunnel_ensure created should be). */
int xfrm_tunnel_delete(struct xfrm *x, const char *name);

/*
 * Worst-case bytes that ESP in UDP adds to a GRE packet with these algorithms: 8 (UDP) + 8 (SPI,
 * sequence)
 * + IV + padding and trailer + ICV.  At most XFRM_PROPOSAL_OVERHEAD_MAX.
 */
uint32_t xfrm_esp_overhead(uint16_t encr, uint16_t integ);

/* First IPv4 address of an interface, or -ENODEV, -EADDRNOTAVAIL: for `source = "eth0"`. */
int xfrm_link_address(struct xfrm *x, const char *ifname, struct addr *out);

/* Is this one of our own addresses? */
bool xfrm_address_is_local(struct xfrm *x, const struct addr *addr);

#endif
