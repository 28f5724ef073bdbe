/*
 * tests/unit/test_xfrm.c - netlink messages about SAs and policies, built and taken apart without a
 * kernel: what is built is read back field by field.
 */
#include "tests/unit/xfrm_test.h"

#include "xfrm/algo.h"
#include "xfrm/policy.h"

/* ---- Helpers ---- */

/* The first attribute of a type in what follows a fixed part of `head_len`; fails without one. */
static struct xfrm_attr attr_of(const struct xfrm_reply *reply, size_t head_len, uint16_t type)
{
	struct cur body = reply->body;
	struct xfrm_attr attr;

	cur_bytes(&body, (head_len + 3) & ~(size_t)3);
	while (xfrm_attr_next(&body, &attr))
		if (attr.type == type)
			return attr;
	fail_msg("no attribute %u", type);
	return attr;
}

static bool has_attr(const struct xfrm_reply *reply, size_t head_len, uint16_t type)
{
	struct cur body = reply->body;
	struct xfrm_attr attr;

	cur_bytes(&body, (head_len + 3) & ~(size_t)3);
	while (xfrm_attr_next(&body, &attr))
		if (attr.type == type)
			return true;
	assert_false(body.bad);
	return false;
}

static struct xfrm_sa gcm(void)
{
	struct xfrm_sa sa = {
		.src = here,
		.dst = there,
		.spi = 0x11223344,
		.reqid = 7,
		.encr = 20,
		.encr_key = { .len = 36 },
		.replay_window = 128,
	};

	memset(sa.encr_key.b, 0x5a, sizeof(sa.encr_key.b));
	return sa;
}

static struct xfrm_sa cbc(uint16_t integ, uint8_t integ_len)
{
	struct xfrm_sa sa = gcm();

	sa.encr = 12;
	sa.encr_key.len = 16;
	sa.integ = integ;
	sa.integ_key.len = integ_len;
	memset(sa.integ_key.b, 0xa5, sizeof(sa.integ_key.b));
	return sa;
}

/* ---- Bytes ---- */

static void message_does_not_overflow(void **state)
{
	struct xfrm_msg msg;
	uint8_t big[XFRM_REQUEST_MAX] = { 0 };

	(void)state;
	xfrm_msg_begin(&msg, 1, 0, big, sizeof(big));
	assert_true(msg.bad);
	xfrm_msg_begin(&msg, 1, 0, big, 8);
	assert_false(msg.bad);
	for (size_t i = 0; i < 200; i++)
		xfrm_msg_u32(&msg, 1, 1);
	assert_false(msg.bad);
	xfrm_msg_attr(&msg, 1, big, 1000);
	assert_true(msg.bad);
	assert_true(xfrm_msg_bytes(&msg).left <= sizeof(msg.bytes));
	xfrm_msg_wipe(&msg);
	for (size_t i = 0; i < sizeof(msg.bytes); i++)
		assert_int_equal(msg.bytes[i], 0);
}

static void malformed_lengths(void **state)
{
	struct {
		struct nlmsghdr head;
		struct nlattr attr;
		uint32_t value;
	} bytes = { { .nlmsg_len = sizeof(bytes), .nlmsg_type = 20 }, { 8, 3 }, 5 };
	struct xfrm_reply reply;
	struct xfrm_attr attr;
	struct cur cur;

	(void)state;
	for (uint32_t len = 0; len < 40; len++) {
		cur = cur_of(&bytes, sizeof(bytes));
		bytes.head.nlmsg_len = len;

		bool fits = len >= sizeof(bytes.head) && len <= sizeof(bytes);

		assert_true(xfrm_reply_next(&cur, &reply) == fits);
		assert_true(cur.bad != fits);
	}
	bytes.head.nlmsg_len = sizeof(bytes);
	for (uint16_t len = 0; len < 16; len++) {
		bytes.attr.nla_len = len;
		reply = reply_of(cur_of(&bytes, sizeof(bytes)));

		bool fits = len >= sizeof(bytes.attr) && len <= 8;

		assert_true(xfrm_attr_next(&reply.body, &attr) == fits);
		assert_true(reply.body.bad != fits);
	}
	bytes.attr.nla_len = 6; /* a value too short reads as 0 */
	reply = reply_of(cur_of(&bytes, sizeof(bytes)));
	assert_true(xfrm_attr_next(&reply.body, &attr));
	assert_int_equal(xfrm_attr_u32(&attr), 0);
	assert_int_equal(xfrm_attr_u16(&attr), 5);
}

