/*
 * daemon/main.c - spoked's beginning and end.
 *
 * The table `steps` is the order of things.  Ports and the control socket are claimed first: a
 * second instance ends there, before it touches the first one's SAs.  Nothing is read from them
 * until the loop runs, and by then the policies stand.  Root goes once all is open that needs it;
 * threads start after that, as capabilities belong to threads.
 *
 * At the end, or if a step fails, the steps that were made are undone backwards.  Policies and
 * interfaces are the exception: they stay, so that GRE does not go out in the clear behind a daemon
 * that stopped, unless the configuration has remove-policies = true.
 *
 * Without -F the process forks at the very beginning and the parent waits for the child's word: it
 * exits 0 once the daemon really listens, 1 if the child ended instead; the cause has been written
 * to stderr by then.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/sandbox.h"
#include "daemon/spoked.h"

#define WORD_READY 'r' /* a child that fails ends without a word */

/* ---- the steps; each leaves the cause in `why` if it fails ---- */

static bool reader_begin(struct spoked *s, char why[static CONFIG_WHY_MAX])
{
	s->reader = reader_start(s->file, why);
	return s->reader;
}

static void reader_end(struct spoked *s)
{
	reader_stop(s->reader);
}

static bool config_begin(struct spoked *s, char why[static CONFIG_WHY_MAX])
{
	s->config = reader_load(s->reader, why);
	if (!s->config)
		return false;
	spoked_log_open(s);
	spoked_log_warnings(s->config);
	return true;
}

static void config_end(struct spoked *s)
{
	config_free(s->config);
}

static bool node_begin(struct spoked *s, char why[static CONFIG_WHY_MAX])
{
	s->rng = loop_rng();
	s->node = node_new(&s->rng);
	s->loop = loop_new();
	(void)snprintf(why, CONFIG_WHY_MAX, "out of memory");
	return s->node && s->loop;
}

static void node_end(struct spoked *s)
{
	loop_free(s->loop);
	node_free(s->node);
}

static bool xfrm_begin(struct spoked *s, char why[static CONFIG_WHY_MAX])
{
	char what[XFRM_WHY_MAX] = "";

	s->xfrm = xfrm_open(what);
	(void)snprintf(why, CONFIG_WHY_MAX, "%s", what);
	return s->xfrm;
}

static void xfrm_end(struct spoked *s)
{
	xfrm_close(s->xfrm);
}

/* Policies, then stale SAs out, then interfaces: see tunnels.c. */
static bool tunnels_begin(struct spoked *s, char why[static CONFIG_WHY_MAX])
{
	s->tunnels = tunnels_new(s->xfrm);
	if (s->tunnels)
		return tunnels_apply(s->tunnels, s->config, why);
	(void)snprintf(why, CONFIG_WHY_MAX, "out of memory");
	return false;
}

static void tunnels_end(struct spoked *s)
{
	if (s->tunnels)
		tunnels_leave(s->tunnels, s->config->remove_policies);
	tunnels_free(s->tunnels);
}

static bool net_begin(struct spoked *s, char why[static CONFIG_WHY_MAX])
{
	static const struct net_conf conf = {
		.ike_port = IKE_PORT, .natt_port = IKE_NATT_PORT, .encap = true, .ip6 = true
	};
	char what[NOTE_MAX];

	s->net = net_open(&conf, what);
	if (!s->net)
		(void)snprintf(why, CONFIG_WHY_MAX, "%s", what);
	return s->net;
}

static void net_end(struct spoked *s)
{
	net_close(s->net);
}

static bool control_begin(struct spoked *s, char why[static CONFIG_WHY_MAX])
{
	struct control_host host = spoked_control_host(s);
	struct control_conf conf = { .path = s->config->socket,
				     .mode = s->config->socket_mode,
				     .group = s->config->socket_group,
				     .user = s->config->user };

	s->control = control_open(loop_base(s->loop), &host, &conf, why);
	return s->control;
}

