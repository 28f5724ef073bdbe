/*
 * daemon/reader.c - spoked's side of the reader: starts it, asks it, and runs config_load on what
 * it answered.  See reader.h and reader_wire.h.
 *
 * An answer is kept as a list of files, each bounded by its kind, all of them by CONFIG_FILES_MAX,
 * and wiped when the configuration has been made.  config_load then finds each file by its path and
 * kind, in the order in which they came.  The reader is our own root process; its answers are
 * checked all the same, as everything that becomes a length is.
 *
 * A reader that died, fell silent or made no sense is ended and not started again: that takes root,
 * which is gone.  Everything else goes on.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/reader.h"
#include "daemon/reader_wire.h"

struct file {
	enum config_file_kind kind;
	bool ok, used;
	char *path;
	char *bytes; /* NUL-terminated; the reason if it is not ok */
	size_t len;
};

struct reader {
	int fd;	    /* -1: it is gone */
	pid_t pid;  /* -1: it is gone, and waited for */
	bool asked; /* for a configuration, once at least */
	char conf_path[CONFIG_PATH_MAX];
	struct file *file; /* an answer, while reader_load runs */
	size_t file_count, file_cap;
};

/* ---- bytes with a deadline ---- */

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool read_all(int fd, void *out, size_t len, int64_t deadline_ms)
{
	char *p = out;

	while (len) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
		int64_t left = deadline_ms - now_ms();

		if (left <= 0)
			return false;

		int ready = poll(&poll_fd, 1, (int)left);

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return false;

		ssize_t got = read(fd, p, len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		p += got;
		len -= (size_t)got;
	}
	return true;
}

/* ---- an answer ---- */

static void forget_files(struct reader *reader)
{
	for (size_t i = 0; i < reader->file_count; i++) {
		free(reader->file[i].path);
		secret_free(reader->file[i].bytes, reader->file[i].len);
	}
	free(reader->file);
	reader->file = NULL;
	reader->file_count = reader->file_cap = 0;
}

static struct file *add_file(struct reader *reader)
{
	if (reader->file_count == CONFIG_FILES_MAX)
		return NULL;
	if (reader->file_count == reader->file_cap) {
		size_t cap = reader->file_cap ? reader->file_cap * 2 : 16;
		struct file *grown = realloc(reader->file, cap * sizeof(*grown));

		if (!grown)
			return NULL;
		reader->file = grown;
		reader->file_cap = cap;
	}

	struct file *file = &reader->file[reader->file_count++];

	*file = (struct file){ 0 };
	return file;
}

static size_t len_max(const struct reader_head *head)
{
	if (!head->ok)
		return CONFIG_WHY_MAX - 1;
	return head->record == READER_CONF ? CONFIG_FILE_MAX : CONFIG_SECRET_MAX;
}

static bool take_file(struct reader *reader, const struct reader_head *head, int64_t deadline_ms)
{
	if ((head->record != READER_CONF && head->record != READER_SECRET) ||
	    head->path_len >= CONFIG_PATH_MAX || head->len > len_max(head))
		return false;

	struct file *file = add_file(reader);

	if (!file)
		return false;
	file->kind = head->record == READER_CONF ? CONFIG_FILE_CONF : CONFIG_FILE_SECRET;
	file->ok = head->ok;
	file->path = calloc(1, head->path_len + 1u);
	file->bytes = calloc(1, head->len + 1u);
	if (!file->path || !file->bytes)
		return false;
	file->len = head->len;
	return read_all(reader->fd, file->path, head->path_len, deadline_ms) &&
	       read_all(reader->fd, file->bytes, head->len, deadline_ms);
}

/* Records up to the end mark. */
static bool take_answer(struct reader *reader, int64_t deadline_ms)
{
	struct reader_head head;

	while (read_all(reader->fd, &head, sizeof(head), deadline_ms)) {
		if (head.record == READER_END)
			return head.path_len == 0 && head.len == 0;
		if (!take_file(reader, &head, deadline_ms))
			return false;
	}
	return false;
}

