/*
 * ctl/vici.c - the codec of the control protocol: doc/CONTROL.md, section 1.
 *
 * Writing: a packet grows in memory of its own while sections, keys and lists are added; the first
 * failure (memory, a limit) sticks and is told once, by ctl_out_finish.  Nesting that does not fit
 * is our own bug and asserted: what is written comes from our code, never from a peer, save for
 * values, which may be any bytes.
 *
 * Reading: a pull parser over borrowed bytes.  It holds no stack, only a depth, so that no input
 * makes it recurse or allocate; every rule of nesting is checked on the way, and the end of the
 * bytes is an end of the message only if all sections are closed.
 *
 * Left out: the meaning of any key, and all I/O (conn.c, and the daemon's server).
 */
#include "ctl/ctl.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define LENGTH_FIELD 4u
#define OUT_MAX	     (CTL_PACKET_MAX + LENGTH_FIELD)
#define OUT_FIRST    256u

/* Which packet types carry a name: doc/CONTROL.md 1. */
static const bool named[] = {
	[CTL_CMD_REQUEST] = true,      [CTL_CMD_RESPONSE] = false,
	[CTL_CMD_UNKNOWN] = false,     [CTL_EVENT_REGISTER] = true,
	[CTL_EVENT_UNREGISTER] = true, [CTL_EVENT_CONFIRM] = false,
	[CTL_EVENT_UNKNOWN] = false,   [CTL_EVENT] = true,
};

const char *ctl_err_text(enum ctl_err err)
{
	switch (err) {
	case CTL_OK:
		return "no error";
	case CTL_E_TRUNCATED:
		return "an element runs past the end of the packet";
	case CTL_E_ELEMENT:
		return "an element that is unknown or may not stand there";
	case CTL_E_DEPTH:
		return "sections nested too deep or not closed";
	case CTL_E_PACKET:
		return "unknown packet type, or a name missing";
	case CTL_E_TOO_LONG:
		return "too long";
	case CTL_E_MEMORY:
		return "out of memory";
	}
	return "unknown error";
}

/* ---- writing ---- */

static void fail(struct ctl_out *out, enum ctl_err why)
{
	if (out->bad)
		return;
	out->bad = true;
	out->why = why;
}

/* Make room for `len` more bytes; NULL, and the packet bad, if there is none. */
static uint8_t *space(struct ctl_out *out, size_t len)
{
	if (out->bad)
		return NULL;
	if (len > OUT_MAX - out->len) {
		fail(out, CTL_E_TOO_LONG);
		return NULL;
	}
	if (len > out->cap - out->len) {
		size_t cap = out->cap ? out->cap : OUT_FIRST;

		while (cap < out->len + len)
			cap *= 2;

		uint8_t *p = realloc(out->p, cap);

		if (!p) {
			fail(out, CTL_E_MEMORY);
			return NULL;
		}
		out->p = p;
		out->cap = cap;
	}

	uint8_t *p = out->p + out->len;

	out->len += len;
	return p;
}

static void put(struct ctl_out *out, const void *bytes, size_t len)
{
	uint8_t *p = len ? space(out, len) : NULL;

	if (p)
		memcpy(p, bytes, len);
}

static void put_u8(struct ctl_out *out, unsigned v)
{
	put(out, (uint8_t[]){ (uint8_t)v }, 1);
}

static void put_name(struct ctl_out *out, const char *name)
{
	size_t len = strlen(name);

	if (len > CTL_NAME_MAX) {
		fail(out, CTL_E_TOO_LONG);
		return;
	}
	put_u8(out, (unsigned)len);
	put(out, name, len);
}

static void put_value(struct ctl_out *out, const void *bytes, size_t len)
{
	if (len > CTL_VALUE_MAX) {
		fail(out, CTL_E_TOO_LONG);
		return;
	}
	put_u8(out, (unsigned)(len >> 8));
	put_u8(out, (unsigned)(len & 0xff));
	put(out, bytes, len);
}

void ctl_out_init(struct ctl_out *out, enum ctl_packet type, const char *name)
{
	*out = (struct ctl_out){ .why = CTL_OK };
	assert(named[type] == (name && *name));
	put(out, (uint8_t[LENGTH_FIELD]){ 0 }, LENGTH_FIELD);
	put_u8(out, type);
	if (name)
		put_name(out, name);
}

