/*
 * daemon/sandbox.h - from root down to what is needed: an unprivileged user with CAP_NET_ADMIN
 * (SAs, policies, links) and CAP_NET_RAW, and nothing that could be got back.
 */
#ifndef DAEMON_SANDBOX_H
#define DAEMON_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define SANDBOX_WHY_MAX	 256
#define SANDBOX_NAME_MAX 64

struct sandbox_user {
	char name[SANDBOX_NAME_MAX];
	uid_t uid;
	gid_t gid;
};

/*
 * Look up the user to run as; "" means "spoked" if there is one, else "nobody".  False: `why` says
 * what is wrong (there is none, or it is root).
 */
bool sandbox_user_find(const char *name, struct sandbox_user *out,
		       char why[static SANDBOX_WHY_MAX]);

/* Look up a group, for the control socket. */
bool sandbox_group_find(const char *name, gid_t *out, char why[static SANDBOX_WHY_MAX]);

/*
 * Become `user` (as for sandbox_user_find) for good: no supplementary groups, the two capabilities
 * and an empty bounding set, no_new_privs, no core dumps, no ptrace, memory locked, umask 077.
 * Capabilities belong to threads: call it before any is started, after everything that needs root
 * (sockets below port 1024, the control socket and its group, the reader).
 *
 * False: `why` says what failed; the process is then half-way down and has to exit.  True with a
 * `why` that is not empty: done, but for something that is only worth a warning (mlockall).
 */
bool sandbox_enter(const char *user, char why[static SANDBOX_WHY_MAX]);

/* Prove that the process is what sandbox_enter left: not root, nor able to become root again. */
bool sandbox_verify(char why[static SANDBOX_WHY_MAX]);

/*
 * For the reader process, which stays root: gives up every capability but CAP_DAC_READ_SEARCH,
 * core dumps, ptrace, and every system call that makes, changes or runs something.  Works (with
 * less to give up) for other users, too.
 */
bool sandbox_enter_reader(char why[static SANDBOX_WHY_MAX]);

/* seccomp.c: the last part of it.  True also where there is no filter for this machine. */
bool sandbox_filter_reader(char why[static SANDBOX_WHY_MAX]);

#endif
