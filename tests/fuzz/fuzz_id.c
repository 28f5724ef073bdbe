/*
 * tests/fuzz/fuzz_id.c - fuzz target: identities, as a peer sends them and as an operator writes
 * them.
 *
 * An input is the type, half the length of a second identity, the data of the first, and the data
 * of the second.  The data of both is then read as text, too.  What must hold whatever comes in:
 * what is printed is bounded and printable ASCII; equality is symmetric and lets no identity be
 * different from itself; and a printed identity that is read again is refused, or is the same one.
 *
 * Fuzzing, from the project's root:
 *
 *	clang -g -O1 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
 *		-I. tests/fuzz/fuzz_id.c ike/id.c ike/dn.c ike/dn_read.c base/addr.c -o /tmp/fuzz_id
 *	mkdir /tmp/found && /tmp/fuzz_id -max_len=1100 -max_total_time=120 /tmp/found \
 *		tests/fuzz/corpus/id
 *
 * Linked with replay.c instead of -fsanitize=fuzzer, it replays the corpus with any compiler.
 */
#include <assert.h>

#include "ike/ike.h"

#define TEXT_MAX ((size_t)3 * IKE_ID_MAX) /* of the text that is read */
#define GUARD	 0x5a

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print(const struct ike_id *id, char out[static IKE_ID_TEXT_MAX])
{
	struct {
		char text[IKE_ID_TEXT_MAX];
		char guard[8];
	} memory;
	size_t len = 0;

	memset(&memory, GUARD, sizeof(memory));
	(void)ike_id_text(id, memory.text);
	for (size_t i = 0; i < sizeof(memory.guard); i++)
		assert(memory.guard[i] == GUARD);
	for (; len < IKE_ID_TEXT_MAX && memory.text[len]; len++)
		assert(memory.text[len] >= 0x20 && memory.text[len] <= 0x7e);
	assert(len > 0 && len < IKE_ID_TEXT_MAX);
	memcpy(out, memory.text, IKE_ID_TEXT_MAX);
}

static bool is_cut(const char *text)
{
	size_t len = strlen(text);

	return len >= 3 && strcmp(text + len - 3, "...") == 0;
}

/* Print, and read that again.  False if it is refused. */
static bool check_again(const struct ike_id *id)
{
	char text[IKE_ID_TEXT_MAX], why[IKE_WHY_MAX];
	struct ike_id again;

	print(id, text);
	if (is_cut(text))
		return true;
	if (!ike_id_from_text(text, &again, why))
		return false;
	assert(ike_id_eq(id, &again));
	return true;
}

static void check_pair(uint8_t type, struct cur in_a, struct cur in_b)
{
	struct ike_id a = { .type = type, .len = (uint16_t)in_a.left };
	struct ike_id b = { .type = type, .len = (uint16_t)in_b.left };
	char text_a[IKE_ID_TEXT_MAX], text_b[IKE_ID_TEXT_MAX];

	cur_copy(&in_a, a.data, a.len);
	cur_copy(&in_b, b.data, b.len);
	(void)check_again(&a);
	(void)check_again(&b);
	assert(ike_id_eq(&a, &a) == (a.len || type == IKE_ID_NONE));
	assert(ike_id_eq(&a, &b) == ike_id_eq(&b, &a));
	print(&a, text_a);
	print(&b, text_b);
	if (type != IKE_ID_FQDN && type != IKE_ID_RFC822_ADDR && ike_id_eq(&a, &b))
		assert(strcmp(text_a, text_b) == 0);
}

static void check_text(struct cur in)
{
	char text[TEXT_MAX + 1], why[IKE_WHY_MAX] = "";
	struct ike_id id;

	if (in.left > TEXT_MAX)
		return;
	if (in.left)
		memcpy(text, in.p, in.left);
	text[in.left] = 0;
	if (!ike_id_from_text(text, &id, why)) {
		assert(why[0] && memchr(why, 0, sizeof(why)));
		return;
	}
	assert(id.type != IKE_ID_NONE && id.len > 0 && id.len <= IKE_ID_MAX);
	assert(ike_id_eq(&id, &id));

	/* An address's UTF-8 is printed as escapes; DER that was given in hex may be any. */
	bool again = check_again(&id);

	assert(again || id.type == IKE_ID_RFC822_ADDR || strchr(text, '#'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cur in = cur_of(data, size);
	uint8_t type = cur_u8(&in);
	size_t second = (size_t)cur_u8(&in) * 2;

	if (in.bad)
		return 0;
	check_text(in);
	if (second > in.left)
		second = in.left;

	struct cur a = cur_sub(&in, in.left - second);

	if (a.left <= IKE_ID_MAX)
		check_pair(type, a, in);
	return 0;
}