void ctl_out_free(struct ctl_out *out)
{
	free(out->p);
	*out = (struct ctl_out){ .bad = true, .why = CTL_E_MEMORY };
}

void ctl_section(struct ctl_out *out, const char *name)
{
	assert(!out->in_list);
	if (++out->depth > CTL_DEPTH_MAX)
		fail(out, CTL_E_DEPTH);
	put_u8(out, CTL_SECTION_START);
	put_name(out, name);
}

void ctl_section_end(struct ctl_out *out)
{
	assert(out->depth > 0 && !out->in_list);
	out->depth--;
	put_u8(out, CTL_SECTION_END);
}

void ctl_value(struct ctl_out *out, const char *key, const void *bytes, size_t len)
{
	assert(!out->in_list);
	put_u8(out, CTL_KEY_VALUE);
	put_name(out, key);
	put_value(out, bytes, len);
}

void ctl_text(struct ctl_out *out, const char *key, const char *text)
{
	ctl_value(out, key, text, strlen(text));
}

void ctl_printf(struct ctl_out *out, const char *key, const char *format, ...)
{
	char small[512];
	char *text = small;
	va_list args;

	va_start(args, format);

	int len = vsnprintf(small, sizeof(small), format, args);

	va_end(args);
	if (len < 0 || len > CTL_VALUE_MAX) {
		fail(out, CTL_E_TOO_LONG);
		return;
	}
	if ((size_t)len >= sizeof(small)) {
		text = malloc((size_t)len + 1);
		if (!text) {
			fail(out, CTL_E_MEMORY);
			return;
		}
		va_start(args, format);
		(void)vsnprintf(text, (size_t)len + 1, format, args);
		va_end(args);
	}
	ctl_value(out, key, text, (size_t)len);
	if (text != small)
		free(text);
}

void ctl_list(struct ctl_out *out, const char *name)
{
	assert(!out->in_list);
	out->in_list = true;
	put_u8(out, CTL_LIST_START);
	put_name(out, name);
}

void ctl_item(struct ctl_out *out, const char *text)
{
	assert(out->in_list);
	put_u8(out, CTL_LIST_ITEM);
	put_value(out, text, strlen(text));
}

void ctl_list_end(struct ctl_out *out)
{
	assert(out->in_list);
	out->in_list = false;
	put_u8(out, CTL_LIST_END);
}

enum ctl_err ctl_out_finish(struct ctl_out *out)
{
	assert(out->depth == 0 && !out->in_list);
	if (out->bad)
		return out->why;

	size_t len = out->len - LENGTH_FIELD;

	for (size_t i = 0; i < LENGTH_FIELD; i++)
		out->p[i] = (uint8_t)(len >> 8 * (LENGTH_FIELD - 1 - i));
	return CTL_OK;
}

/* ---- reading ---- */

/*
 * A length byte and a name into `name`.  A zero byte in it would make two different names look the
 * same to us, so it is refused with `err`.
 */
static enum ctl_err read_name(struct cur *cur, char name[static CTL_NAME_MAX + 1], enum ctl_err err)
{
	size_t len = cur_u8(cur);
	const uint8_t *p = cur_bytes(cur, len);

	name[0] = 0;
	if (cur->bad)
		return CTL_E_TRUNCATED;
	if (len && memchr(p, 0, len))
		return err;
	if (len)
		memcpy(name, p, len);
	name[len] = 0;
	return CTL_OK;
}

enum ctl_err ctl_packet_parse(struct cur packet, enum ctl_packet *type,
			      char name[static CTL_NAME_MAX + 1], struct ctl_in *message)
{
	if (packet.left > CTL_PACKET_MAX)
		return CTL_E_TOO_LONG;

	uint8_t raw = cur_u8(&packet);

	name[0] = 0;
	if (packet.bad)
		return CTL_E_TRUNCATED;
	if (raw >= ARRAY_LEN(named))
		return CTL_E_PACKET;
	if (named[raw]) {
		enum ctl_err err = read_name(&packet, name, CTL_E_PACKET);

		if (err)
			return err;
		if (!name[0])
			return CTL_E_PACKET;
	}
	*type = (enum ctl_packet)raw;
	*message = (struct ctl_in){ .cur = packet };
	return CTL_OK;
}

