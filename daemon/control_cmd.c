/*
 * daemon/control_cmd.c - the commands: a table of names, and what each does.  doc/CONTROL.md 2.
 *
 * A command has its message checked whole before it runs, reads the keys that it knows (unknown
 * ones are other versions' or other daemons', and are skipped), and answers once: at once, or later
 * when the node replies.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <time.h>

#include "daemon/control_priv.h"
#include "daemon/net.h"

#define TIMEOUT_DEFAULT_S 60
#define TIMEOUT_MAX_S	  86400
#define UNIQUEID_MAX	  999999999
#define VALUE_MAX	  128 /* longer ones are no number and no address */

/* ---- reading keys ---- */

bool control_flag(struct ctl_in message, const char *key)
{
	char text[VALUE_MAX];

	return ctl_get(message, key, text, sizeof(text)) && strcmp(text, "yes") == 0;
}

/*
 * Absent: "".  A value that no text of ours can be (too long, not printable ASCII) is not the same
 * as absent: a selector that is left out selects more.  False: it has been answered.
 */
bool control_text(struct client *c, struct ctl_in message, const char *key, char *out, size_t cap)
{
	struct ctl_item item;

	if (ctl_get(message, key, out, cap))
		return true;
	while (!ctl_next(&message, &item) && item.element != CTL_END) {
		if (item.element != CTL_KEY_VALUE || message.depth || strcmp(item.name, key) != 0)
			continue;
		control_fail(c, "%s will not do: it is too long, or not printable ASCII", key);
		return false;
	}
	return true;
}

/* Absent: `out` is untouched.  False: it has been answered. */
bool control_number(struct client *c, struct ctl_in message, const char *key, int64_t min,
		    int64_t max, int64_t *out)
{
	char text[VALUE_MAX], *end;
	intmax_t value;

	if (!control_text(c, message, key, text, sizeof(text)))
		return false;
	if (!text[0])
		return true;
	errno = 0;
	value = strtoimax(text, &end, 10);
	if (errno || *end || value < min || value > max) {
		control_fail(c, "%s = %s will not do: a number from %" PRId64 " to %" PRId64, key,
			     text, min, max);
		return false;
	}
	*out = value;
	return true;
}

/* Absent or "any": `out` is untouched.  False: it has been answered. */
bool control_address(struct client *c, struct ctl_in message, const char *key, struct addr *out)
{
	char text[VALUE_MAX];

	if (!control_text(c, message, key, text, sizeof(text)))
		return false;
	if (!text[0] || strcmp(text, "any") == 0)
		return true;
	if (addr_parse(text, out))
		return true;
	control_fail(c, "%s = %s is not an address", key, text);
	return false;
}

bool control_filter(struct client *c, struct ctl_in message, struct control_filter *out)
{
	int64_t ike_id = 0, child_id = 0;

	*out = (struct control_filter){ 0 };
	if (!control_text(c, message, "ike", out->ike, sizeof(out->ike)) ||
	    !control_text(c, message, "child", out->child, sizeof(out->child)) ||
	    !control_number(c, message, "ike-id", 1, UNIQUEID_MAX, &ike_id) ||
	    !control_number(c, message, "child-id", 1, UNIQUEID_MAX, &child_id) ||
	    !control_address(c, message, "local", &out->local) ||
	    !control_address(c, message, "remote", &out->remote))
		return false;
	out->ike_id = (uint64_t)ike_id;
	out->child_id = (uint64_t)child_id;
	return true;
}

/* ---- version, stats, reload ---- */

static void version(struct client *c, struct ctl_in message)
{
	struct utsname name = { 0 };
	struct ctl_out out;

	(void)message;
	(void)uname(&name);
	ctl_out_init(&out, CTL_CMD_RESPONSE, NULL);
	ctl_text(&out, "daemon", "spoked");
	ctl_text(&out, "version", SPOKED_VERSION);
	ctl_text(&out, "sysname", name.sysname);
	ctl_text(&out, "release", name.release);
	ctl_text(&out, "machine", name.machine);
	control_send(c, &out);
	control_answered(c);
}

static void put_count(struct ctl_out *out, const char *key, uint64_t n)
{
	if (n)
		ctl_printf(out, key, "%" PRIu64, n);
}

