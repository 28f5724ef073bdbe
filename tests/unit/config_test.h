/*
 * tests/unit/config_test.h - a configuration and its secret files out of memory, for the tests of
 * daemon/config*.c.
 */
#ifndef TESTS_UNIT_CONFIG_TEST_H
#define TESTS_UNIT_CONFIG_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_priv.h"

#define GOOD_SECRET "correct horse battery staple"

/* What is enough of a peer, but for what a test wants to say. */
#define PEER(more) "peer us { remote = any secret-file = \"/s/good\" " more " }\n"
#define TUNNEL	   "tunnel gre1 { address = \"10.8.0.1/24\" }\n"

/* Paths are "/s/good" and whatever else a test lists; an array that ends with a NULL path. */
struct memory_file {
	const char *path;
	const char *bytes; /* NULL: cannot be read */
	size_t len;	   /* 0: as long as the string */
};

struct memory {
	const char *conf;
	const struct memory_file *file;
};

static inline bool memory_give(const char *from, size_t len, char **bytes, size_t *out_len)
{
	char *copy = malloc(len + 1);

	assert_non_null(copy);
	memcpy(copy, from, len);
	copy[len] = 0;
	*bytes = copy;
	*out_len = len;
	return true;
}

static inline bool memory_read(void *ctx, const char *path, enum config_file_kind kind,
			       char **bytes, size_t *len, char why[static CONFIG_WHY_MAX])
{
	const struct memory *memory = ctx;

	if (kind == CONFIG_FILE_CONF)
		return memory_give(memory->conf, strlen(memory->conf), bytes, len);
	for (const struct memory_file *file = memory->file; file && file->path; file++) {
		if (strcmp(path, file->path) == 0 && file->bytes)
			return memory_give(file->bytes, file->len ? file->len : strlen(file->bytes),
					   bytes, len);
	}
	if (strcmp(path, "/s/good") == 0)
		return memory_give(GOOD_SECRET "\n", strlen(GOOD_SECRET) + 1, bytes, len);
	(void)snprintf(why, CONFIG_WHY_MAX, "cannot open %s: not in this test", path);
	return false;
}

static inline struct config *load_with(const char *conf, const struct memory_file *file,
				       char why[static CONFIG_WHY_MAX])
{
	struct memory memory = { .conf = conf, .file = file };
	struct config_source source = { .read = memory_read, .ctx = &memory };

	return config_load("t.conf", &source, why);
}

/* It loads; config_free is the caller's. */
static inline struct config *load_ok(const char *conf)
{
	char why[CONFIG_WHY_MAX];
	struct config *config = load_with(conf, NULL, why);

	if (!config)
		fail_msg("refused: %s\n%s", why, conf);
	return config;
}

/* "t.conf:LINE: ", and the text in what follows. */
static inline bool says(const char *message, int line, const char *text)
{
	char begin[32];
	int len = snprintf(begin, sizeof(begin), "t.conf:%d: ", line);

	return strncmp(message, begin, (size_t)len) == 0 && strstr(message, text) != NULL;
}

static inline void refused(const char *conf, int line, const char *text)
{
	char why[CONFIG_WHY_MAX];
	struct config *config = load_with(conf, NULL, why);

	if (config)
		fail_msg("taken, without \"%s\":\n%s", text, conf);
	if (!says(why, line, text))
		fail_msg("\"%s\" instead of line %d, \"%s\":\n%s", why, line, text, conf);
	assert_null(strchr(why, '\n'));
}

/* It loads, with exactly one warning. */
static inline void warned(const char *conf, const struct memory_file *file, int line,
			  const char *text)
{
	char why[CONFIG_WHY_MAX];
	struct config *config = load_with(conf, file, why);

	if (!config)
		fail_msg("refused: %s\n%s", why, conf);
	if (config->warning_count != 1)
		fail_msg("%zu warnings instead of one (%s):\n%s", config->warning_count,
			 config->warnings[0], conf);
	if (!says(config->warnings[0], line, text))
		fail_msg("\"%s\" instead of line %d, \"%s\"", config->warnings[0], line, text);
	config_free(config);
}

#endif
