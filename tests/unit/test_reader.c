/*
 * tests/unit/test_reader.c - the privileged reader: what it hands over, what ends it, and that the
 * unprivileged side gets exactly what root would have loaded.  As root, part of this happens in a
 * child that has dropped its rights; for other users, all of it happens as they are.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/reader.h"
#include "tests/unit/config_test.h"

#define NOBODY	65534
#define WAIT_MS 5000

static char dir[] = "/tmp/spoked-reader-XXXXXX";
static char conf_path[64], psk_path[64];

static void write_text(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void write_peer(const char *name, const char *more)
{
	char conf[256];

	(void)snprintf(conf, sizeof(conf), "peer %s { remote = any\nsecret-file = \"%s\" %s }\n",
		       name, psk_path, more);
	write_text(conf_path, conf, 0600);
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(conf_path, sizeof(conf_path), "%s/spoked.conf", dir);
	(void)snprintf(psk_path, sizeof(psk_path), "%s/us.psk", dir);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(conf_path);
	(void)unlink(psk_path);
	return rmdir(dir);
}

static struct reader *start(void)
{
	char why[CONFIG_WHY_MAX];
	struct reader *reader = reader_start(conf_path, why);

	if (!reader)
		fail_msg("%s", why);
	return reader;
}

/* Is the process gone (or a zombie), now or soon? */
static bool ends(pid_t pid)
{
	for (int ms = 0; ms < WAIT_MS; ms += 10) {
		char path[64], text[256] = "";

		(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);

		FILE *file = fopen(path, "r");

		if (!file)
			return true;

		size_t len = fread(text, 1, sizeof(text) - 1, file);

		(void)fclose(file);
		text[len] = 0;
		if (strstr(text, ") Z "))
			return true;
		(void)usleep(10000);
	}
	return false;
}

