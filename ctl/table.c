/*
 * ctl/table.c - ikectl's commands as a table: parsing and help both read it, so that a new command
 * is a new row and a function.
 *
 * Options may stand before, between or behind operands, in one letter or as words, clustered
 * ("-wt5"), with their argument attached or as the next word; "--" ends them.
 */
#include <stdarg.h>

#include "ctl/ikectl.h"

#define NAME_WIDTH   11 /* of the column of names in the list of commands */
#define OPTION_WIDTH 22 /* of the column of options in a command's help */

static const struct ikectl_command commands[] = {
	{ .name = "establish",
	  .operands = "LOCAL REMOTE",
	  .operands_min = 2,
	  .operands_max = 2,
	  .summary = "key an SA with a peer, now instead of at its first packet",
	  .detail = "LOCAL is an address of ours or 'any', REMOTE the peer's NBMA address.\n"
		    "Exit status 0: the SA stands (with -w), or the daemon has begun (without);\n"
		    "also if it stood already.  1: it failed, and one line says why.",
	  .option = { { 'w', "wait", NULL, "wait until the SA stands or has failed" },
		      { 't', "timeout", "SECONDS", "with -w: wait no longer (60)" },
		      { 'i', "tunnel", "NAME", "the tunnel, if several lead to REMOTE" } },
	  .run = ikectl_do_establish },
	{ .name = "terminate",
	  .operands = "REMOTE | LOCAL REMOTE | '#ID' | NAME | --all",
	  .operands_max = 2,
	  .summary = "delete SAs, telling the peers",
	  .detail =
		  "Addresses as in establish; #ID and NAME as list-sas shows them (a lone number\n"
		  "is an ID, too).  GRE to the peer is dropped until a new SA stands.\n"
		  "Exit status 1: nothing matched, or not everything went.",
	  .option = { { 'a', "all", NULL, "every SA" },
		      { 'f', "force", NULL, "do not wait for the peers" },
		      { 't', "timeout", "SECONDS", "wait for the peers no longer (10)" } },
	  .run = ikectl_do_terminate },
	{ .name = "status",
	  .operands = "",
	  .summary = "show the peers as a table",
	  .detail = "AGE is the IKE SA's, or its state until it is established; REKEY the time "
		    "until\n"
		    "the next rekeying; IN and OUT are bytes.  Identities are shortened to the\n"
		    "terminal's width (80 without a terminal).",
	  .option = { { 'w', "wide", NULL, "shorten nothing" } },
	  .run = ikectl_do_status },
	{ .name = "list-sas",
	  .operands = "[NAME]",
	  .operands_max = 1,
	  .summary = "show everything about the SAs",
	  .detail = "NAME shows one connection's only.",
	  .option = { { 'j', "json", NULL, "as a JSON array" } },
	  .run = ikectl_do_list_sas },
	{ .name = "monitor",
	  .operands = "",
	  .summary = "print a line whenever an SA comes up or goes down",
	  .detail = "Until interrupted.  Exit status 1: the daemon went away.",
	  .run = ikectl_do_monitor },
	{ .name = "stats",
	  .operands = "",
	  .summary = "show counters: SAs, errors by name, drops",
	  .option = { { 'j', "json", NULL, "as a JSON object" } },
	  .run = ikectl_do_stats },
	{ .name = "reload",
	  .operands = "",
	  .summary = "make the daemon read its configuration again",
	  .detail = "Unchanged tunnels and peers are left alone; on an error nothing changes.",
	  .run = ikectl_do_reload },
	{ .name = "version",
	  .operands = "",
	  .summary = "show the versions of ikectl and of the daemon",
	  .run = ikectl_do_version },
	{ .name = "help",
	  .operands = "[COMMAND]",
	  .operands_max = 1,
	  .summary = "explain ikectl, or one command",
	  .run = ikectl_do_help },
};

static const struct ikectl_command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

/* ---- help ---- */

