/*
 * tests/unit/test_net.c - the UDP sockets over loopback: addresses of both ends, the non-ESP marker
 * on the wire and off it, what is dropped and under which name, and that ports are not shared.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/net.h"

#define PORT_FIRST 20500
#define PORT_LAST  29500
#define SOCK_IKE   0
#define SOCK_NATT  1

static const struct addr here = { ADDR_IP4, { 127, 0, 0, 5 } };
static const struct addr there = { ADDR_IP4, { 127, 0, 0, 6 } };

struct fixture {
	struct net *net;
	struct net_conf conf;
	int peer; /* a plain socket on `there` */
	uint16_t peer_port;
	unsigned count;
	struct ike_path path; /* of the last datagram */
	size_t len;
	uint8_t bytes[NET_DATAGRAM_MAX];
};

static void take(void *ctx, const struct ike_path *path, struct cur bytes)
{
	struct fixture *f = ctx;

	f->count++;
	f->path = *path;
	f->len = bytes.left;
	cur_copy(&bytes, f->bytes, bytes.left);
}

static int plain_socket(const struct addr *addr, uint16_t *port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	memcpy(&in.sin_addr, addr->b, 4);
	assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	*port = ntohs(in.sin_port);
	return fd;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char why[NOTE_MAX];

	assert_non_null(f);
	/* Other tests run at the same time: take the first pair that is free. */
	for (unsigned port = PORT_FIRST; !f->net && port < PORT_LAST; port += 2) {
		f->conf.ike_port = (uint16_t)port;
		f->conf.natt_port = (uint16_t)(port + 1);
		f->net = net_open(&f->conf, why);
	}
	assert_non_null(f->net);
	assert_int_equal(net_count(f->net), 2);
	f->peer = plain_socket(&there, &f->peer_port);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	net_close(f->net);
	close(f->peer);
	free(f);
	return 0;
}

static void send_to(const struct fixture *f, const struct addr *to, uint16_t port,
		    const void *bytes, size_t len)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };

	memcpy(&in.sin_addr, to->b, 4);
	assert_int_equal(sendto(f->peer, bytes, len, 0, (struct sockaddr *)&in, sizeof(in)), len);
}

/* Read what the socket holds, waiting for something to be there. */
static void receive(struct fixture *f, size_t sock)
{
	struct pollfd fd = { .fd = net_fd(f->net, sock), .events = POLLIN };

	assert_int_equal(poll(&fd, 1, 5000), 1);
	net_receive(f->net, sock, take, f);
}

static size_t peer_receive(const struct fixture *f, uint8_t *out, size_t cap,
			   struct sockaddr_in *from)
{
	struct pollfd fd = { .fd = f->peer, .events = POLLIN };
	socklen_t len = sizeof(*from);
	ssize_t got;

	assert_int_equal(poll(&fd, 1, 5000), 1);
	got = recvfrom(f->peer, out, cap, 0, (struct sockaddr *)from, &len);
	assert_true(got >= 0);
	return (size_t)got;
}

static struct ike_path path_to_peer(const struct fixture *f, uint16_t port)
{
	return (struct ike_path){ .local = { here, port }, .remote = { there, f->peer_port } };
}

static void test_in_tells_both_ends(void **state)
{
	struct fixture *f = *state;

	send_to(f, &here, f->conf.ike_port, "hello", 5);
	receive(f, SOCK_IKE);
	assert_int_equal(f->count, 1);
	assert_true(addr_eq(&f->path.local.addr, &here));
	assert_int_equal(f->path.local.port, f->conf.ike_port);
	assert_true(addr_eq(&f->path.remote.addr, &there));
	assert_int_equal(f->path.remote.port, f->peer_port);
	assert_int_equal(f->len, 5);
	assert_memory_equal(f->bytes, "hello", 5);
}

static void test_in_strips_the_marker(void **state)
{
	struct fixture *f = *state;

	send_to(f, &here, f->conf.natt_port, "\0\0\0\0hello", 9);
	receive(f, SOCK_NATT);
	assert_int_equal(f->count, 1);
	assert_int_equal(f->path.local.port, f->conf.natt_port);
	assert_int_equal(f->len, 5);
	assert_memory_equal(f->bytes, "hello", 5);

	/* On port 500 there is none. */
	send_to(f, &here, f->conf.ike_port, "\0\0\0\0hello", 9);
	receive(f, SOCK_IKE);
	assert_int_equal(f->len, 9);
}

static void test_in_drops(void **state)
{
	struct fixture *f = *state;
	static const uint8_t long_one[NET_DATAGRAM_MAX + 1];

	send_to(f, &here, f->conf.natt_port, "\xff", 1);
	send_to(f, &here, f->conf.natt_port, "\0\0\0", 3);
	send_to(f, &here, f->conf.natt_port, "", 0);
	send_to(f, &here, f->conf.natt_port, "\xc0\xff\xee\x01 some ESP", 14);
	send_to(f, &here, f->conf.natt_port, long_one, sizeof(long_one));
	receive(f, SOCK_NATT);
	assert_int_equal(f->count, 0);
	assert_int_equal(net_drops(f->net)[NET_DROP_KEEPALIVE], 1);
	assert_int_equal(net_drops(f->net)[NET_DROP_SHORT], 2);
	assert_int_equal(net_drops(f->net)[NET_DROP_ESP], 1);
	assert_int_equal(net_drops(f->net)[NET_DROP_CUT], 1);
	for (int i = 0; i < NET_DROP_COUNT; i++)
		assert_non_null(net_drop_name((enum net_drop)i));
}

