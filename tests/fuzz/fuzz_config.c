/*
 * tests/fuzz/fuzz_config.c - fuzz target: spoked.conf and the secret file that it names.
 *
 * An input is the text of the configuration and, behind a NUL byte, the secret that every
 * secret-file holds.  What must hold: an error is one line that begins with the file's name, and
 * nothing is loaded; or there is a configuration, whose every number is within its limits, whose
 * warnings are lines of the same form, and which means the same when it is loaded again.
 *
 * Fuzzing, from the project's root:
 *
 *	clang -g -O1 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
 *		-I. tests/fuzz/fuzz_config.c daemon/config*.c ike/[a-z]*.c xfrm/algo.c base/[a-z]*.c
 *\ -lconfuse -lcrypto -lgmp -o /tmp/fuzz_config
 *	mkdir /tmp/found && /tmp/fuzz_config -only_ascii=1 -max_total_time=120 \
 *		-dict=tests/fuzz/config.dict /tmp/found tests/fuzz/corpus/config
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_priv.h"

struct input {
	const char *conf, *secret;
	size_t conf_len, secret_len;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool read_input(void *ctx, const char *path, enum config_file_kind kind, char **bytes,
		       size_t *len, char why[static CONFIG_WHY_MAX])
{
	const struct input *input = ctx;
	bool conf = kind == CONFIG_FILE_CONF;
	const char *from = conf ? input->conf : input->secret;
	size_t from_len = conf ? input->conf_len : input->secret_len;

	(void)why;
	assert(conf || (path[0] == '/' && strlen(path) < CONFIG_PATH_MAX));
	*bytes = malloc(from_len + 1);
	assert(*bytes);
	if (from_len)
		memcpy(*bytes, from, from_len);
	(*bytes)[from_len] = 0;
	*len = from_len;
	return true;
}

static void check_line(const char *line)
{
	assert(memchr(line, 0, CONFIG_WHY_MAX));
	assert(strncmp(line, "t.conf:", 7) == 0);
	assert(!strchr(line, '\n'));
}

static void check_tunnel(const struct config *config, const struct config_tunnel *tunnel)
{
	const struct xfrm_tunnel *link = &tunnel->link;

	assert(link->name[0] && memchr(link->name, 0, sizeof(link->name)));
	assert(memchr(tunnel->source, 0, sizeof(tunnel->source)));
	assert(!tunnel->source[0] || link->local.family == ADDR_NONE);
	assert(link->type != XFRM_TUNNEL_GRETAP || link->remote.family != ADDR_NONE);
	assert(link->address_count <= XFRM_ADDRESSES_MAX);
	for (size_t i = 0; i < link->address_count; i++) {
		assert(link->address[i].addr.family != ADDR_NONE);
		assert(link->address[i].bits <= addr_len(&link->address[i].addr) * 8);
	}
	assert(!link->mtu || (link->mtu >= 576 && link->mtu <= 9000));
	assert(link->overhead > 0 && link->overhead <= XFRM_PROPOSAL_OVERHEAD_MAX);
	assert(tunnel->reqid >= CONFIG_REQID_FIRST && tunnel->reqid <= CONFIG_REQID_LAST);
	assert(tunnel->line > 0);
	for (const struct config_tunnel *other = config->tunnels; other < tunnel; other++)
		assert(strcmp(other->link.name, link->name) != 0);
}

static void check_conn(const struct ike_conn *conn)
{
	assert(conn->name[0] && memchr(conn->name, 0, sizeof(conn->name)));
	assert(conn->psk && conn->psk_len >= IKE_PSK_MIN && conn->psk_len <= IKE_PSK_MAX);
	assert(conn->ike.count > 0 && conn->ike.count <= IKE_PROPOSALS_MAX);
	assert(conn->esp.count > 0 && conn->esp.count <= IKE_PROPOSALS_MAX);
	assert(conn->replay_window <= XFRM_REPLAY_MAX);
	assert(conn->dpd_us >= 0 && conn->lifetime_us >= 0);
}

static void check_config(const struct config *config)
{
	assert(config->tunnel_count <= IKE_FLOWS_MAX && config->conn_count <= IKE_CONNS_MAX);
	assert(config->warning_count <= CONFIG_WARNINGS_MAX);
	for (size_t i = 0; i < config->warning_count; i++)
		check_line(config->warnings[i]);
	for (size_t i = 0; i < config->tunnel_count; i++)
		check_tunnel(config, &config->tunnels[i]);
	for (size_t i = 0; i < config->conn_count; i++)
		check_conn(&config->conns[i]);
	assert(config->timing.retransmit_max_us >= config->timing.retransmit_us);
	assert(config->timing.retransmit_factor_pct >= 100);
	assert(config->limits.half_open_max > 0);
	assert(config->socket[0] == '/' && strlen(config->socket) < 108);
	assert(strcmp(config->user, "root") != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *end = size ? memchr(text, 0, size) : NULL;
	struct input input = { .conf = text, .conf_len = size, .secret = "s", .secret_len = 1 };
	struct config_source source = { .read = read_input, .ctx = &input };
	char why[CONFIG_WHY_MAX];

	if (end) {
		input.conf_len = (size_t)(end - text);
		input.secret = end + 1;
		input.secret_len = size - input.conf_len - 1;
	}

	struct config *config = config_load("t.conf", &source, why);

	if (!config) {
		check_line(why);
		return 0;
	}
	check_config(config);

	struct config *again = config_load("t.conf", &source, why);

	assert(again && again->tunnel_count == config->tunnel_count);
	for (size_t i = 0; i < config->tunnel_count; i++)
		assert(memcmp(&again->tunnels[i], &config->tunnels[i], sizeof(*config->tunnels)) ==
		       0);
	config_free(again);
	config_free(config);
	return 0;
}
