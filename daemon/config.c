/*
 * daemon/config.c - see config.h.  A configuration is loaded in steps, each of which sees only what
 * the one before has proven:
 *
 *	read	the file, through the injected source
 *	clean	its bytes, so that libconfuse reads what is written	config_text.c
 *	parse	sections and keys, each with its line			config_tree.c
 *	check	what each key means, section by section			config_tunnel.c,
 *config_peer.c join	tunnels with peers: reqids, overhead, warnings		config_tunnel.c
 *
 * The first error ends it: one line, with the file and the line of the key that is wrong.  Names
 * (hosts, interfaces, users) are not resolved here: what a configuration means does not depend on
 * the state of the machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "daemon/config_priv.h"

#define SOCKET_PATH_MAX 108 /* sun_path */

/* ---- errors and warnings ---- */

/* "file:line: text", cut to CONFIG_WHY_MAX. */
static void write_line(const struct config_load *load, char out[static CONFIG_WHY_MAX], int line,
		       const char *format, va_list args) __attribute__((format(printf, 4, 0)));

static void write_line(const struct config_load *load, char out[static CONFIG_WHY_MAX], int line,
		       const char *format, va_list args)
{
	int len = line > 0 ? snprintf(out, CONFIG_WHY_MAX, "%.200s:%d: ", load->path, line)
			   : snprintf(out, CONFIG_WHY_MAX, "%.200s: ", load->path);

	(void)vsnprintf(out + len, CONFIG_WHY_MAX - (size_t)len, format, args);
}

bool config_refuse(struct config_load *load, int line, const char *format, ...)
{
	va_list args;

	if (load->failed)
		return false;
	load->failed = true;
	va_start(args, format);
	write_line(load, load->why, line, format, args);
	va_end(args);
	return false;
}

void config_warn(struct config_load *load, int line, const char *format, ...)
{
	struct config *config = load->config;
	va_list args;

	if (config->warning_count == CONFIG_WARNINGS_MAX) {
		(void)snprintf(config->warnings[CONFIG_WARNINGS_MAX - 1], CONFIG_WHY_MAX,
			       "%.200s: there are more warnings than are shown", load->path);
		return;
	}
	va_start(args, format);
	write_line(load, config->warnings[config->warning_count++], line, format, args);
	va_end(args);
}

/* ---- keys outside of tunnel and peer ---- */

static bool root_keys(struct config_load *load)
{
	struct config *config = load->config;
	const char *user = config_get(load->tree, "user");
	const char *log = config_get(load->tree, "log");

	if (user && !config_value_name(user, "", sizeof(config->user)))
		return config_refuse(load, config_line(load, load->tree, "user", 0),
				     "user = \"%s\" will not do; write a user's name", user);
	if (user && (strcmp(user, "root") == 0 || strcmp(user, "0") == 0))
		return config_refuse(load, config_line(load, load->tree, "user", 0),
				     "user = \"%s\" would keep the rights that this is there to "
				     "drop; name an unprivileged user",
				     user);
	if (log && strcmp(log, "stderr") != 0 && strcmp(log, "syslog") != 0)
		return config_refuse(load, config_line(load, load->tree, "log", 0),
				     "log = \"%s\" will not do; write stderr or syslog", log);
	(void)snprintf(config->user, sizeof(config->user), "%s", user ? user : "");
	(void)snprintf(config->log, sizeof(config->log), "%s", log ? log : "");
	return config_flag(load, load->tree, "remove-policies-at-exit", &config->remove_policies);
}