static void test_in_is_bounded(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < NET_BATCH_MAX + 10; i++)
		send_to(f, &here, f->conf.ike_port, "x", 1);
	receive(f, SOCK_IKE);
	assert_int_equal(f->count, NET_BATCH_MAX);
	receive(f, SOCK_IKE);
	assert_int_equal(f->count, NET_BATCH_MAX + 10);
	net_receive(f->net, SOCK_IKE, take, f); /* nothing there: no wait */
	assert_int_equal(f->count, NET_BATCH_MAX + 10);
}

static void test_in_takes_large_ones(void **state)
{
	struct fixture *f = *state;
	static uint8_t large[16384];

	memset(large, 0x5a, sizeof(large));
	send_to(f, &here, f->conf.ike_port, large, sizeof(large));
	receive(f, SOCK_IKE);
	assert_int_equal(f->len, sizeof(large));
	assert_memory_equal(f->bytes, large, sizeof(large));
}

static void test_out_from_the_named_address(void **state)
{
	struct fixture *f = *state;
	struct ike_path path = path_to_peer(f, f->conf.ike_port);
	struct sockaddr_in from = { 0 };
	uint8_t bytes[32];

	assert_int_equal(net_send(f->net, &path, cur_of("hello", 5)), NET_DROP_NONE);
	assert_int_equal(peer_receive(f, bytes, sizeof(bytes), &from), 5);
	assert_memory_equal(bytes, "hello", 5);
	assert_memory_equal(&from.sin_addr, here.b, 4);
	assert_int_equal(ntohs(from.sin_port), f->conf.ike_port);
}

static void test_out_puts_the_marker(void **state)
{
	struct fixture *f = *state;
	struct ike_path path = path_to_peer(f, f->conf.natt_port);
	struct sockaddr_in from = { 0 };
	uint8_t bytes[32];

	assert_int_equal(net_send(f->net, &path, cur_of("hello", 5)), NET_DROP_NONE);
	assert_int_equal(peer_receive(f, bytes, sizeof(bytes), &from), 9);
	assert_memory_equal(bytes, "\0\0\0\0hello", 9);

	/* A keepalive has none, RFC 3948 2.3. */
	assert_int_equal(net_send(f->net, &path, cur_of("\xff", 1)), NET_DROP_NONE);
	assert_int_equal(peer_receive(f, bytes, sizeof(bytes), &from), 1);
	assert_int_equal(bytes[0], 0xff);
	assert_int_equal(ntohs(from.sin_port), f->conf.natt_port);
}

static void test_out_drops(void **state)
{
	struct fixture *f = *state;
	struct ike_path path = path_to_peer(f, 9);
	static const struct addr not_ours = { ADDR_IP4, { 203, 0, 113, 77 } };

	assert_int_equal(net_send(f->net, &path, cur_of("x", 1)), NET_DROP_NO_SOCKET);
	path.local.port = f->conf.ike_port;
	path.local.addr = (struct addr){ .family = ADDR_IP6 };
	assert_int_equal(net_send(f->net, &path, cur_of("x", 1)), NET_DROP_NO_SOCKET);
	path.local.addr = not_ours;
	assert_int_equal(net_send(f->net, &path, cur_of("x", 1)), NET_DROP_SEND);
	assert_int_equal(net_drops(f->net)[NET_DROP_NO_SOCKET], 2);
	assert_int_equal(net_drops(f->net)[NET_DROP_SEND], 1);
}

static void test_ports_are_not_shared(void **state)
{
	struct fixture *f = *state;
	struct net_conf second = f->conf;
	char why[NOTE_MAX] = "", port[16];

	assert_null(net_open(&f->conf, why));
	(void)snprintf(port, sizeof(port), "port %u ", f->conf.ike_port);
	assert_non_null(strstr(why, port));

	/* It is the second port that is taken, and nothing stays behind of the first. */
	second.ike_port = f->conf.natt_port;
	assert_null(net_open(&second, why));
	net_close(f->net);
	f->net = net_open(&f->conf, why);
	assert_non_null(f->net);
}

static void test_ip6(void **state)
{
	struct fixture *f = *state;
	struct addr loopback = { ADDR_IP6, { [15] = 1 } };
	struct net_conf conf = f->conf;
	struct ike_path path = { .local = { loopback, f->conf.ike_port },
				 .remote = { loopback, f->conf.natt_port } };
	char why[NOTE_MAX];

	net_close(f->net);
	conf.ip6 = true;
	f->net = net_open(&conf, why);
	assert_non_null(f->net);
	if (net_count(f->net) < 4 ||
	    net_send(f->net, &path, cur_of("\0\0\0\0six", 7)) != NET_DROP_NONE)
		skip(); /* this machine has no IPv6 */
	receive(f, 3);
	assert_int_equal(f->count, 1);
	assert_true(addr_eq(&f->path.local.addr, &loopback));
	assert_true(addr_eq(&f->path.remote.addr, &loopback));
	assert_int_equal(f->path.remote.port, conf.ike_port);
	assert_int_equal(f->len, 3);
}

static void test_source(void **state)
{
	struct addr source = { 0 };
	static const struct addr loopback = { ADDR_IP4, { 127, 0, 0, 1 } };

	(void)state;
	assert_true(net_source(&there, &source));
	assert_true(addr_eq(&source, &loopback));
	assert_false(net_source(&(struct addr){ 0 }, &source));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_in_tells_both_ends),
		TEST(test_in_strips_the_marker),
		TEST(test_in_drops),
		TEST(test_in_is_bounded),
		TEST(test_in_takes_large_ones),
		TEST(test_out_from_the_named_address),
		TEST(test_out_puts_the_marker),
		TEST(test_out_drops),
		TEST(test_ports_are_not_shared),
		TEST(test_ip6),
		cmocka_unit_test(test_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
