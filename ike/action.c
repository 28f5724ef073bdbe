/*
 * ike/action.c - the queue between the engine and its caller.
 *
 * Each action is one allocation that owns everything it points to, so an SA may go while its
 * actions wait.  The one that ike_next gave out lives until the next public call.
 */
#include "ike/engine.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct queued *action_new(struct ike *ike, enum ike_action_kind kind, struct cur bytes)
{
	struct queued *q = NULL;

	if (ike->action_count < ACTIONS_MAX)
		q = calloc(1, sizeof(*q) + bytes.left);
	if (!q) {
		ike->stats.errors[IKE_E_MEMORY]++;
		return NULL;
	}
	q->a.kind = kind;
	if (bytes.left)
		memcpy(q->bytes, bytes.p, bytes.left);
	q->bytes_len = bytes.left;
	q->a.bytes = cur_of(q->bytes, bytes.left);
	list_append(&ike->actions, &q->node);
	ike->action_count++;
	return q;
}

void action_free(struct queued *q)
{
	if (!q)
		return;
	secret_wipe(&q->child, sizeof(q->child));
	free(q->info);
	free(q);
}

void action_send(struct ike *ike, const struct ike_path *path, struct cur bytes)
{
	struct queued *q = action_new(ike, IKE_ACT_SEND, bytes);

	if (!q)
		return;
	q->a.path = *path;
	ike->stats.out++;
}

static void note_queue(struct ike *ike, const struct note *note)
{
	struct queued *q = action_new(ike, IKE_ACT_NOTE, cur_of(NULL, 0));

	if (!q)
		return;
	q->note = *note;
	q->a.note = &q->note;
}

void ike_note(struct ike *ike, enum note_class cls, const char *format, ...)
{
	struct note note;
	va_list args;

	va_start(args, format);
	note_vwrite(&note, cls, format, args);
	va_end(args);
	note_queue(ike, &note);
}

void sa_note(struct ike_sa *sa, enum note_class cls, const char *format, ...)
{
	struct note body, note;
	char remote[ENDPOINT_TEXT_MAX];
	va_list args;

	va_start(args, format);
	note_vwrite(&body, cls, format, args);
	va_end(args);
	note_write(&note, cls, "%s[%llu] %s: %.160s", sa->conn ? sa->conn->c.name : "?",
		   (unsigned long long)sa->id, endpoint_text(&sa->path.remote, remote), body.text);
	note_queue(sa->ike, &note);
}

static void fill_child(const struct child *child, struct ike_child_info *info)
{
	*info = (struct ike_child_info){
		.child_id = child->c.child_id,
		.reqid = child->c.reqid,
		.spi_in = child->c.in.spi,
		.spi_out = child->c.out.spi,
		.suite = child->c.suite,
		.encap = child->c.encap,
		.local = child->c.in.dst,
		.remote = child->c.in.src,
		.since = child->since,
	};
}

static const char *state_name(const struct ike_sa *sa)
{
	switch ((enum sa_state)sa->state) {
	case SA_KEYGEN:
	case SA_INIT_SENT:
	case SA_SHARED:
	case SA_AUTH_SENT:
	case SA_ACCEPTING:
	case SA_INIT_ANSWERED:
		return "CONNECTING";
	case SA_ESTABLISHED:
		return "ESTABLISHED";
	case SA_DELETING:
		return "DELETING";
	case SA_LINGERING:
	case SA_DEAD:
	case SA_STATE_COUNT:
		break;
	}
	return "DESTROYING";
}

void sa_fill_info(const struct ike_sa *sa, struct ike_sa_info *info)
{
	*info = (struct ike_sa_info){
		.ike_id = sa->id,
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.conn = sa->conn ? sa->conn->c.name : "",
		.initiator = sa->initiator,
		.state = state_name(sa),
		.established = sa->state == SA_ESTABLISHED,
		.path = sa->path,
		.nat_local = sa->nat_local,
		.nat_remote = sa->nat_remote,
		.suite = sa->suite,
		.since = sa->up_told ? sa->established : sa->created,
		.replace_at = sa->t_replace,
	};
	if (sa->local_id)
		info->local_id = *sa->local_id;
	if (sa->remote_id)
		info->remote_id = *sa->remote_id;
	LIST_EACH(it, &sa->children) {
		if (info->child_count == IKE_CHILDREN_MAX)
			break;
		fill_child(CONTAINER_OF(it, struct child, node), &info->child[info->child_count]);
		info->child_count++;
	}
}

/* The connection's name must outlive the SA's reference to it: it goes into `detail`. */
static void attach_info(struct queued *q, const struct ike_sa *sa)
{
	q->info = calloc(1, sizeof(*q->info));
	if (!q->info)
		return;
	sa_fill_info(sa, q->info);
	(void)snprintf(q->detail, sizeof(q->detail), "%s", q->info->conn);
	q->info->conn = q->detail;
	q->a.info = q->info;
}

void action_sa(struct ike_sa *sa, enum ike_action_kind kind, enum ike_cause cause)
{
	struct queued *q = action_new(sa->ike, kind, cur_of(NULL, 0));

	if (!q)
		return;
	q->a.ike_id = sa->id;
	q->a.cause = cause;
	attach_info(q, sa);
}

void action_child(struct child *child, enum ike_action_kind kind, enum ike_cause cause)
{
	struct queued *q = action_new(child->sa->ike, kind, cur_of(NULL, 0));

	if (!q)
		return;
	q->a.ike_id = child->sa->id;
	q->a.child_id = child->c.child_id;
	q->a.cause = cause;
	q->child = child->c;
	q->a.child = &q->child;
	if (kind == IKE_ACT_CHILD_UP || kind == IKE_ACT_CHILD_DOWN)
		attach_info(q, child->sa);
}

void action_want(struct ike *ike, const struct want *want, uint64_t ike_id, enum ike_cause cause,
		 bool existed, const char *detail)
{
	if (want->silent)
		return;

	struct queued *q = action_new(ike, IKE_ACT_WANT_DONE, cur_of(NULL, 0));

	if (!q)
		return;
	q->a.want_id = want->id;
	q->a.ike_id = ike_id;
	q->a.cause = cause;
	q->a.existed = existed;
	(void)snprintf(q->detail, sizeof(q->detail), "%s", detail);
	q->a.detail = q->detail;
	if (cause != IKE_CAUSE_NONE)
		ike->stats.wants_failed++;
}

bool ike_next(struct ike *ike, struct ike_action *action)
{
	action_free(ike->current);
	ike->current = NULL;

	struct list *first = list_first(&ike->actions);

	if (!first)
		return false;
	list_remove(first);
	ike->action_count--;
	ike->current = CONTAINER_OF(first, struct queued, node);
	*action = ike->current->a;
	return true;
}