static bool control_keys(struct config_load *load)
{
	struct config *config = load->config;
	cfg_t *section = config_section(load, "control", 0);
	const char *path = config_get(section, "socket");
	const char *mode = config_get(section, "mode");
	const char *group = config_get(section, "group");

	if (path && (path[0] != '/' || strlen(path) >= SOCKET_PATH_MAX))
		return config_refuse(load, config_line(load, section, "socket", 0),
				     "socket = \"%s\" will not do; write an absolute path of less "
				     "than %d characters",
				     path, SOCKET_PATH_MAX);
	config->socket_mode = 0660;
	if (mode && (!config_value_octal(mode, &config->socket_mode) ||
		     (config->socket_mode & 07111) || !(config->socket_mode & 0600)))
		return config_refuse(load, config_line(load, section, "mode", 0),
				     "mode = \"%s\" will not do; write an octal mode such as 0660",
				     mode);
	if (config->socket_mode & 0002)
		config_warn(load, config_line(load, section, "mode", 0),
			    "mode = \"%s\" lets every user of this machine control spoked", mode);
	if (group && !config_value_name(group, "", sizeof(config->socket_group)))
		return config_refuse(load, config_line(load, section, "group", 0),
				     "group = \"%s\" will not do; write a group's name", group);
	(void)snprintf(config->socket, sizeof(config->socket), "%s", path ? path : CTL_SOCKET_PATH);
	(void)snprintf(config->socket_group, sizeof(config->socket_group), "%s",
		       group ? group : "");
	return true;
}

static bool retransmit_keys(struct config_load *load)
{
	static const struct config_span interval = { 50 * TICK_MS, 60 * TICK_S, false };
	static const struct config_span longest = { 50 * TICK_MS, 600 * TICK_S, false };
	struct ike_timing *timing = &load->config->timing;
	cfg_t *section = config_section(load, "retransmit", 0);
	const char *factor = config_get(section, "factor");

	if (!config_duration(load, section, "interval", &interval, &timing->retransmit_us) ||
	    !config_duration(load, section, "max-interval", &longest, &timing->retransmit_max_us) ||
	    !config_number(load, section, "tries", 1, 50, &timing->retransmit_tries) ||
	    !config_number(load, section, "probe-tries", 1, 50, &timing->probe_tries))
		return false;
	if (factor) {
		uint32_t percent;

		if (!config_value_percent(factor, &percent) || percent < 100 || percent > 1000)
			return config_refuse(load, config_line(load, section, "factor", 0),
					     "factor = \"%s\" will not do; write a number from 1.0 "
					     "to 10.0, such as 1.6",
					     factor);
		timing->retransmit_factor_pct = percent;
	}
	if (timing->retransmit_max_us < timing->retransmit_us) {
		if (config_get(section, "max-interval"))
			return config_refuse(load, config_line(load, section, "max-interval", 0),
					     "max-interval is shorter than interval; make it at "
					     "least as long");
		timing->retransmit_max_us = timing->retransmit_us;
	}
	return true;
}

static bool half_open_keys(struct config_load *load)
{
	static const struct config_span timeout = { TICK_S, 600 * TICK_S, false };
	struct ike_limits *limits = &load->config->limits;
	cfg_t *section = config_section(load, "half-open", 0);

	return config_number(load, section, "max", 1, IKE_SAS_MAX, &limits->half_open_max) &&
	       config_number(load, section, "cookie-threshold", 0, IKE_SAS_MAX,
			     &limits->cookie_threshold) &&
	       config_number(load, section, "max-per-address", 1, IKE_SAS_MAX,
			     &limits->half_open_per_addr_max) &&
	       config_duration(load, section, "timeout", &timeout,
			       &load->config->timing.half_open_us);
}

/* ---- load ---- */

static bool load_tree(struct config_load *load, char *text, size_t len)
{
	char why[CONFIG_WHY_MAX];
	int line;

	if (!config_text_clean(text, len, &load->text, &line, why))
		return config_refuse(load, line, "%s", why);
	return config_tree_parse(load, text) && root_keys(load) && control_keys(load) &&
	       retransmit_keys(load) && half_open_keys(load) && config_tunnels(load) &&
	       config_peers(load);
}

