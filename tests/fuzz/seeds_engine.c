/*
 * tests/fuzz/seeds_engine.c - writes the seeds of fuzz_payload and fuzz_exchange into the two
 * directories named in argv.  To make them anew, after `tests/run unit`, from the project's root:
 *
 *	gcc -D_GNU_SOURCE -I. tests/fuzz/seeds_engine.c tests/unit/forge.c tests/unit/pair.c \
 *		build/asan/ike/libike.a build/asan/base/libbase.a -fsanitize=address,undefined \
 *		-lcmocka -lcrypto -lgmp -o /tmp/seeds_engine
 *	/tmp/seeds_engine tests/fuzz/corpus/payload tests/fuzz/corpus/exchange
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/forge.h"

static void save(const char *dir, const char *name, const void *bytes, size_t len)
{
	char path[4096];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "wb");
	if (!file || fwrite(bytes, 1, len, file) != len || fclose(file)) {
		perror(path);
		exit(EXIT_FAILURE);
	}
}

/* ---- fuzz_payload ---- */

/* fuzz_payload's situations, and its bits. */
enum { UP_A, UP_B, AUTH_REQUEST, AUTH_RESPONSE, EARLY, PROBE_B, PROBE_A, DELETE_B, DELETE_A, GONE };
enum { ANSWER = 1, MID = 2, CBC = 4, PROOF = 8, TWICE = 16 };

static void payload(const char *dir, const char *name, uint8_t situation, uint8_t exchange,
		    uint8_t bits, const struct forge *f)
{
	uint8_t bytes[8192];
	struct buf buf = buf_of(bytes, sizeof(bytes));

	buf_u8(&buf, situation);
	buf_u8(&buf, (uint8_t)(exchange - IKE_X_SA_INIT));
	buf_u8(&buf, bits);
	buf_u8(&buf, f->count ? f->item[0].type : f->last_next);
	for (size_t i = 0; i < f->count; i++) {
		buf_u8(&buf, i + 1 < f->count ? f->item[i + 1].type : f->last_next);
		buf_u8(&buf, f->item[i].flags);
		buf_u16(&buf, (uint16_t)(f->item[i].len + 4));
		buf_put(&buf, f->item[i].body, f->item[i].len);
	}
	save(dir, name, bytes, buf.len);
}

static void auth_seeds(const char *dir)
{
	static const uint8_t types[] = { IKE_PL_SA, IKE_PL_TSI, IKE_PL_NOTIFY, IKE_PL_AUTH };
	static const char *const names[] = { "no_sa", "no_tsi", "no_notify", "no_auth" };
	struct pair p;
	struct forge f, g;

	for (int from = 0; from < 2; from++) {
		char name[64];
		uint8_t situation = from ? AUTH_RESPONSE : AUTH_REQUEST;
		uint8_t bits = from ? PROOF | ANSWER : PROOF;
		const char *who = from ? "auth_response" : "auth_request";

		forge_pair(&p, from ? FORGE_AUTH_RESPONSE : FORGE_AUTH_REQUEST);
		forge_take(&p, from, &f);
		(void)snprintf(name, sizeof(name), "%s", who);
		payload(dir, name, situation, IKE_X_AUTH, bits, &f);
		(void)snprintf(name, sizeof(name), "%s_twice", who);
		payload(dir, name, situation, IKE_X_AUTH, bits | TWICE, &f);
		(void)snprintf(name, sizeof(name), "%s_wrong_mid", who);
		payload(dir, name, situation, IKE_X_AUTH, bits | MID, &f);
		(void)snprintf(name, sizeof(name), "%s_cbc", who);
		payload(dir, name, situation, IKE_X_AUTH, bits | CBC, &f);
		(void)snprintf(name, sizeof(name), "%s_no_proof", who);
		forge_find(&f, IKE_PL_AUTH)->body[4] ^= 1;
		payload(dir, name, situation, IKE_X_AUTH, from ? ANSWER : 0, &f);
		for (size_t i = 0; i < ARRAY_LEN(types); i++) {
			g = f;
			forge_drop(&g, types[i]);
			(void)snprintf(name, sizeof(name), "%s_%s", who, names[i]);
			payload(dir, name, situation, IKE_X_AUTH, bits, &g);
		}
		(void)snprintf(name, sizeof(name), "%s_critical", who);
		g = f;
		forge_add(&g, 200, "x", 1)->flags = 0x80;
		payload(dir, name, situation, IKE_X_AUTH, bits, &g);
		(void)snprintf(name, sizeof(name), "%s_early", who);
		payload(dir, name, from ? EARLY : UP_A, IKE_X_AUTH, bits, &f);
		pair_free(&p);
	}
}