/* Run `test` in a child, as nobody if we are root; it returns 0 if all is well. */
static void unprivileged(int (*test)(struct reader *reader), struct reader *reader)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		if (geteuid() == 0 && (setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
			_exit(99);
		_exit(test(reader));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- what it hands over ---- */

static void test_loads_again_and_again(void **state)
{
	char why[CONFIG_WHY_MAX];
	struct config *config;
	struct reader *reader;

	(void)state;
	write_text(psk_path, GOOD_SECRET "\n", 0600);
	write_peer("one", "");
	reader = start();
	config = reader_load(reader, why);
	if (!config)
		fail_msg("%s", why);
	assert_int_equal(config->conn_count, 1);
	assert_string_equal(config->conns[0].name, "one");
	assert_int_equal(config->conns[0].psk_len, strlen(GOOD_SECRET));
	assert_memory_equal(config->conns[0].psk, GOOD_SECRET, strlen(GOOD_SECRET));
	config_free(config);

	/* Changed on disk, and with it what is loaded: warnings come along. */
	write_text(psk_path, "0x0011\n", 0600);
	write_peer("two", "");
	config = reader_load(reader, why);
	assert_non_null(config);
	assert_string_equal(config->conns[0].name, "two");
	assert_int_equal(config->conns[0].psk_len, 2);
	assert_int_equal(config->warning_count, 1);
	config_free(config);
	reader_stop(reader);
}

static void load_refused(struct reader *reader, const char *text)
{
	char why[CONFIG_WHY_MAX];

	assert_null(reader_load(reader, why));
	if (!strstr(why, text))
		fail_msg("\"%s\" does not say \"%s\"", why, text);
}

/* The same errors as without a reader, and the reader survives them. */
static void test_errors_come_through(void **state)
{
	char why[CONFIG_WHY_MAX];
	struct reader *reader;

	(void)state;
	write_text(psk_path, GOOD_SECRET, 0600);
	write_peer("us", "foo = 1");
	reader = start();
	load_refused(reader, "spoked.conf:2: no such option 'foo'");
	write_peer("us", "");
	write_text(psk_path, GOOD_SECRET, 0640);
	load_refused(reader, "spoked.conf:2: secret-file: ");
	load_refused(reader, "protect it (chmod 600)");
	write_text(psk_path, "\n", 0600);
	load_refused(reader, "is empty");
	assert_int_equal(unlink(psk_path), 0);
	load_refused(reader, "us.psk: No such file");
	assert_int_equal(unlink(conf_path), 0);
	load_refused(reader, "spoked.conf: No such file");

	write_text(psk_path, GOOD_SECRET, 0600);
	write_peer("us", "");

	struct config *config = reader_load(reader, why);

	assert_non_null(config);
	config_free(config);
	reader_stop(reader);
}

static int load_as_nobody(struct reader *reader)
{
	char why[CONFIG_WHY_MAX];
	struct config *config = reader_load(reader, why);

	if (geteuid() != NOBODY && geteuid() == 0)
		return 1;
	if (!config || config->conns[0].psk_len != strlen(GOOD_SECRET))
		return 2;
	config_free(config);
	return 0;
}

/* Files that root alone can read reach a process that is no longer root. */
static void test_after_dropping_root(void **state)
{
	struct reader *reader;

	(void)state;
	write_text(psk_path, GOOD_SECRET, 0600);
	write_peer("us", "");
	reader = start();
	unprivileged(load_as_nobody, reader);
	reader_stop(reader);
}

/* Many files, more than a socket holds at once. */
static void test_big_answer(void **state)
{
	const size_t peers = 600, cap = 128 * 1024;
	char *conf = calloc(1, cap), why[CONFIG_WHY_MAX];
	char secret[IKE_PSK_MAX + 1] = "";
	struct reader *reader;
	size_t len = 0;

	(void)state;
	assert_non_null(conf);
	memset(secret, 'x', IKE_PSK_MAX);
	write_text(psk_path, secret, 0600);
	for (unsigned i = 0; i < peers; i++)
		len += (size_t)snprintf(conf + len, cap - len,
					"peer p%u { remote = 10.0.%u.%u secret-file = \"%s\" }\n",
					i, i / 256, i % 256, psk_path);
	write_text(conf_path, conf, 0600);
	reader = start();

	struct config *config = reader_load(reader, why);

	if (!config)
		fail_msg("%s", why);
	assert_int_equal(config->conn_count, peers);
	assert_int_equal(config->conns[peers - 1].psk_len, IKE_PSK_MAX);
	config_free(config);
	reader_stop(reader);
	free(conf);
}

static void test_relative_path(void **state)
{
	char cwd[1024], why[CONFIG_WHY_MAX];

	(void)state;
	write_text(psk_path, GOOD_SECRET, 0600);
	write_peer("us", "");
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_int_equal(chdir(dir), 0);

	struct reader *reader = reader_start("spoked.conf", why);

	assert_int_equal(chdir("/"), 0);
	assert_non_null(reader);

	struct config *config = reader_load(reader, why);

	assert_non_null(config);
	config_free(config);
	reader_stop(reader);
	assert_int_equal(chdir(cwd), 0);
}

/* ---- what ends it ---- */

static void test_stop(void **state)
{
	struct reader *reader = start();
	pid_t pid = reader_pid(reader);

	(void)state;
	assert_true(pid > 0);
	assert_int_equal(kill(pid, 0), 0);
	reader_stop(reader);
	assert_int_equal(kill(pid, 0), -1);
	reader_stop(NULL);
}

static void test_its_death_is_told(void **state)
{
	struct reader *reader = start();

	(void)state;
	assert_int_equal(kill(reader_pid(reader), SIGKILL), 0);
	load_refused(reader, "is gone; restart spoked");
	load_refused(reader, "is gone; restart spoked");
	assert_int_equal(reader_pid(reader), -1);
	reader_stop(reader);
}

/* Signals that end the daemon, or that a terminal sends to all, do not end it. */
static void test_signals_are_not_its_affair(void **state)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGTERM };
	char why[CONFIG_WHY_MAX];
	struct reader *reader;

	(void)state;
	write_text(psk_path, GOOD_SECRET, 0600);
	write_peer("us", "");
	reader = start();
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		assert_int_equal(kill(reader_pid(reader), signals[i]), 0);

	struct config *config = reader_load(reader, why);

	assert_non_null(config);
	config_free(config);
	reader_stop(reader);
}

