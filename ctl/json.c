/*
 * ctl/json.c - messages of the control protocol as JSON (RFC 8259).
 *
 * Sections become objects, lists arrays of strings, values strings, numbers or true/false.  Which
 * keys are numbers is known by name where a peer has a say (an identity may well read "12345", an
 * SPI "10203040"); only in answers that the daemon makes by itself is every decimal a number.
 *
 * The output is ASCII: other characters are written as \uXXXX, bytes that are not UTF-8 as the
 * replacement character, so that it is valid whatever a peer calls itself.
 */
#include "ctl/ikectl.h"

#define REPLACEMENT 0xfffdu

static const char *const number_keys[] = {
	"uniqueid",    "version",    "local-port",  "remote-port", "encr-keysize", "integ-keysize",
	"established", "rekey-time", "reauth-time", "reqid",	   "bytes-in",	   "packets-in",
	"use-in",      "bytes-out",  "packets-out", "use-out",	   "life-time",	   "install-time",
};

static const char *const boolean_keys[] = {
	"initiator", "nat-local", "nat-remote", "nat-any", "encap", "esn", "up",
};

struct json {
	FILE *f;
	unsigned indent;
	bool comma;	  /* something stands before what comes next, in this object or array */
	bool all_numbers; /* every decimal value is a number, whatever its key */
};

/*
 * One UTF-8 character (RFC 3629) off the front of `in`, which is not empty; a byte that belongs to
 * none gives REPLACEMENT.
 */
static uint32_t take_rune(struct cur *in)
{
	static const uint32_t smallest[] = { 0, 0x80, 0x800, 0x10000 };
	uint8_t lead = cur_u8(in);
	unsigned more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
	uint32_t rune = lead & (0x3fu >> more);

	if (lead < 0x80)
		return lead;
	if (lead < 0xc2 || lead > 0xf4 || in->left < more)
		return REPLACEMENT;
	for (unsigned i = 0; i < more; i++) {
		if ((in->p[i] & 0xc0) != 0x80)
			return REPLACEMENT;
		rune = rune << 6 | (in->p[i] & 0x3f);
	}
	if (rune < smallest[more] || rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff))
		return REPLACEMENT;
	(void)cur_bytes(in, more);
	return rune;
}

static void put_string(FILE *f, struct cur text)
{
	(void)fputc('"', f);
	while (text.left) {
		uint32_t rune = take_rune(&text);

		if (rune == '"' || rune == '\\')
			(void)fprintf(f, "\\%c", (int)rune);
		else if (rune == '\n')
			(void)fputs("\\n", f);
		else if (rune >= 0x20 && rune <= 0x7e)
			(void)fputc((int)rune, f);
		else if (rune <= 0xffff)
			(void)fprintf(f, "\\u%04x", (unsigned)rune);
		else /* a surrogate pair: RFC 8259 7 */
			(void)fprintf(f, "\\u%04x\\u%04x", (unsigned)(0xd7c0 + (rune >> 10)),
				      (unsigned)(0xdc00 | (rune & 0x3ff)));
	}
	(void)fputc('"', f);
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/* Begin the next member or element: comma, new line, indentation. */
static void begin(struct json *json)
{
	(void)fputs(json->comma ? ",\n" : "\n", json->f);
	for (unsigned i = 0; i < json->indent; i++)
		(void)fputs("  ", json->f);
	json->comma = true;
}

static void begin_member(struct json *json, const char *name)
{
	begin(json);
	put_string(json->f, cur_of(name, strlen(name)));
	(void)fputs(": ", json->f);
}

static void open_bracket(struct json *json, char bracket)
{
	(void)fputc(bracket, json->f);
	json->indent++;
	json->comma = false;
}

/* An empty object or array closes on the line that it opened on. */
static void close_bracket(struct json *json, char bracket)
{
	bool empty = !json->comma;

	json->indent--;
	json->comma = false;
	if (!empty)
		begin(json);
	json->comma = true;
	(void)fputc(bracket, json->f);
}

static void put_member(struct json *json, const char *name, struct cur value)
{
	bool number = json->all_numbers || is_one_of(name, number_keys, ARRAY_LEN(number_keys));
	uint64_t n;

	begin_member(json, name);
	if (number && ikectl_u64_of(value, &n)) {
		(void)fwrite(value.p, 1, value.left, json->f);
	} else if (is_one_of(name, boolean_keys, ARRAY_LEN(boolean_keys))) {
		bool yes = cur_eq(value, cur_of("yes", 3)) || cur_eq(value, cur_of("1", 1));

		(void)fputs(yes ? "true" : "false", json->f);
	} else {
		put_string(json->f, value);
	}
}

/* The elements of a checked message, from where `in` stands until its depth falls below `depth`. */
static void put_members(struct json *json, struct ctl_in *in, unsigned depth)
{
	struct ctl_item item;

	while (!ctl_next(in, &item)) {
		switch (item.element) {
		case CTL_END:
			return;
		case CTL_SECTION_START:
			begin_member(json, item.name);
			open_bracket(json, '{');
			break;
		case CTL_SECTION_END:
			if (in->depth < depth)
				return;
			close_bracket(json, '}');
			break;
		case CTL_KEY_VALUE:
			put_member(json, item.name, item.value);
			break;
		case CTL_LIST_START:
			begin_member(json, item.name);
			open_bracket(json, '[');
			break;
		case CTL_LIST_ITEM:
			begin(json);
			put_string(json->f, item.value);
			break;
		case CTL_LIST_END:
			close_bracket(json, ']');
			break;
		}
	}
}

void ikectl_json_message(FILE *f, struct ctl_in message)
{
	struct json json = { .f = f, .all_numbers = true };

	open_bracket(&json, '{');
	put_members(&json, &message, 0);
	close_bracket(&json, '}');
	(void)fputc('\n', f);
}

void ikectl_json_sas(FILE *f, struct ctl_in event, size_t *count)
{
	struct json json = { .f = f, .indent = 1 };
	struct ctl_item item;

	while (!ctl_next(&event, &item) && item.element != CTL_END) {
		if (item.element != CTL_SECTION_START || event.depth != 1)
			continue;
		json.comma = *count > 0;
		begin(&json);
		open_bracket(&json, '{');
		begin_member(&json, "name");
		put_string(f, cur_of(item.name, strlen(item.name)));
		put_members(&json, &event, 1);
		close_bracket(&json, '}');
		(*count)++;
	}
}
