/*
 * xfrm/sa.c - SAs in the kernel: added, removed, counted, moved, swept away.
 *
 * Larval SAs.  When a packet meets our policy and no SA fits, the kernel makes a larval SA (SPI 0)
 * that stands for the question it asks (ACQUIRE), and asks no more until that is answered or
 * net.core.xfrm_acq_expires (30 s, less in a lab) has passed.  Adding a real SA with the same
 * addresses and reqid ends it.  Nothing can name it: requests find an SA by destination and SPI,
 * and it has none. But XFRM_MSG_ALLOCSPI, made for inbound SAs, gives an SPI to the larval SA that
 * fits, and with that it can be deleted like any other.  (The other way, to add some SA and remove
 * it, would let a packet out under a key that nobody has.)  ALLOCSPI makes a larval SA if there is
 * none, but only one that the kernel asked for has a sequence number: that tells the two apart.
 *
 * Moving.  Sequence numbers and replay windows must survive: an AEAD's nonce follows from the
 * sequence number (RFC 4106 3.1), a receiver's window is its replay protection.  If only UDP ports
 * change, UPDSA changes them in place.  Else the SA is deleted and added again.  What it had
 * counted is taken from the kernel's own announcement of the deletion, which it writes when the SA
 * can send and receive no more; asking before the deletion would miss the packets in between.
 * Should the announcement get lost, the SA is gone and stays gone: a rekeying costs less than a
 * nonce. Between deletion and addition (microseconds) outgoing packets are dropped, not leaked,
 * since the policy still wants an SA; they may raise an ACQUIRE whose larval SA the addition then
 * ends. Incoming packets are dropped as of unknown SPI. Linux draws a new random mask for IVs with
 * each addition, so a moved AEAD SA has, beside the sequence numbers, a chance of 2^-32 per move to
 * repeat a nonce: rekey soon after a move.  See doc/KERNEL.md.
 */
#include "xfrm/sa.h"

#include <errno.h>
#include <stdlib.h>

#include "xfrm/request.h"

#define FLUSH_ROUND_MAX	 4096 /* SAs found per dump */
#define FLUSH_ROUNDS_MAX 256

/* ---- One SA ---- */

static int fail_sa(struct xfrm *x, int err, const char *what, const struct addr *dst, uint32_t spi)
{
	char text[ADDR_TEXT_MAX];

	return xfrm_fail(x, err, "cannot %s the SA to %s with SPI %08x", what, addr_text(dst, text),
			 spi);
}

static int install(struct xfrm *x, uint16_t type, const struct xfrm_sa *sa,
		   const struct xfrm_progress *progress)
{
	struct xfrm_msg msg;

	xfrm_sa_build(&msg, type, sa, progress);
	return xfrm_request(x, XFRM_BUS_XFRM, &msg, NULL, NULL);
}

/* False, and xfrm_why() written, if there is something wrong with `sa`. */
static bool sound(struct xfrm *x, const struct xfrm_sa *sa)
{
	const char *fault = xfrm_sa_fault(sa);

	x->said[0] = '\0';
	if (fault)
		xfrm_fail(x, -EINVAL, "cannot install an SA: %s", fault);
	return !fault;
}

int xfrm_sa_add(struct xfrm *x, const struct xfrm_sa *sa)
{
	if (!sound(x, sa))
		return -EINVAL;

	int err = install(x, XFRM_MSG_NEWSA, sa, NULL);

	return err ? fail_sa(x, err, "install", &sa->dst, sa->spi) : 0;
}

int xfrm_sa_del(struct xfrm *x, const struct addr *src, const struct addr *dst, uint32_t spi)
{
	struct xfrm_msg msg;

	(void)src; /* the kernel finds an SA by destination and SPI */
	xfrm_sa_build_id(&msg, XFRM_MSG_DELSA, dst, spi);

	int err = xfrm_request(x, XFRM_BUS_XFRM, &msg, NULL, NULL);

	return err ? fail_sa(x, err, "delete", dst, spi) : 0;
}

/* An answer that holds one SA. */
struct one {
	bool have;
	struct xfrm_sa_info info;
};

static int one_take(void *ctx, const struct xfrm_reply *reply)
{
	struct one *one = ctx;

	if (!xfrm_sa_parse(reply, &one->info))
		return -EPROTO;
	one->have = true;
	return 0;
}

int xfrm_sa_count(struct xfrm *x, const struct addr *dst, uint32_t spi, struct xfrm_counters *out)
{
	struct xfrm_msg msg;
	struct one one = { 0 };

	xfrm_sa_build_id(&msg, XFRM_MSG_GETSA, dst, spi);

	int err = xfrm_request(x, XFRM_BUS_XFRM, &msg, one_take, &one);

	if (!err && !one.have)
		err = -EPROTO;
	if (err)
		return fail_sa(x, err, "read", dst, spi);
	*out = one.info.view.counters;
	return 0;
}

/* ---- Moving ---- */

static int death_take(void *ctx, const struct xfrm_reply *reply)
{
	return reply->head.nlmsg_type == XFRM_MSG_DELSA ? one_take(ctx, reply) : 0;
}

/* Delete an SA, and learn what it had counted when it could count no more. */
static int take_out(struct xfrm *x, const struct addr *dst, uint32_t spi, struct one *out)
{
	struct xfrm_msg msg;
	int err = xfrm_group_set(x, XFRM_BUS_XFRM, XFRMNLGRP_SA, true);

	if (err)
		return err;
	xfrm_sa_build_id(&msg, XFRM_MSG_DELSA, dst, spi);
	err = xfrm_request(x, XFRM_BUS_XFRM, &msg, death_take, out);
	(void)xfrm_group_set(x, XFRM_BUS_XFRM, XFRMNLGRP_SA, false);
	if (!err && !(out->have && out->info.view.spi == spi))
		return -EPROTO;
	return err;
}

