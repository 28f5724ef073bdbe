/*
 * tests/fuzz/fuzz_vici.c - fuzz target: packets of the control protocol, through the codec that the
 * daemon and ikectl share, and through all that ikectl prints.
 *
 * An input is one packet without its length field.  What must hold: values lie within the input; a
 * message that is accepted comes out the same, byte for byte, when it is written again (there is
 * only one way to write a message); ctl_check agrees with the walk; nothing but printable ASCII and
 * line ends reaches a terminal, whatever a peer calls itself.
 *
 * Fuzzing, from the project's root:
 *
 *	clang -g -O1 -D_GNU_SOURCE -DSPOKED_VERSION='""' -fsanitize=fuzzer,address,undefined \
 *		-fno-sanitize-recover=all -I. tests/fuzz/fuzz_vici.c ctl/vici.c ctl/view.c \
 *		ctl/text.c ctl/json.c ctl/list.c ctl/monitor.c ctl/status.c ctl/commands.c \
 *		ctl/table.c ctl/call.c ctl/conn.c base/addr.c base/note.c -o /tmp/fuzz_vici
 *	mkdir /tmp/found && /tmp/fuzz_vici -max_len=2048 -max_total_time=300 /tmp/found \
 *		tests/fuzz/corpus/vici
 *
 * Linked with replay.c instead of -fsanitize=fuzzer, it replays the corpus with any compiler.
 */
#include "ctl/ikectl.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void within(struct cur packet, struct cur value)
{
	assert(!value.bad);
	assert(!value.left ||
	       (value.p >= packet.p && value.p + value.left <= packet.p + packet.left));
}

static void write_value(struct ctl_out *out, const struct ctl_item *item)
{
	static char text[CTL_VALUE_MAX + 1];

	if (item->element == CTL_KEY_VALUE) {
		ctl_value(out, item->name, item->value.p, item->value.left);
		return;
	}
	/* ctl_item takes text; a zero byte in an item cuts it, so such items are not compared. */
	if (item->value.left)
		memcpy(text, item->value.p, item->value.left);
	text[item->value.left] = 0;
	ctl_item(out, text);
}

/* Write what `item` says; false at the end of the message. */
static bool write_again(struct ctl_out *out, const struct ctl_item *item)
{
	switch (item->element) {
	case CTL_END:
		return false;
	case CTL_SECTION_START:
		ctl_section(out, item->name);
		break;
	case CTL_SECTION_END:
		ctl_section_end(out);
		break;
	case CTL_LIST_START:
		ctl_list(out, item->name);
		break;
	case CTL_LIST_END:
		ctl_list_end(out);
		break;
	case CTL_KEY_VALUE:
	case CTL_LIST_ITEM:
		write_value(out, item);
		break;
	}
	return true;
}

/* Walk the message and write it again: CTL_OK, or why it was refused. */
static enum ctl_err check_codec(struct cur packet, enum ctl_packet type, const char *name,
				struct ctl_in message)
{
	struct ctl_in in = message;
	struct ctl_item item;
	struct ctl_out out;
	enum ctl_err err;
	bool comparable = true;

	ctl_out_init(&out, type, *name ? name : NULL);
	while (!(err = ctl_next(&in, &item))) {
		within(packet, item.value);
		assert(in.depth <= CTL_DEPTH_MAX);
		if (item.element == CTL_LIST_ITEM && item.value.left &&
		    memchr(item.value.p, 0, item.value.left))
			comparable = false;
		if (!write_again(&out, &item))
			break;
	}
	assert(ctl_check(message) == err);
	if (err) {
		assert(ctl_next(&in, &item)); /* errors are final */
	} else {
		enum ctl_err finish = ctl_out_finish(&out);

		assert(!finish);
		assert(!comparable || cur_eq(cur_of(out.p + 4, out.len - 4), packet));
	}
	ctl_out_free(&out);
	return err;
}

/* Everything that ikectl might print of a message. */
static void check_printing(const char *name, struct ctl_in message)
{
	char *text = NULL;
	size_t len = 0, count = 0;
	FILE *f = open_memstream(&text, &len);

	assert(f);
	ikectl_list_sa(f, message);
	ikectl_monitor_event(f, name, message);
	ikectl_json_message(f, message);
	ikectl_json_sas(f, message, &count);
	(void)fclose(f);
	for (size_t i = 0; i < len; i++)
		assert(text[i] == '\n' || (text[i] >= 0x20 && text[i] <= 0x7e));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cur packet = cur_of(data, size);
	char name[CTL_NAME_MAX + 1], value[64];
	struct ctl_in message;
	enum ctl_packet type;

	if (ctl_packet_parse(packet, &type, name, &message))
		return 0;
	(void)ctl_get(message, "uniqueid", value, sizeof(value));
	(void)ctl_get(message, "", value, 1);
	if (!check_codec(packet, type, name, message))
		check_printing(name, message);
	return 0;
}