static void info_seeds(const char *dir)
{
	struct pair p;
	struct forge none = { 0 }, f;
	uint32_t spis[3];

	forge_pair(&p, FORGE_UP);
	spis[0] = p.side[0].sa[0].in.spi;
	spis[1] = p.side[1].sa[0].in.spi;
	spis[2] = 1;
	pair_free(&p);

	payload(dir, "info_empty_a", UP_A, IKE_X_INFORMATIONAL, TWICE, &none);
	payload(dir, "info_empty_b", UP_B, IKE_X_INFORMATIONAL, CBC, &none);
	payload(dir, "info_early", EARLY, IKE_X_INFORMATIONAL, 0, &none);
	payload(dir, "info_gone", GONE, IKE_X_INFORMATIONAL, 0, &none);
	payload(dir, "probe_answer_a", PROBE_A, IKE_X_INFORMATIONAL, ANSWER, &none);
	payload(dir, "probe_answer_b", PROBE_B, IKE_X_INFORMATIONAL, ANSWER | TWICE, &none);
	payload(dir, "delete_answer_a", DELETE_A, IKE_X_INFORMATIONAL, ANSWER, &none);
	payload(dir, "create_child", UP_A, IKE_X_CREATE_CHILD, 0, &none);
	f = none;
	forge_delete(&f, IKE_PROTO_IKE, NULL, 0);
	payload(dir, "delete_ike_a", UP_A, IKE_X_INFORMATIONAL, TWICE, &f);
	payload(dir, "delete_ike_b", UP_B, IKE_X_INFORMATIONAL, 0, &f);
	payload(dir, "delete_crossed", DELETE_B, IKE_X_INFORMATIONAL, 0, &f);
	payload(dir, "delete_in_answer", PROBE_B, IKE_X_INFORMATIONAL, ANSWER, &f);
	f = none;
	forge_delete(&f, IKE_PROTO_ESP, spis, 3);
	payload(dir, "delete_esp_a", UP_A, IKE_X_INFORMATIONAL, 0, &f);
	payload(dir, "delete_esp_b", UP_B, IKE_X_INFORMATIONAL, 0, &f);
	forge_delete(&f, IKE_PROTO_AH, spis, 2);
	forge_delete(&f, IKE_PROTO_IKE, NULL, 0);
	payload(dir, "delete_all_kinds", UP_B, IKE_X_INFORMATIONAL, 0, &f);
	f = none;
	forge_notify(&f, IKE_N_AUTHENTICATION_FAILED, NULL, 0);
	payload(dir, "auth_failed", UP_A, IKE_X_INFORMATIONAL, 0, &f);
	payload(dir, "auth_failed_answer", AUTH_RESPONSE, IKE_X_AUTH, ANSWER, &f);
	f = none;
	forge_notify(&f, IKE_N_INVALID_SYNTAX, NULL, 0);
	payload(dir, "invalid_syntax_answer", PROBE_A, IKE_X_INFORMATIONAL, ANSWER, &f);
	f = none;
	(void)forge_add(&f, IKE_PL_NOTIFY, "\3\4\100\11\1\2\3\4", 8);
	payload(dir, "rekey_sa", UP_A, IKE_X_CREATE_CHILD, 0, &f);
	f.last_next = IKE_PL_NOTIFY;
	payload(dir, "truncated", UP_A, IKE_X_INFORMATIONAL, 0, &f);
	f = none;
	(void)forge_add(&f, IKE_PL_SK, "0123456789abcdef", 16);
	payload(dir, "sealed_twice", UP_A, IKE_X_INFORMATIONAL, 0, &f);
	payload(dir, "init_exchange", UP_A, IKE_X_SA_INIT, 0, &none);
}

/* ---- fuzz_exchange ---- */

/* Events as fuzz_exchange numbers them; +1: of B. */
#define E(event, side)	(char)((event) << 3 | (side))
#define DELIVER(side)	E(0, side), 0
#define DROP(side)	E(8, side), 0
#define DOUBLE(side)	E(9, side), 0
#define REORDER(side)	E(10, side), 0
#define DAMAGE(side)	E(11, side), 40
#define REPLAY(n)	E(12, 0), n
#define REFLECT(n)	E(13, 0), n
#define WAIT(n)		E(14, 0), n
#define WAIT_LONG(n)	E(15, 0), n
#define WANT(side)	E(16, side), 0
#define CANCEL(side)	E(17, side), 0
#define END(side, how)	E(18, side), how
#define KERNEL(side, n) E(19, side), n
#define HOLD(side)	E(20, side), 0
#define FINISH(side)	E(21, side), 0
#define RESTART(side)	E(22, side), 0
#define RELOAD		E(23, 0), 0
#define PROBE(side)	E(24, side), 0
#define SETTLE		E(25, 0), 0

