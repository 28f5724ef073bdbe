/*
 * tests/unit/test_workers.c - the worker pool: jobs come back, a full pool says so, and stopping
 * gives back what was left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

#include "daemon/workers.h"

#define TRIES_MAX 5000

/* The pool never looks inside. */
struct ike_job {
	atomic_uint runs;
};

static atomic_bool gate; /* closed: jobs wait in `run` */
static struct ike_job jobs[WORKERS_QUEUE_MAX + 1];

static void run(struct ike_job *job)
{
	for (int i = 0; i < TRIES_MAX && !gate; i++)
		usleep(1000);
	job->runs++;
}

static int setup(void **state)
{
	gate = true;
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
		jobs[i].runs = 0;
	*state = workers_start(run);
	assert_non_null(*state);
	return 0;
}

static int teardown(void **state)
{
	workers_free(*state);
	return 0;
}

static struct ike_job *wait_for_one(struct workers *w)
{
	struct pollfd fd = { .fd = workers_fd(w), .events = POLLIN };
	struct ike_job *job = NULL;

	for (int i = 0; i < 10 && !job; i++) {
		assert_int_equal(poll(&fd, 1, 5000), 1);
		job = workers_take(w);
	}
	assert_non_null(job);
	return job;
}

static void test_jobs_come_back(void **state)
{
	struct workers *w = *state;
	struct pollfd fd = { .fd = workers_fd(w), .events = POLLIN };

	assert_null(workers_take(w));
	for (size_t i = 0; i < 100; i++)
		assert_true(workers_submit(w, &jobs[i]));
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(wait_for_one(w)->runs, 1);
	assert_null(workers_take(w));
	assert_int_equal(poll(&fd, 1, 0), 0); /* and it is quiet */
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(jobs[i].runs, 1);
	workers_stop(w);
}

static void test_full_and_stopped(void **state)
{
	struct workers *w = *state;
	unsigned ran = 0, left = 0;
	struct ike_job *job;

	gate = false;
	for (size_t i = 0; i < WORKERS_QUEUE_MAX; i++)
		assert_true(workers_submit(w, &jobs[i]));
	assert_false(workers_submit(w, &jobs[WORKERS_QUEUE_MAX]));
	gate = true;
	workers_stop(w); /* the jobs under way end, the others never begin */
	while ((job = workers_take(w))) {
		ran += job->runs;
		left++;
	}
	assert_int_equal(left, WORKERS_QUEUE_MAX);
	assert_in_range(ran, 0, WORKERS_QUEUE_MAX);
	assert_int_equal(jobs[WORKERS_QUEUE_MAX].runs, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_jobs_come_back),
		TEST(test_full_and_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
