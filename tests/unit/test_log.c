/*
 * tests/unit/test_log.c - the log: what a line looks like, which classes are written, and the limit
 * on what strangers can cause.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"

#define LINES_MAX 64

static struct {
	tick_t now;
	size_t count;
	enum note_class cls[LINES_MAX];
	char line[LINES_MAX][LOG_LINE_MAX];
} seen;

static tick_t test_now(void *ctx)
{
	(void)ctx;
	return seen.now;
}

static void test_sink(void *ctx, enum note_class cls, const char *line)
{
	(void)ctx;
	assert_true(seen.count < LINES_MAX);
	seen.cls[seen.count] = cls;
	(void)snprintf(seen.line[seen.count++], LOG_LINE_MAX, "%s", line);
}

/* Each test has a clock far behind the last one's, so that the bucket is full. */
static int open_log(void **state)
{
	struct log_conf conf = { .target = "stderr", .now = test_now, .sink = test_sink };

	(void)state;
	seen.now += 1000 * TICK_S;
	log_open(&conf);
	log_close();
	seen.count = 0;
	return 0;
}

static size_t peer_lines(size_t count)
{
	size_t before = seen.count;

	for (size_t i = 0; i < count; i++)
		log_write(NOTE_PEER, "stranger %zu", i);
	return seen.count - before;
}

/* ---- lines ---- */

static void test_format(void **state)
{
	char line[LOG_LINE_MAX], text[2 * LOG_LINE_MAX];
	const int64_t at = 1738324800250; /* 2025-01-31 12:00:00.250 UTC */

	(void)state;
	assert_int_equal(log_format(line, NOTE_INFO, at, false, "peer us is up"), 45);
	assert_string_equal(line, "2025-01-31 12:00:00.250Z info: peer us is up\n");
	(void)log_format(line, NOTE_BUG, at, false, "x");
	assert_string_equal(line, "2025-01-31 12:00:00.250Z bug: x\n");
	(void)log_format(line, NOTE_WARN, at, true, "x");
	assert_string_equal(line, "<4>x\n");
	(void)log_format(line, NOTE_DEBUG, at, true, "x");
	assert_string_equal(line, "<7>x\n");

	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = 0;
	assert_int_equal(log_format(line, NOTE_INFO, at, false, text), LOG_LINE_MAX - 1);
	assert_string_equal(line + LOG_LINE_MAX - 3, "a\n");
}

static void test_what_is_written(void **state)
{
	struct log_conf conf = { .target = "syslog", .now = test_now, .sink = test_sink };
	struct note note;

	(void)state;
	note_write(&note, NOTE_INFO, "peer %s is up", "us");
	log_note(&note);
	log_write(NOTE_ERROR, "a\tb\n%s", "\xc3\xbc");
	log_write(NOTE_DEBUG, "not this");
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.line[0], "peer us is up");
	assert_int_equal(seen.cls[0], NOTE_INFO);
	assert_string_equal(seen.line[1], "a?b???");
	assert_int_equal(seen.cls[1], NOTE_ERROR);

	conf.verbose = true;
	log_open(&conf);
	log_write(NOTE_DEBUG, "but this");
	assert_int_equal(seen.count, 3);
	log_close();
}

/* To stderr for real: one write, the whole line. */
static void test_stderr(void **state)
{
	struct log_conf conf = { .target = "", .foreground = true };
	char line[LOG_LINE_MAX] = "";
	int fds[2], saved = dup(STDERR_FILENO);

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_true(dup2(fds[1], STDERR_FILENO) >= 0);
	(void)unsetenv("JOURNAL_STREAM");
	log_open(&conf);
	log_write(NOTE_WARN, "to %s", "stderr");
	log_close();
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	assert_true(read(fds[0], line, sizeof(line) - 1) > 0);
	assert_non_null(strstr(line, "Z warning: to stderr\n"));
	assert_int_equal(line[4], '-');
	(void)close(saved);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

/* ---- the limit ---- */

static void test_bucket(void **state)
{
	struct log_limit limit = { 0 };
	uint64_t suppressed = 99;
	tick_t now = 5 * TICK_S;

	(void)state;
	for (int i = 0; i < LOG_PEER_BURST; i++)
		assert_true(log_limit_pass(&limit, now, &suppressed));
	assert_int_equal(suppressed, 0);
	assert_false(log_limit_pass(&limit, now, &suppressed));
	assert_false(log_limit_pass(&limit, now + TICK_S - 1, &suppressed));
	assert_true(log_limit_pass(&limit, now + TICK_S, &suppressed));
	assert_int_equal(suppressed, 2);
	assert_false(log_limit_pass(&limit, now + TICK_S, &suppressed));

	/* Fractions of a second are kept. */
	assert_true(log_limit_pass(&limit, now + 5 * TICK_S / 2, &suppressed));
	assert_true(log_limit_pass(&limit, now + 3 * TICK_S, &suppressed));

	/* Never more than a burst, however long it was quiet. */
	now += 1000000 * TICK_S;
	for (int i = 0; i < LOG_PEER_BURST; i++)
		assert_true(log_limit_pass(&limit, now, &suppressed));
	assert_false(log_limit_pass(&limit, now, &suppressed));
}

static void test_flood(void **state)
{
	(void)state;
	assert_int_equal(peer_lines(1000), LOG_PEER_BURST);

	/* Ours are never held back, nor do they tell of the flood before there is a token. */
	log_write(NOTE_INFO, "ours");
	assert_int_equal(seen.count, LOG_PEER_BURST + 1);
	assert_string_equal(seen.line[LOG_PEER_BURST], "ours");

	seen.now += TICK_S;
	log_write(NOTE_INFO, "ours again");
	assert_int_equal(seen.count, LOG_PEER_BURST + 3);
	assert_string_equal(seen.line[LOG_PEER_BURST + 1], "suppressed 990 similar lines");
	assert_int_equal(seen.cls[LOG_PEER_BURST + 1], NOTE_PEER);
	assert_string_equal(seen.line[LOG_PEER_BURST + 2], "ours again");

	/* An endless flood of any speed: a line a second, about that many. */
	seen.count = 0;
	for (int second = 0; second < 20; second++) {
		seen.now += TICK_S;
		(void)peer_lines(100);
	}
	assert_in_range(seen.count, 19, 21);
}

static void test_the_end_tells(void **state)
{
	(void)state;
	assert_int_equal(peer_lines(LOG_PEER_BURST + 1), LOG_PEER_BURST);
	log_close();
	assert_int_equal(seen.count, LOG_PEER_BURST + 1);
	assert_string_equal(seen.line[LOG_PEER_BURST], "suppressed 1 similar line");
	log_close();
	assert_int_equal(seen.count, LOG_PEER_BURST + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test_setup(test_what_is_written, open_log),
		cmocka_unit_test_setup(test_stderr, open_log),
		cmocka_unit_test(test_bucket),
		cmocka_unit_test_setup(test_flood, open_log),
		cmocka_unit_test_setup(test_the_end_tells, open_log),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
