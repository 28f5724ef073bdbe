/*
 * tests/unit/control_world.c - see control_world.h.
 */
#include "tests/unit/control_world.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/log.h"

#define PUMPS_MAX 200

/* ---- the daemon's side ---- */

static tick_t host_now(void *ctx)
{
	return ((struct fixture *)ctx)->w->now;
}

static void host_changed(void *ctx)
{
	world_drain(((struct fixture *)ctx)->w, 0);
}

static bool host_reload(void *ctx, char why[static CONFIG_WHY_MAX])
{
	struct fixture *f = ctx;

	f->reloads++;
	(void)snprintf(why, CONFIG_WHY_MAX, "spoked.conf:3: no such key");
	return f->reload_ok;
}

static const struct config *host_config(void *ctx)
{
	return &((struct fixture *)ctx)->config;
}

static size_t host_sas(void *ctx, struct xfrm_sa_view **views)
{
	struct fixture *f = ctx;
	const struct host *h = &f->w->host[0];

	*views = calloc(h->sa_count + 1, sizeof(**views));
	for (size_t i = 0; i < h->sa_count; i++) {
		(*views)[i].src = h->sa[i].src;
		(*views)[i].dst = h->sa[i].dst;
		(*views)[i].spi = h->sa[i].spi;
		(*views)[i].counters.bytes = addr_eq(&h->sa[i].dst, &addr_a) ? f->bytes_in : 0;
	}
	return h->sa_count;
}

static const uint64_t *host_drops(void *ctx)
{
	static const uint64_t drops[16] = { 0, 5 };

	(void)ctx;
	return drops;
}

static bool host_source(void *ctx, const struct addr *remote, struct addr *out)
{
	(void)ctx;
	(void)remote;
	*out = addr_a;
	return true;
}

static void watch(void *ctx, const struct node_action *a)
{
	struct fixture *f = ctx;

	if (a->kind == NODE_ACT_REPLY)
		control_reply(f->control, a);
	else if (a->kind == NODE_ACT_UPDOWN)
		control_updown(f->control, a);
}

static void silent(void *ctx, enum note_class cls, const char *line)
{
	(void)ctx;
	(void)cls;
	(void)line;
}

bool fixture_open(struct fixture *f, char why[static CONFIG_WHY_MAX])
{
	const struct control_host host = { .ctx = f,
					   .node = f->w->host[0].node,
					   .now = host_now,
					   .changed = host_changed,
					   .reload = host_reload,
					   .config = host_config,
					   .sas = host_sas,
					   .drops = host_drops,
					   .source = host_source };
	const struct control_conf conf = { .path = f->path, .mode = 0660, .group = "", .user = "" };

	f->control = control_open(f->base, &host, &conf, why);
	return f->control;
}

int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char why[CONFIG_WHY_MAX] = "";
	void *world;

	assert_non_null(f);
	log_open(&(struct log_conf){ .target = "stderr", .sink = silent });
	world_setup(&world);
	f->w = world;
	f->w->host[0].watch = watch;
	f->w->host[0].watch_ctx = f;
	f->base = event_base_new();
	assert_non_null(f->base);
	(void)snprintf(f->tunnels[0].link.name, sizeof(f->tunnels[0].link.name), "gre1");
	f->config.tunnels = f->tunnels;
	f->config.tunnel_count = 1;
	f->config.conns = &f->w->host[0].conn;
	f->config.conn_count = 1;
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/spoked-control-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->path, sizeof(f->path), "%s/run/spoked.vici", f->dir);
	if (!fixture_open(f, why))
		fail_msg("%s", why);
	client_connect(f, &f->client);
	*state = f;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;
	char run[96];
	void *world = f->w;

	client_close(&f->client);
	control_close(f->control);
	event_base_free(f->base);
	world_teardown(&world);
	(void)unlink(f->path);
	(void)snprintf(run, sizeof(run), "%s/run", f->dir);
	(void)rmdir(run);
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

void pump(struct fixture *f)
{
	for (int i = 0; i < 5; i++)
		(void)event_base_loop(f->base, EVLOOP_NONBLOCK);
}

void fixture_establish(struct fixture *f)
{
	world_acquire(f->w, &addr_b, WORLD_REQID, 1);
	world_settle(f->w);
	world_assert_standing(f->w, 2);
}

/* ---- the client's side ---- */

