/*
 * daemon/config_tree.c - libconfuse, and all that knows it: the keys that exist, their values, and
 * the line of each.
 *
 * libconfuse finds sections, keys, strings and lists; what they mean is read later from the
 * finished tree, so that checks may look at everything.  By then libconfuse has forgotten the
 * lines.  So every key has a callback, called at each of its values, that keeps the line in the
 * key's comment (a string that libconfuse carries along and we have no other use for): "17" or, for
 * a list, "17 17 18".  The same callback sees that a key is written twice, which libconfuse would
 * accept silently.  Sections' lines come from config_text.
 *
 * libconfuse's scanner has global state: one configuration is parsed at a time, on one thread.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_priv.h"

static const struct config_key keys[] = {
	{ "", "user", false },
	{ "", "log", false },
	{ "", "remove-policies-at-exit", false },
	{ "control", "socket", false },
	{ "control", "mode", false },
	{ "control", "group", false },
	{ "retransmit", "interval", false },
	{ "retransmit", "factor", false },
	{ "retransmit", "max-interval", false },
	{ "retransmit", "tries", false },
	{ "retransmit", "probe-tries", false },
	{ "half-open", "max", false },
	{ "half-open", "cookie-threshold", false },
	{ "half-open", "max-per-address", false },
	{ "half-open", "timeout", false },
	{ "tunnel", "type", false },
	{ "tunnel", "address", true },
	{ "tunnel", "key", false },
	{ "tunnel", "source", false },
	{ "tunnel", "remote", false },
	{ "tunnel", "ttl", false },
	{ "tunnel", "mtu", false },
	{ "peer", "remote", false },
	{ "peer", "local", false },
	{ "peer", "auth", false },
	{ "peer", "local-id", false },
	{ "peer", "remote-id", false },
	{ "peer", "secret-file", false },
	{ "peer", "ike-proposals", true },
	{ "peer", "esp-proposals", true },
	{ "peer", "replay-window", false },
	{ "peer", "force-encap", false },
	{ "peer", "dpd", false },
	{ "peer", "lifetime", false },
};

static const struct {
	const char *name;
	cfg_flag_t flags;
} sections[] = {
	{ "control", CFGF_NONE },
	{ "retransmit", CFGF_NONE },
	{ "half-open", CFGF_NONE },
	{ "tunnel", CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES },
	{ "peer", CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES },
};

#define SECTION_KEYS_MAX 16

const struct config_key *config_key_at(size_t index)
{
	return index < ARRAY_LEN(keys) ? &keys[index] : NULL;
}

/* The run whose text is being parsed: libconfuse's callbacks carry no context of ours. */
static struct config_load *parsing;

/* ---- errors ---- */

/* "tunnel" for a section's tree, "" for the root's. */
static const char *section_name(cfg_t *tree)
{
	return strcmp(cfg_name(tree), "root") == 0 ? "" : cfg_name(tree);
}

/* What may stand in a section: "type, address, …", and outside of all the sections' names, too. */
static void list_keys(const char *section, char out[static CONFIG_WHY_MAX])
{
	size_t len = 0;

	out[0] = 0;
	for (size_t i = 0; i < ARRAY_LEN(keys) && len < CONFIG_WHY_MAX; i++) {
		if (strcmp(keys[i].section, section) == 0)
			len += (size_t)snprintf(out + len, CONFIG_WHY_MAX - len, "%s%s",
						len ? ", " : "", keys[i].name);
	}
	for (size_t i = 0; !section[0] && i < ARRAY_LEN(sections) && len < CONFIG_WHY_MAX; i++)
		len += (size_t)snprintf(out + len, CONFIG_WHY_MAX - len, ", %s { }",
					sections[i].name);
}

static const struct {
	const char *begins; /* libconfuse's words */
	const char *advice;
} hints[] = {
	{ "missing equal sign", "write KEY = VALUE" },
	{ "unexpected token", "write KEY = VALUE or KEY = { VALUE, VALUE }" },
	{ "unexpected closing brace", "there is one \"}\" too many" },
	{ "premature end of file", "a \"{\" above is not closed, or a value is missing" },
	{ "missing title", "write its name before the \"{\"" },
	{ "missing opening brace", "write NAME { ... }" },
	{ "attempt to append", "write \"=\"" },
	{ "found duplicate title", "give each section a name of its own" },
};

