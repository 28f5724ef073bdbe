/*
 * ctl/commands.c - the commands that are one request and one answer: establish, terminate, reload,
 * version, stats.  doc/CONTROL.md 2 has the keys.
 */
#include "ctl/ikectl.h"

/* "-t SECONDS" in 1..IKECTL_TIMEOUT_MAX_S, or `fallback` without.  False: the text is wrong. */
static bool seconds_of(const char *text, unsigned fallback, unsigned *out)
{
	uint64_t n = fallback;

	if (text &&
	    (!ikectl_u64_of(cur_of(text, strlen(text)), &n) || n == 0 || n > IKECTL_TIMEOUT_MAX_S))
		return false;
	*out = (unsigned)n;
	return true;
}

static enum ikectl_exit bad_seconds(struct ikectl *ctl, const struct ikectl_args *args)
{
	return ikectl_usage(ctl, args->command->name, "-t takes seconds, 1 to %d, not '%s'",
			    IKECTL_TIMEOUT_MAX_S, ikectl_option(args, 't'));
}

enum ikectl_exit ikectl_do_establish(struct ikectl *ctl, const struct ikectl_args *args)
{
	const char *local = args->operand[0], *remote = args->operand[1];
	bool wait = ikectl_option(args, 'w');
	struct addr ours = { 0 }, theirs = { 0 };
	struct ctl_in reply;
	struct ctl_out out;
	unsigned timeout_s;

	if (strcmp(local, "any") != 0 && !addr_parse(local, &ours))
		return ikectl_usage(ctl, args->command->name,
				    "LOCAL is an IP address of ours or 'any', not '%s'", local);
	if (!addr_parse(remote, &theirs))
		return ikectl_usage(ctl, args->command->name,
				    "REMOTE is the peer's IP address, not '%s'", remote);
	if (ours.family && ours.family != theirs.family)
		return ikectl_usage(ctl, args->command->name,
				    "%s and %s are not of one address family", local, remote);
	if (!seconds_of(ikectl_option(args, 't'), IKECTL_WAIT_S, &timeout_s))
		return bad_seconds(ctl, args);
	ctl_out_init(&out, CTL_CMD_REQUEST, "establish");
	ctl_text(&out, "local", local);
	ctl_text(&out, "remote", remote);
	if (ikectl_option(args, 'i'))
		ctl_text(&out, "tunnel", ikectl_option(args, 'i'));
	ctl_text(&out, "wait", wait ? "yes" : "no");
	if (wait)
		ctl_printf(&out, "timeout", "%u", timeout_s);

	int wait_ms = wait ? (int)(timeout_s + IKECTL_GRACE_S) * 1000 : IKECTL_ANSWER_MS;

	if (!ikectl_call(ctl, &out, "establish", wait_ms, &reply))
		return IKECTL_FAILED;
	return ikectl_succeeded(ctl, reply) ? IKECTL_OK : IKECTL_FAILED;
}

/* The selectors of a terminate request from its operands: addresses, #ID, or a connection's name.
 */
static enum ikectl_exit put_selectors(struct ikectl *ctl, const struct ikectl_args *args,
				      struct ctl_out *out)
{
	const char *first = args->operand[0], *second = args->operand[1];
	struct addr addr;
	uint64_t id;

	if (ikectl_option(args, 'a')) {
		if (args->operands)
			return ikectl_usage(ctl, args->command->name,
					    "--all stands alone, without '%s'", first);
		ctl_text(out, "all", "yes");
		return IKECTL_OK;
	}
	if (!args->operands)
		return ikectl_usage(ctl, args->command->name,
				    "which? REMOTE, LOCAL REMOTE, #ID, a name, or --all");
	if (args->operands == 2) {
		if (!addr_parse(first, &addr) || !addr_parse(second, &addr))
			return ikectl_usage(ctl, args->command->name,
					    "LOCAL and REMOTE are IP addresses, not '%s' and '%s'",
					    first, second);
		ctl_text(out, "local", first);
		ctl_text(out, "remote", second);
		return IKECTL_OK;
	}
	if (addr_parse(first, &addr)) {
		ctl_text(out, "remote", first);
		return IKECTL_OK;
	}

	/* A lone number is an ID as well: an unquoted # is a comment to the shell. */
	const char *digits = first[0] == '#' ? first + 1 : first;

	if (ikectl_u64_of(cur_of(digits, strlen(digits)), &id))
		ctl_text(out, "ike-id", digits);
	else if (first[0] == '#')
		return ikectl_usage(ctl, args->command->name, "'%s' is not a number", digits);
	else
		ctl_text(out, "ike", first);
	return IKECTL_OK;
}

enum ikectl_exit ikectl_do_terminate(struct ikectl *ctl, const struct ikectl_args *args)
{
	struct cur matches = { 0 }, terminated = { 0 };
	struct ctl_in reply;
	struct ctl_out out;
	unsigned timeout_s;

