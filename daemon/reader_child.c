/*
 * daemon/reader_child.c - the privileged side of the reader: see reader.h and reader_wire.h.
 *
 * It lives in a loop: wait for the request byte, run config_load on the real files with a source
 * that sends what it reads as it reads it, send the end mark.  What config_load says about the
 * configuration does not matter here: the other side runs it again on the same bytes.  Secrets are
 * in this process only between read and write, and wiped.
 *
 * It has one socket and no other file, ends when that socket closes or its parent dies, and ignores
 * the signals that end the daemon, as the daemon still may want to reload until its own end.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/reader_wire.h"
#include "daemon/sandbox.h"

#define SOCKET_FD    3 /* where the reader's socket is, behind stdin, stdout and stderr */
#define FDS_AT_MOST  65536
#define EXIT_ORPHAN  2
#define EXIT_SANDBOX 3

static void send_all(int fd, const void *bytes, size_t len)
{
	const char *p = bytes;

	while (len) {
		ssize_t sent = send(fd, p, len, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			_exit(EXIT_SUCCESS); /* nobody listens any more */
		p += sent;
		len -= (size_t)sent;
	}
}

static void send_record(int fd, enum reader_record record, bool ok, const char *path,
			const char *bytes, size_t len)
{
	struct reader_head head = {
		.record = (uint8_t)record,
		.ok = ok,
		.path_len = (uint16_t)strlen(path),
		.len = (uint32_t)len,
	};

	send_all(fd, &head, sizeof(head));
	send_all(fd, path, head.path_len);
	send_all(fd, bytes, len);
}

/* config_load's source: the files themselves, with a copy for the other side. */
static bool record_file(void *ctx, const char *path, enum config_file_kind kind, char **bytes,
			size_t *len, char why[static CONFIG_WHY_MAX])
{
	enum reader_record record = kind == CONFIG_FILE_CONF ? READER_CONF : READER_SECRET;
	struct config_source files = config_files();
	const int *fd = ctx;
	bool ok = files.read(files.ctx, path, kind, bytes, len, why);

	send_record(*fd, record, ok, path, ok ? *bytes : why, ok ? *len : strlen(why));
	return ok;
}

static void answer(int fd, const char *conf_path)
{
	struct config_source source = { .read = record_file, .ctx = &fd };
	char why[CONFIG_WHY_MAX];

	config_free(config_load(conf_path, &source, why));
	send_record(fd, READER_END, true, "", "", 0);
}

static void close_from(unsigned first)
{
#ifdef SYS_close_range
	if (syscall(SYS_close_range, first, ~0u, 0) == 0)
		return;
#endif
	struct rlimit limit = { FDS_AT_MOST, FDS_AT_MOST };

	(void)getrlimit(RLIMIT_NOFILE, &limit);
	for (unsigned fd = first; fd < limit.rlim_cur && fd < FDS_AT_MOST; fd++)
		(void)close((int)fd);
}

/* Only the socket stays open, and /dev/null where libraries expect their three files. */
static bool close_others(int fd)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0)
		return false;
	/* Out of the way of 0 to 3 first, whatever those are. */
	fd = fcntl(fd, F_DUPFD, SOCKET_FD + 1);
	if (fd < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 ||
	    dup2(fd, SOCKET_FD) < 0)
		return false;
	close_from(SOCKET_FD + 1);
	return true;
}

static void settle_signals(void)
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2 };
	sigset_t none;

	for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
		(void)signal(ignored[i], SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

_Noreturn void reader_child(int fd, const char *conf_path, pid_t parent)
{
	char why[SANDBOX_WHY_MAX];
	char request;

	settle_signals();
	(void)prctl(PR_SET_NAME, "spoked-reader", 0, 0, 0);
	if (!close_others(fd) || chdir("/") < 0 || !sandbox_enter_reader(why))
		_exit(EXIT_SANDBOX);
	/*
	 * If the parent went before this call, it is another one's child already.  Once the parent
	 * has dropped its rights, its death may no longer signal us: then the socket's end does it.
	 */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != parent)
		_exit(EXIT_ORPHAN);
	/* Tell that all of this went well. */
	send_record(SOCKET_FD, READER_END, true, "", "", 0);
	for (;;) {
		ssize_t got = read(SOCKET_FD, &request, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got != 1 || request != READER_LOAD)
			_exit(EXIT_SUCCESS);
		answer(SOCKET_FD, conf_path);
	}
}
