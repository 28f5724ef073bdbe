/*
 * daemon/workers.h - a small pool of threads for the engine's slow jobs (key exchanges), so that a
 * MODP-8192 computation never holds the loop.
 *
 * The loop submits jobs and polls one descriptor; finished jobs are taken from the loop's thread.
 * A job is the pool's between submit and take.  Threads touch nothing but the job that they run.
 */
#ifndef DAEMON_WORKERS_H
#define DAEMON_WORKERS_H

#include "ike/ike.h"

#define WORKERS_THREADS	  2
#define WORKERS_QUEUE_MAX 1024 /* jobs in the pool, waiting, running or done; a power of two */

struct workers;

/*
 * Start the threads; `run` does a job's slow part (ike_job_run).  NULL: `errno` says why.  All
 * signals are blocked in the threads: they are the loop's affair.
 */
struct workers *workers_start(void (*run)(struct ike_job *job));

/* Readable while finished jobs wait to be taken. */
int workers_fd(const struct workers *workers);

/* False if the pool is full: the caller runs the job itself, which is the back-pressure. */
bool workers_submit(struct workers *workers, struct ike_job *job);

/* The next finished job, oldest first, or NULL. */
struct ike_job *workers_take(struct workers *workers);

/*
 * End the threads, waiting for the jobs under way.  Afterwards workers_take gives back what is
 * left, `run` or not.
 */
void workers_stop(struct workers *workers);

/* The pool must have been stopped and emptied (asserted).  NULL is fine. */
void workers_free(struct workers *workers);

#endif