/* May this element stand here?  doc/CONTROL.md 1: lists hold items, items stand in lists. */
static enum ctl_err check_place(const struct ctl_in *in, uint8_t element)
{
	switch (element) {
	case CTL_SECTION_START:
		if (in->in_list)
			return CTL_E_ELEMENT;
		return in->depth == CTL_DEPTH_MAX ? CTL_E_DEPTH : CTL_OK;
	case CTL_SECTION_END:
		return in->in_list || in->depth == 0 ? CTL_E_ELEMENT : CTL_OK;
	case CTL_KEY_VALUE:
	case CTL_LIST_START:
		return in->in_list ? CTL_E_ELEMENT : CTL_OK;
	case CTL_LIST_ITEM:
	case CTL_LIST_END:
		return in->in_list ? CTL_OK : CTL_E_ELEMENT;
	}
	return CTL_E_ELEMENT;
}

static enum ctl_err read_value(struct cur *cur, struct cur *value)
{
	size_t len = cur_u16(cur);

	*value = cur_sub(cur, len);
	return cur->bad ? CTL_E_TRUNCATED : CTL_OK;
}

/* The content of an element whose type byte has been read and may stand here. */
static enum ctl_err read_element(struct ctl_in *in, struct ctl_item *item)
{
	enum ctl_err err = CTL_OK;

	switch (item->element) {
	case CTL_SECTION_START:
		in->depth++;
		return read_name(&in->cur, item->name, CTL_E_ELEMENT);
	case CTL_SECTION_END:
		in->depth--;
		return CTL_OK;
	case CTL_KEY_VALUE:
		err = read_name(&in->cur, item->name, CTL_E_ELEMENT);
		return err ? err : read_value(&in->cur, &item->value);
	case CTL_LIST_START:
		in->in_list = true;
		return read_name(&in->cur, item->name, CTL_E_ELEMENT);
	case CTL_LIST_ITEM:
		return read_value(&in->cur, &item->value);
	case CTL_LIST_END:
		in->in_list = false;
		return CTL_OK;
	case CTL_END:
		break;
	}
	return CTL_E_ELEMENT;
}

enum ctl_err ctl_next(struct ctl_in *in, struct ctl_item *item)
{
	item->element = CTL_END;
	item->name[0] = 0;
	item->value = cur_of(NULL, 0);
	if (in->cur.bad)
		return CTL_E_TRUNCATED;
	if (!in->cur.left) {
		if (!in->depth && !in->in_list)
			return CTL_OK;
		in->cur.bad = true;
		return CTL_E_DEPTH;
	}

	uint8_t raw = cur_u8(&in->cur);
	enum ctl_err err = check_place(in, raw);

	if (!err) {
		item->element = (enum ctl_element)raw;
		err = read_element(in, item);
	}
	if (err) {
		item->element = CTL_END;
		in->cur.bad = true;
	}
	return err;
}

enum ctl_err ctl_check(struct ctl_in message)
{
	struct ctl_item item;
	enum ctl_err err;

	do {
		err = ctl_next(&message, &item);
	} while (!err && item.element != CTL_END);
	return err;
}

bool ctl_copy(struct cur value, char *out, size_t cap)
{
	out[0] = 0;
	if (value.bad || value.left >= cap)
		return false;
	for (size_t i = 0; i < value.left; i++) {
		if (value.p[i] < 0x20 || value.p[i] > 0x7e)
			return false;
	}
	if (value.left)
		memcpy(out, value.p, value.left);
	out[value.left] = 0;
	return true;
}

bool ctl_get(struct ctl_in message, const char *key, char *out, size_t cap)
{
	struct ctl_item item;

	out[0] = 0;
	while (!ctl_next(&message, &item) && item.element != CTL_END) {
		if (item.element == CTL_KEY_VALUE && message.depth == 0 &&
		    strcmp(item.name, key) == 0)
			return ctl_copy(item.value, out, cap);
	}
	return false;
}