static void verdicts(void **state)
{
	struct {
		struct nlmsghdr head;
		int32_t err;
		struct nlmsghdr echoed;
		struct nlattr attr;
		char said[8];
	} bytes = {
		{ sizeof(bytes), NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS, 1, 1 },
		-EEXIST,
		{ .nlmsg_len = 500 },
		{ 4 + 8, NLMSGERR_ATTR_MSG },
		"a wish",
	};
	struct xfrm_reply reply = reply_of(cur_of(&bytes, sizeof(bytes)));
	struct xfrm_verdict verdict;

	(void)state;
	assert_true(xfrm_verdict_parse(&reply, &verdict));
	assert_int_equal(verdict.err, -EEXIST);
	assert_string_equal(verdict.said, "a wish");

	bytes.head.nlmsg_flags = NLM_F_ACK_TLVS; /* an echo of 500 bytes that is not there */
	reply = reply_of(cur_of(&bytes, sizeof(bytes)));
	assert_false(xfrm_verdict_parse(&reply, &verdict));

	bytes.err = 17;
	reply = reply_of(cur_of(&bytes, sizeof(bytes)));
	assert_false(xfrm_verdict_parse(&reply, &verdict));

	reply.body = cur_of(NULL, 0);
	assert_false(xfrm_verdict_parse(&reply, &verdict));
	reply.head.nlmsg_type = NLMSG_DONE; /* a dump may end without a word */
	assert_true(xfrm_verdict_parse(&reply, &verdict));
	assert_int_equal(verdict.err, 0);
}

/* ---- Algorithms ---- */

static void overheads(void **state)
{
	(void)state;
	assert_int_equal(xfrm_esp_overhead(20, 0), 8 + 8 + 8 + 3 + 2 + 16);
	assert_int_equal(xfrm_esp_overhead(19, 0), 8 + 8 + 8 + 3 + 2 + 12);
	assert_int_equal(xfrm_esp_overhead(28, 0), 45);
	assert_int_equal(xfrm_esp_overhead(12, 2), 8 + 8 + 16 + 15 + 2 + 12);
	assert_int_equal(xfrm_esp_overhead(12, 12), 65);
	assert_int_equal(xfrm_esp_overhead(12, 13), 73);
	assert_int_equal(xfrm_esp_overhead(12, 14), 81);
	assert_int_equal(xfrm_esp_overhead(12, 0), XFRM_PROPOSAL_OVERHEAD_MAX);
	assert_int_equal(xfrm_esp_overhead(3, 2), XFRM_PROPOSAL_OVERHEAD_MAX);
}

static void faults(void **state)
{
	struct xfrm_sa sa = gcm();

	(void)state;
	assert_null(xfrm_sa_fault(&sa));
	sa.encr_key.len = 32;
	assert_non_null(xfrm_sa_fault(&sa));
	sa = gcm();
	sa.integ = 12;
	assert_non_null(xfrm_sa_fault(&sa));
	sa = gcm();
	sa.dst = (struct addr){ .family = ADDR_IP6 };
	assert_non_null(xfrm_sa_fault(&sa));
	sa = gcm();
	sa.spi = 255;
	assert_non_null(xfrm_sa_fault(&sa));
	sa = gcm();
	sa.replay_window = XFRM_REPLAY_MAX + 1;
	assert_non_null(xfrm_sa_fault(&sa));
	sa = cbc(14, 64);
	assert_null(xfrm_sa_fault(&sa));
	sa.integ_key.len = 32;
	assert_non_null(xfrm_sa_fault(&sa));
	sa = cbc(0, 0);
	assert_non_null(xfrm_sa_fault(&sa));
	sa = cbc(5, 20); /* AUTH_AES_XCBC_96: not one of ours */
	assert_non_null(xfrm_sa_fault(&sa));
	sa = gcm();
	sa.encr = 28;
	sa.encr_key.len = 20;
	assert_non_null(xfrm_sa_fault(&sa));
}

/* ---- SAs ---- */