static void put_uptime(struct ctl_out *out, const struct control *control)
{
	static const struct unit {
		int64_t s;
		const char *one, *many;
	} units[] = { { 86400, "day", "days" },
		      { 3600, "hour", "hours" },
		      { 60, "minute", "minutes" },
		      { 1, "second", "seconds" } };
	int64_t s = (control->host.now(control->host.ctx) - control->since) / TICK_S;
	const struct unit *unit = &units[ARRAY_LEN(units) - 1];
	time_t since = (time_t)control->since_wall_s;
	char text[64] = "";
	struct tm tm;

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (s >= units[i].s) {
			unit = &units[i];
			break;
		}
	}
	if (gmtime_r(&since, &tm))
		(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	ctl_section(out, "uptime");
	ctl_printf(out, "running", "%" PRId64 " %s", s / unit->s,
		   s / unit->s == 1 ? unit->one : unit->many);
	ctl_text(out, "since", text);
	ctl_printf(out, "seconds", "%" PRId64, s);
	ctl_section_end(out);
}

/* What the kernel asked and said. */
static void put_kernel(struct ctl_out *out, const struct node *node)
{
	struct node_stats s;

	node_stats(node, &s);
	ctl_section(out, "kernel");
	put_count(out, "acquires", s.acquires);
	put_count(out, "acquires-repeated", s.acquires_repeated);
	put_count(out, "acquires-unknown", s.acquires_unknown);
	put_count(out, "acquires-foreign", s.acquires_foreign);
	put_count(out, "acquires-dropped", s.acquires_dropped);
	put_count(out, "expires", s.expires);
	put_count(out, "mappings", s.mappings);
	put_count(out, "resyncs", s.resyncs);
	put_count(out, "strays", s.strays);
	put_count(out, "lost", s.lost);
	put_count(out, "errors", s.kernel_errors);
	ctl_section_end(out);
}

static void put_traffic(struct ctl_out *out, const struct ike_stats *s)
{
	ctl_section(out, "ike");
	put_count(out, "in", s->in);
	put_count(out, "out", s->out);
	put_count(out, "retransmits", s->retransmits);
	put_count(out, "cookies-sent", s->cookies_sent);
	put_count(out, "keepalives", s->keepalives);
	put_count(out, "up", s->up);
	put_count(out, "down", s->down);
	put_count(out, "child-up", s->child_up);
	put_count(out, "child-down", s->child_down);
	put_count(out, "wants", s->wants);
	put_count(out, "wants-failed", s->wants_failed);
	ctl_printf(out, "children", "%zu", s->children);
	ctl_printf(out, "jobs", "%zu", s->jobs);
	ctl_section_end(out);
}

static void stats(struct client *c, struct ctl_in message)
{
	const struct control_host *host = &c->control->host;
	const uint64_t *drops = host->drops(host->ctx);
	struct ike_stats ike;
	struct ctl_out out;

	(void)message;
	ike_stats(node_ike(host->node), &ike);
	ctl_out_init(&out, CTL_CMD_RESPONSE, NULL);
	put_uptime(&out, c->control);
	ctl_section(&out, "ikesas");
	ctl_printf(&out, "total", "%zu", ike.sas);
	ctl_printf(&out, "half-open", "%zu", ike.half_open);
	ctl_section_end(&out);
	ctl_section(&out, "counters");
	for (int i = IKE_OK + 1; i < IKE_E_COUNT; i++)
		put_count(&out, ike_err_name((enum ike_err)i), ike.errors[i]);
	ctl_section_end(&out);
	ctl_section(&out, "drops");
	for (int i = NET_DROP_NONE + 1; i < NET_DROP_COUNT; i++)
		put_count(&out, net_drop_name((enum net_drop)i), drops[i]);
	ctl_section_end(&out);
	put_traffic(&out, &ike);
	put_kernel(&out, host->node);
	control_send(c, &out);
	control_answered(c);
}

static void reload(struct client *c, struct ctl_in message)
{
	const struct control_host *host = &c->control->host;
	char why[CONFIG_WHY_MAX];

	(void)message;
	control_result(c, host->reload(host->ctx, why), why);
}

/* ---- establish, initiate ---- */

/* Hand the wish to the node; its reply is the answer. */
static void wish(struct client *c, struct node_wish *w)
{
	struct control *control = c->control;

	if (w->local.family == ADDR_NONE)
		(void)control->host.source(control->host.ctx, &w->remote, &w->source);
	c->tag = w->tag = ++control->next_tag;
	c->wait = WAIT_REPLY;
	if (!node_establish(control->host.node, control->host.now(control->host.ctx), w)) {
		control_fail(c, "more than %d requests wait already", NODE_WAITERS_MAX);
		return;
	}
	control->host.changed(control->host.ctx);
}