/* The daemon is killed, with or without its rights: the reader ends by itself. */
static void ends_with_the_daemon(bool drop)
{
	int pipe_fds[2];
	pid_t daemon_pid, reader = -1;

	assert_int_equal(pipe(pipe_fds), 0);
	daemon_pid = fork();
	if (daemon_pid == 0) {
		char why[CONFIG_WHY_MAX];
		struct reader *r = reader_start(conf_path, why);

		if (!r || (drop && geteuid() == 0 && (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)))
			_exit(1);
		reader = reader_pid(r);
		if (write(pipe_fds[1], &reader, sizeof(reader)) != (ssize_t)sizeof(reader))
			_exit(1);
		for (;;)
			(void)pause();
	}
	assert_int_equal(read(pipe_fds[0], &reader, sizeof(reader)), sizeof(reader));
	assert_int_equal(kill(reader, 0), 0);
	assert_int_equal(kill(daemon_pid, SIGKILL), 0);
	assert_int_equal(waitpid(daemon_pid, NULL, 0), daemon_pid);
	assert_true(ends(reader));
	(void)close(pipe_fds[0]);
	(void)close(pipe_fds[1]);
}

static void test_ends_with_the_daemon(void **state)
{
	(void)state;
	ends_with_the_daemon(false);
	ends_with_the_daemon(true);
}

/* ---- what it is ---- */

static void read_proc(pid_t pid, const char *name, char *out, size_t cap)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);

	FILE *file = fopen(path, "r");

	assert_non_null(file);
	out[fread(out, 1, cap - 1, file)] = 0;
	(void)fclose(file);
}

/* Nothing that the daemon has open, hardly a capability, no new ones, a filter. */
static void test_is_confined(void **state)
{
	int leaked = open("/etc/passwd", O_RDONLY); /* without O_CLOEXEC: it would be inherited */
	struct reader *reader = start();
	pid_t pid = reader_pid(reader);
	char status[8192], limits[8192];

	(void)state;
	assert_true(leaked >= 0);
	read_proc(pid, "status", status, sizeof(status));
	assert_non_null(strstr(status, "Name:\tspoked-reader\n"));
	assert_non_null(strstr(status, "NoNewPrivs:\t1\n"));
	assert_non_null(strstr(status, "Seccomp:\t2\n"));
	if (geteuid() == 0) {
		assert_non_null(strstr(status, "CapEff:\t0000000000000004\n"));
		assert_non_null(strstr(status, "CapPrm:\t0000000000000004\n"));
		assert_non_null(strstr(status, "CapBnd:\t0000000000000000\n"));
		read_proc(pid, "limits", limits, sizeof(limits));
		assert_non_null(strstr(limits, "Max core file size        0 "));
		assert_non_null(strstr(limits, "Max file size             0 "));
	} else {
		assert_non_null(strstr(status, "CapEff:\t0000000000000000\n"));
	}

	/* stdin, stdout, stderr and the socket; undumpable, so only root may look. */
	if (geteuid() == 0) {
		char path[64], target[64];

		for (int fd = 0; fd < 64; fd++) {
			(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);

			ssize_t len = readlink(path, target, sizeof(target) - 1);

			if (fd > 3) {
				assert_int_equal(len, -1);
				continue;
			}
			assert_true(len > 0);
			target[len] = 0;
			if (fd < 3)
				assert_string_equal(target, "/dev/null");
			else
				assert_non_null(strstr(target, "socket:"));
		}
	}
	(void)close(leaked);
	reader_stop(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loads_again_and_again),
		cmocka_unit_test(test_errors_come_through),
		cmocka_unit_test(test_after_dropping_root),
		cmocka_unit_test(test_big_answer),
		cmocka_unit_test(test_relative_path),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_its_death_is_told),
		cmocka_unit_test(test_signals_are_not_its_affair),
		cmocka_unit_test(test_ends_with_the_daemon),
		cmocka_unit_test(test_is_confined),
	};

	return cmocka_run_group_tests_name("reader", tests, set_up, tear_down);
}
