/*
 * ctl/ikectl.h - private to ikectl, the command-line client: its command table, how it talks to the
 * daemon, and how it shows what the daemon said.
 *
 * A command is a row of the table in table.c and a function that takes the parsed arguments and
 * gives an exit status.  Everything is printed to the two streams of struct ikectl, so that tests
 * can read along.  What came from the daemon is escaped before it is printed: identities are
 * chosen by peers.
 */
#ifndef CTL_IKECTL_H
#define CTL_IKECTL_H

#include <stdio.h>

#include "ctl/ctl.h"

#define IKECTL_OPTIONS_MAX   4	   /* a command's own */
#define IKECTL_OPERANDS_MAX  2	   /* a command's */
#define IKECTL_ANSWER_MS     10000 /* for answers that take the daemon no waiting */
#define IKECTL_GRACE_S	     5	   /* how much longer than the daemon the client waits */
#define IKECTL_WAIT_S	     60	   /* establish -w without -t */
#define IKECTL_TERMINATE_S   10	   /* terminate without -t */
#define IKECTL_TIMEOUT_MAX_S 86400
#define IKECTL_TEXT_MAX	     1024 /* an escaped value in a fixed buffer */
#define IKECTL_SHORT_MAX     16	  /* ages and byte counts */
#define IKECTL_SPOT_MAX	     96	  /* address and port, escaped */

enum ikectl_exit {
	IKECTL_OK = 0,
	IKECTL_FAILED = 1, /* one line on the error stream says why */
	IKECTL_USAGE = 2,
};

struct ikectl {
	const char *path; /* of the control socket */
	FILE *out, *err;
	unsigned width;	       /* columns that tables should keep to; 0: no limit */
	struct ctl_conn *conn; /* owned; NULL until a command needs it */
};

/* ---- the command table (table.c) ---- */

struct ikectl_option {
	char letter;
	const char *word; /* long form, without dashes */
	const char *arg;  /* what its argument is called; NULL: it takes none */
	const char *text;
};

struct ikectl_command;

struct ikectl_args {
	const struct ikectl_command *command;
	const char *option[IKECTL_OPTIONS_MAX]; /* as in the row: NULL if absent, "" without arg */
	const char *operand[IKECTL_OPERANDS_MAX];
	size_t operands;
};

struct ikectl_command {
	const char *name;
	const char *operands; /* as the usage line shows them */
	size_t operands_min, operands_max;
	const char *summary; /* for the list of commands */
	const char *detail;  /* for `help NAME`; may be NULL */
	struct ikectl_option option[IKECTL_OPTIONS_MAX];
	enum ikectl_exit (*run)(struct ikectl *ctl, const struct ikectl_args *args);
};

/*
 * The whole program: global options, command, its options and operands, and the command itself.
 * The caller has set the streams and the default path; the connection is closed on return.
 */
enum ikectl_exit ikectl_run(struct ikectl *ctl, int argc, char *const argv[]);

/* The value of a command's option ("" for one without argument), NULL if it was not given. */
const char *ikectl_option(const struct ikectl_args *args, char letter);

