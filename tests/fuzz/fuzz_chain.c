/*
 * tests/fuzz/fuzz_chain.c - fuzz target: all parsers of IKE messages, and the writer behind them.
 *
 * The first byte of an input chooses how the rest is read: 0, a whole datagram, from the IKE header
 * on; anything else, a chain that begins with a payload of that type, as it comes out of an SK
 * payload.  Then each payload of the chain goes through its parser; and so do the raw bytes, as if
 * they were each payload's body, to spare the fuzzer the framing.  What must hold whatever comes
 *in: slices lie within the input, a chain accounts for every byte, and what has been parsed comes
 *out the same when it is written and parsed again.
 *
 * Fuzzing, from the project's root (seeds: tests/fuzz/seeds_chain.c):
 *
 *	clang -g -O1 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
 *		-I. tests/fuzz/fuzz_chain.c tests/fuzz/wire_samples.c ike/wire.c ike/payload.c \
 *		ike/payload_sa.c ike/write.c ike/names.c base/addr.c -o /tmp/fuzz_chain
 *	mkdir /tmp/found && /tmp/fuzz_chain -max_len=2048 -max_total_time=300 /tmp/found \
 *		tests/fuzz/corpus/chain
 *
 * and, to keep of what was found only what reaches something new: /tmp/fuzz_chain -merge=1 ....
 * Linked with replay.c instead of -fsanitize=fuzzer, it replays the corpus with any compiler.
 */
#include "tests/fuzz/wire_samples.h"

#include <assert.h>

#define REWRITTEN_MAX (IKE_MESSAGE_MAX + 64)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void within(struct cur in, struct cur slice)
{
	assert(!slice.bad && slice.p && slice.p >= in.p);
	assert(slice.left <= in.left && slice.p + slice.left <= in.p + in.left);
}

/* The body of the one payload that has been written. */
static struct cur rewritten(const struct buf *buf, const struct ike_writer *w)
{
	struct ike_chain chain;
	enum ike_err err = ike_chain_parse(buf_cur(buf), w->first, &chain);

	assert(!buf->bad && !err && chain.count == 1);
	return chain.item[0].body;
}

static void check_sa(struct cur body, struct buf buf)
{
	struct ike_proposals parsed, kept = { 0 }, again;
	struct ike_writer w;

	if (ike_sa_parse(body, &parsed))
		return;
	assert(parsed.count > 0);
	for (size_t i = 0; i < parsed.count; i++) {
		if (parsed.item[i].count) /* nothing is left of it if all was unknown */
			kept.item[kept.count++] = parsed.item[i];
		else
			assert(parsed.item[i].unknown);
	}
	if (!kept.count)
		return;
	ike_w_init(&w, &buf);
	ike_w_sa(&w, &kept);

	enum ike_err err = ike_sa_parse(rewritten(&buf, &w), &again);

	assert(!err && proposals_eq(&kept, &again));
	for (size_t i = 0; i < again.count; i++)
		assert(!again.item[i].unknown);
}

static void check_ts(struct cur body, struct buf buf)
{
	struct ike_ts_list parsed, again;
	struct ike_writer w;

	if (ike_ts_parse(body, &parsed) || !parsed.count)
		return;
	ike_w_init(&w, &buf);
	ike_w_ts(&w, IKE_PL_TSI, &parsed);

	enum ike_err err = ike_ts_parse(rewritten(&buf, &w), &again);

	assert(!err && ts_list_eq(&parsed, &again));
}

static void check_notify(struct cur body, struct buf buf)
{
	struct ike_notify parsed, again;
	struct ike_writer w;

	if (ike_notify_parse(body, &parsed))
		return;
	within(body, parsed.spi);
	within(body, parsed.data);
	assert(ike_notify_name(parsed.type));
	ike_w_init(&w, &buf);
	ike_w_notify(&w, parsed.protocol, parsed.type, parsed.spi, parsed.data);

	enum ike_err err = ike_notify_parse(rewritten(&buf, &w), &again);

	assert(!err && parsed.protocol == again.protocol && parsed.type == again.type);
	assert(cur_eq(parsed.spi, again.spi) && cur_eq(parsed.data, again.data));
}