static void aead_is_built(void **state)
{
	struct xfrm_sa sa = gcm();
	struct xfrm_msg msg;
	struct xfrm_usersa_info info;
	struct xfrm_algo_aead algo;

	(void)state;
	sa.esn = sa.encap = true;
	sa.encap_sport = 4500;
	sa.encap_dport = 30001;
	sa.set_mark = 0x1234;
	sa.soft_bytes = 1000;
	sa.hard_s = 3600;
	sa.acquire_seq = 99;
	xfrm_sa_build(&msg, XFRM_MSG_NEWSA, &sa, NULL);
	assert_false(msg.bad);

	struct xfrm_reply reply = reply_of(xfrm_msg_bytes(&msg));
	struct xfrm_attr attr = attr_of(&reply, sizeof(info), XFRMA_ALG_AEAD);

	assert_int_equal(reply.head.nlmsg_type, XFRM_MSG_NEWSA);
	memcpy(&info, reply.body.p, sizeof(info));
	assert_int_equal(info.sel.proto, IPPROTO_GRE);
	assert_int_equal(info.sel.prefixlen_s, 32);
	assert_int_equal(info.sel.prefixlen_d, 32);
	assert_int_equal(info.sel.sport_mask | info.sel.dport_mask, 0);
	assert_memory_equal(&info.sel.saddr, here.b, 4);
	assert_memory_equal(&info.id.daddr, there.b, 4);
	assert_int_equal(info.id.spi, htonl(sa.spi));
	assert_int_equal(info.id.proto, IPPROTO_ESP);
	assert_int_equal(info.mode, XFRM_MODE_TRANSPORT);
	assert_int_equal(info.flags, XFRM_STATE_ESN);
	assert_int_equal(info.replay_window, 0); /* the attribute has it */
	assert_int_equal(info.seq, 99);
	assert_true(info.lft.soft_byte_limit == 1000 && info.lft.hard_byte_limit == XFRM_INF);
	assert_true(info.lft.hard_packet_limit == XFRM_INF);
	assert_true(info.lft.hard_add_expires_seconds == 3600);
	assert_int_equal(attr.value.left, sizeof(algo) + 36);
	memcpy(&algo, attr.value.p, sizeof(algo));
	assert_string_equal(algo.alg_name, "rfc4106(gcm(aes))");
	assert_int_equal(algo.alg_key_len, 36 * 8);
	assert_int_equal(algo.alg_icv_len, 128);
	assert_memory_equal(attr.value.p + sizeof(algo), sa.encr_key.b, 36);

	struct xfrm_sa_info back;

	assert_true(xfrm_sa_parse(&reply, &back));
	assert_true(addr_eq(&back.view.src, &here) && addr_eq(&back.view.dst, &there));
	assert_int_equal(back.view.spi, sa.spi);
	assert_int_equal(back.view.reqid, 7);
	assert_int_equal(back.encap_sport, 4500);
	assert_int_equal(back.encap_dport, 30001);
	assert_int_equal(back.set_mark, 0x1234);
	assert_int_equal(back.progress.window, 128);
	assert_int_equal(back.progress.word_count, 4);
}

static void cbc_is_built(void **state)
{
	struct xfrm_sa sa = cbc(14, 64);
	struct xfrm_msg msg;
	struct xfrm_algo crypt;
	struct xfrm_algo_auth auth;

	(void)state;
	xfrm_sa_build(&msg, XFRM_MSG_UPDSA, &sa, NULL);
	assert_false(msg.bad);

	struct xfrm_reply reply = reply_of(xfrm_msg_bytes(&msg));
	struct xfrm_attr attr = attr_of(&reply, sizeof(struct xfrm_usersa_info), XFRMA_ALG_CRYPT);

	assert_int_equal(attr.value.left, sizeof(crypt) + 16);
	memcpy(&crypt, attr.value.p, sizeof(crypt));
	assert_string_equal(crypt.alg_name, "cbc(aes)");
	assert_int_equal(crypt.alg_key_len, 128);
	assert_memory_equal(attr.value.p + sizeof(crypt), sa.encr_key.b, 16);
	attr = attr_of(&reply, sizeof(struct xfrm_usersa_info), XFRMA_ALG_AUTH_TRUNC);
	assert_int_equal(attr.value.left, sizeof(auth) + 64);
	memcpy(&auth, attr.value.p, sizeof(auth));
	assert_string_equal(auth.alg_name, "hmac(sha512)");
	assert_int_equal(auth.alg_key_len, 512);
	assert_int_equal(auth.alg_trunc_len, 256);
	assert_memory_equal(attr.value.p + sizeof(auth), sa.integ_key.b, 64);
	assert_false(has_attr(&reply, sizeof(struct xfrm_usersa_info), XFRMA_ENCAP));
	assert_false(has_attr(&reply, sizeof(struct xfrm_usersa_info), XFRMA_SET_MARK));
	assert_false(has_attr(&reply, sizeof(struct xfrm_usersa_info), XFRMA_LTIME_VAL));
}

