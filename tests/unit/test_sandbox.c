/*
 * tests/unit/test_sandbox.c - dropping root: in a child each, as it is for good.  Whoever is not
 * root cannot drop anything; then the error is what is tested, and the reader's part of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/sandbox.h"

/* What a child found: its line in this file, or 0. */
#define EXPECT(what)                       \
	do {                               \
		if (!(what))               \
			return (__LINE__); \
	} while (0)

/* Exit statuses are a byte: the line goes through a pipe. */
static void in_a_child(int (*test)(void))
{
	int fds[2], line = -1, status = -1;

	assert_int_equal(pipe(fds), 0);

	pid_t pid = fork();

	if (pid == 0) {
		line = test();
		_exit(write(fds[1], &line, sizeof(line)) != (ssize_t)sizeof(line));
	}
	(void)close(fds[1]);

	ssize_t got = read(fds[0], &line, sizeof(line));

	(void)close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (got != (ssize_t)sizeof(line) || status != 0)
		fail_msg("the child ended with status %#x", (unsigned)status);
	if (line)
		fail_msg("the child failed in line %d", line);
}

/* ---- names ---- */

static void test_users_and_groups(void **state)
{
	struct sandbox_user user;
	char why[SANDBOX_WHY_MAX];
	gid_t gid = 77;

	(void)state;
	assert_true(sandbox_user_find("nobody", &user, why));
	assert_string_equal(user.name, "nobody");
	assert_true(user.uid != 0 && user.gid != 0);
	assert_true(sandbox_user_find("", &user, why));
	assert_true(strcmp(user.name, "spoked") == 0 || strcmp(user.name, "nobody") == 0);
	assert_false(sandbox_user_find("no-such-user", &user, why));
	assert_non_null(strstr(why, "there is no user no-such-user; create it"));
	assert_false(sandbox_user_find("root", &user, why));
	assert_non_null(strstr(why, "name an unprivileged one"));
	assert_false(sandbox_group_find("no-such-group", &gid, why));
	assert_non_null(strstr(why, "there is no group no-such-group"));
	assert_int_equal(gid, 77);
	assert_true(sandbox_group_find("root", &gid, why));
	assert_int_equal(gid, 0);
}

/* ---- the daemon's ---- */

