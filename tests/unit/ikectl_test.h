/*
 * tests/unit/ikectl_test.h - running ikectl's commands in the test's process, against a scripted
 * daemon (ctl_server.h), and looking at what they print and exit with.
 */
#ifndef TESTS_UNIT_IKECTL_TEST_H
#define TESTS_UNIT_IKECTL_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/ikectl.h"
#include "tests/unit/ctl_server.h"

#define WORDS_MAX 16

struct result {
	int status;
	char *out, *err; /* owned */
};

/* Run `line`, words separated by single spaces, against the socket at `path`. */
static inline struct result run_at(const char *path, const char *line)
{
	struct result result = { 0 };
	size_t out_len, err_len;
	struct ikectl ctl = { .path = path, .width = 80 };
	char copy[256], *argv[WORDS_MAX + 1] = { (char[]){ "ikectl" } }, *rest = copy, *word;
	int argc = 1;

	assert_true(strlen(line) < sizeof(copy));
	memcpy(copy, line, strlen(line) + 1);
	while (argc < WORDS_MAX && (word = strsep(&rest, " "))) {
		if (*word)
			argv[argc++] = word;
	}
	ctl.out = open_memstream(&result.out, &out_len);
	ctl.err = open_memstream(&result.err, &err_len);
	assert_true(ctl.out && ctl.err);
	result.status = (int)ikectl_run(&ctl, argc, argv);
	(void)fclose(ctl.out);
	(void)fclose(ctl.err);
	assert_null(ctl.conn);
	return result;
}

/* The same against a daemon that plays `script`, which must come to its end. */
static inline struct result run(server_script *script, const char *line)
{
	struct server server;
	struct result result;

	assert_true(server_start(&server, script));
	result = run_at(server.path, line);
	assert_true(server_stop(&server));
	return result;
}

static inline void done(struct result *result)
{
	free(result->out);
	free(result->err);
}

/* Check status and both streams. */
static inline void expect(struct result result, int status, const char *out, const char *err)
{
	assert_string_equal(result.err, err);
	assert_string_equal(result.out, out);
	assert_int_equal(result.status, status);
	done(&result);
}

/* Failed, with nothing on the output and one line on the error stream that holds `cause`. */
static inline void expect_cause(struct result result, int status, const char *cause)
{
	size_t len = strlen(result.err);

	if (!strstr(result.err, cause))
		fail_msg("'%s' is not in: %s", cause, result.err);
	assert_true(len > 0 && strchr(result.err, '\n') == result.err + len - 1);
	assert_string_equal(result.out, "");
	assert_int_equal(result.status, status);
	done(&result);
}

static inline void expect_holds(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

/* Answer with success and errmsg (if not NULL). */
static inline void send_verdict(int fd, const char *success, const char *errmsg)
{
	struct ctl_out out;

	ctl_out_init(&out, CTL_CMD_RESPONSE, NULL);
	if (success)
		ctl_text(&out, "success", success);
	if (errmsg)
		ctl_text(&out, "errmsg", errmsg);
	server_send(fd, &out);
}

#endif
