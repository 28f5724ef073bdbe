/*
 * xfrm/link.h - what the kernel knows of links, addresses and routes, and messages about tunnels.
 */
#ifndef XFRM_LINK_H
#define XFRM_LINK_H

#include "xfrm/request.h"

#define XFRM_KIND_MAX	  16
#define XFRM_GRE_DATA_MAX 256 /* all IFLA_GRE_* of one interface: some 140 bytes */

/* A link; the members from `kind` on are those of a GRE tunnel, else zero. */
struct xfrm_link {
	int ifindex;
	char name[XFRM_NAME_MAX];
	uint32_t flags; /* IFF_* */
	uint32_t mtu;
	char kind[XFRM_KIND_MAX];  /* "gre", "gretap", "veth", ...; empty if it has none */
	struct addr local, remote; /* ADDR_NONE: any */
	bool has_ikey, has_okey;
	uint32_t ikey, okey;
	uint8_t ttl;
	bool pmtudisc, ignore_df;
	bool encap;			 /* GRE in UDP: fou or gue */
	bool external;			 /* addresses and key come with each packet */
	uint8_t data[XFRM_GRE_DATA_MAX]; /* IFLA_INFO_DATA as it came, to be sent back */
	size_t data_len;
};

/* Parse RTM_NEWLINK.  False: malformed. */
bool xfrm_link_parse(const struct xfrm_reply *reply, struct xfrm_link *out);

/* One address of an interface, from RTM_NEWADDR.  False: malformed, or not IPv4 or IPv6. */
struct xfrm_link_addr {
	int ifindex;
	struct addr addr;
	uint8_t bits;
	bool secondary;
};
bool xfrm_link_addr_parse(const struct xfrm_reply *reply, struct xfrm_link_addr *out);

/* A route found, from RTM_NEWROUTE.  False: malformed. */
struct xfrm_route {
	uint8_t type; /* RTN_* */
	int ifindex;  /* 0: none */
};
bool xfrm_route_parse(const struct xfrm_reply *reply, struct xfrm_route *out);

/* Requests; 0 or a negative errno, without words of their own. */
int xfrm_link_get(struct xfrm *x, const char *name, struct xfrm_link *out);
int xfrm_link_get_index(struct xfrm *x, int ifindex, struct xfrm_link *out);
int xfrm_route_get(struct xfrm *x, const struct addr *to, struct xfrm_route *out);

/* The MTU of the device that `local` is on, else of the one towards `remote`, else 1500. */
uint32_t xfrm_underlay_mtu(struct xfrm *x, const struct addr *local, const struct addr *remote);

#endif
