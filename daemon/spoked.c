/*
 * daemon/spoked.c - the daemon as a whole: what happens when the configuration or the machine's
 * addresses change, and the doors between its parts.
 *
 * A reload is read and checked whole by the reader before anything changes.  Then policies and
 * interfaces (tunnels), then the node: at no time is a tunnel without its policy, and no SA
 * outlives the configuration that allowed it.  What is bound to the start (socket, user) is said
 * and left.
 */
#include "daemon/spoked.h"

#include <stdio.h>
#include <stdlib.h>

#include "daemon/kernel.h"
#include "daemon/log.h"

void spoked_log_open(const struct spoked *s)
{
	log_open(&(struct log_conf){
		.target = s->config->log, .foreground = s->foreground, .verbose = s->verbose });
}

void spoked_log_warnings(const struct config *config)
{
	for (size_t i = 0; i < config->warning_count; i++)
		log_write(NOTE_WARN, "%s", config->warnings[i]);
}

bool spoked_configure(struct spoked *s)
{
	struct node_tunnel tunnels[NODE_TUNNELS_MAX];
	struct node_conf conf = { .tunnels = tunnels,
				  .tunnel_count = tunnels_list(s->tunnels, tunnels),
				  .conns = s->config->conns,
				  .conn_count = s->config->conn_count,
				  .timing = s->config->timing,
				  .limits = s->config->limits };

	return node_configure(s->node, loop_now(), &conf);
}

/* ---- a new configuration ---- */

static void warn_if_bound(const struct config *old, const struct config *new)
{
	if (strcmp(old->socket, new->socket) != 0 || old->socket_mode != new->socket_mode ||
	    strcmp(old->socket_group, new->socket_group) != 0)
		log_write(NOTE_WARN, "the control socket stays as it is until spoked is restarted");
	if (strcmp(old->user, new->user) != 0)
		log_write(NOTE_WARN, "the user stays the same until spoked is restarted");
}

/* The node is not drained here. */
static bool reload(struct spoked *s, char why[static CONFIG_WHY_MAX])
{
	struct config *old = s->config, *new = reader_load(s->reader, why);
	bool ok;

	if (!new) {
		log_write(NOTE_ERROR, "not reloaded: %s", why);
		return false;
	}
	s->config = new;
	spoked_log_open(s);
	spoked_log_warnings(new);
	warn_if_bound(old, new);
	config_free(old);
	ok = tunnels_apply(s->tunnels, new, why);
	if (!ok)
		log_write(NOTE_ERROR, "%s", why);
	if (!spoked_configure(s)) {
		(void)snprintf(why, CONFIG_WHY_MAX, "out of memory");
		log_write(NOTE_ERROR, "peers not reloaded: %s", why);
		return false;
	}
	log_write(NOTE_INFO, "reloaded: %zu tunnels, %zu peers", new->tunnel_count,
		  new->conn_count);
	return ok;
}

static void loop_reload(void *ctx)
{
	char why[CONFIG_WHY_MAX];

	(void)reload(ctx, why); /* it has logged why */
}

static void loop_links(void *ctx)
{
	struct spoked *s = ctx;

	if (tunnels_refresh(s->tunnels) && !spoked_configure(s))
		log_write(NOTE_ERROR, "new addresses are not in force: out of memory");
}

static void loop_policies(void *ctx)
{
	tunnels_restore(((struct spoked *)ctx)->tunnels);
}

struct loop_host spoked_loop_host(struct spoked *s)
{
	return (struct loop_host){ .node = s->node,
				   .xfrm = s->xfrm,
				   .net = s->net,
				   .workers = s->workers,
				   .control = s->control,
				   .ctx = s,
				   .reload = loop_reload,
				   .links = loop_links,
				   .policies = loop_policies };
}

/* ---- what the control server asks ---- */

static tick_t control_now(void *ctx)
{
	(void)ctx;
	return loop_now();
}

static void control_changed(void *ctx)
{
	loop_drain(((struct spoked *)ctx)->loop);
}

static bool control_reload(void *ctx, char why[static CONFIG_WHY_MAX])
{
	bool ok = reload(ctx, why);

	control_changed(ctx);
	return ok;
}

static const struct config *control_config(void *ctx)
{
	return ((struct spoked *)ctx)->config;
}

static size_t control_sas(void *ctx, struct xfrm_sa_view **views)
{
	struct spoked *s = ctx;
	size_t count;

	if (kernel_list(s->xfrm, views, &count))
		log_write(NOTE_ERROR, "no counters: %s", xfrm_why(s->xfrm));
	return count;
}

static const uint64_t *control_drops(void *ctx)
{
	return net_drops(((struct spoked *)ctx)->net);
}

static bool control_source(void *ctx, const struct addr *remote, struct addr *out)
{
	(void)ctx;
	return net_source(remote, out);
}

struct control_host spoked_control_host(struct spoked *s)
{
	return (struct control_host){ .ctx = s,
				      .node = s->node,
				      .now = control_now,
				      .changed = control_changed,
				      .reload = control_reload,
				      .config = control_config,
				      .sas = control_sas,
				      .drops = control_drops,
				      .source = control_source };
}