static void establish(struct client *c, struct ctl_in message)
{
	struct node_wish w = { .wait = control_flag(message, "wait") };
	char tunnel[VALUE_MAX];
	int64_t timeout_s = TIMEOUT_DEFAULT_S;

	if (!control_address(c, message, "local", &w.local) ||
	    !control_address(c, message, "remote", &w.remote) ||
	    !control_number(c, message, "timeout", 1, TIMEOUT_MAX_S, &timeout_s) ||
	    !control_text(c, message, "tunnel", tunnel, sizeof(tunnel)))
		return;
	if (w.remote.family == ADDR_NONE) {
		control_fail(c, "remote is missing: the peer's address");
		return;
	}
	if (tunnel[0])
		w.tunnel = tunnel;
	w.timeout_us = timeout_s * TICK_S;
	c->ids = true;
	wish(c, &w);
}

static const struct ike_conn *conn_named(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->conn_count; i++) {
		if (strcmp(config->conns[i].name, name) == 0)
			return &config->conns[i];
	}
	return NULL;
}

static const struct xfrm_tunnel *tunnel_named(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->tunnel_count; i++) {
		if (strcmp(config->tunnels[i].link.name, name) == 0)
			return &config->tunnels[i].link;
	}
	return NULL;
}

/*
 * Find out what `initiate` is about: `child` is a tunnel or, as FRR's nhrpd has it, a connection;
 * `ike` a connection.  The addresses are the request's, else the configuration's.  False: it has
 * been answered.
 */
static bool initiate_target(struct client *c, const char *ike, const char *child,
			    struct node_wish *w)
{
	const struct config *config = c->control->host.config(c->control->host.ctx);
	const struct xfrm_tunnel *tunnel = child[0] ? tunnel_named(config, child) : NULL;
	const struct ike_conn *conn = conn_named(config, ike[0] ? ike : child);
	char text[ADDR_TEXT_MAX];

	if (!ike[0] && !child[0]) {
		control_fail(c, "missing configuration name");
		return false;
	}
	if (ike[0] && !conn) {
		control_fail(c, "no connection is called %s", ike);
		return false;
	}
	if (child[0] && !tunnel && !conn_named(config, child)) {
		control_fail(c, "neither a tunnel nor a connection is called %s", child);
		return false;
	}
	if (tunnel)
		w->tunnel = tunnel->name;
	if (w->remote.family == ADDR_NONE && tunnel)
		w->remote = tunnel->remote;
	if (w->remote.family == ADDR_NONE && conn && prefix_is_host(&conn->remote))
		w->remote = conn->remote.addr;
	if (w->remote.family == ADDR_NONE) {
		control_fail(c, "%s has no fixed remote address: other-host is missing",
			     ike[0] ? ike : child);
		return false;
	}
	if (conn && !prefix_contains(&conn->remote, &w->remote)) {
		control_fail(c, "connection %s is not for %s", conn->name,
			     addr_text(&w->remote, text));
		return false;
	}
	return true;
}

static void initiate(struct client *c, struct ctl_in message)
{
	char ike[CTL_NAME_MAX + 1], child[CTL_NAME_MAX + 1], async[VALUE_MAX];
	struct node_wish w = { .wait = true };
	int64_t timeout_ms = 0;

	if (!control_text(c, message, "ike", ike, sizeof(ike)) ||
	    !control_text(c, message, "child", child, sizeof(child)) ||
	    !control_text(c, message, "async", async, sizeof(async)) ||
	    !control_address(c, message, "my-host", &w.local) ||
	    !control_address(c, message, "other-host", &w.remote) ||
	    !control_number(c, message, "timeout", -1, INT32_MAX, &timeout_ms) ||
	    !initiate_target(c, ike, child, &w))
		return;
	if (timeout_ms < 0 || strcmp(async, "yes") == 0 || strcmp(async, "1") == 0)
		w.wait = false;
	else
		w.timeout_us = timeout_ms * TICK_MS;
	c->ids = false;
	wish(c, &w);
}

/* ---- the table ---- */

bool control_command(struct client *c, const char *name, struct ctl_in message)
{
	static const struct command {
		const char *name;
		void (*run)(struct client *c, struct ctl_in message);
	} commands[] = {
		{ "version", version },
		{ "stats", stats },
		{ "list-sas", control_list_sas },
		{ "establish", establish },
		{ "initiate", initiate },
		{ "terminate", control_terminate },
		{ "reload", reload },
		{ "reload-settings", reload },
	};

	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(commands[i].name, name) == 0) {
			commands[i].run(c, message);
			return true;
		}
	}
	return false;
}