/* config_load's source: the answer. */
static bool replay_file(void *ctx, const char *path, enum config_file_kind kind, char **bytes,
			size_t *len, char why[static CONFIG_WHY_MAX])
{
	struct reader *reader = ctx;

	for (size_t i = 0; i < reader->file_count; i++) {
		struct file *file = &reader->file[i];

		if (file->used || file->kind != kind || strcmp(file->path, path) != 0)
			continue;
		file->used = true;
		if (!file->ok) {
			(void)snprintf(why, CONFIG_WHY_MAX, "%s", file->bytes);
			return false;
		}
		/* Handed over: config_load wipes and frees it. */
		*bytes = file->bytes;
		*len = file->len;
		file->bytes = NULL;
		return true;
	}
	(void)snprintf(why, CONFIG_WHY_MAX, "the reader did not send %.200s; try again", path);
	return false;
}

/* ---- the process ---- */

static void end_process(struct reader *reader)
{
	if (reader->fd >= 0)
		(void)close(reader->fd);
	reader->fd = -1;
	if (reader->pid <= 0)
		return;
	/* It may be in the middle of a slow file system; EPERM if we are no longer root: then
	 * closing its socket has to do, and its exit is collected when it comes. */
	bool killed = kill(reader->pid, SIGKILL) == 0;

	while (waitpid(reader->pid, NULL, killed ? 0 : WNOHANG) < 0 && errno == EINTR)
		;
	reader->pid = -1;
}

static bool absolute(const char *path, char out[static CONFIG_PATH_MAX])
{
	char cwd[PATH_MAX];
	int len;

	if (path[0] == '/')
		len = snprintf(out, CONFIG_PATH_MAX, "%s", path);
	else if (getcwd(cwd, sizeof(cwd)))
		len = snprintf(out, CONFIG_PATH_MAX, "%s/%s", cwd, path);
	else
		return false;
	return len > 0 && len < CONFIG_PATH_MAX;
}

struct reader *reader_start(const char *conf_path, char why[static CONFIG_WHY_MAX])
{
	struct reader *reader = calloc(1, sizeof(*reader));
	pid_t parent = getpid();
	int pair[2];

	why[0] = 0;
	if (!reader) {
		(void)snprintf(why, CONFIG_WHY_MAX, "out of memory");
		return NULL;
	}
	reader->fd = reader->pid = -1;
	if (!absolute(conf_path, reader->conf_path)) {
		(void)snprintf(why, CONFIG_WHY_MAX, "%.200s: the path is too long", conf_path);
		goto fail;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		(void)snprintf(why, CONFIG_WHY_MAX, "cannot make the reader's socket: %s",
			       strerror(errno));
		goto fail;
	}
	reader->pid = fork();
	if (reader->pid == 0)
		reader_child(pair[1], reader->conf_path, parent);
	(void)close(pair[1]);
	reader->fd = pair[0];
	if (reader->pid < 0) {
		(void)snprintf(why, CONFIG_WHY_MAX, "cannot start the reader: %s", strerror(errno));
		goto fail;
	}
	if (!take_answer(reader, now_ms() + READER_START_MS)) {
		(void)snprintf(why, CONFIG_WHY_MAX,
			       "the privileged reader could not set itself up");
		goto fail;
	}
	return reader;
fail:
	reader_stop(reader);
	return NULL;
}

struct config *reader_load(struct reader *reader, char why[static CONFIG_WHY_MAX])
{
	struct config_source source = { .read = replay_file, .ctx = reader };
	char request = READER_LOAD;
	struct config *config = NULL;

	/* The first time nobody waits for the loop yet, and a machine that boots is busy. */
	int64_t patience_ms = reader->asked ? READER_TIMEOUT_MS : READER_START_MS;

	reader->asked = true;
	if (reader->fd >= 0 && (send(reader->fd, &request, 1, MSG_NOSIGNAL) != 1 ||
				!take_answer(reader, now_ms() + patience_ms)))
		end_process(reader);
	if (reader->fd >= 0)
		config = config_load(reader->conf_path, &source, why);
	else
		(void)snprintf(why, CONFIG_WHY_MAX,
			       "%.200s: the process that reads it as root is gone; restart spoked "
			       "to load a new configuration",
			       reader->conf_path);
	forget_files(reader);
	return config;
}

void reader_stop(struct reader *reader)
{
	if (!reader)
		return;
	end_process(reader);
	forget_files(reader);
	free(reader);
}

pid_t reader_pid(const struct reader *reader)
{
	return reader->pid;
}