void client_connect(struct fixture *f, struct client_end *c)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	*c = (struct client_end){ 0 };
	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", f->path);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(c->fd >= 0);
	assert_int_equal(connect(c->fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(fcntl(c->fd, F_SETFL, O_NONBLOCK), 0);
	pump(f);
}

void client_close(struct client_end *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c->bytes);
	*c = (struct client_end){ .fd = -1 };
}

void client_bytes(struct fixture *f, struct client_end *c, const void *bytes, size_t len)
{
	assert_int_equal(send(c->fd, bytes, len, MSG_NOSIGNAL), len);
	pump(f);
}

static void send_packet(struct fixture *f, struct client_end *c, struct ctl_out *out)
{
	assert_int_equal(ctl_out_finish(out), CTL_OK);
	client_bytes(f, c, out->p, out->len);
	ctl_out_free(out);
}

void client_request(struct fixture *f, struct client_end *c, const char *command, ...)
{
	struct ctl_out out;
	const char *pair;
	va_list args;

	ctl_out_init(&out, CTL_CMD_REQUEST, command);
	va_start(args, command);
	while ((pair = va_arg(args, const char *))) {
		const char *equals = strchr(pair, '=');
		char key[64];

		assert_non_null(equals);
		(void)snprintf(key, sizeof(key), "%.*s", (int)(equals - pair), pair);
		ctl_text(&out, key, equals + 1);
	}
	va_end(args);
	send_packet(f, c, &out);
}

void client_register(struct fixture *f, struct client_end *c, const char *event)
{
	struct ctl_out out;

	ctl_out_init(&out, CTL_EVENT_REGISTER, event);
	send_packet(f, c, &out);
	assert_true(client_packet(f, c));
	assert_int_equal(f->type, CTL_EVENT_CONFIRM);
}

static void read_more(struct client_end *c)
{
	ssize_t got;

	if (c->cap - c->len < 65536) {
		c->cap = 2 * c->cap + 65536;
		c->bytes = realloc(c->bytes, c->cap);
		assert_non_null(c->bytes);
	}
	got = recv(c->fd, c->bytes + c->len, c->cap - c->len, 0);
	if (got > 0)
		c->len += (size_t)got;
	else if (!got || errno != EAGAIN)
		c->closed = true;
}

static void flatten(struct fixture *f, struct ctl_in in)
{
	char prefix[CTL_DEPTH_MAX][CTL_NAME_MAX + 1], list[CTL_NAME_MAX + 1] = "";
	struct ctl_item item;
	unsigned depth = 0;
	size_t at = 0;

	f->text[0] = 0;
	for (;;) {
		assert_int_equal(ctl_next(&in, &item), CTL_OK);
		if (item.element == CTL_END)
			return;
		if (item.element == CTL_SECTION_START)
			memcpy(prefix[depth++], item.name, sizeof(prefix[0]));
		else if (item.element == CTL_SECTION_END)
			depth--;
		else if (item.element == CTL_LIST_START)
			memcpy(list, item.name, sizeof(list));
		if (item.element != CTL_KEY_VALUE && item.element != CTL_LIST_ITEM)
			continue;
		for (unsigned i = 0; i < depth; i++)
			at += (size_t)snprintf(f->text + at, TEXT_MAX - at, "%s.", prefix[i]);
		at += (size_t)snprintf(f->text + at, TEXT_MAX - at, "%s=%.*s\n",
				       item.element == CTL_LIST_ITEM ? list : item.name,
				       (int)item.value.left, (const char *)item.value.p);
		assert_true(at < TEXT_MAX);
	}
}

bool client_packet(struct fixture *f, struct client_end *c)
{
	struct ctl_in message;

	for (int i = 0; i < PUMPS_MAX; i++) {
		struct cur cur = cur_of(c->bytes, c->len);
		size_t len = cur_u32(&cur);

		if (!cur.bad && cur.left >= len) {
			assert_int_equal(
				ctl_packet_parse(cur_sub(&cur, len), &f->type, f->name, &message),
				CTL_OK);
			flatten(f, message);
			c->len = cur.left;
			memmove(c->bytes, cur.p, cur.left);
			return true;
		}
		if (c->closed)
			return false;
		pump(f);
		read_more(c);
	}
	return false;
}

void client_expect(struct fixture *f, struct client_end *c, ...)
{
	const char *line;
	va_list args;

	assert_true(client_packet(f, c));
	assert_int_equal(f->type, CTL_CMD_RESPONSE);
	va_start(args, c);
	while ((line = va_arg(args, const char *))) {
		if (!strstr(f->text, line))
			fail_msg("no \"%s\" in:\n%s", line, f->text);
	}
	va_end(args);
}