#define COURSE(name, ...)                                                                  \
	{                                                                                  \
		name, (const char[]){ __VA_ARGS__ }, sizeof((const char[]){ __VA_ARGS__ }) \
	}

static const struct {
	const char *name;
	const char *bytes;
	size_t len;
} courses[] = {
	COURSE("up", 16, DELIVER(0), DELIVER(1), DELIVER(0), DELIVER(1)),
	COURSE("cookie_and_group", 16 | 1 | 2, SETTLE),
	COURSE("lost", 16, DROP(0), WAIT(15), DELIVER(0), DROP(1), WAIT(20), DELIVER(0), DELIVER(1),
	       DELIVER(0), DROP(1), WAIT(15), SETTLE),
	COURSE("doubled", 16, DOUBLE(0), DOUBLE(0), DELIVER(0), DOUBLE(1), DELIVER(1), DOUBLE(0),
	       DELIVER(0), SETTLE),
	COURSE("damaged", 16, DAMAGE(0), DELIVER(0), WAIT(15), DELIVER(0), DAMAGE(1), DELIVER(1),
	       SETTLE),
	COURSE("replayed", 16, DELIVER(0), DELIVER(1), DELIVER(0), DELIVER(1), REPLAY(0), REPLAY(1),
	       REPLAY(2), REFLECT(0), REFLECT(1), REFLECT(3), SETTLE),
	COURSE("crossed", 48, DELIVER(0), DELIVER(1), DELIVER(0), DELIVER(1), DELIVER(1),
	       DELIVER(0)),
	COURSE("crossed_slow", 48, HOLD(0), HOLD(1), DELIVER(0), DELIVER(1), FINISH(0), FINISH(1),
	       SETTLE, WAIT_LONG(25)),
	COURSE("crossed_lost", 48, DELIVER(0), DELIVER(0), DROP(1), DROP(1), WAIT(30), REORDER(0),
	       SETTLE),
	COURSE("terminate_both", 48, SETTLE, END(0, 0), END(1, 0), SETTLE),
	COURSE("terminate_child", 16, SETTLE, END(0, 1), END(1, 1), SETTLE, WANT(1), SETTLE),
	COURSE("terminate_silently", 16, SETTLE, END(0, 2), WANT(1), WAIT_LONG(40), SETTLE),
	COURSE("restart_a", 16, SETTLE, RESTART(0), WANT(0), SETTLE),
	COURSE("restart_b", 16, SETTLE, RESTART(1), WANT(0), PROBE(0), SETTLE, WAIT_LONG(60)),
	COURSE("restart_midway", 16, DELIVER(0), RESTART(1), DELIVER(0), DELIVER(1), WANT(1),
	       SETTLE),
	COURSE("old_age", 48 | 4, SETTLE, WAIT_LONG(95), SETTLE, WAIT_LONG(95), SETTLE),
	COURSE("kernel", 16, SETTLE, KERNEL(0, 1), SETTLE, WANT(0), SETTLE, KERNEL(1, 0), SETTLE,
	       WANT(1), KERNEL(0, 2), KERNEL(1, 4), SETTLE),
	COURSE("nat", 16 | 8, SETTLE, KERNEL(1, 6), PROBE(1), SETTLE, KERNEL(0, 6), PROBE(0)),
	COURSE("cancel", 16, CANCEL(0), WANT(0), SETTLE, RELOAD, PROBE(0), DOUBLE(0), DELIVER(0)),
	COURSE("silence", 16, SETTLE, WAIT_LONG(35), DROP(0), DROP(1), WAIT_LONG(35), DROP(0),
	       DROP(1), WAIT_LONG(100), DROP(0), DROP(1), WAIT_LONG(100), WANT(0)),
};

int main(int argc, char **argv)
{
	if (argc != 3) {
		(void)fprintf(stderr, "usage: seeds_engine PAYLOAD-DIRECTORY EXCHANGE-DIRECTORY\n");
		return EXIT_FAILURE;
	}
	auth_seeds(argv[1]);
	info_seeds(argv[1]);
	for (size_t i = 0; i < ARRAY_LEN(courses); i++)
		save(argv[2], courses[i].name, courses[i].bytes, courses[i].len);
	return EXIT_SUCCESS;
}
