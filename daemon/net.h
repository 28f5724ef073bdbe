/*
 * daemon/net.h - the UDP sockets of IKE: port 500, and port 4500, which IKE shares with ESP in UDP.
 *
 * The non-ESP marker (RFC 3948 2.2) lives here: it is put before what goes out on 4500 and taken
 * off what comes in, so that the engine never sees it.  Addresses of both ends come with each
 * datagram and go with each, whatever the routing table would pick.
 */
#ifndef DAEMON_NET_H
#define DAEMON_NET_H

#include "ike/ike.h"

#define NET_SOCKETS_MAX	 4     /* 500 and 4500, IPv4 and IPv6 */
#define NET_BATCH_MAX	 32    /* datagrams read per wakeup */
#define NET_DATAGRAM_MAX 20480 /* longer ones are cut, and dropped for it: no IKE message is */
#define NET_BUFFER_BYTES (4 * 1024 * 1024)

/* Why a datagram never reached the engine, or the network. */
enum net_drop {
	NET_DROP_NONE = 0,
	NET_DROP_KEEPALIVE, /* a NAT keepalive, RFC 3948 2.3: nothing is lost */
	NET_DROP_SHORT,	    /* on 4500: no room for the marker */
	NET_DROP_ESP,	  /* on 4500: no marker, so ESP with an SPI that the kernel did not know */
	NET_DROP_CUT,	  /* longer than NET_DATAGRAM_MAX */
	NET_DROP_ADDRESS, /* no usable local or remote address: multicast, link-local */
	NET_DROP_BUSY,	  /* out: the socket's buffer is full */
	NET_DROP_SEND,	  /* out: the network refused it */
	NET_DROP_NO_SOCKET, /* out: no socket of that family or port */
	NET_DROP_COUNT
};
const char *net_drop_name(enum net_drop drop);

struct net;

struct net_conf {
	uint16_t ike_port, natt_port; /* IKE_PORT and IKE_NATT_PORT, save in tests */
	bool encap; /* the kernel takes ESP in UDP off natt_port; off in tests without ESP */
	bool ip6;
};

/*
 * Bind them all to the wildcard address.  IPv6 is left out where the machine has none.  NULL: `why`
 * says what is in the way ("UDP port 500 is taken: …").
 */
struct net *net_open(const struct net_conf *conf, char why[static NOTE_MAX]);
void net_close(struct net *net);

size_t net_count(const struct net *net);
int net_fd(const struct net *net, size_t i);

/*
 * Read what socket `i` holds, at most NET_BATCH_MAX datagrams, calling `on_datagram` for each that
 * is the engine's.  The bytes are borrowed for the call.
 */
void net_receive(struct net *net, size_t i,
		 void (*on_datagram)(void *ctx, const struct ike_path *path, struct cur bytes),
		 void *ctx);

/*
 * Send without waiting.  A drop is counted and returned; IKE retransmits.  errno tells more after
 * NET_DROP_SEND.
 */
enum net_drop net_send(struct net *net, const struct ike_path *path, struct cur bytes);

/* Drops so far, by enum net_drop. */
const uint64_t *net_drops(const struct net *net);

/* The address that the routing table would send from; nothing is sent.  False without a route. */
bool net_source(const struct addr *remote, struct addr *out);

#endif
