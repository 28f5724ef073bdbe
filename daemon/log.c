/*
 * daemon/log.c - see log.h.
 *
 * The limit is one token bucket for all NOTE_PEER lines, whoever caused them: a flood from many
 * addresses is the same flood.  What it swallows is told in one line as soon as there is a token
 * again and anything at all is logged, or at the end.
 *
 * A line is built in one buffer and written with one call, so that lines of several processes do
 * not mix.  An error of that call has nobody to be told to.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "daemon/log.h"

static const struct {
	const char *name;
	int priority; /* syslog's */
} classes[NOTE_CLASS_COUNT] = {
	[NOTE_BUG] = { "bug", LOG_CRIT },	  [NOTE_ERROR] = { "error", LOG_ERR },
	[NOTE_WARN] = { "warning", LOG_WARNING }, [NOTE_INFO] = { "info", LOG_INFO },
	[NOTE_PEER] = { "peer", LOG_NOTICE },	  [NOTE_DEBUG] = { "debug", LOG_DEBUG },
};

/* The process's log: daemon/ is where globals end. */
static struct {
	bool to_syslog, journal, verbose;
	struct log_limit limit;
	tick_t (*now)(void *ctx);
	void (*sink)(void *ctx, enum note_class cls, const char *line);
	void *ctx;
} state;

/* ---- the limit ---- */

bool log_limit_pass(struct log_limit *limit, tick_t now, uint64_t *suppressed)
{
	if (!limit->begun) {
		*limit = (struct log_limit){
			.begun = true,
			.filled_at = now,
			.tokens = LOG_PEER_BURST,
		};
	}

	int64_t earned = (now - limit->filled_at) / LOG_PEER_EVERY;

	if (earned >= LOG_PEER_BURST - (int64_t)limit->tokens) {
		limit->tokens = LOG_PEER_BURST;
		limit->filled_at = now;
	} else if (earned > 0) {
		limit->tokens += (uint32_t)earned;
		limit->filled_at += earned * LOG_PEER_EVERY;
	}
	if (!limit->tokens) {
		limit->suppressed++;
		return false;
	}
	limit->tokens--;
	*suppressed = limit->suppressed;
	limit->suppressed = 0;
	return true;
}

/* ---- lines ---- */

size_t log_format(char out[static LOG_LINE_MAX], enum note_class cls, int64_t unix_ms, bool journal,
		  const char *text)
{
	time_t seconds = (time_t)(unix_ms / 1000);
	char stamp[32] = "";
	struct tm tm;
	int len;

	if (journal) {
		len = snprintf(out, LOG_LINE_MAX - 1, "<%d>%s", classes[cls].priority, text);
	} else {
		if (gmtime_r(&seconds, &tm))
			(void)strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", &tm);
		len = snprintf(out, LOG_LINE_MAX - 1, "%s.%03dZ %s: %s", stamp,
			       (int)(unix_ms % 1000), classes[cls].name, text);
	}

	size_t end = len < LOG_LINE_MAX - 1 ? (size_t)len : LOG_LINE_MAX - 2;

	out[end] = '\n';
	out[end + 1] = 0;
	return end + 1;
}

static void emit(enum note_class cls, const char *text)
{
	char line[LOG_LINE_MAX];
	struct timespec now;

	if (state.sink) {
		state.sink(state.ctx, cls, text);
		return;
	}
	if (state.to_syslog) {
		syslog(classes[cls].priority, "%s", text);
		return;
	}
	(void)clock_gettime(CLOCK_REALTIME, &now);

	size_t len = log_format(line, cls, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000,
				state.journal, text);
	ssize_t done = write(STDERR_FILENO, line, len);

	(void)done;
}

static void emit_suppressed(uint64_t count)
{
	char line[80];

	(void)snprintf(line, sizeof(line), "suppressed %" PRIu64 " similar line%s", count,
		       count == 1 ? "" : "s");
	emit(NOTE_PEER, line);
}

static tick_t monotonic(void *ctx)
{
	struct timespec now;

	(void)ctx;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * TICK_S + now.tv_nsec / 1000;
}

static tick_t time_now(void)
{
	return state.now ? state.now(state.ctx) : monotonic(NULL);
}

/* The summary counts as a line of its own, so that it is limited as well. */
static void say_suppressed(void)
{
	uint64_t suppressed = 0;

	if (!state.limit.suppressed)
		return;
	if (log_limit_pass(&state.limit, time_now(), &suppressed))
		emit_suppressed(suppressed);
	else
		state.limit.suppressed--; /* that was no line */
}

static void put(enum note_class cls, const char *text)
{
	uint64_t suppressed = 0;

	if (cls == NOTE_DEBUG && !state.verbose)
		return;
	say_suppressed();
	if (cls == NOTE_PEER && !log_limit_pass(&state.limit, time_now(), &suppressed))
		return;
	emit(cls, text);
}

/* ---- public ---- */

/* Is stderr systemd's journal?  JOURNAL_STREAM is "DEVICE:INODE" then; systemd.exec(5). */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char here[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	(void)snprintf(here, sizeof(here), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(stream, here) == 0;
}

void log_open(const struct log_conf *conf)
{
	if (state.to_syslog)
		closelog();
	state.to_syslog =
		strcmp(conf->target, "syslog") == 0 || (conf->target[0] == 0 && !conf->foreground);
	state.journal = !state.to_syslog && stderr_is_journal();
	state.verbose = conf->verbose;
	state.now = conf->now;
	state.sink = conf->sink;
	state.ctx = conf->ctx;
	if (state.to_syslog)
		openlog("spoked", LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void log_close(void)
{
	if (state.limit.suppressed)
		emit_suppressed(state.limit.suppressed);
	state.limit.suppressed = 0;
	if (state.to_syslog)
		closelog();
	state.to_syslog = false;
}

void log_note(const struct note *note)
{
	put(note->cls, note->text);
}

void log_write(enum note_class cls, const char *format, ...)
{
	char text[LOG_LINE_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (char *c = text; *c; c++) {
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	}
	put(cls, text);
}
