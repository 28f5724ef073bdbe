/*
 * tests/lab/xfrm_probe.h - two hosts "a" and "b" on one wire, for trying xfrm/ on a real kernel.
 */
#ifndef TESTS_LAB_XFRM_PROBE_H
#define TESTS_LAB_XFRM_PROBE_H

#include <stdio.h>

#include "xfrm/link.h"
#include "xfrm/sa.h"

#define EVENTS_MAX 64

/* The wire: ua 10.99.0.1 and .3 on a, ub 10.99.0.2 and .4 on b; gre1 is 10.8.0.1 and 10.8.0.2. */
struct host {
	int ns; /* its network namespace */
	struct xfrm *x;
};

struct world {
	struct host a, b;
};

/* What xfrm_receive brought. */
struct events {
	struct xfrm_event at[EVENTS_MAX];
	size_t count;
};

/* One line of TAP; `ok` comes back. */
bool check(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ": " and what xfrm_why() says, if `err`; else nothing.  Static memory. */
const char *words(const struct xfrm *x, int err);

/* Diagnosis, as a TAP comment. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Run a shell command on a host; its exit status. */
int run(const struct host *host, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The number that a shell command on a host prints first; -1: none. */
long number(const struct host *host, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Be on that host: what is opened from now on is there. */
void enter(const struct host *host);

/* Wait up to `ms` for events, at least `want`; adds to `events`. */
void events_read(const struct host *host, struct events *events, size_t want, int ms);

/* The first event of a kind, or NULL. */
const struct xfrm_event *event_of(const struct events *events, enum xfrm_event_kind kind);

/* An SA with made-up keys that depend on `spi` alone. */
struct xfrm_sa sa_make(uint16_t encr, uint8_t key_len, uint16_t integ, const char *src,
		       const char *dst, uint32_t spi);

/* What the kernel knows of an SA; false: nothing. */
bool sa_read(const struct host *host, const struct xfrm_sa *sa, struct xfrm_sa_info *out);

struct addr ip(const char *text);

/* The parts, in the order in which main runs them. */
void probe_open(struct world *w);
void probe_tunnels(struct world *w);
void probe_links(struct world *w);
void probe_policies(struct world *w);
void probe_acquire(struct world *w);
void probe_suites(struct world *w);
void probe_mtu(struct world *w);
void probe_limits(struct world *w);
void probe_ports(struct world *w);
void probe_move(struct world *w);
void probe_events(struct world *w);

#endif
