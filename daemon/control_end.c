/*
 * daemon/control_end.c - terminate: which SAs, deleting them, waiting until they are gone.
 *
 * The SAs that match are written down by number first; then each is handed to the engine; then the
 * list shrinks as they disappear from the engine's list.  That is looked at whenever something went
 * down, and a few times a second for the sake of the time-out.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/control_priv.h"

void control_end_free(struct client *c)
{
	if (c->wait == WAIT_GONE)
		c->control->ending--;
	free(c->end.ids);
	c->end = (struct control_end){ .deadline = TICK_NEVER };
}

/* ---- which ---- */

struct matching {
	const struct node *node;
	const struct control_filter *filter;
	bool children;
	uint64_t *ids;
	size_t count, cap;
	bool bad;
};

static void add(struct matching *m, uint64_t id)
{
	if (m->count == m->cap) {
		size_t cap = m->cap ? 2 * m->cap : 16;
		uint64_t *more = realloc(m->ids, cap * sizeof(*more));

		if (!more) {
			m->bad = true;
			return;
		}
		m->ids = more;
		m->cap = cap;
	}
	m->ids[m->count++] = id;
}

static void match(void *ctx, const struct ike_sa_info *info)
{
	struct matching *m = ctx;

	if (!control_sa_matches(m->node, m->filter, info))
		return;
	if (!m->children) {
		add(m, info->ike_id);
		return;
	}
	for (size_t i = 0; i < info->child_count; i++) {
		if (control_child_matches(m->node, m->filter, info, &info->child[i]))
			add(m, info->child[i].child_id);
	}
}

/* ---- waiting ---- */

#define STANDS (UINT64_C(1) << 63) /* on an id, during refresh: seen in the list */

static int id_cmp(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a & ~STANDS, y = *(const uint64_t *)b & ~STANDS;

	return x < y ? -1 : x > y;
}

static void mark(struct control_end *end, uint64_t id)
{
	uint64_t *found = bsearch(&id, end->ids, end->left, sizeof(id), id_cmp);

	if (found)
		*found |= STANDS;
}

static void still_there(void *ctx, const struct ike_sa_info *info)
{
	struct control_end *end = ctx;

	if (!end->children)
		mark(end, info->ike_id);
	for (size_t i = 0; end->children && i < info->child_count; i++)
		mark(end, info->child[i].child_id);
}

/* Keep those that still stand; they stay sorted. */
static void refresh(const struct client *c, struct control_end *end)
{
	size_t kept = 0;

	ike_list(node_ike(c->control->host.node), still_there, end);
	for (size_t i = 0; i < end->left; i++) {
		if (end->ids[i] & STANDS)
			end->ids[kept++] = end->ids[i] & ~STANDS;
	}
	end->left = kept;
}

static void answer(struct client *c, const char *errmsg, size_t terminated)
{
	struct ctl_out out;

	ctl_out_init(&out, CTL_CMD_RESPONSE, NULL);
	ctl_text(&out, "success", errmsg ? "no" : "yes");
	if (errmsg)
		ctl_text(&out, "errmsg", errmsg);
	ctl_printf(&out, "matches", "%zu", c->end.matches);
	ctl_printf(&out, "terminated", "%zu", terminated);
	control_send(c, &out);
	control_end_free(c);
	control_answered(c);
}

static void check(struct client *c, tick_t now)
{
	char errmsg[64];

	refresh(c, &c->end);
	if (!c->end.left) {
		answer(c, NULL, c->end.matches);
	} else if (now >= c->end.deadline) {
		(void)snprintf(errmsg, sizeof(errmsg), "timed out after %d ms, still deleting",
			       c->end.timeout_ms);
		answer(c, errmsg, c->end.matches - c->end.left);
	}
}

void control_end_check(struct control *control)
{
	tick_t now = control->host.now(control->host.ctx);

	LIST_EACH(it, &control->clients) {
		struct client *c = CONTAINER_OF(it, struct client, node);

		if (c->wait == WAIT_GONE && !c->dead)
			check(c, now);
	}
}

/* ---- the command ---- */

/* Hand what matched to the engine.  With `force` the peers hear it once, and nobody waits. */
static void begin(const struct client *c, bool force)
{
	const struct control_host *host = &c->control->host;

	for (int round = 0; round < (force ? 2 : 1); round++) {
		for (size_t i = 0; i < c->end.matches; i++) {
			struct ike_match m = { 0 };

			*(c->end.children ? &m.child_id : &m.ike_id) = c->end.ids[i];
			(void)node_terminate(host->node, host->now(host->ctx), &m, round > 0);
		}
		host->changed(host->ctx);
	}
}

static bool is_set(const struct control_filter *f)
{
	return f->ike[0] || f->child[0] || f->ike_id || f->child_id || f->local.family ||
	       f->remote.family;
}

void control_terminate(struct client *c, struct ctl_in message)
{
	struct control *control = c->control;
	struct control_filter filter;
	struct matching m = { .node = control->host.node, .filter = &filter };
	int64_t timeout_ms = 0;

	if (!control_filter(c, message, &filter) ||
	    !control_number(c, message, "timeout", -1, INT32_MAX, &timeout_ms))
		return;
	if (!is_set(&filter) && !control_flag(message, "all")) {
		control_fail(c, "missing selector");
		return;
	}
	m.children = filter.child[0] || filter.child_id;
	ike_list(node_ike(m.node), match, &m);
	control_end_free(c);
	if (m.bad) {
		free(m.ids);
		control_fail(c, "out of memory");
		return;
	}
	c->end.ids = m.ids;
	c->end.matches = c->end.left = m.count;
	c->end.children = m.children;
	if (!m.count) {
		answer(c, "no matching SAs", 0);
		return;
	}
	qsort(m.ids, m.count, sizeof(*m.ids), id_cmp);
	begin(c, control_flag(message, "force"));
	if (timeout_ms < 0) {
		answer(c, NULL, c->end.matches);
		return;
	}
	if (timeout_ms)
		c->end.deadline = control->host.now(control->host.ctx) + timeout_ms * TICK_MS;
	c->end.timeout_ms = (int32_t)timeout_ms;
	c->wait = WAIT_GONE;
	control->ending++;
	event_active(control->tick, EV_TIMEOUT, 0);
}