static void check_delete(struct cur body, struct buf buf)
{
	struct ike_delete parsed, again;
	struct ike_writer w;

	if (ike_delete_parse(body, &parsed))
		return;
	within(body, parsed.spis);
	assert(parsed.spis.left == (parsed.protocol == IKE_PROTO_IKE ? 0 : parsed.count * 4u));
	ike_w_init(&w, &buf);
	ike_w_delete(&w, parsed.protocol, parsed.spis);

	enum ike_err err = ike_delete_parse(rewritten(&buf, &w), &again);

	assert(!err && parsed.protocol == again.protocol && parsed.count == again.count);
	assert(cur_eq(parsed.spis, again.spis));
}

/* KE, ID and AUTH: a number, then a value of at least a byte. */
static void check_values(struct cur body, struct buf buf)
{
	uint16_t group, group_again;
	uint8_t type, type_again;
	struct cur value, value_again;
	struct ike_writer w;
	struct buf copy = buf;

	if (!ike_ke_parse(body, &group, &value)) {
		within(body, value);
		ike_w_init(&w, &copy);
		ike_w_ke(&w, group, value);
		assert(!ike_ke_parse(rewritten(&copy, &w), &group_again, &value_again));
		assert(group == group_again && cur_eq(value, value_again));
	}
	copy = buf;
	if (!ike_id_parse(body, &type, &value)) {
		within(body, value);
		ike_w_init(&w, &copy);
		ike_w_id(&w, IKE_PL_IDI, type, value);
		assert(!ike_id_parse(rewritten(&copy, &w), &type_again, &value_again));
		assert(type == type_again && cur_eq(value, value_again));
	}
	copy = buf;
	if (!ike_auth_parse(body, &type, &value)) {
		within(body, value);
		ike_w_init(&w, &copy);
		ike_w_auth(&w, type, value);
		assert(!ike_auth_parse(rewritten(&copy, &w), &type_again, &value_again));
		assert(type == type_again && cur_eq(value, value_again));
	}
	if (!ike_nonce_check(body))
		assert(body.left >= IKE_NONCE_MIN && body.left <= IKE_NONCE_MAX);
}

/* `body` through every parser, whichever it was meant for. */
static void check_body(struct cur body)
{
	static uint8_t memory[REWRITTEN_MAX];
	struct buf buf = buf_of(memory, sizeof(memory));

	if (body.left > IKE_MESSAGE_MAX)
		return;
	check_sa(body, buf);
	check_ts(body, buf);
	check_notify(body, buf);
	check_delete(body, buf);
	check_values(body, buf);
}

static void check_msg(struct cur in, const struct ike_chain *chain)
{
	struct ike_msg msg;

	if (ike_msg_collect(chain, &msg))
		return;

	const struct cur single[] = { msg.sa,	msg.ke,	 msg.nonce, msg.idi, msg.idr,
				      msg.auth, msg.tsi, msg.tsr,   msg.sk,  msg.skf };

	for (size_t i = 0; i < ARRAY_LEN(single); i++) {
		if (single[i].p)
			within(in, single[i]);
	}
	for (size_t i = 0; i < msg.notify_count; i++) {
		within(in, msg.notify[i].data);
		assert(ike_msg_notify(&msg, msg.notify[i].type));
	}
	for (size_t i = 0; i < msg.delete_count; i++)
		within(in, msg.del[i].spis);
	for (size_t i = 0; i < msg.cert_count; i++)
		within(in, msg.cert[i]);
	for (size_t i = 0; i < msg.certreq_count; i++)
		within(in, msg.certreq[i]);

	const struct ike_notify *error = ike_msg_error(&msg);

	assert(!error || error->type < IKE_N_STATUS_FIRST);
}

static void check_chain(struct cur in, uint8_t type)
{
	struct ike_chain chain;
	enum ike_err err = ike_chain_parse(in, type, &chain);

	if (err) {
		assert((err == IKE_E_CRITICAL) == (chain.critical_type != IKE_PL_NONE));
		return;
	}

	size_t sum = 0;

	for (size_t i = 0; i < chain.count; i++) {
		within(in, chain.item[i].body);
		sum += 4 + chain.item[i].body.left;
		check_body(chain.item[i].body);
	}
	assert(sum == in.left);
	check_msg(in, &chain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cur in = cur_of(data, size);
	uint8_t type = cur_u8(&in);
	struct ike_hdr hdr;

	if (in.bad)
		return 0;
	check_body(in);
	if (type != IKE_PL_NONE) {
		check_chain(in, type);
	} else if (!ike_hdr_parse(in, &hdr)) {
		assert(hdr.length == in.left && ike_exchange_name(hdr.exchange));
		(void)cur_bytes(&in, IKE_HDR_LEN);
		check_chain(in, hdr.next);
	}
	return 0;
}