static void control_end(struct spoked *s)
{
	control_close(s->control);
}

static bool sandbox_begin(struct spoked *s, char why[static CONFIG_WHY_MAX])
{
	char what[SANDBOX_WHY_MAX] = "";
	struct sandbox_user own;

	if (!sandbox_enter(s->config->user, what)) {
		(void)snprintf(why, CONFIG_WHY_MAX, "%s", what);
		return false;
	}
	if (what[0])
		log_write(NOTE_WARN, "%s", what);
	if (!s->config->user[0] && !sandbox_user_find("spoked", &own, what))
		log_write(NOTE_WARN, "runs as nobody, whom other services may share: "
				     "make a user for it (useradd -r spoked)");
	return true;
}

static void sandbox_end(struct spoked *s)
{
	(void)s; /* there is no way back */
}

static bool workers_begin(struct spoked *s, char why[static CONFIG_WHY_MAX])
{
	s->workers = workers_start(ike_job_run);
	if (!s->workers)
		(void)snprintf(why, CONFIG_WHY_MAX, "worker threads: %s", strerror(errno));
	return s->workers;
}

static void workers_end(struct spoked *s)
{
	struct ike_job *job;

	if (!s->workers)
		return;
	workers_stop(s->workers);
	while ((job = workers_take(s->workers)))
		node_job_done(s->node, loop_now(), job); /* frees it: its SA is gone */
	workers_free(s->workers);
}

static bool loop_begin(struct spoked *s, char why[static CONFIG_WHY_MAX])
{
	struct loop_host host = spoked_loop_host(s);

	if (!spoked_configure(s)) {
		(void)snprintf(why, CONFIG_WHY_MAX, "out of memory");
		return false;
	}
	return loop_watch(s->loop, &host, why);
}

static void loop_end(struct spoked *s)
{
	loop_unwatch(s->loop);
}

static const struct step {
	bool (*begin)(struct spoked *s, char why[static CONFIG_WHY_MAX]);
	void (*end)(struct spoked *s); /* also after a `begin` that failed half-way */
} steps[] = {
	{ reader_begin, reader_end },	/* the process that stays root, to read files */
	{ config_begin, config_end },	/* through it */
	{ node_begin, node_end },	/* engine and event base: nothing of the outside yet */
	{ xfrm_begin, xfrm_end },	/* netlink */
	{ net_begin, net_end },		/* UDP 500 and 4500 are ours */
	{ control_begin, control_end }, /* so is the control socket */
	{ tunnels_begin, tunnels_end }, /* policies, stale SAs out, interfaces */
	{ sandbox_begin, sandbox_end }, /* root goes */
	{ workers_begin, workers_end }, /* threads for key exchanges */
	{ loop_begin, loop_end },	/* peers configured, everything watched */
};

/* ---- running ---- */

/* Whoever started us reads stderr: does the log go there, too? */
static bool logs_to_stderr(const struct spoked *s)
{
	if (!s->config)
		return false;
	return s->config->log[0] ? strcmp(s->config->log, "stderr") == 0 : s->foreground;
}

static void complain(const struct spoked *s, const char *why)
{
	if (!logs_to_stderr(s))
		(void)fprintf(stderr, "spoked: %s\n", why);
	if (s->config)
		log_write(NOTE_ERROR, "cannot start: %s", why);
}

/*
 * Tell the waiting parent, and let go of where we were started: the directory (relative paths have
 * been opened by now) and the terminal, unless that is what the log is for.
 */
static void say_ready(const struct spoked *s, int fd)
{
	const char word = WORD_READY;
	int last = logs_to_stderr(s) ? STDOUT_FILENO : STDERR_FILENO;
	int null;

	if (fd < 0)
		return;
	if (write(fd, &word, 1) != 1)
		log_write(NOTE_WARN, "nobody waited for the start");
	close(fd);
	if (chdir("/"))
		log_write(NOTE_DEBUG, "cannot leave the current directory");
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return;
	for (int to = STDIN_FILENO; to <= last; to++)
		(void)dup2(null, to);
	if (null > STDERR_FILENO)
		close(null);
}