static void on_error(cfg_t *tree, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

static void on_error(cfg_t *tree, const char *format, va_list args)
{
	char text[CONFIG_WHY_MAX], known[CONFIG_WHY_MAX];
	const char *section = section_name(tree);

	(void)vsnprintf(text, sizeof(text), format, args);
	if (strncmp(text, "no such option", 14) == 0) {
		bool secret = strstr(text, "'secret'") || strstr(text, "'psk'") ||
			      strstr(text, "'password'");

		list_keys(section, known);
		(void)config_refuse(parsing, tree->line, "%s %s%s; %s%s", text,
				    section[0] ? "in " : "outside of sections", section,
				    secret ? "secrets do not stand here: name a file with "
					     "secret-file.  There are: "
					   : "there are: ",
				    known);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(hints); i++) {
		if (strncmp(text, hints[i].begins, strlen(hints[i].begins)) == 0) {
			(void)config_refuse(parsing, tree->line, "%s; %s", text, hints[i].advice);
			return;
		}
	}
	(void)config_refuse(parsing, tree->line, "%s", text);
}

/* ---- parsing ---- */

/* The first number of a key's comment, which on_value wrote. */
static int first_line(const char *lines)
{
	return (int)strtol(lines, NULL, 10);
}

/*
 * A value of `opt` has been read: keep its line.  libconfuse has already made room for it, so
 * nvalues is 1 for the first value of an assignment.
 */
static int on_value(cfg_t *tree, cfg_opt_t *opt, const char *value, void *result)
{
	const char *old = cfg_opt_getcomment(opt);
	size_t len = old ? strlen(old) : 0;

	if (old && cfg_opt_size(opt) == 1) {
		(void)config_refuse(parsing, tree->line,
				    "%s is written a second time (first in line %d); keep one of "
				    "them%s",
				    opt->name, first_line(old),
				    opt->flags & CFGF_LIST ? ", a list is { VALUE, VALUE }" : "");
		return -1;
	}

	char *comment = malloc(len + 16);

	if (!comment) {
		(void)config_refuse(parsing, tree->line, "out of memory");
		return -1;
	}
	(void)snprintf(comment, len + 16, "%s%s%d", old ? old : "", old ? " " : "", tree->line);

	int failed = cfg_opt_setcomment(opt, comment);

	free(comment);
	if (failed) {
		(void)config_refuse(parsing, tree->line, "out of memory");
		return -1;
	}
	*(const char **)result = value;
	return 0;
}

/* Fill `opts` with the keys of a section; how many there are. */
static size_t section_opts(const char *section, cfg_opt_t opts[static SECTION_KEYS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (strcmp(keys[i].section, section) != 0)
			continue;
		assert(n < SECTION_KEYS_MAX - 1);
		if (keys[i].list)
			opts[n++] = (cfg_opt_t)CFG_STR_LIST_CB(keys[i].name, NULL, CFGF_NODEFAULT,
							       on_value);
		else
			opts[n++] =
				(cfg_opt_t)CFG_STR_CB(keys[i].name, NULL, CFGF_NODEFAULT, on_value);
	}
	opts[n] = (cfg_opt_t)CFG_END();
	return n;
}

bool config_tree_parse(struct config_load *load, const char *text)
{
	cfg_opt_t opts[ARRAY_LEN(sections)][SECTION_KEYS_MAX];
	cfg_opt_t root[SECTION_KEYS_MAX];
	size_t n = section_opts("", root);

	for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
		assert(n < SECTION_KEYS_MAX - 1);
		(void)section_opts(sections[i].name, opts[i]);
		root[n++] = (cfg_opt_t)CFG_SEC(sections[i].name, opts[i], sections[i].flags);
	}
	root[n] = (cfg_opt_t)CFG_END();

	/* Copies all the options, so they may live on our stack. */
	load->tree = cfg_init(root, CFGF_NONE);
	if (!load->tree)
		return config_refuse(load, 0, "out of memory");
	(void)cfg_set_error_function(load->tree, on_error);
	parsing = load;

	int err = cfg_parse_buf(load->tree, text);

	parsing = NULL;
	if (err && !load->failed)
		return config_refuse(load, load->tree->line,
				     "syntax error; write KEY = VALUE or SECTION { ... }");
	return !err;
}

