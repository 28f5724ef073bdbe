/*
 * ctl/ctl.h - the control protocol: strongSwan's VICI wire format, as a codec without I/O that the
 * daemon's server and ikectl's client share, and the client side's connection.
 * Framing: u32 length (big-endian, without itself), u8 packet type, [u8 length and name], message.
 * Elements: see enum ctl_element.  No request IDs: answers come in order, events in between.
 */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include "base/base.h"

#define CTL_PACKET_MAX	524288u /* 512 KiB, as strongSwan's */
#define CTL_NAME_MAX	255
#define CTL_VALUE_MAX	65535
#define CTL_DEPTH_MAX	16 /* nested sections */
#define CTL_SOCKET_PATH "/run/spoked/spoked.vici"

enum ctl_packet {
	CTL_CMD_REQUEST = 0,
	CTL_CMD_RESPONSE = 1,
	CTL_CMD_UNKNOWN = 2,
	CTL_EVENT_REGISTER = 3,
	CTL_EVENT_UNREGISTER = 4,
	CTL_EVENT_CONFIRM = 5,
	CTL_EVENT_UNKNOWN = 6,
	CTL_EVENT = 7,
};

enum ctl_element {
	CTL_END = 0, /* of the message: not on the wire */
	CTL_SECTION_START = 1,
	CTL_SECTION_END = 2,
	CTL_KEY_VALUE = 3,
	CTL_LIST_START = 4,
	CTL_LIST_ITEM = 5,
	CTL_LIST_END = 6,
};

enum ctl_err {
	CTL_OK = 0,
	CTL_E_TRUNCATED, /* an element runs past the end */
	CTL_E_ELEMENT,	 /* unknown element type, or one that may not stand here */
	CTL_E_DEPTH,	 /* nested deeper than CTL_DEPTH_MAX, or not closed */
	CTL_E_PACKET,	 /* unknown packet type, or no name where one must be */
	CTL_E_TOO_LONG,
	CTL_E_MEMORY,
};
const char *ctl_err_text(enum ctl_err err);

/* ---- writing: a growing packet ---- */

struct ctl_out {
	uint8_t *p; /* owned; the whole packet, its length included, after ctl_out_finish */
	size_t len, cap;
	bool bad;	  /* out of memory, or over a limit: sticky; then nothing more is written */
	enum ctl_err why; /* what made it bad */
	unsigned depth;	  /* sections open now */
	bool in_list;	  /* a list is open now */
};

/* Start a packet; `name` is NULL for the types that carry none. */
void ctl_out_init(struct ctl_out *out, enum ctl_packet type, const char *name);
void ctl_out_free(struct ctl_out *out);
void ctl_section(struct ctl_out *out, const char *name);
void ctl_section_end(struct ctl_out *out);
void ctl_value(struct ctl_out *out, const char *key, const void *bytes, size_t len);
void ctl_text(struct ctl_out *out, const char *key, const char *text);
void ctl_printf(struct ctl_out *out, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void ctl_list(struct ctl_out *out, const char *name);
void ctl_item(struct ctl_out *out, const char *text);
void ctl_list_end(struct ctl_out *out);

/* Fill in the length: CTL_OK, or why the packet cannot be sent.  Sections must be closed
 * (asserted). */
enum ctl_err ctl_out_finish(struct ctl_out *out);

/* ---- reading ---- */

struct ctl_in {
	struct cur cur;
	unsigned depth;
	bool in_list;
};

struct ctl_item {
	enum ctl_element element;
	char name[CTL_NAME_MAX + 1]; /* section, key or list name; NUL-terminated */
	struct cur value;	     /* of KEY_VALUE and LIST_ITEM; borrowed */
};

/*
 * Split a packet (without its length field) into type, name (empty if the type has none) and
 * message.
 */
enum ctl_err ctl_packet_parse(struct cur packet, enum ctl_packet *type,
			      char name[static CTL_NAME_MAX + 1], struct ctl_in *message);

/* The next element; CTL_END at the end.  An error is final. */
enum ctl_err ctl_next(struct ctl_in *in, struct ctl_item *item);

/*
 * Walk a whole message: CTL_OK if every element of it is well-formed, so that a reader can act on
 * the first keys without the last ones turning out to be rubbish.
 */
enum ctl_err ctl_check(struct ctl_in message);

/*
 * A value as text: true if it fits into `cap` bytes with its terminator and all of it is printable
 * ASCII.  On failure `out` is empty.
 */
bool ctl_copy(struct cur value, char *out, size_t cap);

/*
 * The value of a top-level key of a whole message as text (bytes that are not printable make it
 * false); `out` has room for `cap` bytes with the terminator.  False, and `out` empty, if it is
 * absent or too long.  The first one counts if the key stands twice.
 */
bool ctl_get(struct ctl_in message, const char *key, char *out, size_t cap);

/* ---- the client's connection: blocking, with a deadline ---- */

struct ctl_conn;

/* NULL: `why` says what failed and what to do ("is spoked running?"). */
struct ctl_conn *ctl_connect(const char *path, char why[static NOTE_MAX]);
void ctl_disconnect(struct ctl_conn *conn);

/* Send a finished packet.  0, or a negative errno: -EPIPE if the daemon went, -ETIMEDOUT if it does
 * not read. */
int ctl_send(struct ctl_conn *conn, const struct ctl_out *out);

/*
 * The next packet (without length field; valid until the next call), waiting at most `timeout_ms`
 * (-1: for ever).  0; -ETIMEDOUT; -EPIPE if the daemon went; -EPROTO.
 */
int ctl_receive(struct ctl_conn *conn, int timeout_ms, struct cur *packet);

#endif
