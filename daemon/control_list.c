/*
 * daemon/control_list.c - list-sas: one list-sa event per IKE SA, then the answer.
 *
 * A daemon with tens of thousands of SAs does not write them all into a client's buffer: each pass
 * over the engine's list writes the SAs after the last one until LIST_CHUNK bytes wait to be read,
 * and the next pass begins when the client has read most of them.  The list is in the order of the
 * SAs' numbers, so an SA that comes or goes in between is sent once or not at all.  The kernel's
 * counters are fetched once, at the beginning.
 */
#include <stdlib.h>

#include "daemon/control_priv.h"

#define LIST_CHUNK ((size_t)512 << 10)

void control_list_free(struct control_list *list)
{
	free(list->views);
	*list = (struct control_list){ 0 };
}

struct pass {
	struct client *client;
	tick_t now;
	bool full; /* there is more */
};

static void each(void *ctx, const struct ike_sa_info *info)
{
	struct pass *pass = ctx;
	struct client *c = pass->client;
	struct control_list *list = &c->list;
	struct control_sa how = { .node = c->control->host.node,
				  .now = pass->now,
				  .views = list->views,
				  .view_count = list->view_count,
				  .filter = &list->filter };
	struct ctl_out out;

	if (pass->full || info->ike_id <= list->after)
		return;
	if (!control_sa_matches(how.node, &list->filter, info))
		return;
	if (c->dead || control_backlog(c) > LIST_CHUNK) {
		pass->full = true;
		return;
	}
	list->after = info->ike_id;
	ctl_out_init(&out, CTL_EVENT, control_event_names[CONTROL_EV_LIST_SA]);
	control_sa_write(&out, &how, info, true);
	control_send(c, &out);
}

void control_list_more(struct client *c)
{
	const struct control_host *host = &c->control->host;
	struct pass pass = { .client = c, .now = host->now(host->ctx) };
	struct ctl_out out;

	if (c->events & 1u << CONTROL_EV_LIST_SA)
		ike_list(node_ike(host->node), each, &pass);
	if (c->dead || pass.full)
		return; /* `wait` stays: written bytes bring us back */
	control_list_free(&c->list);
	ctl_out_init(&out, CTL_CMD_RESPONSE, NULL);
	control_send(c, &out);
	control_answered(c);
}

void control_list_sas(struct client *c, struct ctl_in message)
{
	const struct control_host *host = &c->control->host;

	control_list_free(&c->list);
	if (!control_filter(c, message, &c->list.filter))
		return;
	c->list.view_count = host->sas(host->ctx, &c->list.views);
	control_views_sort(c->list.views, c->list.view_count);
	c->wait = WAIT_LIST;
	control_list_more(c);
}
