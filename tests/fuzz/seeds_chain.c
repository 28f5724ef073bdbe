/*
 * tests/fuzz/seeds_chain.c - writes the seeds of fuzz_chain into the directory named in argv: every
 * well-formed sample, and messages with one thing wrong, named after it.  To make them anew:
 *
 *	gcc -D_GNU_SOURCE -I. tests/fuzz/seeds_chain.c tests/fuzz/wire_samples.c ike/wire.c \
 *		ike/payload.c ike/payload_sa.c ike/write.c base/addr.c -o /tmp/seeds_chain
 *	/tmp/seeds_chain tests/fuzz/corpus/chain
 */
#include "tests/fuzz/wire_samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A sample with `count` bytes overwritten; offsets count from the message, not the selector. */
struct damage {
	const char *name;
	const char *sample;
	size_t at;
	size_t count;
	uint8_t bytes[4];
};

#define FIRST IKE_HDR_LEN /* the first payload of a datagram */

static const struct damage damages[] = {
	{ "bad_hdr_length_short", "init_request", 27, 1, { 0x10 } },
	{ "bad_hdr_length_huge", "init_request", 24, 4, { 0xff, 0xff, 0xff, 0xff } },
	{ "bad_hdr_major_1", "init_request", 17, 1, { 0x10 } },
	{ "bad_hdr_major_3", "init_request", 17, 1, { 0x30 } },
	{ "ok_hdr_minor_15", "init_request", 17, 1, { 0x2f } },
	{ "ok_hdr_flags_all", "init_request", 19, 1, { 0xff } },
	{ "bad_payload_length_0", "init_request", FIRST + 2, 2, { 0, 0 } },
	{ "bad_payload_length_3", "init_request", FIRST + 2, 2, { 0, 3 } },
	{ "bad_payload_length_max", "init_request", FIRST + 2, 2, { 0xff, 0xff } },
	{ "ok_payload_reserved", "init_request", FIRST + 1, 1, { 0xff } },
	{ "bad_first_v1_sa", "init_request", 16, 1, { 1 } },
	{ "bad_first_none", "init_request", 16, 1, { 0 } },
	{ "bad_sa_no_transforms", "init_request", FIRST + 4 + 7, 1, { 0 } },
	{ "bad_sa_too_many_transforms", "init_request", FIRST + 4 + 7, 1, { 0xff } },
	{ "bad_sa_spi_size_4", "init_request", FIRST + 4 + 6, 1, { 4 } },
	{ "bad_sa_proposal_length", "init_request", FIRST + 4 + 2, 2, { 0, 7 } },
	{ "bad_sa_transform_length", "init_request", FIRST + 4 + 8 + 2, 2, { 0, 7 } },
	{ "ok_sa_attribute_tlv", "init_request", FIRST + 4 + 8 + 8, 4, { 0, 14, 0, 0 } },
	{ "bad_sa_attribute_tlv_long", "init_request", FIRST + 4 + 8 + 8, 4, { 0, 14, 0, 9 } },
	{ "ok_sa_transform_type_6", "init_request", FIRST + 4 + 8 + 4, 1, { 6 } },
	{ "bad_rekey_protocol_0", "rekey_child", 4, 1, { 0 } },
	{ "bad_rekey_spi_size_3", "rekey_child", 5, 1, { 3 } },
	{ "bad_delete_protocol_0", "delete_children", 4, 1, { 0 } },
	{ "bad_delete_count_max", "delete_children", 6, 2, { 0xff, 0xff } },
	{ "bad_delete_spi_size_8", "delete_children", 5, 1, { 8 } },
	{ "bad_ike_delete_with_spi", "delete_ike", 5, 3, { 8, 0, 1 } },
};

/* What the writer refuses to write.  The first byte is the selector. */
#define RAW(...)                                                    \
	sizeof((const uint8_t[]){ __VA_ARGS__ }), (const uint8_t[]) \
	{                                                           \
		__VA_ARGS__                                         \
	}

