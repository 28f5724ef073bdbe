/*
 * tests/unit/ctl_server.h - a scripted daemon for tests of the control protocol's client: a child
 * process that listens on a UNIX socket in a directory of its own, takes one connection and plays a
 * script on it.
 */
#ifndef TESTS_UNIT_CTL_SERVER_H
#define TESTS_UNIT_CTL_SERVER_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/ctl.h"

#define SERVER_LIFE_S 30 /* a hanging test ends: SIGALRM */

/* A request as it came in. */
struct server_request {
	enum ctl_packet type;
	char name[CTL_NAME_MAX + 1];
	struct ctl_in message; /* in a static buffer: until the next request */
};

typedef void server_script(int fd);

struct server {
	char dir[32], path[64];
	pid_t pid;
};

/* In the child: what is not as the script expects ends it, and the test finds its exit status. */
#define SERVER_EXPECT(what)                                                              \
	do {                                                                             \
		if (!(what)) {                                                           \
			(void)fprintf(stderr, "server: line %d: %s\n", __LINE__, #what); \
			_exit(1);                                                        \
		}                                                                        \
	} while (0)

static inline void server_read(int fd, void *out, size_t len)
{
	uint8_t *p = out;

	while (len) {
		ssize_t n = read(fd, p, len);

		SERVER_EXPECT(n > 0);
		p += n;
		len -= (size_t)n;
	}
}

static inline void server_write(int fd, const void *bytes, size_t len)
{
	SERVER_EXPECT(send(fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len);
}

/* Take in a request of that type and name. */
static inline struct server_request server_take(int fd, enum ctl_packet type, const char *name)
{
	static uint8_t packet[CTL_PACKET_MAX];
	struct server_request request;
	uint8_t head[4];

	server_read(fd, head, sizeof(head));

	size_t len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];

	SERVER_EXPECT(len <= sizeof(packet));
	server_read(fd, packet, len);
	SERVER_EXPECT(!ctl_packet_parse(cur_of(packet, len), &request.type, request.name,
					&request.message));
	SERVER_EXPECT(!ctl_check(request.message));
	SERVER_EXPECT(request.type == type);
	SERVER_EXPECT(strcmp(request.name, name) == 0);
	return request;
}

/* Is a top-level key absent (text NULL), or exactly that text? */
static inline bool server_has(const struct server_request *request, const char *key,
			      const char *text)
{
	char value[256];
	bool found = ctl_get(request->message, key, value, sizeof(value));

	return text ? found && strcmp(value, text) == 0 : !found;
}

/* Finish, send and free. */
static inline void server_send(int fd, struct ctl_out *out)
{
	SERVER_EXPECT(!ctl_out_finish(out));
	server_write(fd, out->p, out->len);
	ctl_out_free(out);
}

static inline void server_say(int fd, enum ctl_packet type)
{
	struct ctl_out out;

	ctl_out_init(&out, type, NULL);
	server_send(fd, &out);
}

/* Take in a registration and confirm it. */
static inline void server_confirm(int fd, const char *event)
{
	(void)server_take(fd, CTL_EVENT_REGISTER, event);
	server_say(fd, CTL_EVENT_CONFIRM);
}

/* Wait until the client has closed. */
static inline void server_drain(int fd)
{
	uint8_t byte;

	SERVER_EXPECT(read(fd, &byte, 1) == 0);
}

static inline void server_run(int listener, server_script *script)
{
	(void)alarm(SERVER_LIFE_S);

	int fd = accept(listener, NULL, NULL);

	SERVER_EXPECT(fd >= 0);
	script(fd);
	_exit(0);
}

/* False if the surroundings do not let us. */
static inline bool server_start(struct server *server, server_script *script)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(server->dir, sizeof(server->dir), "/tmp/spoked-ctl-XXXXXX");
	if (listener < 0 || !mkdtemp(server->dir))
		return false;
	(void)snprintf(server->path, sizeof(server->path), "%s/vici", server->dir);
	memcpy(addr.sun_path, server->path, strlen(server->path));
	if (bind(listener, (const struct sockaddr *)&addr, sizeof(addr)) || listen(listener, 4))
		return false;
	(void)fflush(NULL);
	server->pid = fork();
	if (server->pid == 0)
		server_run(listener, script);
	(void)close(listener);
	return server->pid > 0;
}

/* Wait for the script's end and tidy up: did all go as it expected? */
static inline bool server_stop(struct server *server)
{
	int status = -1;

	(void)waitpid(server->pid, &status, 0);
	(void)unlink(server->path);
	(void)rmdir(server->dir);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

#endif
