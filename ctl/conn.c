/*
 * ctl/conn.c - the client's end of the control socket: connect, send a packet, receive a packet,
 * each with a limit to the waiting.
 *
 * A connection owns its descriptor and one receive buffer with room for the longest packet, in
 * which packets are handed out in place; bytes of the next one that arrived early stay behind it.
 * The socket does not block; poll waits, against the monotonic clock, so that a daemon that
 * trickles bytes cannot stretch a time-out.  No SIGPIPE is ever raised (MSG_NOSIGNAL).
 *
 * Left out: reconnecting, and what packets mean.
 */
#include "ctl/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_S 10	/* a full backlog: the daemon is there, but does not accept */
#define SEND_TIMEOUT_MS	  10000 /* requests are small: only a daemon that hangs takes this long */
#define LENGTH_FIELD	  4u
#define BUFFER_SIZE	  (CTL_PACKET_MAX + LENGTH_FIELD)

struct ctl_conn {
	int fd;
	size_t start,
		end; /* bytes [start, end) of the buffer are received and not yet handed out */
	uint8_t buffer[BUFFER_SIZE];
};

static int64_t now_ms(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* INT64_MAX for a negative time-out: for ever. */
static int64_t deadline_of(int timeout_ms)
{
	return timeout_ms < 0 ? INT64_MAX : now_ms() + timeout_ms;
}

/* Wait until the socket is ready.  0, -ETIMEDOUT, or a negative errno. */
static int wait_ready(int fd, short events, int64_t deadline)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = events };
		int wait_ms = -1;

		if (deadline != INT64_MAX) {
			int64_t left = deadline - now_ms();

			wait_ms = left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
		}

		int n = poll(&p, 1, wait_ms);

		if (n > 0)
			return 0;
		if (n == 0 && deadline != INT64_MAX && now_ms() >= deadline)
			return -ETIMEDOUT;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

static void explain_connect(const char *path, int error, char why[static NOTE_MAX])
{
	struct note note;
	struct stat st;

	if (error == ENOENT || error == ENOTDIR)
		note_write(&note, NOTE_ERROR,
			   "no control socket at %s: is spoked running? (-s names another)", path);
	else if (error == ECONNREFUSED && stat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		note_write(&note, NOTE_ERROR, "%s is not a socket", path);
	else if (error == ECONNREFUSED)
		note_write(&note, NOTE_ERROR,
			   "nobody answers at %s: spoked is not running, start it first", path);
	else if (error == EACCES || error == EPERM)
		note_write(&note, NOTE_ERROR,
			   "no permission to open %s: run as root, or join the socket's group",
			   path);
	else if (error == EAGAIN || error == EWOULDBLOCK)
		note_write(&note, NOTE_ERROR,
			   "spoked does not accept connections at %s: does it hang?", path);
	else
		note_write(&note, NOTE_ERROR, "cannot connect to %s: %s", path, strerror(error));
	memcpy(why, note.text, NOTE_MAX);
}

/* A connected, non-blocking socket, or a negative errno. */
static int open_socket(const struct sockaddr_un *addr)
{
	const struct timeval patience = { .tv_sec = CONNECT_TIMEOUT_S };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return -errno;
	/* unix(7): connect waits for room in the backlog as long as a send would. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
	    connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0 &&
	    fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
		return fd;
	error = errno;
	(void)close(fd);
	return -error;
}

struct ctl_conn *ctl_connect(const char *path, char why[static NOTE_MAX])
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(addr.sun_path)) {
		(void)snprintf(why, NOTE_MAX,
			       "the socket's path has %zu bytes; 1 to %zu are possible", len,
			       sizeof(addr.sun_path) - 1);
		return NULL;
	}
	memcpy(addr.sun_path, path, len);

	int fd = open_socket(&addr);

	if (fd < 0) {
		explain_connect(path, -fd, why);
		return NULL;
	}

	struct ctl_conn *conn = malloc(sizeof(*conn));

	if (!conn) {
		(void)snprintf(why, NOTE_MAX, "out of memory");
		(void)close(fd);
		return NULL;
	}
	conn->fd = fd;
	conn->start = conn->end = 0;
	return conn;
}

void ctl_disconnect(struct ctl_conn *conn)
{
	if (!conn)
		return;
	(void)close(conn->fd);
	free(conn);
}

int ctl_send(struct ctl_conn *conn, const struct ctl_out *out)
{
	int64_t deadline = deadline_of(SEND_TIMEOUT_MS);
	size_t sent = 0;

	if (out->bad)
		return -EINVAL;
	while (sent < out->len) {
		ssize_t n = send(conn->fd, out->p + sent, out->len - sent, MSG_NOSIGNAL);
		int r = 0;

		if (n >= 0)
			sent += (size_t)n;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			r = wait_ready(conn->fd, POLLOUT, deadline);
		else if (errno != EINTR)
			r = errno == ECONNRESET ? -EPIPE : -errno;
		if (r)
			return r;
	}
	return 0;
}

/*
 * The length of the packet at the start of the buffer: 0 if not enough of it has arrived, or
 * -EPROTO.  An empty packet has no type, so it is as wrong as one that is too long.
 */
static ssize_t packet_len(const struct ctl_conn *conn)
{
	struct cur cur = cur_of(conn->buffer + conn->start, conn->end - conn->start);
	uint32_t len = cur_u32(&cur);

	if (cur.bad)
		return 0;
	if (len == 0 || len > CTL_PACKET_MAX)
		return -EPROTO;
	return cur.left >= len ? (ssize_t)len : 0;
}

/* Read what there is.  0 if something came; -EAGAIN; -EPIPE at the end; or a negative errno. */
static int read_some(struct ctl_conn *conn)
{
	if (conn->start) {
		memmove(conn->buffer, conn->buffer + conn->start, conn->end - conn->start);
		conn->end -= conn->start;
		conn->start = 0;
	}

	ssize_t n = recv(conn->fd, conn->buffer + conn->end, BUFFER_SIZE - conn->end, 0);

	if (n > 0) {
		conn->end += (size_t)n;
		return 0;
	}
	if (n == 0 || errno == ECONNRESET)
		return -EPIPE;
	return errno == EINTR || errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

int ctl_receive(struct ctl_conn *conn, int timeout_ms, struct cur *packet)
{
	int64_t deadline = deadline_of(timeout_ms);

	for (;;) {
		ssize_t len = packet_len(conn);

		if (len < 0)
			return (int)len;
		if (len > 0) {
			*packet = cur_of(conn->buffer + conn->start + LENGTH_FIELD, (size_t)len);
			conn->start += LENGTH_FIELD + (size_t)len;
			return 0;
		}

		int r = read_some(conn);

		if (r == -EAGAIN)
			r = wait_ready(conn->fd, POLLIN, deadline);
		else if (r == 0 && packet_len(conn) == 0 && now_ms() >= deadline)
			r = -ETIMEDOUT;
		if (r)
			return r;
	}
}
