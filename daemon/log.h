/*
 * daemon/log.h - the only place that writes logs: engines emit notes, this puts them on stderr or
 * into syslog, one line per event.  What any stranger can cause by sending a datagram (NOTE_PEER)
 * is rate-limited, so that nobody fills a disk from outside.
 *
 * There is one log per process.  Only the main thread writes to it.
 */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include "base/base.h"

#define LOG_PEER_BURST 10     /* NOTE_PEER lines at once */
#define LOG_PEER_EVERY TICK_S /* and one more each */
#define LOG_LINE_MAX   1024   /* with its terminator; longer ones are cut */

struct log_conf {
	const char *target; /* "stderr", "syslog"; "": stderr in the foreground, else syslog */
	bool foreground;    /* as -F says */
	bool verbose;	    /* as -v says: write NOTE_DEBUG, too */

	/* For tests; NULL: CLOCK_MONOTONIC, and the target. */
	tick_t (*now)(void *ctx);
	void (*sink)(void *ctx, enum note_class cls, const char *line);
	void *ctx;
};

/*
 * Set the log up, as often as the configuration changes (the limit's state is kept).  Before the
 * first call, lines go to stderr.  Nothing of `conf` needs to live longer than the call, but `ctx`.
 */
void log_open(const struct log_conf *conf);

/* Write what is still to be said about suppressed lines, and let syslog go. */
void log_close(void);

void log_note(const struct note *note);

/* One line, without newline; bytes that are not printable ASCII become '?'. */
void log_write(enum note_class cls, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * A line as it goes to stderr: "2025-01-31 12:00:00.250Z warning: text\n", or in systemd's journal,
 * which stamps lines itself, "<4>text\n".  `unix_ms` is the time of day (UTC).  The length.
 */
size_t log_format(char out[static LOG_LINE_MAX], enum note_class cls, int64_t unix_ms, bool journal,
		  const char *text);

/* ---- the limit by itself: a token bucket ---- */

struct log_limit {
	bool begun;
	tick_t filled_at;
	uint32_t tokens;
	uint64_t suppressed; /* lines since the last that passed */
};

/*
 * May a line pass at `now`?  If not, it is counted.  If so, `suppressed` says how many did not
 * since the last one that did; that count then begins anew.
 */
bool log_limit_pass(struct log_limit *limit, tick_t now, uint64_t *suppressed);

#endif