static void help_all(FILE *f)
{
	(void)fputs("usage: ikectl [-s SOCKET] COMMAND ...\n\ncommands:\n", f);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		(void)fprintf(f, "  %-*s %s\n", NAME_WIDTH, commands[i].name, commands[i].summary);
	(void)fputs("\noptions:\n"
		    "  -s SOCKET   control socket (" CTL_SOCKET_PATH ")\n"
		    "  -h          this text; after a command: its own\n"
		    "\nexit status: 0 done, 1 failed (one line says why), 2 wrong usage\n",
		    f);
}

static void help_command(FILE *f, const struct ikectl_command *command)
{
	bool options = command->option[0].word;

	(void)fprintf(f, "usage: ikectl [-s SOCKET] %s%s%s%s\n\n%s\n", command->name,
		      options ? " [OPTIONS]" : "", command->operands[0] ? " " : "",
		      command->operands, command->summary);
	if (command->detail)
		(void)fprintf(f, "\n%s\n", command->detail);
	if (options)
		(void)fputs("\noptions:\n", f);
	for (size_t i = 0; i < IKECTL_OPTIONS_MAX && command->option[i].word; i++) {
		const struct ikectl_option *option = &command->option[i];
		char left[64];

		(void)snprintf(left, sizeof(left), "-%c, --%s %s", option->letter, option->word,
			       option->arg ? option->arg : "");
		(void)fprintf(f, "  %-*s %s\n", OPTION_WIDTH, left, option->text);
	}
}

enum ikectl_exit ikectl_do_help(struct ikectl *ctl, const struct ikectl_args *args)
{
	const struct ikectl_command *command = NULL;

	if (args->operands) {
		command = find_command(args->operand[0]);
		if (!command)
			return ikectl_usage(ctl, NULL, "no command '%s'", args->operand[0]);
		help_command(ctl->out, command);
	} else {
		help_all(ctl->out);
	}
	return IKECTL_OK;
}

enum ikectl_exit ikectl_usage(struct ikectl *ctl, const char *command, const char *format, ...)
{
	struct note note;
	va_list args;

	va_start(args, format);
	note_vwrite(&note, NOTE_ERROR, format, args);
	va_end(args);
	(void)fprintf(ctl->err, "ikectl: %s (see 'ikectl help%s%s')\n", note.text,
		      command ? " " : "", command ? command : "");
	return IKECTL_USAGE;
}

/* ---- arguments ---- */

const char *ikectl_option(const struct ikectl_args *args, char letter)
{
	for (size_t i = 0; i < IKECTL_OPTIONS_MAX && args->command->option[i].word; i++) {
		if (args->command->option[i].letter == letter)
			return args->option[i];
	}
	return NULL;
}

/* The words that are still to be parsed. */
struct words {
	int argc;
	char *const *argv;
	int at;
};

static const char *take_word(struct words *words)
{
	return words->at < words->argc ? words->argv[words->at++] : NULL;
}

/*
 * Store option `i`: `attached` is what stands behind it in the same word (NULL: nothing).  Without
 * anything attached the argument is the next word.
 */
static enum ikectl_exit store_option(struct ikectl *ctl, struct ikectl_args *args, size_t i,
				     const char *attached, struct words *words)
{
	const struct ikectl_option *option = &args->command->option[i];

	args->option[i] = "";
	if (!option->arg)
		return IKECTL_OK;
	args->option[i] = attached ? attached : take_word(words);
	if (args->option[i])
		return IKECTL_OK;
	return ikectl_usage(ctl, args->command->name, "-%c (--%s) needs %s", option->letter,
			    option->word, option->arg);
}

/* "--word", "--word=ARG", "--word ARG"; `text` is behind the dashes. */
static enum ikectl_exit parse_long(struct ikectl *ctl, struct ikectl_args *args, const char *text,
				   struct words *words)
{
	const struct ikectl_option *option = args->command->option;
	const char *equals = strchr(text, '=');
	size_t len = equals ? (size_t)(equals - text) : strlen(text);