static const struct {
	const char *name;
	size_t len;
	const uint8_t *bytes;
} raws[] = {
	{ "bad_chain_empty", RAW(IKE_PL_NOTIFY) },
	{ "bad_chain_header_cut", RAW(IKE_PL_NOTIFY, 0, 0, 0) },
	{ "bad_trailing", RAW(IKE_PL_NONCE, 0, 0, 0, 4, 0xff) },
	{ "bad_critical_49", RAW(49, 0, 0x80, 0, 4) },
	{ "ok_unknown_49", RAW(49, 0, 0x00, 0, 4) },
	{ "ok_critical_nonce", RAW(IKE_PL_NONCE, 0, 0x80, 0, 4) },
	{ "bad_two_nonces", RAW(IKE_PL_NONCE, IKE_PL_NONCE, 0, 0, 4, 0, 0, 0, 4) },
	{ "bad_id_empty", RAW(IKE_PL_IDI, 0, 0, 0, 8, IKE_ID_FQDN, 0, 0, 0) },
	{ "bad_id_ipv4_long",
	  RAW(IKE_PL_IDR, 0, 0, 0, 13, IKE_ID_IPV4_ADDR, 0, 0, 0, 1, 2, 3, 4, 5) },
	{ "bad_id_nul", RAW(IKE_PL_IDI, 0, 0, 0, 11, IKE_ID_FQDN, 0, 0, 0, 'a', 0, 'b') },
	{ "bad_ts_none", RAW(IKE_PL_TSI, 0, 0, 0, 8, 0, 0, 0, 0) },
	{ "bad_ts_length_0", RAW(IKE_PL_TSI, 0, 0, 0, 12, 1, 0, 0, 0, 7, 47, 0, 0) },
	{ "bad_ts_short", RAW(IKE_PL_TSI, 0, 0, 0, 16, 1, 0, 0, 0, 7, 47, 0, 8, 0, 0, 0xff, 0xff) },
	{ "bad_ts_reversed", RAW(IKE_PL_TSR, 0, 0, 0, 24, 1, 0, 0, 0, 7, 47, 0, 16, 0, 0, 0xff,
				 0xff, 10, 0, 0, 2, 10, 0, 0, 1) },
	{ "ok_ts_opaque", RAW(IKE_PL_TSR, 0, 0, 0, 24, 1, 0, 0, 0, 7, 47, 0, 16, 0xff, 0xff, 0, 0,
			      10, 0, 0, 1, 10, 0, 0, 1) },
	{ "ok_ts_unknown_type", RAW(IKE_PL_TSR, 0, 0, 0, 13, 1, 0, 0, 0, 10, 0, 0, 5, 'x') },
};

static void save(const char *dir, const char *name, const void *bytes, size_t len)
{
	char path[4096];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "wb");
	if (!file || fwrite(bytes, 1, len, file) != len || fclose(file) != 0) {
		perror(path);
		exit(EXIT_FAILURE);
	}
}

/* Selector and message into `out`; the result is their length. */
static size_t build(const char *name, uint8_t out[static SAMPLE_MAX + 1])
{
	for (size_t i = 0; i < sample_count; i++) {
		struct buf buf = buf_of(out + 1, SAMPLE_MAX);

		if (strcmp(samples[i].name, name) != 0)
			continue;
		out[0] = samples[i].build(&buf);
		if (!buf.bad)
			return buf.len + 1;
	}
	(void)fprintf(stderr, "cannot build %s\n", name);
	exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
	uint8_t message[SAMPLE_MAX + 1];

	if (argc != 2) {
		(void)fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < sample_count; i++)
		save(argv[1], samples[i].name, message, build(samples[i].name, message));
	for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
		const struct damage *damage = &damages[i];
		size_t len = build(damage->sample, message);

		memcpy(message + 1 + damage->at, damage->bytes, damage->count);
		save(argv[1], damage->name, message, len);
	}
	for (size_t i = 0; i < ARRAY_LEN(raws); i++)
		save(argv[1], raws[i].name, raws[i].bytes, raws[i].len);
	return EXIT_SUCCESS;
}