struct config *config_load(const char *path, const struct config_source *source,
			   char why[static CONFIG_WHY_MAX])
{
	struct config_load load = { .path = path, .source = source, .why = why };
	struct ike_conf defaults = { 0 };
	char *text = NULL, reason[CONFIG_WHY_MAX];
	size_t len = 0;
	bool ok = false;

	why[0] = 0;
	load.config = calloc(1, sizeof(*load.config));
	if (!load.config) {
		(void)config_refuse(&load, 0, "out of memory");
		goto out;
	}
	ike_conf_defaults(&defaults);
	load.config->timing = defaults.timing;
	load.config->limits = defaults.limits;
	if (!source->read(source->ctx, path, CONFIG_FILE_CONF, &text, &len, reason)) {
		(void)config_refuse(&load, 0, "%s", reason);
		goto out;
	}
	ok = load_tree(&load, text, len);
	if (ok)
		config_join(&load);
out:
	if (load.tree)
		(void)cfg_free(load.tree);
	config_text_fini(&load.text);
	secret_free(text, len);
	if (!ok) {
		config_free(load.config);
		return NULL;
	}
	return load.config;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->conn_count; i++) {
		union {
			const uint8_t *borrowed;
			void *owned;
		} psk = { .borrowed = config->conns[i].psk };

		secret_free(psk.owned, config->conns[i].psk_len);
	}
	free(config->conns);
	free(config->tunnels);
	free(config);
}

/* ---- the file system as a source ---- */

/* Read at most `max` bytes of an open file.  False: errno. */
static bool slurp(int fd, size_t max, char **bytes, size_t *len)
{
	char *p = malloc(max + 1);
	size_t n = 0;

	if (!p)
		return false;
	while (n <= max) {
		ssize_t got = read(fd, p + n, max + 1 - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || n + (size_t)got > max) {
			secret_free(p, max + 1);
			errno = got < 0 ? errno : EFBIG;
			return false;
		}
		if (got == 0)
			break;
		n += (size_t)got;
	}
	p[n] = 0;
	*bytes = p;
	*len = n;
	return true;
}

/* A secret is only one as long as nobody else can read or replace it. */
static bool check_secret(const struct stat *st, const char *path, char why[static CONFIG_WHY_MAX])
{
	if (st->st_uid != 0 && st->st_uid != geteuid()) {
		(void)snprintf(why, CONFIG_WHY_MAX,
			       "%.200s belongs to user %u; make it root's (chown root)", path,
			       (unsigned)st->st_uid);
		return false;
	}
	if (st->st_mode & 077) {
		(void)snprintf(why, CONFIG_WHY_MAX,
			       "%.200s can be read or written by others (mode %04o); protect it "
			       "(chmod 600)",
			       path, (unsigned)st->st_mode & 07777);
		return false;
	}
	return true;
}

static bool read_file(void *ctx, const char *path, enum config_file_kind kind, char **bytes,
		      size_t *len, char why[static CONFIG_WHY_MAX])
{
	size_t max = kind == CONFIG_FILE_CONF ? CONFIG_FILE_MAX : CONFIG_SECRET_MAX;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	bool ok = false;

	(void)ctx;
	if (fd < 0 || fstat(fd, &st) < 0) {
		(void)snprintf(why, CONFIG_WHY_MAX, "cannot open %.200s: %s", path,
			       strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		(void)snprintf(why, CONFIG_WHY_MAX, "%.200s is not a regular file", path);
		goto out;
	}
	if (kind == CONFIG_FILE_SECRET && !check_secret(&st, path, why))
		goto out;
	if (kind == CONFIG_FILE_CONF && st.st_mode & 022) {
		(void)snprintf(
			why, CONFIG_WHY_MAX,
			"%.200s can be written by others (mode %04o); protect it (chmod go-w)",
			path, (unsigned)st.st_mode & 07777);
		goto out;
	}
	ok = slurp(fd, max, bytes, len);
	if (!ok && errno == EFBIG)
		(void)snprintf(why, CONFIG_WHY_MAX, "%.200s is longer than %zu bytes", path, max);
	else if (!ok)
		(void)snprintf(why, CONFIG_WHY_MAX, "cannot read %.200s: %s", path,
			       strerror(errno));
out:
	if (fd >= 0)
		(void)close(fd);
	return ok;
}

struct config_source config_files(void)
{
	return (struct config_source){ .read = read_file };
}