/* Say in one line what is wrong with the arguments and where help is: IKECTL_USAGE. */
enum ikectl_exit ikectl_usage(struct ikectl *ctl, const char *command, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

enum ikectl_exit ikectl_do_help(struct ikectl *ctl, const struct ikectl_args *args);

/* ---- the commands (commands.c, list.c, status.c, monitor.c) ---- */

enum ikectl_exit ikectl_do_establish(struct ikectl *ctl, const struct ikectl_args *args);
enum ikectl_exit ikectl_do_terminate(struct ikectl *ctl, const struct ikectl_args *args);
enum ikectl_exit ikectl_do_reload(struct ikectl *ctl, const struct ikectl_args *args);
enum ikectl_exit ikectl_do_version(struct ikectl *ctl, const struct ikectl_args *args);
enum ikectl_exit ikectl_do_stats(struct ikectl *ctl, const struct ikectl_args *args);
enum ikectl_exit ikectl_do_list_sas(struct ikectl *ctl, const struct ikectl_args *args);
enum ikectl_exit ikectl_do_status(struct ikectl *ctl, const struct ikectl_args *args);
enum ikectl_exit ikectl_do_monitor(struct ikectl *ctl, const struct ikectl_args *args);

/* ---- talking to the daemon (call.c) ---- */

/* Print `ikectl: ` and one line, made safe, to the error stream: IKECTL_FAILED. */
enum ikectl_exit ikectl_fail(struct ikectl *ctl, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* One event of a stream; false ends the command, the cause having been printed. */
typedef bool ikectl_event(void *ctx, struct ctl_in event);

/*
 * Send a request, which is taken and freed, and wait for its answer, at most `timeout_ms` from one
 * packet to the next.  False, and the cause printed, if there is none.  `reply` is well-formed and
 * lives until the next call.  Connects first if need be.
 */
bool ikectl_call(struct ikectl *ctl, struct ctl_out *take_request, const char *command,
		 int timeout_ms, struct ctl_in *reply);

/* The same for a command that streams `event` before it answers. */
bool ikectl_stream(struct ikectl *ctl, struct ctl_out *take_request, const char *command,
		   const char *event, ikectl_event *on_event, void *ctx);

bool ikectl_register(struct ikectl *ctl, const char *event);

/* The next packet, parsed and checked; false, the cause printed, if there is none. */
bool ikectl_receive(struct ikectl *ctl, int timeout_ms, enum ctl_packet *type,
		    char name[static CTL_NAME_MAX + 1], struct ctl_in *message);

/* Did the daemon say `success = yes`?  If not, its `errmsg` is printed. */
bool ikectl_succeeded(struct ikectl *ctl, struct ctl_in reply);

/* ---- one IKE SA of a list-sa or updown event (view.c) ---- */

enum ikectl_key {
	IKECTL_UNIQUEID,
	IKECTL_VERSION,
	IKECTL_STATE,
	IKECTL_LOCAL_HOST,
	IKECTL_LOCAL_PORT,
	IKECTL_LOCAL_ID,
	IKECTL_REMOTE_HOST,
	IKECTL_REMOTE_PORT,
	IKECTL_REMOTE_ID,
	IKECTL_INITIATOR,
	IKECTL_INITIATOR_SPI,
	IKECTL_RESPONDER_SPI,
	IKECTL_NAT_LOCAL,
	IKECTL_NAT_REMOTE,
	IKECTL_ENCR_ALG,
	IKECTL_ENCR_KEYSIZE,
	IKECTL_INTEG_ALG,
	IKECTL_PRF_ALG,
	IKECTL_DH_GROUP,
	IKECTL_ESTABLISHED,
	IKECTL_REKEY_TIME,
	IKECTL_REAUTH_TIME,
	IKECTL_TUNNEL,
	IKECTL_NAME, /* from here on: Child SAs only */
	IKECTL_REQID,
	IKECTL_MODE,
	IKECTL_PROTOCOL,
	IKECTL_ENCAP,
	IKECTL_SPI_IN,
	IKECTL_SPI_OUT,
	IKECTL_ESN,
	IKECTL_BYTES_IN,
	IKECTL_PACKETS_IN,
	IKECTL_USE_IN,
	IKECTL_BYTES_OUT,
	IKECTL_PACKETS_OUT,
	IKECTL_USE_OUT,
	IKECTL_LIFE_TIME,
	IKECTL_INSTALL_TIME,
	IKECTL_KEY_COUNT
};

struct ikectl_sa {
	char section[CTL_NAME_MAX + 1];	    /* the connection's name, or <child>-<uniqueid> */
	struct cur value[IKECTL_KEY_COUNT]; /* borrowed from the packet; empty if absent */
	struct ctl_in local_ts, remote_ts;  /* positioned at the first item, see ikectl_ts_next */
};

/*
 * The next IKE SA of a checked message, up to its `child-sas`; whatever is left of the one before
 * is skipped.  False if there is none.
 */
bool ikectl_sa_next(struct ctl_in *in, struct ikectl_sa *sa);

/* The next Child SA of that IKE SA. */
bool ikectl_child_next(struct ctl_in *in, struct ikectl_sa *child);

/* The next traffic selector of `list`. */
bool ikectl_ts_next(struct ctl_in *list, struct cur *value);

bool ikectl_has(const struct ikectl_sa *sa, enum ikectl_key key);
bool ikectl_is(const struct ikectl_sa *sa, enum ikectl_key key, const char *text);
bool ikectl_u64(const struct ikectl_sa *sa, enum ikectl_key key, uint64_t *out);

/* Decimal digits without leading zeros that fit 64 bits. */
bool ikectl_u64_of(struct cur value, uint64_t *out);

/* The raw value of a top-level key. */
bool ikectl_find(struct ctl_in message, const char *key, struct cur *value);

/* ---- showing (text.c) ---- */

/*
 * Printable ASCII as it is, a backslash doubled, any other byte as \xNN.  Cut where it does not fit
 * (never inside an escape), always terminated.  The result is `out`.
 */
const char *ikectl_escape(struct cur value, char *out, size_t cap);
void ikectl_put(FILE *f, struct cur value); /* the same, to a stream, whole */
void ikectl_put_name(FILE *f, const char *name);

/* "42s", "12m34s", "3h05m", "2d04h": at most 6 characters below 100 days.  The result is `out`. */
const char *ikectl_age(uint64_t seconds, char out[static IKECTL_SHORT_MAX]);

/* "1023", "1.2K", "34K", "5.0G" in powers of 1,024: at most 5 characters.  The result is `out`. */
const char *ikectl_bytes(uint64_t bytes, char out[static IKECTL_SHORT_MAX]);

/* "192.0.2.1:4500", "[2001:db8::1]:500", escaped; "?" without a host.  The result is `out`. */
const char *ikectl_spot(const struct ikectl_sa *sa, enum ikectl_key host, enum ikectl_key port,
			char out[static IKECTL_SPOT_MAX]);

/* An identity: "?" if it is absent or not known yet (%any).  The result is `out`. */
const char *ikectl_id(const struct ikectl_sa *sa, enum ikectl_key key,
		      char out[static IKECTL_TEXT_MAX]);

/* ---- JSON (json.c) ---- */

/* The members of a whole message as one object, decimal values as numbers; ends with a newline. */
void ikectl_json_message(FILE *f, struct ctl_in message);

/*
 * Every IKE SA of a list-sa event as an element of an array: {"name": ..., its keys}.  `count` is
 * how many elements the array has so far, and is moved on.
 */
void ikectl_json_sas(FILE *f, struct ctl_in event, size_t *count);

/* ---- the formats that tests look at on their own ---- */

/* One IKE SA's paragraph of list-sas (list.c). */
void ikectl_list_sa(FILE *f, struct ctl_in event);

/* One line of the monitor, without the time stamp (monitor.c). */
void ikectl_monitor_event(FILE *f, const char *event, struct ctl_in message);

#endif