/* ---- looking in ---- */

size_t config_sections(const struct config_load *load, const char *kind)
{
	return cfg_size(load->tree, kind);
}

cfg_t *config_section(const struct config_load *load, const char *kind, size_t index)
{
	return cfg_getnsec(load->tree, kind, (unsigned)index);
}

size_t config_count(cfg_t *section, const char *key)
{
	return cfg_size(section, key);
}

const char *config_get_at(cfg_t *section, const char *key, size_t index)
{
	return index < config_count(section, key) ? cfg_getnstr(section, key, (unsigned)index)
						  : NULL;
}

const char *config_get(cfg_t *section, const char *key)
{
	return config_get_at(section, key, 0);
}

/*
 * The last brace before the section's first key: with several sections on a line it is the same
 * line anyway.
 */
int config_section_line(const struct config_load *load, cfg_t *section)
{
	int first = section->line, line = 0; /* libconfuse left its last line there */

	for (size_t i = 0; section->opts[i].name; i++) {
		const char *lines = cfg_opt_getcomment(&section->opts[i]);

		if (lines && first_line(lines) < first)
			first = first_line(lines);
	}
	for (size_t i = 0; i < load->text.count && load->text.line[i] <= first; i++)
		line = load->text.line[i];
	return line;
}

int config_line(const struct config_load *load, cfg_t *section, const char *key, size_t index)
{
	const char *lines = cfg_getcomment(section, key);

	if (!lines || !config_count(section, key))
		return config_section_line(load, section);
	for (; index && strchr(lines, ' '); index--)
		lines = strchr(lines, ' ') + 1;
	return first_line(lines);
}

/* ---- keys of simple kinds ---- */

bool config_number(struct config_load *load, cfg_t *section, const char *key, uint32_t min,
		   uint32_t max, uint32_t *value)
{
	const char *text = config_get(section, key);
	uint32_t number;

	if (!text)
		return true;
	if (!config_value_number(text, &number) || number < min || number > max)
		return config_refuse(load, config_line(load, section, key, 0),
				     "%s = \"%s\" will not do; write a whole number from %u to %u",
				     key, text, min, max);
	*value = number;
	return true;
}

bool config_flag(struct config_load *load, cfg_t *section, const char *key, bool *value)
{
	const char *text = config_get(section, key);

	if (!text || config_value_flag(text, value))
		return true;
	return config_refuse(load, config_line(load, section, key, 0),
			     "%s = \"%s\" will not do; write true or false", key, text);
}

bool config_addr(struct config_load *load, cfg_t *section, const char *key, struct addr *value)
{
	const char *text = config_get(section, key);

	if (!text || addr_parse(text, value))
		return true;
	if (strcmp(text, "any") == 0) {
		*value = (struct addr){ .family = ADDR_NONE };
		return true;
	}
	return config_refuse(load, config_line(load, section, key, 0),
			     "%s = \"%s\" will not do; write an IP address, or any", key, text);
}

bool config_duration(struct config_load *load, cfg_t *section, const char *key,
		     const struct config_span *span, tick_t *value)
{
	const char *text = config_get(section, key);
	char min[32], max[32];
	tick_t us;

	if (!text)
		return true;
	if (config_value_duration(text, &us)) {
		bool fits = us >= span->min_us && us <= span->max_us;

		if (fits || (us == 0 && span->or_zero)) {
			*value = us;
			return true;
		}
	}
	return config_refuse(load, config_line(load, section, key, 0),
			     "%s = \"%s\" will not do; write a time from %s to %s%s (units: ms, s, "
			     "m, h, d)",
			     key, text, config_value_duration_text(span->min_us, min),
			     config_value_duration_text(span->max_us, max),
			     span->or_zero ? ", or 0 for never" : "");
}
