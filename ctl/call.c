/*
 * ctl/call.c - a request and its answer over the control connection, and what is said when there is
 * none.  Every failure ends up as exactly one line on the error stream.
 *
 * A daemon's packet is checked as a whole before anybody looks into it, so that the readers
 * (view.c, json.c) need not fear a message that breaks off in the middle.
 */
#include "ctl/ikectl.h"

#include <errno.h>
#include <stdarg.h>

enum ikectl_exit ikectl_fail(struct ikectl *ctl, const char *format, ...)
{
	char text[IKECTL_TEXT_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (char *c = text; *c; c++) {
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	}
	(void)fflush(ctl->out);
	(void)fprintf(ctl->err, "ikectl: %s\n", text);
	return IKECTL_FAILED;
}

static bool connect_once(struct ikectl *ctl)
{
	char why[NOTE_MAX];

	if (ctl->conn)
		return true;
	ctl->conn = ctl_connect(ctl->path, why);
	if (!ctl->conn)
		(void)ikectl_fail(ctl, "%s", why);
	return ctl->conn;
}

/* Finish, send and free a packet. */
static bool send_packet(struct ikectl *ctl, struct ctl_out *take_packet)
{
	enum ctl_err err = ctl_out_finish(take_packet);
	int r = 0;

	if (err)
		(void)ikectl_fail(ctl, "the request cannot be sent: %s", ctl_err_text(err));
	else if (!connect_once(ctl))
		err = CTL_E_PACKET;
	else
		r = ctl_send(ctl->conn, take_packet);
	ctl_out_free(take_packet);
	if (r == -ETIMEDOUT)
		(void)ikectl_fail(ctl, "spoked does not read from %s: does it hang?", ctl->path);
	else if (r == -EPIPE)
		(void)ikectl_fail(ctl, "spoked closed the connection");
	else if (r)
		(void)ikectl_fail(ctl, "cannot send to spoked: %s", strerror(-r));
	return !err && !r;
}

bool ikectl_receive(struct ikectl *ctl, int timeout_ms, enum ctl_packet *type,
		    char name[static CTL_NAME_MAX + 1], struct ctl_in *message)
{
	struct cur packet;
	int r = ctl_receive(ctl->conn, timeout_ms, &packet);

	if (r == -ETIMEDOUT)
		(void)ikectl_fail(ctl, "spoked has not answered within %d s", timeout_ms / 1000);
	else if (r == -EPIPE)
		(void)ikectl_fail(ctl, "spoked closed the connection: it has stopped, or died");
	else if (r == -EPROTO)
		(void)ikectl_fail(ctl, "what answers at %s does not speak our protocol", ctl->path);
	else if (r)
		(void)ikectl_fail(ctl, "cannot receive from spoked: %s", strerror(-r));
	if (r)
		return false;

	enum ctl_err err = ctl_packet_parse(packet, type, name, message);

	if (!err)
		err = ctl_check(*message);
	if (err)
		(void)ikectl_fail(ctl, "spoked sent a malformed packet: %s", ctl_err_text(err));
	return !err;
}

/* What an answer may be. */
struct expected {
	enum ctl_packet answer;	 /* what we wait for */
	enum ctl_packet unknown; /* what says that the daemon does not know `what` */
	const char *what;
	int timeout_ms;
	ikectl_event *on_event; /* NULL: events are ignored */
	void *ctx;
};

static bool await(struct ikectl *ctl, const struct expected *expected, struct ctl_in *message)
{
	char name[CTL_NAME_MAX + 1];
	enum ctl_packet type;

	for (;;) {
		if (!ikectl_receive(ctl, expected->timeout_ms, &type, name, message))
			return false;
		if (type == expected->answer)
			return true;
		if (type == expected->unknown) {
			(void)ikectl_fail(ctl, "this spoked does not know '%s': is it older?",
					  expected->what);
			return false;
		}
		if (type != CTL_EVENT) {
			(void)ikectl_fail(ctl, "spoked sent a packet of type %u out of order",
					  (unsigned)type);
			return false;
		}
		if (expected->on_event && !expected->on_event(expected->ctx, *message))
			return false;
	}
}

bool ikectl_call(struct ikectl *ctl, struct ctl_out *take_request, const char *command,
		 int timeout_ms, struct ctl_in *reply)
{
	const struct expected expected = { .answer = CTL_CMD_RESPONSE,
					   .unknown = CTL_CMD_UNKNOWN,
					   .what = command,
					   .timeout_ms = timeout_ms };

	return send_packet(ctl, take_request) && await(ctl, &expected, reply);
}

bool ikectl_register(struct ikectl *ctl, const char *event)
{
	const struct expected expected = { .answer = CTL_EVENT_CONFIRM,
					   .unknown = CTL_EVENT_UNKNOWN,
					   .what = event,
					   .timeout_ms = IKECTL_ANSWER_MS };
	struct ctl_in nothing;
	struct ctl_out out;

	ctl_out_init(&out, CTL_EVENT_REGISTER, event);
	return send_packet(ctl, &out) && await(ctl, &expected, &nothing);
}

bool ikectl_stream(struct ikectl *ctl, struct ctl_out *take_request, const char *command,
		   const char *event, ikectl_event *on_event, void *ctx)
{
	const struct expected expected = { .answer = CTL_CMD_RESPONSE,
					   .unknown = CTL_CMD_UNKNOWN,
					   .what = command,
					   .timeout_ms = IKECTL_ANSWER_MS,
					   .on_event = on_event,
					   .ctx = ctx };
	struct ctl_in reply;
	struct cur ignored;

	if (!ikectl_register(ctl, event)) {
		ctl_out_free(take_request);
		return false;
	}
	if (!send_packet(ctl, take_request) || !await(ctl, &expected, &reply))
		return false;
	/* A stream's answer is empty, or says what went wrong. */
	if (ikectl_find(reply, "errmsg", &ignored) || ikectl_find(reply, "success", &ignored))
		return ikectl_succeeded(ctl, reply);
	return true;
}

bool ikectl_succeeded(struct ikectl *ctl, struct ctl_in reply)
{
	struct cur success = { 0 };
	struct cur errmsg = { 0 };
	char text[IKECTL_TEXT_MAX];

	(void)ikectl_find(reply, "success", &success);
	if (ikectl_find(reply, "errmsg", &errmsg) && errmsg.left) {
		(void)ikectl_fail(ctl, "%s", ikectl_escape(errmsg, text, sizeof(text)));
		return false;
	}
	if (cur_eq(success, cur_of("yes", 3)))
		return true;
	(void)ikectl_fail(ctl, "spoked refused, without saying why");
	return false;
}
