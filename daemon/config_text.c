/*
 * daemon/config_text.c - the bytes of spoked.conf made safe for libconfuse.
 *
 * libconfuse's scanner is lenient where a daemon that runs as root should not be, and it loses
 * count of lines at comments.  So a first walk over the text, with the same grammar of comments,
 * strings and words, refuses what would be read otherwise than it is written:
 *
 *	- a string, comment or section that is never closed (the scanner takes the end of file as
 *	  its end), and strings that run over the end of a line;
 *	- ${NAME}, which would be replaced from the environment;
 *	- escapes other than \" and \\, which would silently lose their backslash;
 *	- characters that the scanner would silently skip;
 *	- control characters and NUL, which would end the text early.
 *
 * Comments are blanked, newlines kept: line numbers are then right.  The walk also notes the line
 * of each section's brace, which libconfuse forgets.  Pure: no I/O; the text is changed in place.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_priv.h"

struct scan {
	char *text;
	size_t len, at;
	int line;
	unsigned depth;
	struct config_text *out;
	size_t cap; /* of out->line */
	char *why;
};

static bool refuse(struct scan *s, const char *text)
{
	(void)snprintf(s->why, CONFIG_WHY_MAX, "%s", text);
	return false;
}

static char peek(const struct scan *s, size_t ahead)
{
	return ahead < s->len - s->at ? s->text[s->at + ahead] : 0;
}

/* Blank the character here and go on; a newline stays. */
static void blank(struct scan *s)
{
	if (s->text[s->at] == '\n')
		s->line++;
	else
		s->text[s->at] = ' ';
	s->at++;
}

static void line_comment(struct scan *s)
{
	while (s->at < s->len && s->text[s->at] != '\n')
		blank(s);
}

static bool block_comment(struct scan *s)
{
	int begun = s->line;

	blank(s);
	blank(s);
	while (s->at < s->len) {
		if (peek(s, 0) == '*' && peek(s, 1) == '/') {
			blank(s);
			blank(s);
			return true;
		}
		blank(s);
	}
	s->line = begun;
	return refuse(s, "this comment is never closed; end it with */");
}

/* A quoted string, from its opening quote to behind its closing one. */
static bool string(struct scan *s)
{
	char quote = s->text[s->at++];

	while (s->at < s->len) {
		unsigned char c = (unsigned char)s->text[s->at];

		if (c == (unsigned char)quote) {
			s->at++;
			return true;
		}
		if (c == '\n')
			break;
		if (c < 0x20 || c == 0x7f)
			return refuse(s, "a control character in a string; take it out");
		if (quote == '"' && c == '$' && peek(s, 1) == '{')
			return refuse(s, "\"${\" would be replaced from the environment; write the "
					 "value itself, or '${' in single quotes");
		if (c == '\\') {
			char next = peek(s, 1);

			if (quote == '"' && next != '"' && next != '\\')
				return refuse(s, "unknown escape in a string; write \\\\ for a "
						 "backslash, \\\" for a quote");
			if (next == quote || next == '\\')
				s->at++;
		}
		s->at++;
	}
	return refuse(s, "this string does not end on its line; close it with a quote");
}

static bool open_brace(struct scan *s)
{
	if (s->depth++)
		return true;
	if (s->out->count == CONFIG_SECTIONS_MAX)
		return refuse(s, "too many sections");
	if (s->out->count == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 64;
		int *grown = realloc(s->out->line, cap * sizeof(*grown));

		if (!grown)
			return refuse(s, "out of memory");
		s->out->line = grown;
		s->cap = cap;
	}
	s->out->line[s->out->count++] = s->line;
	return true;
}

/* Anything outside of strings and comments. */
static bool plain(struct scan *s)
{
	unsigned char c = (unsigned char)s->text[s->at];

	if (c == '\n') {
		s->line++;
	} else if (c == '{') {
		if (!open_brace(s))
			return false;
	} else if (c == '}') {
		s->depth -= s->depth > 0;
	} else if (c == '$' && peek(s, 1) == '{') {
		return refuse(s, "${...} would be replaced from the environment; write the value "
				 "itself");
	} else if (c == '+' && peek(s, 1) != '=') {
		return refuse(s, "a stray \"+\"; put values with such characters in quotes");
	} else if (strchr("*()|", c)) { /* NUL, too: strchr finds its terminator */
		return refuse(s, c ? "a stray \"*\", \"(\", \")\" or \"|\"; put values with such "
				     "characters in quotes"
				   : "a NUL byte; this is not a text file");
	} else if ((c < 0x20 && c != '\t' && c != '\r') || c > 0x7e) {
		return refuse(s, "a character that is not printable ASCII; put values with such "
				 "characters in quotes");
	}
	s->at++;
	return true;
}

/* Two slashes begin a comment only where a word could begin: "a//b" is a word. */
static bool word_begins(const struct scan *s)
{
	return s->at == 0 || strchr(" \t\r\n={}+,\"'", s->text[s->at - 1]) != NULL;
}

bool config_text_clean(char *text, size_t len, struct config_text *out, int *line,
		       char why[static CONFIG_WHY_MAX])
{
	struct scan s = { .text = text, .len = len, .line = 1, .out = out, .why = why };
	bool ok = true;

	*out = (struct config_text){ 0 };
	while (ok && s.at < s.len) {
		char c = peek(&s, 0);

		if (c == '#' || (c == '/' && peek(&s, 1) == '/' && word_begins(&s)))
			line_comment(&s);
		else if (c == '/' && peek(&s, 1) == '*')
			ok = block_comment(&s);
		else if (c == '"' || c == '\'')
			ok = string(&s);
		else
			ok = plain(&s);
	}
	if (ok && s.depth) { /* libconfuse takes the end of file for the end of a section */
		s.line = out->line[out->count - 1];
		ok = refuse(&s, "this \"{\" is never closed; end it with \"}\"");
	}
	*line = s.line;
	return ok;
}

void config_text_fini(struct config_text *text)
{
	free(text->line);
	*text = (struct config_text){ 0 };
}
