/*
 * tests/sim/host.c - a machine: its daemon is started, stopped and crashes, and what its node wants
 * done is done, by the daemon's own code (daemon/kernel.c) where that is about the kernel.
 *
 * After a crash the kernel goes on with the SAs and policies that it has; the next start flushes
 * what has our reqid, as the daemon does.  A stop says goodbye and waits SIM_PATIENCE_US.  Each
 * life has a generator state of its own, and `life` tells what belongs to an earlier one.
 */
#include "tests/sim/sim.h"

#include <stdlib.h>

#include "daemon/kernel.h"

#define ACTIONS_A_CALL_MAX 100000
#define SPIN_MAX	   100 /* deadlines at one moment */

tick_t host_now(const struct sim_host *h)
{
	return h->sim->now + h->clock;
}

bool host_awake(const struct sim_host *h)
{
	return h->asleep_until <= h->sim->now;
}

static void event_init(struct sim_host *h, struct sim_event *ev, enum sim_event_kind kind)
{
	heap_node_init(&ev->heap);
	ev->kind = kind;
	ev->host = h;
}

void host_init(struct sim *s, unsigned index)
{
	struct sim_host *h = &s->host[index];

	h->sim = s;
	h->index = index;
	h->kernel.host = h;
	h->peer = sim_alloc(s->count, sizeof(*h->peer));
	h->clock = (tick_t)sim_between(s, 1, 1000000) * TICK_S;
	h->job_max_us = (tick_t)sim_between(s, 1, 200) * TICK_MS;
	list_init(&h->jobs);
	event_init(h, &h->deadline, SIM_EV_NODE);
	event_init(h, &h->larval, SIM_EV_LARVAL);
	event_init(h, &h->daemon, SIM_EV_DAEMON);
}

/* ---- the daemon's life ---- */

void host_sum_up(struct sim_host *h)
{
	uint64_t *seen = h->sim->result.seen;
	struct node_stats node;
	struct ike_stats ike;

	if (!h->node)
		return;
	ike_stats(node_ike(h->node), &ike);
	node_stats(h->node, &node);
	seen[SIM_SEEN_IKE_UP] += ike.up;
	seen[SIM_SEEN_WANTS_FAILED] += ike.wants_failed;
	seen[SIM_SEEN_RETRANSMITS] += ike.retransmits;
	seen[SIM_SEEN_COOKIES] += ike.cookies_sent;
	seen[SIM_SEEN_KEEPALIVES] += ike.keepalives;
	seen[SIM_SEEN_HALF_OPEN_EXPIRED] += ike.half_open_expired;
	seen[SIM_SEEN_ACQUIRES] += node.acquires;
	seen[SIM_SEEN_EXPIRES] += node.expires;
	seen[SIM_SEEN_MAPPINGS] += node.mappings;
	seen[SIM_SEEN_RESYNCS] += node.resyncs;
	seen[SIM_SEEN_STRAYS] += node.strays;
	seen[SIM_SEEN_LOST] += node.lost;
	seen[SIM_SEEN_REFUSED] += node.kernel_errors;
}

/* The workers finish, then the process ends: nothing of what the node has to say goes out. */
static void end_process(struct sim_host *h)
{
	struct sim *s = h->sim;

	if (!h->node)
		return;
	LIST_EACH_SAFE(it, &h->jobs) {
		struct sim_job *job = CONTAINER_OF(it, struct sim_job, node);

		heap_set(&s->events, &job->ev.heap, TICK_NEVER);
		list_remove(&job->node);
		node_job_done(h->node, host_now(h), job->job);
		free(job);
	}
	host_sum_up(h);
	node_free(h->node);
	h->node = NULL;
	h->life++;
	h->stopping = false;
	h->kernel.listening = false;
	h->kernel.resync = false;
	heap_set(&s->events, &h->deadline.heap, TICK_NEVER);
	check_forget_all(h);
}

void host_fini(struct sim_host *h)
{
	end_process(h);
	kernel_fini(&h->kernel);
	free(h->peer);
	free(h->nat);
	free(h->track);
	free(h->wait);
}

void host_start(struct sim_host *h)
{
	struct sim *s = h->sim;
	size_t removed = 0;
	struct rng rng;

	sim_say(s, h, "daemon starts");
	h->seed = rng_u64(&s->rng);
	rng = rng_seeded(&h->seed);
	h->node = node_new(&rng);
	if (!h->node) {
		sim_fail(s, h, "node_new");
		return;
	}
	h->kernel.listening = true;
	h->disturbed = false;
	(void)xfrm_sa_flush(&h->kernel, &h->reqid, 1, &removed);
	setup_configure(h);
	host_drain(h);
}

