/*
 * xfrm/tunnel.h - messages about GRE interfaces, as pure functions, and whether one that exists is
 * the one that is wanted.
 */
#ifndef XFRM_TUNNEL_H
#define XFRM_TUNNEL_H

#include "xfrm/link.h"

/* RTM_NEWLINK that creates the interface, down, with `mtu`. */
void xfrm_tunnel_build_create(struct xfrm_msg *msg, const struct xfrm_tunnel *tunnel, uint32_t mtu);

/*
 * RTM_NEWLINK that gives an interface which exists the wanted TTL, fragmentation rule and MTU.
 * The kernel takes attributes left out as zero, so all that it reported go back to it.
 */
void xfrm_tunnel_build_change(struct xfrm_msg *msg, const struct xfrm_tunnel *tunnel,
			      const struct xfrm_link *link, uint32_t mtu);

/* RTM_NEWLINK that brings it up, and lets a multipoint interface ask for neighbours. */
void xfrm_tunnel_build_up(struct xfrm_msg *msg, const struct xfrm_tunnel *tunnel, int ifindex);

/* RTM_NEWADDR. */
void xfrm_tunnel_build_addr(struct xfrm_msg *msg, int ifindex,
			    const struct xfrm_tunnel_address *address);

/*
 * Do type, local, remote and key agree?  If not, `why` says what differs, both values, and what to
 * do.
 */
bool xfrm_tunnel_fits(const struct xfrm_tunnel *tunnel, const struct xfrm_link *link,
		      char why[static XFRM_WHY_MAX]);

/* The interface's MTU over an underlay of `underlay_mtu`; 0: nothing sensible would remain. */
uint32_t xfrm_tunnel_mtu(const struct xfrm_tunnel *tunnel, uint32_t underlay_mtu);

#endif
