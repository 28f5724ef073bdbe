/*
 * daemon/control.c - the control server's clients.
 *
 * libevent's bufferevents do the reading and writing; what is bounded is bounded here: clients,
 * bytes read ahead (one packet), requests per wakeup, bytes that wait to be read by the client.
 * Whatever breaks the framing ends the connection; a client that goes away in the middle of a
 * request loses the answer and nothing else.
 *
 * A client may close its sending side after its last request (`socat`): what has been asked is
 * answered, then the connection goes.  A request that waits is not: its client is taken for gone.
 */
#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "daemon/control_priv.h"
#include "daemon/log.h"

#define LENGTH_LEN  4
#define ACCEPTS_MAX 16			/* per wakeup */
#define WRITE_LOW   ((size_t)128 << 10) /* bytes below which a stream goes on */
#define TICK_US	    250000		/* how often `terminate` looks at the clock */
#define ACCEPT_S    1			/* out of descriptors: accept again after that */

const char *const control_event_names[CONTROL_EV_COUNT] = {
	[CONTROL_EV_LIST_SA] = "list-sa",	    [CONTROL_EV_IKE_UPDOWN] = "ike-updown",
	[CONTROL_EV_CHILD_UPDOWN] = "child-updown", [CONTROL_EV_LOG] = "log",
	[CONTROL_EV_CONTROL_LOG] = "control-log",
};

/* ---- going ---- */

static void client_free(struct client *c)
{
	if (c->wait == WAIT_REPLY)
		node_forget(c->control->host.node, c->tag);
	control_list_free(&c->list);
	control_end_free(c);
	list_remove(&c->node);
	c->control->client_count--;
	bufferevent_free(c->bev); /* and its descriptor */
	event_free(c->resume);
	free(c);
}

static void reap(evutil_socket_t fd, short what, void *ctx)
{
	struct control *control = ctx;

	(void)fd;
	(void)what;
	LIST_EACH_SAFE(it, &control->clients) {
		struct client *c = CONTAINER_OF(it, struct client, node);

		if (c->dead)
			client_free(c);
	}
}

void control_drop(struct client *c, const char *why)
{
	if (c->dead)
		return;
	if (why)
		log_write(NOTE_PEER, "control: connection dropped: %s", why);
	c->dead = true;
	(void)bufferevent_disable(c->bev, EV_READ | EV_WRITE);
	event_active(c->control->reap, EV_TIMEOUT, 0);
}

/* ---- out ---- */

size_t control_backlog(const struct client *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->bev));
}

static void send_bytes(struct client *c, const uint8_t *bytes, size_t len)
{
	if (c->dead)
		return;
	if (bufferevent_write(c->bev, bytes, len))
		control_drop(c, "out of memory");
	else if (control_backlog(c) > CONTROL_OUT_MAX)
		control_drop(c, "it does not read what it asked for");
}

void control_send(struct client *c, struct ctl_out *out)
{
	enum ctl_err err = ctl_out_finish(out);

	if (err)
		control_drop(c, ctl_err_text(err));
	else
		send_bytes(c, out->p, out->len);
	ctl_out_free(out);
}

static void send_bare(struct client *c, enum ctl_packet type)
{
	struct ctl_out out;

	ctl_out_init(&out, type, NULL);
	control_send(c, &out);
}

void control_answered(struct client *c)
{
	c->wait = WAIT_NOTHING;
	if (!c->dead)
		event_active(c->resume, EV_TIMEOUT, 0);
}

void control_result(struct client *c, bool ok, const char *errmsg)
{
	struct ctl_out out;

	ctl_out_init(&out, CTL_CMD_RESPONSE, NULL);
	ctl_text(&out, "success", ok ? "yes" : "no");
	if (!ok)
		ctl_text(&out, "errmsg", errmsg);
	control_send(c, &out);
	control_answered(c);
}

void control_fail(struct client *c, const char *format, ...)
{
	struct note note; /* printable ASCII, whatever a client wrote */
	va_list args;

	va_start(args, format);
	note_vwrite(&note, NOTE_INFO, format, args);
	va_end(args);
	control_result(c, false, note.text);
}

/* ---- in ---- */

static void set_event(struct client *c, const char *name, bool on)
{
	for (unsigned i = 0; i < CONTROL_EV_COUNT; i++) {
		if (strcmp(name, control_event_names[i]) != 0)
			continue;
		c->events = on ? c->events | 1u << i : c->events & ~(1u << i);
		send_bare(c, CTL_EVENT_CONFIRM);
		return;
	}
	send_bare(c, CTL_EVENT_UNKNOWN);
}

