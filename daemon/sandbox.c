/*
 * daemon/sandbox.c - see sandbox.h.  Without libcap: the kernel's own structures (capabilities(7),
 * version 3), which are small and do not change.
 *
 * Order matters.  The bounding set needs CAP_SETPCAP, the limits CAP_SYS_RESOURCE, the groups and
 * users CAP_SETGID and CAP_SETUID: so they go first, with KEEPCAPS carrying the permitted set over
 * the change of user; then the permitted set shrinks to what stays; then the doors are shut.  The
 * kernel makes a process dumpable again, or not, when its user changes, so that comes last.
 */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/sandbox.h"

#define CAP_BIT(cap) ((uint64_t)1 << (cap))
#define CAPS_KEPT    (CAP_BIT(CAP_NET_ADMIN) | CAP_BIT(CAP_NET_RAW))
#define CAPS_READER  CAP_BIT(CAP_DAC_READ_SEARCH)
#define LOOKUP_BYTES 16384 /* for getpwnam_r and getgrnam_r */
#define CAP_NUMBERS  64	   /* of a 64-bit set */

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#ifndef WITH_ASAN
#define WITH_ASAN 0
#endif

static bool fail(char why[static SANDBOX_WHY_MAX], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool fail(char why[static SANDBOX_WHY_MAX], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why, SANDBOX_WHY_MAX, format, args);
	va_end(args);
	return false;
}

/* ---- names ---- */

/* 1: found, 0: there is none, -1: errno. */
static int user_lookup(const char *name, struct sandbox_user *out)
{
	char memory[LOOKUP_BYTES];
	struct passwd entry, *found = NULL;
	int err = getpwnam_r(name, &entry, memory, sizeof(memory), &found);

	if (err || !found) {
		errno = err;
		return err ? -1 : 0;
	}
	(void)snprintf(out->name, sizeof(out->name), "%s", name);
	out->uid = entry.pw_uid;
	out->gid = entry.pw_gid;
	return 1;
}

bool sandbox_user_find(const char *name, struct sandbox_user *out, char why[static SANDBOX_WHY_MAX])
{
	int found = user_lookup(name[0] ? name : "spoked", out);

	why[0] = 0;
	if (!found && !name[0]) {
		name = "nobody";
		found = user_lookup(name, out);
	}
	if (found < 0)
		return fail(why, "cannot look up user %.60s: %s", name, strerror(errno));
	if (!found)
		return fail(why,
			    "there is no user %.60s; create it (useradd --system) or name "
			    "another with user = ...",
			    name);
	if (out->uid == 0 || out->gid == 0)
		return fail(why, "user %.60s is root or in root's group; name an unprivileged one",
			    out->name);
	return true;
}

bool sandbox_group_find(const char *name, gid_t *out, char why[static SANDBOX_WHY_MAX])
{
	char memory[LOOKUP_BYTES];
	struct group entry, *found = NULL;
	int err = getgrnam_r(name, &entry, memory, sizeof(memory), &found);

	why[0] = 0;
	if (err)
		return fail(why, "cannot look up group %.60s: %s", name, strerror(err));
	if (!found)
		return fail(why,
			    "there is no group %.60s; create it (groupadd --system) or name "
			    "another",
			    name);
	*out = entry.gr_gid;
	return true;
}

/* ---- capabilities ---- */

struct caps {
	uint64_t effective, permitted, inheritable;
};

static bool caps_get(struct caps *out)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	out->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	out->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	out->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	return true;
}

/* Effective and permitted, nothing inheritable (which empties the ambient set, too). */
static bool caps_set(uint64_t set)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)set, .permitted = (uint32_t)set },
		{ .effective = (uint32_t)(set >> 32), .permitted = (uint32_t)(set >> 32) },
	};

	return syscall(SYS_capset, &header, data) == 0;
}

/* What no exec could ever give back.  The kernel says EINVAL behind the last one it knows. */
static bool bounding_empty(void)
{
	for (unsigned long cap = 0; cap < CAP_NUMBERS; cap++) {
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) < 0)
			break;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return false;
	}
	return true;
}

/* ---- doors ---- */

static bool shut_doors(char why[static SANDBOX_WHY_MAX])
{
	struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return fail(why, "cannot switch core dumps off: %s", strerror(errno));
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return fail(why, "cannot become undumpable: %s", strerror(errno));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail(why, "cannot set no_new_privs: %s", strerror(errno));
	return true;
}

/*
 * Keys do not go to swap.  Pages are locked as they are touched, as stacks are mostly air; the
 * limit has to go, as allocations beyond it would fail once CAP_IPC_LOCK is gone.  AddressSanitizer
 * reserves terabytes, which no machine can lock.
 */