int xfrm_sa_move(struct xfrm *x, const struct addr *src, const struct addr *dst,
		 const struct xfrm_sa *to)
{
	struct one old = { 0 };
	int err;

	if (!sound(x, to))
		return -EINVAL;
	if (addr_eq(src, &to->src) && addr_eq(dst, &to->dst)) {
		err = install(x, XFRM_MSG_UPDSA, to, NULL);

		/* -EINVAL: it does not turn encapsulation on or off in place. */
		if (err != -EINVAL)
			return err ? fail_sa(x, err, "move", dst, to->spi) : 0;
	}
	err = take_out(x, dst, to->spi, &old);
	if (err)
		return fail_sa(x, err, "take out, to move it,", dst, to->spi);
	err = install(x, XFRM_MSG_NEWSA, to, &old.info.progress);
	return err ? fail_sa(x, err, "put back (it is gone: rekey)", &to->dst, to->spi) : 0;
}

/* ---- All of them ---- */

/* Walks a dump, for xfrm_sa_list. */
struct list_walk {
	void (*each)(void *ctx, const struct xfrm_sa_view *view);
	void *ctx;
	uint64_t malformed;
};

static int list_take(void *ctx, const struct xfrm_reply *reply)
{
	struct list_walk *walk = ctx;
	struct xfrm_sa_info info;

	if (!xfrm_sa_parse(reply, &info))
		walk->malformed++;
	else if (info.proto == IPPROTO_ESP && info.view.reqid)
		walk->each(walk->ctx, &info.view);
	return 0;
}

static int dump(struct xfrm *x, void (*each)(void *ctx, const struct xfrm_sa_view *view), void *ctx)
{
	struct xfrm_msg msg;
	struct list_walk walk = { .each = each, .ctx = ctx };

	xfrm_sa_build_dump(&msg);

	int err = xfrm_request(x, XFRM_BUS_XFRM, &msg, list_take, &walk);

	x->malformed += walk.malformed;
	return err;
}

int xfrm_sa_list(struct xfrm *x, void (*each)(void *ctx, const struct xfrm_sa_view *view),
		 void *ctx)
{
	int err = dump(x, each, ctx);

	return err ? xfrm_fail(x, err, "cannot list the SAs") : 0;
}

/* ---- Larval SAs ---- */

/* End the larval SA of an ACQUIRE; -ESRCH if the kernel had not asked. */
static int larval_drop(struct xfrm *x, const struct addr *src, const struct addr *dst,
		       uint32_t reqid)
{
	struct xfrm_msg msg;
	struct one one = { 0 };

	xfrm_sa_build_spi(&msg, src, dst, reqid);

	int err = xfrm_request(x, XFRM_BUS_XFRM, &msg, one_take, &one);

	if (!err && !(one.have && one.info.view.spi))
		err = -EPROTO;
	if (err)
		return err;
	xfrm_sa_build_id(&msg, XFRM_MSG_DELSA, dst, one.info.view.spi);
	err = xfrm_request(x, XFRM_BUS_XFRM, &msg, NULL, NULL);
	return err || one.info.seq ? err : -ESRCH; /* no sequence number: ALLOCSPI just made it */
}

int xfrm_acquire_forget(struct xfrm *x, const struct addr *src, const struct addr *dst,
			uint32_t reqid)
{
	char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
	int err = larval_drop(x, src, dst, reqid);

	return err ? xfrm_fail(x, err, "cannot forget the question for an SA from %s to %s",
			       addr_text(src, from), addr_text(dst, to))
		   : 0;
}

/* ---- Sweeping ---- */

struct sweep {
	const uint32_t *reqids;
	size_t reqid_count;
	struct xfrm_sa_view found[FLUSH_ROUND_MAX];
	size_t count;
};

static void sweep_collect(void *ctx, const struct xfrm_sa_view *view)
{
	struct sweep *sweep = ctx;

	for (size_t i = 0; i < sweep->reqid_count && sweep->count < FLUSH_ROUND_MAX; i++) {
		if (sweep->reqids[i] == view->reqid) {
			sweep->found[sweep->count++] = *view;
			return;
		}
	}
}

/* Remove what a dump found; 0 also for those that went by themselves meanwhile. */
static int sweep_remove(struct xfrm *x, const struct sweep *sweep, size_t *removed)
{
	for (size_t i = 0; i < sweep->count; i++) {
		const struct xfrm_sa_view *view = &sweep->found[i];
		int err = view->spi ? xfrm_sa_del(x, &view->src, &view->dst, view->spi)
				    : larval_drop(x, &view->src, &view->dst, view->reqid);

		if (err && err != -ESRCH)
			return err;
		if (!err && removed)
			++*removed;
	}
	return 0;
}

int xfrm_sa_flush(struct xfrm *x, const uint32_t *reqids, size_t count, size_t *removed)
{
	struct sweep *sweep = malloc(sizeof(*sweep));
	int err = 0;

	x->said[0] = '\0';
	if (removed)
		*removed = 0;
	if (!sweep)
		return xfrm_fail(x, -ENOMEM, "cannot sweep SAs away");
	sweep->reqids = reqids;
	sweep->reqid_count = count;
	for (unsigned round = 0; round < FLUSH_ROUNDS_MAX; round++) {
		sweep->count = 0;
		err = dump(x, sweep_collect, sweep);
		if (!err)
			err = sweep_remove(x, sweep, removed);
		if (err || sweep->count < FLUSH_ROUND_MAX)
			break;
	}
	free(sweep);
	return err ? xfrm_fail(x, err, "cannot sweep SAs away") : 0;
}
