/*
 * daemon/workers.c - see workers.h.
 *
 * One mutex guards two rings: jobs that wait and jobs that are done.  Both have room for everything
 * that may be in the pool, so only submitting can fail.  The descriptor is an eventfd in counter
 * mode: it is raised once per finished job, and read empty when the loop finds no more.
 *
 * Left out: priorities, cancelling (an SA that went leaves its job to finish, and the engine drops
 * the result), and more threads than two: public-key work is bounded by the engine's own limits.
 */
#include "daemon/workers.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define STACK_BYTES ((size_t)1 << 20) /* the default of 8 MiB would be locked in memory, twice */

struct ring {
	struct ike_job *job[WORKERS_QUEUE_MAX];
	size_t first, count;
};

struct workers {
	void (*run)(struct ike_job *job);
	pthread_mutex_t lock;
	pthread_cond_t work; /* `waiting` has a job, or `stopping` */
	struct ring waiting, done;
	size_t inside; /* jobs in the pool */
	bool stopping;
	size_t threads; /* that run */
	pthread_t thread[WORKERS_THREADS];
	int fd;
};

static void put(struct ring *ring, struct ike_job *job)
{
	assert(ring->count < WORKERS_QUEUE_MAX);
	ring->job[(ring->first + ring->count++) % WORKERS_QUEUE_MAX] = job;
}

static struct ike_job *get(struct ring *ring)
{
	struct ike_job *job;

	if (!ring->count)
		return NULL;
	job = ring->job[ring->first];
	ring->first = (ring->first + 1) % WORKERS_QUEUE_MAX;
	ring->count--;
	return job;
}

static void raise_fd(const struct workers *w)
{
	static const uint64_t one = 1;

	/* It fails only if the counter is full: then it is readable anyway. */
	if (write(w->fd, &one, sizeof(one)) < 0)
		assert(errno == EAGAIN);
}

static void *work(void *ctx)
{
	struct workers *w = ctx;
	struct ike_job *job;

	pthread_mutex_lock(&w->lock);
	while (!w->stopping) {
		job = get(&w->waiting);
		if (!job) {
			pthread_cond_wait(&w->work, &w->lock);
			continue;
		}
		pthread_mutex_unlock(&w->lock);
		w->run(job);
		pthread_mutex_lock(&w->lock);
		put(&w->done, job);
		raise_fd(w);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* 0 or an errno.  Threads inherit the mask of the one that makes them. */
static int start_threads(struct workers *w)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int err = pthread_attr_init(&attr);

	if (err)
		return err;
	err = pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (!err && w->threads < WORKERS_THREADS) {
		err = pthread_create(&w->thread[w->threads], &attr, work, w);
		if (!err)
			w->threads++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return err;
}

struct workers *workers_start(void (*run)(struct ike_job *job))
{
	struct workers *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return NULL;
	w->run = run;
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->fd < 0) {
		free(w);
		return NULL;
	}
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->work, NULL);
	err = start_threads(w);
	if (err) {
		workers_stop(w);
		workers_free(w);
		errno = err;
		return NULL;
	}
	return w;
}

int workers_fd(const struct workers *w)
{
	return w->fd;
}

bool workers_submit(struct workers *w, struct ike_job *job)
{
	bool room;

	pthread_mutex_lock(&w->lock);
	room = w->inside < WORKERS_QUEUE_MAX;
	if (room) {
		put(&w->waiting, job);
		w->inside++;
		pthread_cond_signal(&w->work);
	}
	pthread_mutex_unlock(&w->lock);
	return room;
}

struct ike_job *workers_take(struct workers *w)
{
	struct ike_job *job;
	uint64_t raised;

	pthread_mutex_lock(&w->lock);
	job = get(&w->done);
	if (!job && w->stopping)
		job = get(&w->waiting);
	if (job)
		w->inside--;
	else if (read(w->fd, &raised, sizeof(raised)) < 0)
		assert(errno == EAGAIN); /* nothing had been raised */
	pthread_mutex_unlock(&w->lock);
	return job;
}

void workers_stop(struct workers *w)
{
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_broadcast(&w->work);
	pthread_mutex_unlock(&w->lock);
	while (w->threads)
		pthread_join(w->thread[--w->threads], NULL);
}

void workers_free(struct workers *w)
{
	if (!w)
		return;
	assert(!w->threads && !w->inside);
	pthread_cond_destroy(&w->work);
	pthread_mutex_destroy(&w->lock);
	close(w->fd);
	free(w);
}