static void away(struct sim_host *h, tick_t downtime_us)
{
	end_process(h);
	sim_at(h->sim, &h->daemon, tick_add(h->sim->now, downtime_us));
}

void host_crash(struct sim_host *h, tick_t downtime_us)
{
	if (!h->node)
		return;
	sim_say(h->sim, h, "daemon crashes, away for %lld ms", (long long)(downtime_us / TICK_MS));
	away(h, downtime_us);
}

void host_stop(struct sim_host *h, tick_t downtime_us)
{
	if (!h->node || h->stopping)
		return;
	sim_say(h->sim, h, "daemon is told to stop, away for %lld ms",
		(long long)(downtime_us / TICK_MS));
	h->stopping = true;
	h->downtime_us = downtime_us;
	sim_at(h->sim, &h->daemon, h->sim->now + SIM_PATIENCE_US);
	node_shutdown(h->node, host_now(h));
	host_drain(h);
}

void host_daemon_event(struct sim_host *h)
{
	if (!h->node)
		host_start(h);
	else if (h->stopping)
		away(h, h->downtime_us);
}

/* ---- what the node wants done ---- */

static void job_start(struct sim_host *h, struct ike_job *ike_job)
{
	struct sim *s = h->sim;
	struct sim_job *job = sim_alloc(1, sizeof(*job));

	event_init(h, &job->ev, SIM_EV_JOB);
	job->job = ike_job;
	list_append(&h->jobs, &job->node);
	ike_job_run(ike_job);
	sim_at(s, &job->ev,
	       s->now + (tick_t)rng_below(&s->rng, (uint64_t)h->job_max_us) / 8 + TICK_MS / 10);
}

void host_job_done(struct sim_job *job)
{
	struct sim_host *h = job->ev.host;

	list_remove(&job->node);
	node_job_done(h->node, host_now(h), job->job);
	free(job);
	host_drain(h);
}

static void send(struct sim_host *h, const struct node_action *a)
{
	struct sim_packet *p;

	if (!addr_eq(&a->path.local.addr, &h->addr)) {
		sim_fail(h->sim, h, "a datagram from an address that is not ours");
		return;
	}
	p = packet_new(h->sim, &a->path.local, &a->path.remote, a->bytes);
	p->exchange = a->bytes.left > 18 ? p->bytes[18] : 0;
	link_send(h, p);
}

static void carry_out(struct sim_host *h, const struct node_action *a)
{
	switch (a->kind) {
	case NODE_ACT_SEND:
		send(h, a);
		break;
	case NODE_ACT_JOB:
		job_start(h, a->job);
		break;
	case NODE_ACT_SA_ADD:
	case NODE_ACT_SA_MOVE:
	case NODE_ACT_SA_DEL:
	case NODE_ACT_COUNT:
	case NODE_ACT_SA_LIST:
	case NODE_ACT_ACQUIRE_FORGET:
		kernel_do(&h->kernel, h->node, host_now(h), a);
		break;
	case NODE_ACT_UPDOWN:
	case NODE_ACT_REPLY:
		break;
	case NODE_ACT_NOTE:
		sim_say(h->sim, h, "%s", a->note->text);
		break;
	}
}

void host_drain(struct sim_host *h)
{
	struct sim *s = h->sim;
	struct node_action a;
	size_t count = 0;
	tick_t due;

	while (!s->failed && node_next(h->node, &a)) {
		check_action(h, &a);
		carry_out(h, &a);
		if (++count > ACTIONS_A_CALL_MAX)
			sim_fail(s, h, "more than %d actions in one call", ACTIONS_A_CALL_MAX);
	}
	if (s->failed)
		return;
	check_host(h);
	if (h->stopping && node_idle(h->node)) { /* as the loop: nobody is left to wait for */
		away(h, h->downtime_us);
		return;
	}
	due = node_deadline(h->node);
	sim_at(s, &h->deadline, due == TICK_NEVER ? TICK_NEVER : due - h->clock);
}

void host_deadline(struct sim_host *h)
{
	struct sim *s = h->sim;

	h->spun = h->spun_at == s->now ? h->spun + 1 : 0;
	h->spun_at = s->now;
	if (h->spun > SPIN_MAX) {
		sim_fail(s, h, "the deadline does not move");
		return;
	}
	node_timeout(h->node, host_now(h));
	host_drain(h);
}