/* One request.  It is answered here, or `wait` says what the answer waits for. */
static void request(struct client *c, struct cur packet)
{
	char name[CTL_NAME_MAX + 1];
	enum ctl_packet type;
	struct ctl_in message;
	enum ctl_err err = ctl_packet_parse(packet, &type, name, &message);

	if (!err)
		err = ctl_check(message);
	if (err) {
		control_drop(c, ctl_err_text(err));
		return;
	}
	switch (type) {
	case CTL_CMD_REQUEST:
		if (!control_command(c, name, message))
			send_bare(c, CTL_CMD_UNKNOWN);
		break;
	case CTL_EVENT_REGISTER:
		set_event(c, name, true);
		break;
	case CTL_EVENT_UNREGISTER:
		set_event(c, name, false);
		break;
	case CTL_CMD_RESPONSE:
	case CTL_CMD_UNKNOWN:
	case CTL_EVENT_CONFIRM:
	case CTL_EVENT_UNKNOWN:
	case CTL_EVENT:
		control_drop(c, "it sent what only the daemon sends");
		break;
	}
}

/* Take one whole frame out of the input: false if there is none. */
static bool take_frame(struct client *c, struct evbuffer *in)
{
	uint8_t head[LENGTH_LEN];
	struct cur cur = cur_of(head, sizeof(head));
	const uint8_t *frame;
	uint32_t len;

	if (evbuffer_copyout(in, head, sizeof(head)) != (ev_ssize_t)sizeof(head))
		return false;
	len = cur_u32(&cur);
	if (!len || len > CTL_PACKET_MAX) {
		control_drop(c, "a packet's length is out of bounds");
		return false;
	}
	if (evbuffer_get_length(in) < LENGTH_LEN + (size_t)len)
		return false;
	frame = evbuffer_pullup(in, (ev_ssize_t)(LENGTH_LEN + (size_t)len));
	if (!frame) {
		control_drop(c, "out of memory");
		return false;
	}
	request(c, cur_of(frame + LENGTH_LEN, len));
	if (!c->dead)
		evbuffer_drain(in, LENGTH_LEN + (size_t)len);
	return !c->dead;
}

/* Answer what has come in, until a request has to wait. */
static void go_on(struct client *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	unsigned done = 0;

	while (!c->dead && c->wait == WAIT_NOTHING && done < CONTROL_REQUESTS_MAX &&
	       take_frame(c, in))
		done++;
	if (c->dead || c->wait != WAIT_NOTHING)
		return;
	if (done == CONTROL_REQUESTS_MAX)
		event_active(c->resume, EV_TIMEOUT, 0);
	else if (c->finishing && !control_backlog(c))
		control_drop(c, NULL);
}

static void on_resume(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	go_on(ctx);
}

static void on_read(struct bufferevent *bev, void *ctx)
{
	(void)bev;
	go_on(ctx);
}

static void on_written(struct bufferevent *bev, void *ctx)
{
	struct client *c = ctx;

	(void)bev;
	if (c->dead)
		return;
	if (c->wait == WAIT_LIST)
		control_list_more(c);
	else if (c->finishing && c->wait == WAIT_NOTHING && !control_backlog(c))
		control_drop(c, NULL);
}

static void on_trouble(struct bufferevent *bev, short what, void *ctx)
{
	struct client *c = ctx;

	(void)bev;
	if (!(what & BEV_EVENT_EOF) || c->wait == WAIT_REPLY || c->wait == WAIT_GONE) {
		control_drop(c, NULL);
		return;
	}
	c->finishing = true;
	bufferevent_setwatermark(c->bev, EV_WRITE, 0, 0);
	go_on(c);
}

/* ---- coming ---- */

static struct client *client_new(struct control *control, int fd)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->control = control;
	c->end.deadline = TICK_NEVER;
	c->resume = event_new(control->base, -1, 0, on_resume, c);
	c->bev = bufferevent_socket_new(control->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!c->bev || !c->resume) {
		if (c->resume)
			event_free(c->resume);
		if (c->bev)
			bufferevent_free(c->bev);
		else
			close(fd);
		free(c);
		return NULL;
	}
	bufferevent_setcb(c->bev, on_read, on_written, on_trouble, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, CTL_PACKET_MAX + LENGTH_LEN);
	bufferevent_setwatermark(c->bev, EV_WRITE, WRITE_LOW, 0);
	(void)bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	list_append(&control->clients, &c->node);
	control->client_count++;
	return c;
}

