/*
 * tests/unit/control_world.h - the control server over a real socket and a real event loop, in
 * front of a node of node_world.h, and a client's end to try it with.
 */
#ifndef TESTS_UNIT_CONTROL_WORLD_H
#define TESTS_UNIT_CONTROL_WORLD_H

#include "ctl/ctl.h"
#include "daemon/control_priv.h"
#include "tests/unit/node_world.h"

#define TEXT_MAX 65536

struct client_end {
	int fd;
	uint8_t *bytes; /* received and not yet taken */
	size_t len, cap;
	bool closed;
};

struct fixture {
	struct world *w;
	struct event_base *base;
	struct control *control;
	struct config config;
	struct config_tunnel tunnels[1];
	char dir[64], path[96];
	unsigned reloads;
	bool reload_ok;
	uint64_t bytes_in; /* the kernel's counter of inbound SAs */
	struct client_end client;
	char text[TEXT_MAX]; /* the last packet, flattened */
	enum ctl_packet type;
	char name[CTL_NAME_MAX + 1];
};

/* cmocka's: *state is a struct fixture, the server listening, f->client connected. */
int fixture_setup(void **state);
int fixture_teardown(void **state);
bool fixture_open(struct fixture *f, char why[static CONFIG_WHY_MAX]);

/* Let the server do what it can. */
void pump(struct fixture *f);

void client_connect(struct fixture *f, struct client_end *c);
void client_close(struct client_end *c);
void client_bytes(struct fixture *f, struct client_end *c, const void *bytes, size_t len);

/* A request with keys: "remote=192.0.2.1", …, NULL. */
void client_request(struct fixture *f, struct client_end *c, const char *command, ...)
	__attribute__((sentinel));
void client_register(struct fixture *f, struct client_end *c, const char *event);

/*
 * Take the next packet into f->type, f->name and f->text, which has a line per element:
 * "ikesas.total=1", lists as "local-ts[]=…".  False if there is none.
 */
bool client_packet(struct fixture *f, struct client_end *c);

/* The next packet must be a response with these lines, NULL-terminated. */
void client_expect(struct fixture *f, struct client_end *c, ...) __attribute__((sentinel));

/* An SA with host 1, up at both ends. */
void fixture_establish(struct fixture *f);

#endif
