/*
 * ike/job.c - key exchange computations, which may take a hundred milliseconds, as work that the
 * caller runs where it likes.  A job carries its own randomness and everything else it needs: it
 * touches neither the engine nor an SA, and finds its SA again by number, if that still stands.
 */
#include "ike/engine.h"

#include <assert.h>
#include <stdlib.h>

static void job_free(struct ike_job *job)
{
	ike_ke_free(job->ke);
	secret_free(job, sizeof(*job));
}

bool job_start(struct ike_sa *sa, enum job_kind kind, uint16_t group, struct ike_ke *take_ke,
	       struct cur peer)
{
	struct ike *ike = sa->ike;
	struct ike_job *job = NULL;
	struct queued *q = NULL;

	if (ike->jobs < JOBS_MAX && peer.left <= IKE_KE_PUBLIC_MAX)
		job = calloc(1, sizeof(*job));
	if (job)
		q = action_new(ike, IKE_ACT_JOB, cur_of(NULL, 0));
	if (!q) {
		free(job);
		ike_ke_free(take_ke);
		ike->stats.errors[IKE_E_BUSY]++;
		return false;
	}
	job->kind = kind;
	job->sa_id = sa->id;
	job->group = group;
	job->ke = take_ke;
	if (!take_ke)
		rng_fill(&ike->rng, job->seed, ike_ke_seed_len(group));
	if (peer.left)
		memcpy(job->peer, peer.p, peer.left);
	job->peer_len = peer.left;
	q->a.job = job;
	ike->jobs++;
	return true;
}

void ike_job_run(struct ike_job *job)
{
	if (!job->ke) {
		job->ke = ike_ke_new(job->group, job->seed);
		secret_wipe(job->seed, sizeof(job->seed));
	}
	if (!job->ke) {
		job->err = IKE_E_CRYPTO;
		return;
	}
	job->err = ike_ke_public(job->ke, job->public);
	if (!job->err && job->kind != JOB_KEYGEN)
		job->err = ike_ke_shared(job->ke, cur_of(job->peer, job->peer_len), job->shared,
					 &job->shared_len);
}

void ike_job_done(struct ike *ike, tick_t now, struct ike_job *job)
{
	struct ike_sa *sa = sa_by_id(ike, job->sa_id);

	assert(ike->jobs);
	ike->jobs--;
	ike->now = now;
	if (sa) {
		switch (job->kind) {
		case JOB_KEYGEN:
		case JOB_SHARED:
			init_keys_ready(sa, job);
			break;
		case JOB_ACCEPT:
			accept_keys_ready(sa, job);
			break;
		}
	}
	job_free(job);
	ike_reap(ike);
}
