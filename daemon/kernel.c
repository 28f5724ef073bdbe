/*
 * daemon/kernel.c - see kernel.h.
 *
 * Order matters twice: the inbound half is installed before the outbound one, so that the peer's
 * first answer finds its SA; and removed after it, so that nothing leaves that could not be
 * answered.  A pair that cannot be installed whole is not installed at all.
 */
#include "daemon/kernel.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "daemon/log.h"

static void sa_add(struct xfrm *x, struct node *node, tick_t now, const struct node_action *a)
{
	const struct xfrm_sa *in = &a->sa[0], *out = &a->sa[1];

	if (xfrm_sa_add(x, in)) {
		node_sa_failed(node, now, a->child_id, xfrm_why(x));
		return;
	}
	if (xfrm_sa_add(x, out)) {
		struct note why;

		note_write(&why, NOTE_ERROR, "%s", xfrm_why(x)); /* before the next request */
		(void)xfrm_sa_del(x, &in->src, &in->dst, in->spi);
		node_sa_failed(node, now, a->child_id, why.text);
	}
}

/* The peer is elsewhere now: inbound from there, outbound to there. */
static void sa_move(struct xfrm *x, struct node *node, tick_t now, const struct node_action *a)
{
	const struct xfrm_sa *in = &a->sa[0], *out = &a->sa[1];

	if (xfrm_sa_move(x, &a->old_remote, &in->dst, in) ||
	    xfrm_sa_move(x, &out->src, &a->old_remote, out))
		node_sa_failed(node, now, a->child_id, xfrm_why(x));
}

static void half_del(struct xfrm *x, const struct xfrm_sa *sa)
{
	int err = sa->spi ? xfrm_sa_del(x, &sa->src, &sa->dst, sa->spi) : 0;

	if (err && err != -ESRCH) /* gone already is gone */
		log_write(NOTE_ERROR, "cannot remove an SA: %s", xfrm_why(x));
}

static void sa_count(struct xfrm *x, struct node *node, tick_t now, const struct node_action *a)
{
	struct xfrm_counters counters;
	struct xfrm_event gone = { .kind = XFRM_EV_EXPIRE,
				   .src = a->sa[0].src,
				   .dst = a->sa[0].dst,
				   .spi = a->sa[0].spi,
				   .reqid = a->sa[0].reqid,
				   .hard = true };
	uint64_t child_id = a->child_id;
	int err = xfrm_sa_count(x, &gone.dst, gone.spi, &counters);

	if (!err)
		node_sa_counted(node, now, child_id, counters.packets);
	else if (err == -ESRCH) /* somebody has taken it out */
		node_kernel(node, now, &gone);
}

struct views {
	struct xfrm_sa_view *at;
	size_t count, cap;
	bool bad;
};

static void collect(void *ctx, const struct xfrm_sa_view *view)
{
	struct views *v = ctx;

	if (v->count == v->cap) {
		size_t cap = v->cap ? 2 * v->cap : 64;
		struct xfrm_sa_view *more =
			cap <= KERNEL_VIEWS_MAX ? realloc(v->at, cap * sizeof(*more)) : NULL;

		if (!more) {
			v->bad = true;
			return;
		}
		v->at = more;
		v->cap = cap;
	}
	v->at[v->count++] = *view;
}

int kernel_list(struct xfrm *x, struct xfrm_sa_view **views, size_t *count)
{
	struct views v = { 0 };
	int err = xfrm_sa_list(x, collect, &v);

	if (!err && v.bad)
		err = -ENOMEM;
	if (err) {
		free(v.at);
		v.at = NULL;
		v.count = 0;
	}
	*views = v.at;
	*count = v.count;
	return err;
}

static void sa_list(struct xfrm *x, struct node *node, tick_t now)
{
	struct xfrm_sa_view *views;
	size_t count;

	/* Without a listing nothing is compared: the next event or packet asks again. */
	if (kernel_list(x, &views, &count))
		log_write(NOTE_ERROR, "cannot compare SAs with the kernel's: %s", xfrm_why(x));
	else
		node_sa_listed(node, now, views, count);
	free(views);
}

void kernel_do(struct xfrm *x, struct node *node, tick_t now, const struct node_action *a)
{
	switch (a->kind) {
	case NODE_ACT_SA_ADD:
		sa_add(x, node, now, a);
		break;
	case NODE_ACT_SA_MOVE:
		sa_move(x, node, now, a);
		break;
	case NODE_ACT_SA_DEL:
		half_del(x, &a->sa[1]);
		half_del(x, &a->sa[0]);
		break;
	case NODE_ACT_COUNT:
		sa_count(x, node, now, a);
		break;
	case NODE_ACT_SA_LIST:
		sa_list(x, node, now);
		break;
	case NODE_ACT_ACQUIRE_FORGET:
		/* -ESRCH: it has forgotten by itself. */
		(void)xfrm_acquire_forget(x, &a->sa[1].src, &a->sa[1].dst, a->sa[1].reqid);
		break;
	case NODE_ACT_SEND:
	case NODE_ACT_JOB:
	case NODE_ACT_UPDOWN:
	case NODE_ACT_REPLY:
	case NODE_ACT_NOTE:
		assert(false);
	}
}