/* Window asked for, with and without ESN, and what the kernel is told. */
static void windows(void **state)
{
	static const struct {
		uint32_t asked;
		bool esn;
		uint32_t window, words;
	} cases[] = {
		{ 0, false, 0, 0 },	   { 1, false, 1, 1 },	   { 32, false, 32, 1 },
		{ 33, false, 33, 2 },	   { 0, true, 4096, 128 }, { 64, true, 64, 2 },
		{ 4096, true, 4096, 128 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct xfrm_sa sa = gcm();
		struct xfrm_msg msg;
		struct xfrm_sa_info back;

		sa.replay_window = cases[i].asked;
		sa.esn = cases[i].esn;
		xfrm_sa_build(&msg, XFRM_MSG_NEWSA, &sa, NULL);

		struct xfrm_reply reply = reply_of(xfrm_msg_bytes(&msg));

		assert_false(msg.bad);
		assert_true(xfrm_sa_parse(&reply, &back));
		assert_true(back.progress.esn_form);
		assert_int_equal(back.progress.window, cases[i].window);
		assert_int_equal(back.progress.word_count, cases[i].words);
	}
}

static struct xfrm_progress some_progress(void)
{
	struct xfrm_progress progress = {
		.esn_form = true,
		.lifetime = { 4000, 40, 1700000000, 1700000001 },
		.oseq = 77,
		.oseq_hi = 1,
		.seq = 66,
		.seq_hi = 2,
		.window = 100,
		.word_count = 4,
		.word = { 1, 2, 3, 0x80000000 },
	};

	return progress;
}

static void progress_goes_along(void **state)
{
	struct xfrm_sa sa = gcm();
	struct xfrm_progress progress = some_progress();
	struct xfrm_msg msg;
	struct xfrm_sa_info back;
	struct xfrm_lifetime_cur lifetime;

	(void)state;
	sa.replay_window = XFRM_REPLAY_MAX; /* the old window counts */
	xfrm_sa_build(&msg, XFRM_MSG_NEWSA, &sa, &progress);

	struct xfrm_reply reply = reply_of(xfrm_msg_bytes(&msg));
	struct xfrm_attr attr = attr_of(&reply, sizeof(struct xfrm_usersa_info), XFRMA_LTIME_VAL);

	assert_true(xfrm_attr_copy(&attr, &lifetime, sizeof(lifetime)));
	assert_memory_equal(&lifetime, &progress.lifetime, sizeof(lifetime));
	assert_true(xfrm_sa_parse(&reply, &back));
	back.progress.lifetime = progress.lifetime; /* is in the attribute only */
	assert_memory_equal(&back.progress, &progress, sizeof(progress));
}

/* As the kernel announces it: the name first, the SA in an attribute. */
static void deletion_is_parsed(void **state)
{
	struct xfrm_usersa_id id = { .spi = htonl(5), .family = AF_INET, .proto = IPPROTO_ESP };
	struct xfrm_usersa_info info = {
		.id = { .spi = htonl(5), .proto = IPPROTO_ESP },
		.family = AF_INET,
		.curlft = { .packets = 9 },
	};
	struct xfrm_replay_state old = { .oseq = 12, .seq = 13 };
	struct xfrm_sa_info out;
	struct xfrm_msg msg;

	(void)state;
	xfrm_msg_begin(&msg, XFRM_MSG_DELSA, 0, &id, sizeof(id));
	xfrm_msg_attr(&msg, XFRMA_REPLAY_VAL, &old, sizeof(old));

	struct xfrm_reply reply = reply_of(xfrm_msg_bytes(&msg));

	assert_false(xfrm_sa_parse(&reply, &out)); /* a name alone is no SA */
	xfrm_msg_attr(&msg, XFRMA_SA, &info, sizeof(info));
	reply = reply_of(xfrm_msg_bytes(&msg));
	assert_true(xfrm_sa_parse(&reply, &out));
	assert_int_equal(out.view.spi, 5);
	assert_int_equal(out.view.counters.packets, 9);
	assert_int_equal(out.progress.oseq, 12);
	assert_false(out.progress.esn_form);
}

static void replay_state_must_fit(void **state)
{
	struct xfrm_sa sa = gcm();
	struct xfrm_msg msg;
	struct xfrm_sa_info out;
	struct xfrm_replay_state_esn state_esn = { .bmp_len = XFRM_BITMAP_WORDS_MAX + 1 };

	(void)state;
	xfrm_sa_build(&msg, XFRM_MSG_NEWSA, &sa, NULL);
	xfrm_msg_attr(&msg, XFRMA_REPLAY_ESN_VAL, &state_esn, sizeof(state_esn));

	struct xfrm_reply reply = reply_of(xfrm_msg_bytes(&msg));

	assert_false(xfrm_sa_parse(&reply, &out));
}

/* ---- Policies ---- */

static struct xfrm_userpolicy_info policy_built(const struct xfrm_policy *policy, uint8_t dir)
{
	struct xfrm_userpolicy_info info;
	struct xfrm_user_tmpl tmpl;
	struct xfrm_msg msg;

	xfrm_policy_build(&msg, policy, dir);

	struct xfrm_reply reply = reply_of(xfrm_msg_bytes(&msg));
	struct xfrm_attr attr = attr_of(&reply, sizeof(info), XFRMA_TMPL);

	assert_int_equal(reply.head.nlmsg_type, XFRM_MSG_UPDPOLICY);
	assert_int_equal(attr.value.left, sizeof(tmpl));
	assert_true(xfrm_attr_copy(&attr, &tmpl, sizeof(tmpl)));
	assert_int_equal(tmpl.reqid, policy->reqid);
	assert_int_equal(tmpl.mode, XFRM_MODE_TRANSPORT);
	assert_int_equal(tmpl.id.proto, IPPROTO_ESP);
	assert_int_equal(tmpl.optional, 0);
	assert_true((tmpl.aalgos & tmpl.ealgos & tmpl.calgos) == UINT32_MAX);
	memcpy(&info, reply.body.p, sizeof(info));
	assert_int_equal(info.dir, dir);
	assert_int_equal(info.action, XFRM_POLICY_ALLOW);
	assert_int_equal(info.sel.proto, IPPROTO_GRE);
	return info;
}

static void policies(void **state)
{
	struct xfrm_policy wild = { .reqid = 3 };
	struct xfrm_policy full = { 4, here, there, true, 0x0001002a };
	struct xfrm_policy keyed = { .reqid = 5, .has_key = true };
	struct xfrm_policy both = { .reqid = 6, .local = here, .remote = there };
	struct xfrm_userpolicy_info info = policy_built(&wild, XFRM_POLICY_IN);

	(void)state;
	assert_int_equal(info.sel.family, AF_INET);
	assert_int_equal(info.sel.prefixlen_d | info.sel.prefixlen_s, 0);
	assert_int_equal(info.sel.sport_mask | info.sel.dport_mask, 0);

	uint32_t wild_priority = info.priority;

	info = policy_built(&full, XFRM_POLICY_OUT);
	assert_memory_equal(&info.sel.saddr, here.b, 4);
	assert_memory_equal(&info.sel.daddr, there.b, 4);
	assert_int_equal(info.sel.sport, htons(1));
	assert_int_equal(info.sel.dport, htons(42));
	assert_int_equal(info.sel.sport_mask & info.sel.dport_mask, 0xffff);

	struct xfrm_userpolicy_info in = policy_built(&full, XFRM_POLICY_IN);

	assert_memory_equal(&in.sel.saddr, there.b, 4);
	assert_int_equal(in.sel.sport, htons(1)); /* a key has no direction */
	assert_true(info.priority < policy_built(&keyed, XFRM_POLICY_OUT).priority);
	assert_true(policy_built(&keyed, XFRM_POLICY_OUT).priority <
		    policy_built(&both, XFRM_POLICY_OUT).priority);
	assert_true(policy_built(&both, XFRM_POLICY_OUT).priority < wild_priority);
	assert_true(wild_priority < 100000); /* where other daemons' begin */
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(message_does_not_overflow),
		cmocka_unit_test(malformed_lengths),
		cmocka_unit_test(verdicts),
		cmocka_unit_test(overheads),
		cmocka_unit_test(faults),
		cmocka_unit_test(aead_is_built),
		cmocka_unit_test(cbc_is_built),
		cmocka_unit_test(windows),
		cmocka_unit_test(progress_goes_along),
		cmocka_unit_test(deletion_is_parsed),
		cmocka_unit_test(replay_state_must_fit),
		cmocka_unit_test(policies),
	};

	return cmocka_run_group_tests_name("xfrm", tests, NULL, NULL);
}