static void lock_memory(char warning[static SANDBOX_WHY_MAX])
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	if (WITH_ASAN)
		return;
	if (setrlimit(RLIMIT_MEMLOCK, &all) < 0 ||
	    mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0)
		(void)fail(warning, "memory is not locked, keys may go to swap: %s",
			   strerror(errno));
}

/* ---- the daemon ---- */

bool sandbox_enter(const char *name, char why[static SANDBOX_WHY_MAX])
{
	char warning[SANDBOX_WHY_MAX] = "";
	struct sandbox_user user = { 0 };

	if (geteuid() != 0)
		return fail(why,
			    "not started as root, so there is nothing to become user %.60s "
			    "with; start spoked as root, it drops its rights by itself",
			    name[0] ? name : "spoked");
	if (!sandbox_user_find(name, &user, why))
		return false;
	lock_memory(warning);
	if (!bounding_empty())
		return fail(why, "cannot empty the capability bounding set: %s", strerror(errno));
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return fail(why, "cannot keep capabilities: %s", strerror(errno));
	if (setgroups(0, NULL) < 0)
		return fail(why, "cannot drop supplementary groups: %s", strerror(errno));
	if (setresgid(user.gid, user.gid, user.gid) < 0)
		return fail(why, "cannot become group %u: %s", (unsigned)user.gid, strerror(errno));
	if (setresuid(user.uid, user.uid, user.uid) < 0)
		return fail(why, "cannot become user %.60s: %s", user.name, strerror(errno));
	if (!caps_set(CAPS_KEPT))
		return fail(why,
			    "cannot keep CAP_NET_ADMIN and CAP_NET_RAW: %s; was spoked "
			    "started with a smaller capability set?",
			    strerror(errno));
	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
		return fail(why, "cannot stop keeping capabilities: %s", strerror(errno));
	(void)umask(077);
	if (!shut_doors(why) || !sandbox_verify(why))
		return false;
	(void)snprintf(why, SANDBOX_WHY_MAX, "%s", warning);
	return true;
}

bool sandbox_verify(char why[static SANDBOX_WHY_MAX])
{
	struct rlimit core;
	struct caps caps;
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;

	why[0] = 0;
	if (getresuid(&ruid, &euid, &suid) < 0 || getresgid(&rgid, &egid, &sgid) < 0 ||
	    !caps_get(&caps) || getrlimit(RLIMIT_CORE, &core) < 0)
		return fail(why, "cannot ask the kernel who we are: %s", strerror(errno));
	if (!ruid || !euid || !suid || !rgid || !egid || !sgid)
		return fail(why, "still root (users %u %u %u, groups %u %u %u)", (unsigned)ruid,
			    (unsigned)euid, (unsigned)suid, (unsigned)rgid, (unsigned)egid,
			    (unsigned)sgid);
	if (getgroups(0, NULL) != 0)
		return fail(why, "still in supplementary groups");
	if (caps.effective != CAPS_KEPT || caps.permitted != CAPS_KEPT || caps.inheritable)
		return fail(why,
			    "capabilities are %#jx/%#jx/%#jx instead of CAP_NET_ADMIN and "
			    "CAP_NET_RAW",
			    (uintmax_t)caps.effective, (uintmax_t)caps.permitted,
			    (uintmax_t)caps.inheritable);
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return fail(why, "no_new_privs is not set");
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0 || core.rlim_max != 0)
		return fail(why, "core dumps or ptrace are still possible");
	if (setresuid(0, 0, 0) == 0 || setresgid(0, 0, 0) == 0)
		return fail(why, "could become root again");
	return true;
}

/* ---- the reader ---- */

/*
 * Root without capabilities still reads what root owns, which secrets have to be; the one that
 * stays opens directories on the way that belong to others.
 */
bool sandbox_enter_reader(char why[static SANDBOX_WHY_MAX])
{
	struct rlimit none = { 0, 0 };
	struct caps caps;

	why[0] = 0;
	if (geteuid() == 0) {
		if (setgroups(0, NULL) < 0)
			return fail(why, "cannot drop supplementary groups: %s", strerror(errno));
		if (!bounding_empty())
			return fail(why, "cannot empty the capability bounding set: %s",
				    strerror(errno));
	}
	if (!caps_get(&caps) || !caps_set(caps.permitted & CAPS_READER))
		return fail(why, "cannot drop capabilities: %s", strerror(errno));
	(void)umask(077);
	if (!shut_doors(why))
		return false;
	/* It writes no file and starts no process. */
	if (setrlimit(RLIMIT_FSIZE, &none) < 0 || setrlimit(RLIMIT_NPROC, &none) < 0)
		return fail(why, "cannot limit the reader: %s", strerror(errno));
	return sandbox_filter_reader(why);
}
