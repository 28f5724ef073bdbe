/*
 * daemon/control_file.c - the control socket as a file.
 *
 * The socket is bound under a name of its own beside the final one, gets mode and group there, and
 * is moved into place once it listens: nobody ever sees it half-made, and a stale file is replaced
 * without a moment in which there is none.  Before that the old name is tried: if a daemon answers,
 * it is left alone.  At the end the file is removed only if it is still the one that we made.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/control_priv.h"
#include "daemon/sandbox.h"

#define BACKLOG 64

static void __attribute__((format(printf, 2, 3)))
say(char why[static CONFIG_WHY_MAX], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why, CONFIG_WHY_MAX, format, args);
	va_end(args);
}

/* Does something answer at `path`?  0: no, and nothing is there that may not be replaced. */
static bool path_is_free(const struct sockaddr_un *un, char why[static CONFIG_WHY_MAX])
{
	struct stat st;
	int fd, err;

	if (lstat(un->sun_path, &st)) {
		if (errno == ENOENT)
			return true;
		say(why, "%s: %s", un->sun_path, strerror(errno));
		return false;
	}
	if (!S_ISSOCK(st.st_mode)) {
		say(why, "%s is in the way: it is no socket", un->sun_path);
		return false;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		say(why, "socket: %s", strerror(errno));
		return false;
	}
	err = connect(fd, (const struct sockaddr *)un, sizeof(*un)) ? errno : 0;
	close(fd);
	if (err == ECONNREFUSED)
		return true; /* left by one that died */
	/* EAGAIN: it lives, and its backlog is full. */
	if (!err || err == EAGAIN)
		say(why, "another daemon answers at %s", un->sun_path);
	else
		say(why, "%s: %s", un->sun_path, strerror(err));
	return false;
}

/* Make the directory if it is not there: only the last part of it. */
static bool make_directory(const char *path, const char *user, char why[static CONFIG_WHY_MAX])
{
	char dir[CONFIG_PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	char ignored[SANDBOX_WHY_MAX];
	struct sandbox_user owner;

	if (!len || len >= sizeof(dir))
		return true; /* the root, or the current one */
	memcpy(dir, path, len);
	dir[len] = 0;
	if (mkdir(dir, 0755)) {
		if (errno == EEXIST)
			return true;
		say(why, "%s: %s", dir, strerror(errno));
		return false;
	}
	/* It is ours, so that the socket can be removed after root has been given up. */
	if (geteuid() == 0 && sandbox_user_find(user, &owner, ignored) &&
	    chown(dir, owner.uid, owner.gid)) {
		say(why, "%s: cannot give it to %s: %s", dir, owner.name, strerror(errno));
		return false;
	}
	return true;
}

/* The group that the socket shall have; our own if none is configured. */
static bool find_group(const struct control_conf *conf, gid_t *out, char why[static CONFIG_WHY_MAX])
{
	char what[SANDBOX_WHY_MAX];

	*out = getegid();
	if (!*conf->group || sandbox_group_find(conf->group, out, what))
		return true;
	say(why, "control socket: %s", what);
	return false;
}

/*
 * Bind it with its mode and group from its first moment on.  To change them afterwards, by name,
 * would be to trust the directory: it belongs to the unprivileged user, who could put a link to
 * somebody else's file in the place of the socket.  0 or an errno.
 */
static int bind_as(int fd, const struct sockaddr_un *un, mode_t mode, gid_t group)
{
	gid_t ours = getegid();
	mode_t before;
	int err;

	if (group != ours && setegid(group))
		return errno;
	before = umask(~mode & 0777);
	err = bind(fd, (const struct sockaddr *)un, sizeof(*un)) ? errno : 0;
	(void)umask(before);
	if (group != ours && setegid(ours) && !err)
		err = errno;
	return err;
}

static bool fill(struct sockaddr_un *un, char why[static CONFIG_WHY_MAX], const char *path,
		 const char *suffix)
{
	int n;

	*un = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = snprintf(un->sun_path, sizeof(un->sun_path), "%s%s", path, suffix);
	if (n > 0 && (size_t)n < sizeof(un->sun_path))
		return true;
	say(why, "%s is too long for a socket's path", path);
	return false;
}

/* Bind under the passing name, then move it into place. */
static bool place(struct control_file *file, const struct sockaddr_un *un,
		  const struct sockaddr_un *passing, const struct control_conf *conf,
		  char why[static CONFIG_WHY_MAX])
{
	struct stat st;
	gid_t group;
	int err;

	if (!find_group(conf, &group, why))
		return false;
	(void)unlink(passing->sun_path);
	err = bind_as(file->fd, passing, conf->mode, group);
	if (err) {
		say(why, "%s: %s", passing->sun_path, strerror(err));
		return false;
	}
	if (lstat(passing->sun_path, &st) || listen(file->fd, BACKLOG) ||
	    rename(passing->sun_path, un->sun_path)) {
		say(why, "%s: %s", un->sun_path, strerror(errno));
		(void)unlink(passing->sun_path);
		return false;
	}
	file->dev = st.st_dev;
	file->ino = st.st_ino;
	return true;
}

bool control_file_open(struct control_file *file, const struct control_conf *conf,
		       char why[static CONFIG_WHY_MAX])
{
	struct sockaddr_un un, passing;

	file->fd = -1;
	if (!fill(&un, why, conf->path, "") || !fill(&passing, why, conf->path, ".new") ||
	    !make_directory(conf->path, conf->user, why) || !path_is_free(&un, why))
		return false;
	file->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (file->fd < 0) {
		say(why, "socket: %s", strerror(errno));
		return false;
	}
	if (place(file, &un, &passing, conf, why))
		return true;
	close(file->fd);
	file->fd = -1;
	return false;
}

void control_file_close(struct control_file *file)
{
	struct stat st;

	if (file->fd < 0)
		return;
	close(file->fd);
	file->fd = -1;
	if (!lstat(file->path, &st) && st.st_dev == file->dev && st.st_ino == file->ino)
		(void)unlink(file->path);
}