	if (!seconds_of(ikectl_option(args, 't'), IKECTL_TERMINATE_S, &timeout_s))
		return bad_seconds(ctl, args);
	ctl_out_init(&out, CTL_CMD_REQUEST, "terminate");

	enum ikectl_exit status = put_selectors(ctl, args, &out);

	if (status) {
		ctl_out_free(&out);
		return status;
	}
	if (ikectl_option(args, 'f'))
		ctl_text(&out, "force", "yes");
	ctl_printf(&out, "timeout", "%u", timeout_s * 1000); /* milliseconds, as strongSwan's */
	if (!ikectl_call(ctl, &out, "terminate", (int)(timeout_s + IKECTL_GRACE_S) * 1000, &reply))
		return IKECTL_FAILED;

	bool counted = ikectl_find(reply, "matches", &matches);

	if (!ikectl_succeeded(ctl, reply))
		return IKECTL_FAILED;
	if (counted && cur_eq(matches, cur_of("0", 1)))
		return ikectl_fail(ctl, "no SA matches");
	if (counted && ikectl_find(reply, "terminated", &terminated)) {
		(void)fputs("terminated ", ctl->out);
		ikectl_put(ctl->out, terminated);
		(void)fputs(" of ", ctl->out);
		ikectl_put(ctl->out, matches);
		(void)fputc('\n', ctl->out);
	}
	return IKECTL_OK;
}

enum ikectl_exit ikectl_do_reload(struct ikectl *ctl, const struct ikectl_args *args)
{
	struct ctl_in reply;
	struct ctl_out out;

	(void)args;
	ctl_out_init(&out, CTL_CMD_REQUEST, "reload");
	if (!ikectl_call(ctl, &out, "reload", IKECTL_ANSWER_MS, &reply))
		return IKECTL_FAILED;
	return ikectl_succeeded(ctl, reply) ? IKECTL_OK : IKECTL_FAILED;
}

/* What the daemon says of itself, on one line: "spoked 0.1.0 (Linux 6.1.0, x86_64)". */
static void put_daemon_version(FILE *f, struct ctl_in reply)
{
	static const char *const keys[] = { "daemon", "version", "sysname", "release", "machine" };
	static const char *const before[] = { "", " ", " (", " ", ", " };
	struct cur value;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		(void)fputs(before[i], f);
		if (ikectl_find(reply, keys[i], &value))
			ikectl_put(f, value);
		else
			(void)fputc('?', f);
	}
	(void)fputs(")\n", f);
}

enum ikectl_exit ikectl_do_version(struct ikectl *ctl, const struct ikectl_args *args)
{
	char why[NOTE_MAX];
	struct ctl_in reply;
	struct ctl_out out;

	(void)args;
	(void)fputs("ikectl " SPOKED_VERSION "\n", ctl->out);
	/* Without the daemon half of the answer is still an answer: no error. */
	ctl->conn = ctl_connect(ctl->path, why);
	if (!ctl->conn) {
		(void)fprintf(ctl->out, "spoked not reached: %s\n", why);
		return IKECTL_OK;
	}
	ctl_out_init(&out, CTL_CMD_REQUEST, "version");
	if (!ikectl_call(ctl, &out, "version", IKECTL_ANSWER_MS, &reply))
		return IKECTL_FAILED;
	put_daemon_version(ctl->out, reply);
	return IKECTL_OK;
}

static void indent(FILE *f, unsigned depth)
{
	(void)fprintf(f, "%*s", (int)(2 * depth), "");
}

/* Any message as an indented outline. */
static void put_outline(FILE *f, struct ctl_in message)
{
	struct ctl_item item;

	while (!ctl_next(&message, &item)) {
		switch (item.element) {
		case CTL_END:
			return;
		case CTL_SECTION_START:
			indent(f, message.depth - 1);
			ikectl_put_name(f, item.name);
			(void)fputc('\n', f);
			break;
		case CTL_LIST_START:
			indent(f, message.depth);
			ikectl_put_name(f, item.name);
			(void)fputc('\n', f);
			break;
		case CTL_KEY_VALUE:
			indent(f, message.depth);
			ikectl_put_name(f, item.name);
			(void)fputs(": ", f);
			ikectl_put(f, item.value);
			(void)fputc('\n', f);
			break;
		case CTL_LIST_ITEM:
			indent(f, message.depth + 1);
			ikectl_put(f, item.value);
			(void)fputc('\n', f);
			break;
		case CTL_SECTION_END:
		case CTL_LIST_END:
			break;
		}
	}
}

enum ikectl_exit ikectl_do_stats(struct ikectl *ctl, const struct ikectl_args *args)
{
	struct ctl_in reply;
	struct ctl_out out;

	ctl_out_init(&out, CTL_CMD_REQUEST, "stats");
	if (!ikectl_call(ctl, &out, "stats", IKECTL_ANSWER_MS, &reply))
		return IKECTL_FAILED;
	if (ikectl_option(args, 'j'))
		ikectl_json_message(ctl->out, reply);
	else
		put_outline(ctl->out, reply);
	return IKECTL_OK;
}
