/*
 * daemon/loop.c - see loop.h.
 *
 * The timer is a timerfd on CLOCK_BOOTTIME: libevent's own timers stand still while a machine is
 * suspended, and a laptop that wakes up shall notice at once that its SAs have grown old.
 *
 * Everything runs on this thread, save the jobs.  A job that the pool has no room for is run here:
 * that holds the loop up, the sockets' buffers fill and datagrams are dropped, which is the right
 * thing to happen to a daemon that is asked for more than it can compute.
 *
 * Signals: SIGTERM and SIGINT end it politely, SIGHUP reloads, SIGPIPE is ignored (writes say EPIPE
 * themselves).
 */
#include "daemon/loop.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/control.h"
#include "daemon/kernel.h"
#include "daemon/log.h"
#include "daemon/net.h"
#include "daemon/workers.h"

#define SIGNALS	   3
#define EVENTS_MAX (NET_SOCKETS_MAX + SIGNALS + 5)

struct watch_sock {
	struct loop *loop;
	size_t index;
};

struct loop {
	struct event_base *base;
	struct loop_host host;
	struct watch_sock sock[NET_SOCKETS_MAX];
	struct event *event[EVENTS_MAX];
	size_t event_count;
	struct event *links_due, *patience;
	int timer_fd;
	tick_t armed; /* what the timer is set to */
	bool watching, draining, stopping;
};

/* ---- time and randomness ---- */

tick_t loop_now(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_BOOTTIME, &now))
		abort();
	return now.tv_sec * TICK_S + now.tv_nsec / 1000;
}

static void fill_random(void *ctx, void *out, size_t len)
{
	uint8_t *p = out;

	(void)ctx;
	while (len) {
		ssize_t got = getrandom(p, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			abort();
		p += got;
		len -= (size_t)got;
	}
}

struct rng loop_rng(void)
{
	return (struct rng){ .fill = fill_random };
}

/* ---- out: the node's actions ---- */

static void send_datagram(struct loop *loop, const struct node_action *a)
{
	char remote[ENDPOINT_TEXT_MAX];

	if (net_send(loop->host.net, &a->path, a->bytes) == NET_DROP_SEND)
		log_write(NOTE_PEER, "cannot send to %s: %s",
			  endpoint_text(&a->path.remote, remote), strerror(errno));
}

static void do_job(struct loop *loop, struct ike_job *job)
{
	if (workers_submit(loop->host.workers, job))
		return;
	ike_job_run(job);
	node_job_done(loop->host.node, loop_now(), job);
}

static void act(struct loop *loop, const struct node_action *a)
{
	switch (a->kind) {
	case NODE_ACT_SEND:
		send_datagram(loop, a);
		break;
	case NODE_ACT_JOB:
		do_job(loop, a->job);
		break;
	case NODE_ACT_SA_ADD:
	case NODE_ACT_SA_MOVE:
	case NODE_ACT_SA_DEL:
	case NODE_ACT_COUNT:
	case NODE_ACT_SA_LIST:
	case NODE_ACT_ACQUIRE_FORGET:
		kernel_do(loop->host.xfrm, loop->host.node, loop_now(), a);
		break;
	case NODE_ACT_UPDOWN:
		control_updown(loop->host.control, a);
		break;
	case NODE_ACT_REPLY:
		control_reply(loop->host.control, a);
		break;
	case NODE_ACT_NOTE:
		log_note(a->note);
		break;
	}
}

static void arm(struct loop *loop)
{
	tick_t due = node_deadline(loop->host.node);
	struct itimerspec at = { 0 }; /* all zero: off */

	if (due == loop->armed)
		return;
	loop->armed = due;
	if (due != TICK_NEVER) {
		at.it_value.tv_sec = due > 0 ? due / TICK_S : 0;
		at.it_value.tv_nsec = due > 0 ? (long)(due % TICK_S) * 1000 : 0;
		if (!at.it_value.tv_sec && !at.it_value.tv_nsec)
			at.it_value.tv_nsec = 1;
	}
	if (timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &at, NULL))
		abort(); /* without a clock there is no IKE */
}

void loop_drain(struct loop *loop)
{
	struct node_action action;

	if (!loop->watching)
		return;
	assert(!loop->draining);
	loop->draining = true;
	while (node_next(loop->host.node, &action))
		act(loop, &action);
	loop->draining = false;
	arm(loop);
	if (loop->stopping && node_idle(loop->host.node))
		(void)event_base_loopbreak(loop->base);
}

/* ---- in ---- */

static void take_datagram(void *ctx, const struct ike_path *path, struct cur bytes)
{
	struct loop *loop = ctx;

	node_datagram(loop->host.node, loop_now(), path, bytes);
	loop_drain(loop);
}

static void on_socket(evutil_socket_t fd, short what, void *ctx)
{
	const struct watch_sock *sock = ctx;

	(void)fd;
	(void)what;
	net_receive(sock->loop->host.net, sock->index, take_datagram, sock->loop);
}

static void take_kernel_event(void *ctx, const struct xfrm_event *ev)
{
	static const struct timeval pause = { .tv_sec = LOOP_LINK_PAUSE_S };
	struct loop *loop = ctx;

	if (ev->kind == XFRM_EV_LINK) {
		if (!event_pending(loop->links_due, EV_TIMEOUT, NULL))
			(void)event_add(loop->links_due, &pause);
		return;
	}
	/* At once: until it stands again, GRE leaves in the clear. */
	if (ev->kind == XFRM_EV_POLICY || ev->kind == XFRM_EV_RESYNC)
		loop->host.policies(loop->host.ctx);
	node_kernel(loop->host.node, loop_now(), ev);
	loop_drain(loop);
}