static void on_connection(evutil_socket_t listen_fd, short what, void *ctx)
{
	static const struct timeval soon = { .tv_sec = ACCEPT_S };
	struct control *control = ctx;

	if (what & EV_TIMEOUT) {
		(void)event_add(control->listen, NULL);
		return;
	}
	for (unsigned i = 0; i < ACCEPTS_MAX; i++) {
		int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
			log_write(NOTE_ERROR, "control: %s", strerror(errno));
			(void)event_del(control->listen);
			(void)event_base_once(control->base, -1, EV_TIMEOUT, on_connection, control,
					      &soon);
		}
		if (fd < 0)
			return;
		if (control->client_count >= CONTROL_CLIENTS_MAX) {
			log_write(NOTE_PEER, "control: more than %d clients: one turned away",
				  CONTROL_CLIENTS_MAX);
			close(fd);
		} else if (!client_new(control, fd)) {
			log_write(NOTE_ERROR, "control: out of memory: a client turned away");
		}
	}
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
	static const struct timeval pause = { .tv_usec = TICK_US };
	struct control *control = ctx;

	(void)fd;
	(void)what;
	control_end_check(control);
	if (control->ending)
		(void)event_add(control->tick, &pause);
}

/* ---- what the node says ---- */

void control_reply(struct control *control, const struct node_action *a)
{
	LIST_EACH(it, &control->clients) {
		struct client *c = CONTAINER_OF(it, struct client, node);
		struct ctl_out out;

		if (c->wait != WAIT_REPLY || c->tag != a->tag)
			continue;
		ctl_out_init(&out, CTL_CMD_RESPONSE, NULL);
		ctl_text(&out, "success", a->ok ? "yes" : "no");
		if (!a->ok)
			ctl_text(&out, "errmsg", a->text);
		if (c->ids)
			ctl_text(&out, "existed", a->existed ? "yes" : "no");
		if (c->ids && a->ike_id)
			ctl_printf(&out, "uniqueid", "%llu", (unsigned long long)a->ike_id);
		control_send(c, &out);
		control_answered(c);
		return;
	}
}

/* The event, finished; `out` is freed by the caller. */
static enum ctl_err updown_write(const struct control *control, const struct node_action *a,
				 struct ctl_out *out)
{
	struct control_filter filter = { .child_id = a->child_id };
	struct control_sa how = { .node = control->host.node,
				  .now = control->host.now(control->host.ctx),
				  .filter = a->child ? &filter : NULL };

	ctl_out_init(
		out, CTL_EVENT,
		control_event_names[a->child ? CONTROL_EV_CHILD_UPDOWN : CONTROL_EV_IKE_UPDOWN]);
	if (a->up)
		ctl_text(out, "up", "yes");
	else if (a->text)
		ctl_text(out, "reason", a->text);
	control_sa_write(out, &how, a->info, a->child);
	return ctl_out_finish(out);
}

void control_updown(struct control *control, const struct node_action *a)
{
	unsigned bit = 1u << (a->child ? CONTROL_EV_CHILD_UPDOWN : CONTROL_EV_IKE_UPDOWN);
	struct ctl_out out = { 0 };

	if (!a->info)
		return;
	LIST_EACH(it, &control->clients) {
		struct client *c = CONTAINER_OF(it, struct client, node);

		if (c->dead || !(c->events & bit))
			continue;
		if (!out.p && updown_write(control, a, &out)) {
			log_write(NOTE_ERROR, "control: an event was lost: out of memory");
			break;
		}
		send_bytes(c, out.p, out.len);
	}
	ctl_out_free(&out);
	if (!a->up && control->ending)
		event_active(control->tick, EV_TIMEOUT, 0);
}

/* ---- life ---- */

struct control *control_open(struct event_base *base, const struct control_host *host,
			     const struct control_conf *conf, char why[static CONFIG_WHY_MAX])
{
	struct control *control = calloc(1, sizeof(*control));

	(void)snprintf(why, CONFIG_WHY_MAX, "out of memory");
	if (!control)
		return NULL;
	control->base = base;
	control->host = *host;
	control->since = host->now(host->ctx);
	control->since_wall_s = time(NULL);
	control->file.fd = -1;
	list_init(&control->clients);
	(void)snprintf(control->path, sizeof(control->path), "%s", conf->path);
	control->file.path = control->path;
	control->reap = event_new(base, -1, 0, reap, control);
	control->tick = event_new(base, -1, 0, on_tick, control);
	if (!control->reap || !control->tick || !control_file_open(&control->file, conf, why))
		goto failed;
	control->listen =
		event_new(base, control->file.fd, EV_READ | EV_PERSIST, on_connection, control);
	if (control->listen && event_add(control->listen, NULL) == 0)
		return control;
failed:
	control_close(control);
	return NULL;
}

void control_close(struct control *control)
{
	if (!control)
		return;
	LIST_EACH_SAFE(it, &control->clients)
		client_free(CONTAINER_OF(it, struct client, node));
	if (control->listen)
		event_free(control->listen);
	if (control->reap)
		event_free(control->reap);
	if (control->tick)
		event_free(control->tick);
	control_file_close(&control->file);
	free(control);
}