	for (size_t i = 0; i < IKECTL_OPTIONS_MAX && option[i].word; i++) {
		if (strlen(option[i].word) != len || memcmp(option[i].word, text, len) != 0)
			continue;
		if (equals && !option[i].arg)
			return ikectl_usage(ctl, args->command->name, "--%s takes no argument",
					    option[i].word);
		return store_option(ctl, args, i, equals ? equals + 1 : NULL, words);
	}
	return ikectl_usage(ctl, args->command->name, "no option '--%s'", text);
}

/* "-w", "-t5", "-wt 5"; `text` is behind the dash. */
static enum ikectl_exit parse_short(struct ikectl *ctl, struct ikectl_args *args, const char *text,
				    struct words *words)
{
	const struct ikectl_option *option = args->command->option;

	for (const char *c = text; *c; c++) {
		size_t i = 0;

		while (i < IKECTL_OPTIONS_MAX && option[i].word && option[i].letter != *c)
			i++;
		if (i == IKECTL_OPTIONS_MAX || !option[i].word)
			return ikectl_usage(ctl, args->command->name, "no option '-%c'", *c);
		if (option[i].arg)
			return store_option(ctl, args, i, c[1] ? c + 1 : NULL, words);
		args->option[i] = "";
	}
	return IKECTL_OK;
}

static enum ikectl_exit parse_args(struct ikectl *ctl, struct ikectl_args *args,
				   struct words *words)
{
	const struct ikectl_command *command = args->command;
	enum ikectl_exit status = IKECTL_OK;
	bool options = true;
	const char *word;

	while (!status && (word = take_word(words))) {
		if (options && strcmp(word, "--") == 0)
			options = false;
		else if (options && strncmp(word, "--", 2) == 0)
			status = parse_long(ctl, args, word + 2, words);
		else if (options && word[0] == '-' && word[1])
			status = parse_short(ctl, args, word + 1, words);
		else if (args->operands == command->operands_max)
			status = ikectl_usage(ctl, command->name, "'%s' is too much", word);
		else
			args->operand[args->operands++] = word;
	}
	if (!status && args->operands < command->operands_min)
		status = ikectl_usage(ctl, command->name, "%s needs %s", command->name,
				      command->operands);
	return status;
}

static bool is_help(const char *word)
{
	return strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0;
}

/* "-sPATH", "-s PATH", "--socket=PATH", "--socket PATH": the path, "" for the next word's, or NULL.
 */
static const char *socket_option(const char *word)
{
	static const char *const forms[] = { "--socket=", "--socket", "-s" };

	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		size_t len = strlen(forms[i]);

		if (strncmp(word, forms[i], len) == 0 && (i != 1 || !word[len]))
			return word + len;
	}
	return NULL;
}

/* The options before the command.  `word` is the command then, NULL if there is none. */
static enum ikectl_exit parse_globals(struct ikectl *ctl, struct words *words, const char **word)
{
	while ((*word = take_word(words)) && (*word)[0] == '-' && !is_help(*word)) {
		const char *path = socket_option(*word);

		if (!path)
			return ikectl_usage(ctl, NULL, "no option '%s' before the command", *word);
		ctl->path = *path ? path : take_word(words);
		if (!ctl->path)
			return ikectl_usage(ctl, NULL, "-s needs the path of a socket");
	}
	return IKECTL_OK;
}

enum ikectl_exit ikectl_run(struct ikectl *ctl, int argc, char *const argv[])
{
	struct words words = { .argc = argc, .argv = argv, .at = 1 };
	struct ikectl_args args = { .command = NULL };
	const char *name;
	enum ikectl_exit status = parse_globals(ctl, &words, &name);

	if (status)
		return status;
	if (!name) {
		help_all(ctl->err);
		return IKECTL_USAGE;
	}
	args.command = find_command(is_help(name) ? "help" : name);
	if (!args.command)
		return ikectl_usage(ctl, NULL, "no command '%s'", name);
	for (int i = words.at; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (is_help(argv[i])) {
			help_command(ctl->out, args.command);
			return IKECTL_OK;
		}
	}
	status = parse_args(ctl, &args, &words);
	if (!status)
		status = args.command->run(ctl, &args);
	ctl_disconnect(ctl->conn);
	ctl->conn = NULL;
	return status;
}