static void on_kernel(evutil_socket_t fd, short what, void *ctx)
{
	struct loop *loop = ctx;

	(void)fd;
	(void)what;
	if (xfrm_receive(loop->host.xfrm, take_kernel_event, loop))
		log_write(NOTE_ERROR, "kernel events: %s", xfrm_why(loop->host.xfrm));
}

static void on_links(evutil_socket_t fd, short what, void *ctx)
{
	struct loop *loop = ctx;

	(void)fd;
	(void)what;
	loop->host.links(loop->host.ctx);
	loop_drain(loop);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct loop *loop = ctx;
	uint64_t times;

	(void)what;
	if (read(fd, &times, sizeof(times)) < 0)
		return; /* it was set anew meanwhile */
	loop->armed = TICK_NEVER;
	node_timeout(loop->host.node, loop_now());
	loop_drain(loop);
}

static void on_jobs(evutil_socket_t fd, short what, void *ctx)
{
	struct loop *loop = ctx;
	struct ike_job *job;

	(void)fd;
	(void)what;
	while ((job = workers_take(loop->host.workers))) {
		node_job_done(loop->host.node, loop_now(), job);
		loop_drain(loop);
	}
}

static void on_end(evutil_socket_t number, short what, void *ctx)
{
	static const struct timeval patience = { .tv_sec = LOOP_PATIENCE_S };
	struct loop *loop = ctx;

	(void)what;
	if (loop->stopping) {
		log_write(NOTE_WARN, "signal %d again: ending without waiting for the peers",
			  (int)number);
		(void)event_base_loopbreak(loop->base);
		return;
	}
	log_write(NOTE_INFO, "signal %d: deleting SAs", (int)number);
	loop->stopping = true;
	(void)event_add(loop->patience, &patience);
	node_shutdown(loop->host.node, loop_now());
	loop_drain(loop);
}

static void on_patience(evutil_socket_t fd, short what, void *ctx)
{
	struct loop *loop = ctx;

	(void)fd;
	(void)what;
	log_write(NOTE_WARN, "some peers did not answer our Delete within %d s", LOOP_PATIENCE_S);
	(void)event_base_loopbreak(loop->base);
}

static void on_reload(evutil_socket_t number, short what, void *ctx)
{
	struct loop *loop = ctx;

	(void)number;
	(void)what;
	if (loop->stopping)
		return;
	loop->host.reload(loop->host.ctx);
	loop_drain(loop);
}

/* ---- life ---- */

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	loop->timer_fd = -1;
	loop->armed = TICK_NEVER;
	loop->base = event_base_new();
	if (loop->base)
		return loop;
	loop_free(loop);
	return NULL;
}

struct event_base *loop_base(struct loop *loop)
{
	return loop->base;
}

/* False if it cannot be watched. */
static bool watch(struct loop *loop, int fd, short what, event_callback_fn on_event, void *ctx)
{
	struct event *event = event_new(loop->base, fd, what, on_event, ctx);

	if (!event)
		return false;
	assert(loop->event_count < EVENTS_MAX);
	loop->event[loop->event_count++] = event;
	return event_add(event, NULL) == 0;
}

static bool watch_all(struct loop *loop)
{
	const short readable = EV_READ | EV_PERSIST, signalled = EV_SIGNAL | EV_PERSIST;

	for (size_t i = 0; i < net_count(loop->host.net); i++) {
		loop->sock[i] = (struct watch_sock){ loop, i };
		if (!watch(loop, net_fd(loop->host.net, i), readable, on_socket, &loop->sock[i]))
			return false;
	}
	return watch(loop, xfrm_fd(loop->host.xfrm), readable, on_kernel, loop) &&
	       watch(loop, loop->timer_fd, readable, on_timer, loop) &&
	       watch(loop, workers_fd(loop->host.workers), readable, on_jobs, loop) &&
	       watch(loop, SIGTERM, signalled, on_end, loop) &&
	       watch(loop, SIGINT, signalled, on_end, loop) &&
	       watch(loop, SIGHUP, signalled, on_reload, loop);
}

bool loop_watch(struct loop *loop, const struct loop_host *host, char why[static CONFIG_WHY_MAX])
{
	loop->host = *host;
	(void)signal(SIGPIPE, SIG_IGN);
	loop->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	loop->links_due = event_new(loop->base, -1, 0, on_links, loop);
	loop->patience = event_new(loop->base, -1, 0, on_patience, loop);
	if (loop->timer_fd < 0 || !loop->links_due || !loop->patience || !watch_all(loop)) {
		(void)snprintf(why, CONFIG_WHY_MAX, "event loop: %s", strerror(errno));
		return false;
	}
	loop->watching = true;
	return true;
}

void loop_run(struct loop *loop)
{
	loop_drain(loop); /* what the configuration has caused */
	(void)event_base_dispatch(loop->base);
}

void loop_unwatch(struct loop *loop)
{
	for (size_t i = 0; i < loop->event_count; i++)
		event_free(loop->event[i]);
	loop->event_count = 0;
	if (loop->links_due)
		event_free(loop->links_due);
	if (loop->patience)
		event_free(loop->patience);
	loop->links_due = loop->patience = NULL;
	if (loop->timer_fd >= 0)
		close(loop->timer_fd);
	loop->timer_fd = -1;
	loop->watching = false;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	loop_unwatch(loop);
	if (loop->base)
		event_base_free(loop->base);
	free(loop);
}
