/*
 * tests/lab/xfrm_probe.c - tries every function of xfrm/xfrm.h on a real kernel.  Run as root on
 * one that has ESP and GRE (tests/lab/scenarios/xfrm-probe.sh); prints TAP, one line per check, and
 * exits with 1 if any failed.
 *
 * It makes two network namespaces joined by a wire, with one struct xfrm in each, and uses ip(8)
 * and ping(8) for what is not xfrm's job.
 */
#include "tests/lab/xfrm_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMAND_MAX 1024

static unsigned checks, failures;

bool check(bool ok, const char *format, ...)
{
	va_list args;

	checks++;
	failures += !ok;
	printf("%s %u - ", ok ? "ok" : "not ok", checks);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	return ok;
}

void note(const char *format, ...)
{
	va_list args;

	printf("# ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

const char *words(const struct xfrm *x, int err)
{
	static char text[XFRM_WHY_MAX + 3];

	snprintf(text, sizeof(text), "%s%s", err ? ": " : "", err ? xfrm_why(x) : "");
	return text;
}

static void die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

struct addr ip(const char *text)
{
	struct addr addr = { 0 };

	if (!addr_parse(text, &addr))
		die(text);
	return addr;
}

void enter(const struct host *host)
{
	if (setns(host->ns, CLONE_NEWNET) < 0)
		die("setns");
}

int run(const struct host *host, const char *format, ...)
{
	char command[COMMAND_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	enter(host);

	int status = system(command);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

long number(const struct host *host, const char *format, ...)
{
	char command[COMMAND_MAX], line[128] = "";
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	enter(host);

	FILE *out = popen(command, "r");

	if (!out)
		die("popen");

	char *have = fgets(line, sizeof(line), out);

	pclose(out);

	char *end;
	long value = strtol(line, &end, 0);

	return have && end != line ? value : -1;
}

static void events_add(void *ctx, const struct xfrm_event *ev)
{
	struct events *events = ctx;

	if (events->count < EVENTS_MAX)
		events->at[events->count++] = *ev;
}

void events_read(const struct host *host, struct events *events, size_t want, int ms)
{
	struct pollfd fd = { .fd = xfrm_fd(host->x), .events = POLLIN };

	for (; ms > 0 && events->count < want; ms -= 100)
		if (poll(&fd, 1, 100) > 0 && xfrm_receive(host->x, events_add, events))
			note("xfrm_receive: %s", xfrm_why(host->x));
	(void)xfrm_receive(host->x, events_add, events);
}

const struct xfrm_event *event_of(const struct events *events, enum xfrm_event_kind kind)
{
	for (size_t i = 0; i < events->count; i++)
		if (events->at[i].kind == kind)
			return &events->at[i];
	return NULL;
}

struct xfrm_sa sa_make(uint16_t encr, uint8_t key_len, uint16_t integ, const char *src,
		       const char *dst, uint32_t spi)
{
	static const uint8_t integ_len[] = { [2] = 20, [12] = 32, [13] = 48, [14] = 64 };
	struct xfrm_sa sa = {
		.src = ip(src),
		.dst = ip(dst),
		.spi = spi,
		.reqid = 7,
		.encr = encr,
		.integ = integ,
		.encr_key = { .len = key_len },
		.integ_key = { .len = integ_len[integ] },
		.replay_window = 128,
	};

	for (size_t i = 0; i < SECRET_MAX; i++) {
		sa.encr_key.b[i] = (uint8_t)(spi + i * 7);
		sa.integ_key.b[i] = (uint8_t)(spi + i * 13);
	}
	return sa;
}

static int info_take(void *ctx, const struct xfrm_reply *reply)
{
	return xfrm_sa_parse(reply, ctx) ? 0 : -EPROTO;
}

bool sa_read(const struct host *host, const struct xfrm_sa *sa, struct xfrm_sa_info *out)
{
	struct xfrm_msg msg;

	xfrm_sa_build_id(&msg, XFRM_MSG_GETSA, &sa->dst, sa->spi);
	return xfrm_request(host->x, XFRM_BUS_XFRM, &msg, info_take, out) == 0;
}

/* ---- The world ---- */

static int ns_open(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);

	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(path);
	return fd;
}

static pid_t holder_start(void)
{
	int ready[2];
	char byte;

	if (pipe(ready) < 0)
		die("pipe");

	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) == 0 && write(ready[1], "x", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		die("the other namespace");
	close(ready[0]);
	return pid;
}

/* The kernel unwraps ESP in UDP only where a socket asked for it. */
static void encap_open(const struct host *host, uint16_t port)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(port) };
	int type = UDP_ENCAP_ESPINUDP;

	enter(host);

	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 ||
	    setsockopt(fd, IPPROTO_UDP, UDP_ENCAP, &type, sizeof(type)) < 0)
		die("UDP encapsulation socket");
}

static void host_open(struct host *host)
{
	char why[XFRM_WHY_MAX];

	enter(host);
	host->x = xfrm_open(why);
	if (!host->x) {
		printf("Bail out! xfrm_open: %s\n", why);
		exit(1);
	}
}

static void world_make(struct world *w)
{
	if (unshare(CLONE_NEWNET) < 0)
		die("unshare (root?)");
	w->a.ns = ns_open(getpid());

	pid_t holder = holder_start();

	w->b.ns = ns_open(holder);
	run(&w->a, "ip link add ua type veth peer name ub netns %d", (int)holder);
	run(&w->a, "ip link set lo up; ip link set ua up;"
		   "ip addr add 10.99.0.1/24 dev ua; ip addr add 10.99.0.3/24 dev ua");
	run(&w->b, "ip link set lo up; ip link set ub up;"
		   "ip addr add 10.99.0.2/24 dev ub; ip addr add 10.99.0.4/24 dev ub");
	for (uint16_t port = 4500; port <= 4501; port++) {
		encap_open(&w->a, port);
		encap_open(&w->b, port);
	}
	host_open(&w->a);
	host_open(&w->b);
	if (run(&w->a, "ping -q -c 1 -W 5 10.99.0.2 >/dev/null"))
		die("the wire carries nothing");
}

int main(void)
{
	static void (*const parts[])(struct world *) = {
		probe_open, probe_tunnels, probe_links, probe_policies, probe_acquire, probe_suites,
		probe_mtu,  probe_limits,  probe_ports, probe_move,	probe_events,
	};
	struct world w = { 0 };

	setvbuf(stdout, NULL, _IOLBF, 0);
	world_make(&w);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		parts[i](&w);
	check(xfrm_malformed(w.b.x) == 0, "nothing that the kernel said was malformed");
	xfrm_close(w.a.x);
	xfrm_close(w.b.x);
	printf("1..%u\n", checks);
	return failures ? 1 : 0;
}
