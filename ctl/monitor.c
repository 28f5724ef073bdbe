/*
 * ctl/monitor.c - `ikectl monitor`: a line with a time stamp for every IKE SA and Child SA that
 * comes up or goes down, flushed one by one, until the reader has enough or the daemon goes.
 */
#include <time.h>

#include "ctl/ikectl.h"

/* Local time with its offset, so that lines can be compared between machines: RFC 3339. */
static void put_stamp(FILE *f)
{
	char text[64] = "";
	struct tm tm;
	time_t now = time(NULL);

	if (localtime_r(&now, &tm))
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S%z", &tm);
	(void)fprintf(f, "%s ", text);
}

static void put_uniqueid(FILE *f, const struct ikectl_sa *sa)
{
	if (!ikectl_has(sa, IKECTL_UNIQUEID))
		return;
	(void)fputs(" #", f);
	ikectl_put(f, sa->value[IKECTL_UNIQUEID]);
}

static void put_child(FILE *f, const struct ikectl_sa *child)
{
	(void)fputs(", child ", f);
	if (ikectl_has(child, IKECTL_NAME))
		ikectl_put(f, child->value[IKECTL_NAME]);
	else
		ikectl_put_name(f, child->section);
	put_uniqueid(f, child);
	if (!ikectl_has(child, IKECTL_SPI_IN) || !ikectl_has(child, IKECTL_SPI_OUT))
		return;
	(void)fputs(", spi ", f);
	ikectl_put(f, child->value[IKECTL_SPI_IN]);
	(void)fputs(" in ", f);
	ikectl_put(f, child->value[IKECTL_SPI_OUT]);
	(void)fputs(" out", f);
}

void ikectl_monitor_event(FILE *f, const char *event, struct ctl_in message)
{
	struct ctl_in body = message;
	struct ikectl_sa sa;
	struct cur value = { 0 };
	char local[IKECTL_SPOT_MAX], remote[IKECTL_SPOT_MAX], id[IKECTL_TEXT_MAX];
	bool up = ikectl_find(message, "up", &value) && cur_eq(value, cur_of("yes", 3));

	if (strcmp(event, "ike-updown") == 0)
		(void)fputs("ike   ", f);
	else if (strcmp(event, "child-updown") == 0)
		(void)fputs("child ", f);
	else
		ikectl_put_name(f, event);
	(void)fputs(up ? "up  " : "down", f);
	if (ikectl_sa_next(&body, &sa)) {
		(void)fputs(" ", f);
		ikectl_put_name(f, sa.section);
		put_uniqueid(f, &sa);
		(void)fprintf(f, " %s === %s %s",
			      ikectl_spot(&sa, IKECTL_LOCAL_HOST, IKECTL_LOCAL_PORT, local),
			      ikectl_spot(&sa, IKECTL_REMOTE_HOST, IKECTL_REMOTE_PORT, remote),
			      ikectl_id(&sa, IKECTL_REMOTE_ID, id));
		while (ikectl_child_next(&body, &sa))
			put_child(f, &sa);
	}
	if (ikectl_find(message, "reason", &value) && value.left) {
		(void)fputs(": ", f);
		ikectl_put(f, value);
	}
	(void)fputc('\n', f);
}

enum ikectl_exit ikectl_do_monitor(struct ikectl *ctl, const struct ikectl_args *args)
{
	char name[CTL_NAME_MAX + 1];
	struct ctl_in message;
	enum ctl_packet type;

	(void)args;
	if (!ikectl_register(ctl, "ike-updown") || !ikectl_register(ctl, "child-updown"))
		return IKECTL_FAILED;
	/* Tells a script that from here on nothing is missed. */
	put_stamp(ctl->out);
	(void)fputs("monitoring ", ctl->out);
	ikectl_put_name(ctl->out, ctl->path);
	(void)fputc('\n', ctl->out);
	while (fflush(ctl->out) == 0) {
		if (!ikectl_receive(ctl, -1, &type, name, &message))
			return IKECTL_FAILED;
		if (type != CTL_EVENT)
			continue;
		put_stamp(ctl->out);
		ikectl_monitor_event(ctl->out, name, message);
	}
	return ikectl_fail(ctl, "cannot write: output is closed or full");
}
