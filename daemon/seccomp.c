/*
 * daemon/seccomp.c - the system call filter of the reader process, see reader.h.
 *
 * The reader is root and parses a file.  Should that file ever get the better of it, it must not be
 * able to run, send, change or become anything: it can read files and answer on the socket that it
 * has.  The filter names what is refused (with EPERM) instead of what is allowed: libc's own needs
 * differ between libraries and versions, and sanitizers add theirs.  Files open for reading only.
 *
 * Where the machine is not one of those below, or the kernel has no seccomp, there is no filter;
 * the reader then still has hardly a capability to use (sandbox.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "daemon/sandbox.h"

#if defined(__x86_64__) && !defined(__ILP32__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && !defined(__AARCH64EB__)
#define MACHINE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define MACHINE AUDIT_ARCH_RISCV64
#else
#define MACHINE 0
#endif

#define X32_BIT	    0x40000000u /* x86-64's other table of numbers */
#define PROGRAM_MAX 256
#define WRITING	    (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)

/* Refused whatever their arguments are; older machines' calls where this one has them. */
static const uint32_t refused[] = {
	SYS_execve,
	SYS_execveat,
	SYS_clone,
	SYS_socket,
	SYS_socketpair,
	SYS_connect,
	SYS_bind,
	SYS_listen,
	SYS_accept4,
	SYS_ptrace,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_mount,
	SYS_umount2,
	SYS_pivot_root,
	SYS_chroot,
	SYS_setns,
	SYS_unshare,
	SYS_init_module,
	SYS_finit_module,
	SYS_delete_module,
	SYS_kexec_load,
	SYS_bpf,
	SYS_perf_event_open,
	SYS_unlinkat,
	SYS_linkat,
	SYS_symlinkat,
	SYS_mkdirat,
	SYS_mknodat,
	SYS_renameat2,
	SYS_fchmod,
	SYS_fchmodat,
	SYS_fchown,
	SYS_fchownat,
	SYS_truncate,
	SYS_ftruncate,
	SYS_setuid,
	SYS_setgid,
	SYS_setresuid,
	SYS_setresgid,
	SYS_kill,
	SYS_tkill,
	SYS_tgkill,
	SYS_rt_sigqueueinfo,
	SYS_rt_tgsigqueueinfo,
	SYS_prlimit64,
#ifdef SYS_pidfd_send_signal
	SYS_pidfd_send_signal,
#endif
#ifdef SYS_fchmodat2
	SYS_fchmodat2,
#endif
	SYS_keyctl,
	SYS_add_key,
	SYS_request_key,
	SYS_reboot,
	SYS_swapon,
	SYS_settimeofday,
	SYS_clock_settime,
	SYS_sethostname,
	SYS_setxattr,
	SYS_fsetxattr,
	SYS_name_to_handle_at,
	SYS_open_by_handle_at,
#ifdef SYS_clone3
	SYS_clone3,
#endif
#ifdef SYS_openat2
	SYS_openat2, /* its flags are behind a pointer, where a filter cannot look */
#endif
#ifdef SYS_io_uring_setup
	SYS_io_uring_setup,
#endif
#ifdef SYS_fork
	SYS_fork,
	SYS_vfork,
	SYS_creat,
	SYS_unlink,
	SYS_link,
	SYS_symlink,
	SYS_mkdir,
	SYS_rmdir,
	SYS_mknod,
	SYS_rename,
	SYS_renameat,
	SYS_chmod,
	SYS_chown,
	SYS_lchown,
	SYS_accept,
#endif
};

struct program {
	struct sock_filter at[PROGRAM_MAX];
	unsigned short len;
	bool full;
};

static void add(struct program *p, struct sock_filter instruction)
{
	if (p->len == PROGRAM_MAX)
		p->full = true;
	else
		p->at[p->len++] = instruction;
}

static void load_field(struct program *p, size_t offset)
{
	add(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void give(struct program *p, uint32_t verdict)
{
	add(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict));
}

/* Is the loaded value `value`?  Then `verdict`, else go on. */
static void when_equal(struct program *p, uint32_t value, uint32_t verdict)
{
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
	give(p, verdict);
}

/* Is the call `number`, with one of `flags` in argument `index`?  Then EPERM. */
static void when_flags(struct program *p, uint32_t number, unsigned index, uint32_t flags)
{
	size_t low_half = offsetof(struct seccomp_data, args) + index * sizeof(uint64_t);

	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4));
	load_field(p, low_half); /* little-endian, as all of MACHINE are */
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, flags, 0, 1));
	give(p, SECCOMP_RET_ERRNO | EPERM);
	give(p, SECCOMP_RET_ALLOW);
}

static void build(struct program *p)
{
	load_field(p, offsetof(struct seccomp_data, arch));
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0));
	give(p, SECCOMP_RET_KILL_PROCESS);
	load_field(p, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1));
	give(p, SECCOMP_RET_KILL_PROCESS);
#endif
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		when_equal(p, refused[i], SECCOMP_RET_ERRNO | EPERM);
	when_flags(p, SYS_openat, 2, WRITING);
#ifdef SYS_open
	when_flags(p, SYS_open, 1, WRITING);
#endif
	give(p, SECCOMP_RET_ALLOW);
}

bool sandbox_filter_reader(char why[static SANDBOX_WHY_MAX])
{
	struct program program = { 0 };

	why[0] = 0;
	if (!MACHINE)
		return true;
	build(&program);
	if (program.full) {
		(void)snprintf(why, SANDBOX_WHY_MAX, "the reader's system call filter is too long");
		return false;
	}

	struct sock_fprog filter = { .len = program.len, .filter = program.at };

	/* EINVAL: a kernel without seccomp filters. */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) < 0 && errno != EINVAL) {
		(void)snprintf(why, SANDBOX_WHY_MAX, "cannot filter the reader's system calls: %s",
			       strerror(errno));
		return false;
	}
	return true;
}