static int run(struct spoked *s, int parent_fd)
{
	char why[CONFIG_WHY_MAX] = "";
	size_t made = 0;
	bool ok = true;

	while (ok && made < ARRAY_LEN(steps))
		ok = steps[made++].begin(s, why);
	if (ok) {
		log_write(NOTE_INFO, "spoked " SPOKED_VERSION " runs: %zu tunnels, %zu peers",
			  s->config->tunnel_count, s->config->conn_count);
		say_ready(s, parent_fd);
		loop_run(s->loop);
	} else {
		complain(s, why);
	}
	while (made)
		steps[--made].end(s);
	if (ok)
		log_write(NOTE_INFO, "ended");
	log_close();
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

/*
 * Go to the background.  The parent stays here until the child has said its word, and exits; the
 * child returns with the descriptor to say it on.
 */
static int daemonise(void)
{
	int fd[2];
	char word = 0;
	ssize_t got;
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		(void)fprintf(stderr, "spoked: cannot go to the background: %s\n", strerror(errno));
		exit(EXIT_FAILURE);
	}
	if (!pid) {
		close(fd[0]);
		(void)setsid();
		return fd[1];
	}
	close(fd[1]);
	do
		got = read(fd[0], &word, 1);
	while (got < 0 && errno == EINTR);
	_exit(got == 1 && word == WORD_READY ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* ---- the command line ---- */

/* `file` as seen from here, for good: going to the background changes the directory. */
static const char *absolute(const char *file, char out[static CONFIG_PATH_MAX])
{
	char here[CONFIG_PATH_MAX];
	int len;

	if (file[0] == '/' || !getcwd(here, sizeof(here)))
		return file;
	len = snprintf(out, CONFIG_PATH_MAX, "%s/%s", here, file);
	return len < CONFIG_PATH_MAX ? out : file;
}

static void usage(FILE *to)
{
	(void)fputs("usage: spoked [-f FILE] [-n] [-F] [-v]\n"
		    "  -f FILE  configuration, instead of " CONFIG_PATH "\n"
		    "  -n       check the configuration and exit\n"
		    "  -F       stay in the foreground, log to stderr unless configured otherwise\n"
		    "  -v       log details, too\n"
		    "  -V       print the version\n"
		    "  -h       print this\n"
		    "SIGTERM ends it, SIGHUP reloads the configuration.  ikectl talks to it.\n",
		    to);
}

static int check(const char *file)
{
	struct config_source files = config_files();
	char why[CONFIG_WHY_MAX] = "";
	struct config *config = config_load(file, &files, why);

	if (!config) {
		(void)fprintf(stderr, "%s\n", why);
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < config->warning_count; i++)
		(void)fprintf(stderr, "%s\n", config->warnings[i]);
	(void)printf("%s: the configuration is valid: %zu tunnels, %zu peers\n", file,
		     config->tunnel_count, config->conn_count);
	config_free(config);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct spoked s = { .file = CONFIG_PATH };
	char path[CONFIG_PATH_MAX];
	bool only_check = false;
	int option;

	while ((option = getopt(argc, argv, "f:nFvVh")) != -1) {
		switch (option) {
		case 'f':
			s.file = optarg;
			break;
		case 'n':
			only_check = true;
			break;
		case 'F':
			s.foreground = true;
			break;
		case 'v':
			s.verbose = true;
			break;
		case 'V':
			(void)puts("spoked " SPOKED_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		default: /* getopt has said what */
			usage(stderr);
			return 2;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return 2;
	}
	if (only_check)
		return check(s.file);
	s.file = absolute(s.file, path);
	return run(&s, s.foreground ? -1 : daemonise());
}
