/*
 * xfrm/sa.h - messages about SAs, as pure functions: built from our structures, parsed into them.
 */
#ifndef XFRM_SA_H
#define XFRM_SA_H

#include <netinet/in.h>

#include <linux/xfrm.h>

#include "xfrm/msg.h"
#include "xfrm/xfrm.h"

#define XFRM_BITMAP_WORDS_MAX (XFRM_REPLAY_MAX / 32)

/*
 * What an SA has been through: the sequence numbers it has sent and seen, and what it has counted.
 * It goes along when the SA moves.
 */
struct xfrm_progress {
	bool esn_form; /* the kernel keeps it as replay_state_esn (all SAs of ours are) */
	struct xfrm_lifetime_cur lifetime;
	uint32_t oseq, oseq_hi, seq, seq_hi;
	uint32_t window;
	uint32_t word_count;
	uint32_t word[XFRM_BITMAP_WORDS_MAX];
};

/* One SA, as the kernel tells of it (GETSA, a dump, DELSA), without its keys. */
struct xfrm_sa_info {
	struct xfrm_sa_view view;
	uint8_t proto, mode;
	uint32_t seq; /* of the ACQUIRE, in a larval SA; 0: nobody asked for it */
	bool encap;
	uint16_t encap_sport, encap_dport;
	uint32_t set_mark;
	struct xfrm_progress progress;
};

/* Network form of an address; ADDR_NONE is all zero. */
xfrm_address_t xfrm_address_put(const struct addr *addr);

/* AF_INET, AF_INET6 or 0 on one side; ADDR_NONE on the other if it is neither. */
uint16_t xfrm_family_put(const struct addr *addr);
struct addr xfrm_address_take(const xfrm_address_t *in, uint16_t family);

/* Names what the kernel (or we) would not take in `sa`; NULL: nothing. */
const char *xfrm_sa_fault(const struct xfrm_sa *sa);

/*
 * NEWSA or UPDSA.  `sa` must have no fault.  `progress` (NULL: none) is where the SA starts
 * from.  The message holds keys.
 */
void xfrm_sa_build(struct xfrm_msg *msg, uint16_t type, const struct xfrm_sa *sa,
		   const struct xfrm_progress *progress);

/* GETSA or DELSA of one SA, which the kernel names by destination and SPI. */
void xfrm_sa_build_id(struct xfrm_msg *msg, uint16_t type, const struct addr *dst, uint32_t spi);

/* GETSA of all ESP SAs. */
void xfrm_sa_build_dump(struct xfrm_msg *msg);

/* ALLOCSPI for the larval SA of (src, dst, reqid). */
void xfrm_sa_build_spi(struct xfrm_msg *msg, const struct addr *src, const struct addr *dst,
		       uint32_t reqid);

/* A message of type NEWSA, UPDSA or DELSA.  False: malformed, or neither IPv4 nor IPv6. */
bool xfrm_sa_parse(const struct xfrm_reply *reply, struct xfrm_sa_info *out);

#endif