static int enters(void)
{
	gid_t groups[] = { 0, 4 };
	char why[SANDBOX_WHY_MAX], own[] = "/tmp/spoked-sandbox-XXXXXX";
	struct sandbox_user nobody;
	struct rlimit core;

	EXPECT(setgroups(2, groups) == 0);
	EXPECT(!sandbox_verify(why)); /* we are root still */
	EXPECT(strstr(why, "still root"));
	EXPECT(sandbox_enter("nobody", why));
	EXPECT(!why[0] || strstr(why, "memory is not locked"));
	EXPECT(sandbox_verify(why));
	EXPECT(sandbox_user_find("nobody", &nobody, why));
	EXPECT(getuid() == nobody.uid && geteuid() == nobody.uid);
	EXPECT(getgid() == nobody.gid && getegid() == nobody.gid);
	EXPECT(getgroups(0, NULL) == 0);

	/* What is kept: raw sockets, and netlink's right to configure (as SO_MARK asks for it). */
	int raw = socket(AF_INET, SOCK_RAW, 47), mark = 1;

	EXPECT(raw >= 0);
	EXPECT(setsockopt(raw, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) == 0);
	/* What is not. */
	EXPECT(setuid(0) < 0 && setgid(0) < 0 && errno == EPERM);
	EXPECT(open("/etc/shadow", O_RDONLY) < 0 && errno == EACCES);
	EXPECT(chown("/tmp", 0, 0) < 0 && errno == EPERM);
	EXPECT(prctl(PR_CAPBSET_READ, 12, 0, 0, 0) == 0);
	EXPECT(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	EXPECT(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0);
	EXPECT(kill(getppid(), 0) < 0 && errno == EPERM);

	/* Files it makes are its own. */
	int fd = mkstemp(own);
	struct stat st;

	EXPECT(fd >= 0 && fchmod(fd, 0666 & ~umask(077)) == 0);
	EXPECT(fstat(fd, &st) == 0 && (st.st_mode & 0777) == 0600);
	EXPECT(unlink(own) == 0);

	/* And a second time there is nothing to drop with. */
	EXPECT(!sandbox_enter("nobody", why));
	EXPECT(strstr(why, "not started as root"));
	return 0;
}

static int refuses_names(void)
{
	char why[SANDBOX_WHY_MAX];

	EXPECT(!sandbox_enter("root", why));
	EXPECT(strstr(why, "unprivileged"));
	EXPECT(!sandbox_enter("no-such-user", why));
	EXPECT(strstr(why, "there is no user"));
	EXPECT(geteuid() == 0); /* nothing has been dropped */
	EXPECT(prctl(PR_CAPBSET_READ, 12, 0, 0, 0) == 1);
	return 0;
}

/* Memory goes on being there, although it is locked and CAP_IPC_LOCK is gone. */
static int allocates(void)
{
	char why[SANDBOX_WHY_MAX];
	const size_t len = 64u << 20;

	EXPECT(sandbox_enter("", why));

	char *memory = malloc(len);

	EXPECT(memory);
	for (size_t i = 0; i < len; i += 4096)
		memory[i] = 1;
	free(memory);
	return 0;
}

static void test_enter(void **state)
{
	char why[SANDBOX_WHY_MAX];

	(void)state;
	if (geteuid() == 0) {
		in_a_child(enters);
		in_a_child(refuses_names);
		in_a_child(allocates);
		return;
	}
	assert_false(sandbox_enter("nobody", why));
	assert_non_null(strstr(why, "not started as root"));
	assert_non_null(strstr(why, "start spoked as root"));
	assert_false(sandbox_verify(why));
	assert_true(why[0] != 0);
}

/* ---- the reader's ---- */

static int confines_reader(void)
{
	char why[SANDBOX_WHY_MAX], byte;
	int pair[2];

	EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	EXPECT(sandbox_enter_reader(why));

	/* Files for reading, and the socket that it has. */
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	EXPECT(fd >= 0 && read(fd, &byte, 1) == 1);
	EXPECT(close(fd) == 0);
	EXPECT(send(pair[0], "x", 1, 0) == 1 && read(pair[1], &byte, 1) == 1);
	if (geteuid() == 0) {
		fd = open("/etc/shadow", O_RDONLY);
		EXPECT(fd >= 0 && close(fd) == 0);
	}
	/* Nothing else. */
	EXPECT(open("/tmp/spoked-test", O_WRONLY | O_CREAT, 0600) < 0 && errno == EPERM);
	EXPECT(open("/etc/passwd", O_RDWR) < 0 && (errno == EPERM || errno == EACCES));
	EXPECT(socket(AF_INET, SOCK_DGRAM, 0) < 0 && errno == EPERM);
	EXPECT(fork() < 0 && (errno == EPERM || errno == EAGAIN));
	EXPECT(execl("/bin/true", "true", (char *)NULL) < 0 && errno == EPERM);
	EXPECT(unlink("/tmp/spoked-test") < 0 && errno == EPERM);
	EXPECT(chmod("/tmp", 0700) < 0 && errno == EPERM);
	EXPECT(kill(getppid(), 0) < 0 && errno == EPERM);
	EXPECT(ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 && errno == EPERM);
	EXPECT(setuid(65534) < 0 && errno == EPERM);
	return 0;
}

static void test_reader(void **state)
{
	(void)state;
	in_a_child(confines_reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_users_and_groups),
		cmocka_unit_test(test_enter),
		cmocka_unit_test(test_reader),
	};

	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
