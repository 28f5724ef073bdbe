/*
 * daemon/config_priv.h - what the files of the configuration share among themselves.
 *
 *	config_text.c	 the bytes made safe for libconfuse
 *	config_tree.c	 libconfuse: sections and keys, each with its line
 *	config_value.c	 numbers, durations and words out of text
 *	config.c	 config_load: the order of things, and the keys outside of tunnel and peer
 *	config_tunnel.c, config_peer.c
 *			 what those two sections mean, and how they fit together
 */
#ifndef DAEMON_CONFIG_PRIV_H
#define DAEMON_CONFIG_PRIV_H

#include <confuse.h>

#include "daemon/config.h"

#define CONFIG_SECTIONS_MAX 8192 /* braces at the outermost level */
#define CONFIG_REQID_FIRST  0x10000u
#define CONFIG_REQID_LAST   0x7fffffffu

/* ---- config_text.c ---- */

/* Where the sections of a text begin, in the order of the text. */
struct config_text {
	int *line;
	size_t count;
};

/*
 * Check `text` (NUL-terminated, `len` bytes without it) and blank its comments in place.  False:
 * `line` and `why` say where and what.  `out` needs config_text_fini either way.
 */
bool config_text_clean(char *text, size_t len, struct config_text *out, int *line,
		       char why[static CONFIG_WHY_MAX]);
void config_text_fini(struct config_text *text);

/* ---- one run of config_load ---- */

struct config_load {
	const char *path;
	const struct config_source *source;
	struct config *config; /* in the making */
	cfg_t *tree;
	struct config_text text;
	bool failed;
	char *why; /* CONFIG_WHY_MAX; the first error wins */
};

/* Note an error.  Always false, so that checks can return it. */
bool config_refuse(struct config_load *load, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Note something that an operator should know, but that does not keep spoked from starting. */
void config_warn(struct config_load *load, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- config_tree.c ---- */

struct config_key {
	const char *section; /* "" outside of all */
	const char *name;
	bool list;
};

/* Every key there is; NULL behind the last. */
const struct config_key *config_key_at(size_t index);

/* Parse `text`, cleaned, into load->tree (freed by config_load).  False: the error is noted. */
bool config_tree_parse(struct config_load *load, const char *text);

/* Sections of one kind ("tunnel", "peer"); "control" and its like are always there, once. */
size_t config_sections(const struct config_load *load, const char *kind);
cfg_t *config_section(const struct config_load *load, const char *kind, size_t index);
int config_section_line(const struct config_load *load, cfg_t *section);

/* A key's values: none if it is not written.  Borrowed until the tree goes. */
size_t config_count(cfg_t *section, const char *key);
const char *config_get_at(cfg_t *section, const char *key, size_t index);
const char *config_get(cfg_t *section, const char *key); /* the first, or NULL */

/* The line of a key's value; the section's own if the key is not written. */
int config_line(const struct config_load *load, cfg_t *section, const char *key, size_t index);

/*
 * Read a key into `value`, which keeps its default where the key is not written.  False: the value
 * is not of the kind or out of range, and the error is noted.
 */
bool config_number(struct config_load *load, cfg_t *section, const char *key, uint32_t min,
		   uint32_t max, uint32_t *value);
bool config_flag(struct config_load *load, cfg_t *section, const char *key, bool *value);
bool config_addr(struct config_load *load, cfg_t *section, const char *key, struct addr *value);

struct config_span {
	tick_t min_us, max_us;
	bool or_zero; /* 0 means never */
};
bool config_duration(struct config_load *load, cfg_t *section, const char *key,
		     const struct config_span *span, tick_t *value);

/* ---- config_value.c: pure; false leaves `out` alone ---- */

bool config_value_number(const char *text, uint32_t *out); /* 10, 0x0a */
bool config_value_flag(const char *text, bool *out);
bool config_value_percent(const char *text, uint32_t *out); /* "1.6": 160 */
bool config_value_octal(const char *text, unsigned *out);   /* "0660" */
bool config_value_duration(const char *text, tick_t *out);  /* "500ms", "10s", "5m", "8h", "30d" */
const char *config_value_duration_text(tick_t us, char out[static 32]);

/* "10.8.0.5/32", host bits kept. */
bool config_value_interface(const char *text, struct xfrm_tunnel_address *out);

/* Only letters, digits and ". _ -" (and what `more` adds), at least one, less than `cap` bytes. */
bool config_value_name(const char *text, const char *more, size_t cap);

/* A name that the kernel takes for an interface, and that nobody regrets in a shell. */
bool config_value_ifname(const char *text);

/*
 * A shared secret from the bytes of its file: one trailing newline does not belong to it; "0x…" is
 * hex, "0s…" base64.  `out` is malloc'ed: give it to secret_free.
 */
bool config_value_secret(const char *bytes, size_t len, uint8_t **out, size_t *out_len,
			 char why[static CONFIG_WHY_MAX]);

/* ---- config_tunnel.c, config_peer.c ---- */

bool config_tunnels(struct config_load *load);
bool config_peers(struct config_load *load);

/* What needs both: reqids, ESP's overhead, tunnels without a peer. */
void config_join(struct config_load *load);

#endif
