/*
 * tests/sim/main.c - runs worlds, one per seed, and says in TAP how they went.
 *
 *	sim [--seeds N] [--first S] [--nodes N] [--hub | --mesh] [--calm] [--minutes M] [--seconds
 *R] sim --seed S …			just that one, and every event with --verbose
 *
 * The first world that fails ends the run, with one line that reproduces it.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "daemon/log.h"
#include "tests/sim/sim.h"

#define SEEDS_DEFAULT 200
#define MINUTES_MAX   100000u
#define SECONDS_MAX   10000000u

struct summary {
	uint64_t runs, steps, packets, pings, faults, seen[SIM_SEEN_COUNT];
	double simulated_h, settle_worst, settle_sum, settle_share;
};

struct command {
	struct sim_options options;
	uint64_t seeds, seconds; /* of real time, after which no new world begins */
};

static const char usage[] =
	"usage: sim [--seed S] [--seeds N] [--first S] [--nodes N] [--hub | --mesh] [--calm]\n"
	"           [--minutes M] [--seconds R] [--verbose]\n";

static bool number(const char *text, uint64_t max, uint64_t *out)
{
	char *end;

	*out = strtoull(text, &end, 10);
	return *text && !*end && *out <= max;
}

static bool parse(int argc, char **argv, struct command *c)
{
	static const struct option names[] = { { "seed", required_argument, NULL, 's' },
					       { "seeds", required_argument, NULL, 'N' },
					       { "first", required_argument, NULL, 'f' },
					       { "nodes", required_argument, NULL, 'n' },
					       { "hub", no_argument, NULL, 'h' },
					       { "mesh", no_argument, NULL, 'm' },
					       { "calm", no_argument, NULL, 'c' },
					       { "minutes", required_argument, NULL, 'M' },
					       { "seconds", required_argument, NULL, 'S' },
					       { "verbose", no_argument, NULL, 'v' },
					       { 0 } };
	uint64_t value = 0;
	bool ok = true;
	int o;

	*c = (struct command){ .seeds = SEEDS_DEFAULT, .seconds = SECONDS_MAX, .options.seed = 1 };
	while (ok && (o = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (o) {
		case 's':
			c->seeds = 1;
			ok = number(optarg, UINT64_MAX, &c->options.seed);
			break;
		case 'f':
			ok = number(optarg, UINT64_MAX, &c->options.seed);
			break;
		case 'N':
			ok = number(optarg, UINT64_MAX, &c->seeds);
			break;
		case 'n':
			ok = number(optarg, SIM_HOSTS_MAX, &value) && value >= 2;
			c->options.nodes = (unsigned)value;
			break;
		case 'h':
		case 'm':
			c->options.shape = o == 'h' ? SIM_HUB : SIM_MESH;
			break;
		case 'S':
			ok = number(optarg, SECONDS_MAX, &c->seconds);
			break;
		case 'c':
			c->options.calm = true;
			break;
		case 'M':
			ok = number(optarg, MINUTES_MAX, &value);
			c->options.faults_us = (tick_t)value * 60 * TICK_S;
			break;
		case 'v':
			c->options.verbose = true;
			break;
		default: /* a character: getopt has said what it does not know */
			ok = false;
		}
	}
	return ok && optind == argc;
}

static void describe(char out[static 64])
{
	const char *root = getenv("SOURCE_ROOT");
	char command[600];
	FILE *git;
	size_t len;

	(void)snprintf(command, sizeof(command), "git -C '%.500s' describe --always --dirty 2>&1",
		       root ? root : ".");
	git = popen(command, "r");
	len = git ? fread(out, 1, 63, git) : 0;
	out[len] = '\0';
	out[strcspn(out, "\n")] = '\0';
	if (git)
		(void)pclose(git);
}

/* The one line that brings the failure back. */
static void reproduce(const struct sim_options *o, const struct sim_result *r)
{
	char version[64], minutes[32] = "";

	describe(version);
	if (o->faults_us)
		(void)snprintf(minutes, sizeof(minutes), " --minutes %lld",
			       (long long)(o->faults_us / TICK_S / 60));
	(void)printf("# seed %llu, %u nodes, at %.3f s: %s\n", (unsigned long long)o->seed,
		     r->nodes, (double)r->at / (double)TICK_S, r->why);
	(void)printf("# to see it: tests/run sim --seed %llu%s%s%s --nodes %u --verbose   (%s)\n",
		     (unsigned long long)o->seed,
		     o->shape == SIM_HUB    ? " --hub"
		     : o->shape == SIM_MESH ? " --mesh"
					    : "",
		     o->calm ? " --calm" : "", minutes, r->nodes, version);
}

static void add(struct summary *sum, const struct sim_result *r)
{
	double settle = (double)r->settle_us / (double)TICK_S;
	double share = r->bound_us ? (double)r->settle_us / (double)r->bound_us : 0;

	sum->runs++;
	sum->steps += r->steps;
	sum->packets += r->packets;
	sum->pings += r->pings;
	for (size_t i = 0; i < SIM_SEEN_COUNT; i++)
		sum->seen[i] += r->seen[i];
	sum->faults += r->faults;
	sum->simulated_h += (double)r->simulated_us / (double)(3600 * TICK_S);
	sum->settle_sum += settle;
	sum->settle_worst = settle > sum->settle_worst ? settle : sum->settle_worst;
	sum->settle_share = share > sum->settle_share ? share : sum->settle_share;
}

static double seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void report_seen(const struct summary *sum)
{
	static const char *const names[SIM_SEEN_COUNT] = {
		[SIM_SEEN_IKE_UP] = "IKE SAs up",
		[SIM_SEEN_WANTS_FAILED] = "wishes failed",
		[SIM_SEEN_RETRANSMITS] = "retransmissions",
		[SIM_SEEN_COOKIES] = "cookies",
		[SIM_SEEN_KEEPALIVES] = "keepalives",
		[SIM_SEEN_HALF_OPEN_EXPIRED] = "half-open SAs expired",
		[SIM_SEEN_ACQUIRES] = "ACQUIREs",
		[SIM_SEEN_EXPIRES] = "EXPIREs",
		[SIM_SEEN_MAPPINGS] = "MAPPINGs",
		[SIM_SEEN_RESYNCS] = "RESYNCs",
		[SIM_SEEN_STRAYS] = "stray SAs",
		[SIM_SEEN_LOST] = "lost SAs",
		[SIM_SEEN_REFUSED] = "refused SAs",
		[SIM_SEEN_CORRUPTED] = "corrupted datagrams",
		[SIM_SEEN_REPLAYED] = "replayed datagrams",
	};

	(void)printf("# seen:");
	for (size_t i = 0; i < SIM_SEEN_COUNT; i++)
		(void)printf("%s %llu %s", i ? "," : "", (unsigned long long)sum->seen[i],
			     names[i]);
	(void)printf("\n");
}

static void report(const struct summary *sum, double took)
{
	double runs = sum->runs ? (double)sum->runs : 1;

	(void)printf("# %llu seeds, %.1f simulated hours in %.1f s: %.1f seeds/s, %.2f h/s\n",
		     (unsigned long long)sum->runs, sum->simulated_h, took, runs / took,
		     sum->simulated_h / took);
	(void)printf("# %llu steps, %llu packets, %llu pings answered, %llu faults\n",
		     (unsigned long long)sum->steps, (unsigned long long)sum->packets,
		     (unsigned long long)sum->pings, (unsigned long long)sum->faults);
	report_seen(sum);
	(void)printf(
		"# settled after %.1f s on average, %.0f s at worst, %.0f %% of what is allowed\n",
		sum->settle_sum / runs, sum->settle_worst, 100 * sum->settle_share);
}

static void unheard(void *ctx, enum note_class cls, const char *line)
{
	(void)ctx;
	(void)cls;
	(void)line;
}

int main(int argc, char **argv)
{
	struct log_conf quiet = { .target = "stderr", .foreground = true, .sink = unheard };
	struct summary sum = { 0 };
	struct sim_result result = { 0 };
	struct command c;
	double begun = seconds();

	if (!parse(argc, argv, &c)) {
		(void)fputs(usage, stderr);
		return 2;
	}
	log_open(&quiet);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (uint64_t i = 0; i < c.seeds && !result.failed; i++) {
		sim_run(&c.options, &result);
		if (result.failed)
			reproduce(&c.options, &result);
		else
			add(&sum, &result);
		c.options.seed++;
		if (seconds() - begun > (double)c.seconds)
			break;
	}
	report(&sum, seconds() - begun);
	(void)printf("%s 1 - %llu worlds%s\n1..1\n", result.failed ? "not ok" : "ok",
		     (unsigned long long)sum.runs, c.options.calm ? ", calm" : "");
	log_close();
	return result.failed;
}
