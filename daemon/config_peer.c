/*
 * daemon/config_peer.c - peer { }: whom to speak IKE with, and how.  Each becomes a struct
 * ike_conn.
 *
 * Sources: RFC 7296 2.15 (shared secrets), RFC 8247 and RFC 8221 (which algorithms are weak),
 * CVE-2018-5389 (a short secret is found offline by whoever lets us begin an exchange with him).
 * Certificates are no concern of this file yet.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_priv.h"

#define REPLAY_WINDOW_DEFAULT 128 /* packets */
#define DPD_DEFAULT	      (30 * TICK_S)
#define LIFETIME_DEFAULT      (8 * 3600 * TICK_S)

/* ---- addresses and identities ---- */

static bool peer_remote(struct config_load *load, cfg_t *section, struct ike_conn *conn)
{
	const char *text = config_get(section, "remote");
	struct xfrm_tunnel_address loose;
	int line = config_line(load, section, "remote", 0);

	if (!text)
		return config_refuse(load, line,
				     "peer \"%s\" has no remote; write remote = an address, a "
				     "prefix or any",
				     conn->name);
	if (prefix_parse(text, &conn->remote))
		return true;
	if (config_value_interface(text, &loose))
		return config_refuse(load, line,
				     "remote = \"%s\" has bits set behind the prefix's length; "
				     "write the network's own address",
				     text);
	return config_refuse(load, line,
			     "remote = \"%s\" will not do; write an IP address, a prefix such as "
			     "192.0.2.0/24, or any",
			     text);
}

static bool peer_id(struct config_load *load, cfg_t *section, const char *key, struct ike_id *id)
{
	const char *text = config_get(section, key);
	char why[IKE_WHY_MAX];

	if (!text || ike_id_from_text(text, id, why))
		return true;
	return config_refuse(load, config_line(load, section, key, 0), "%s = \"%s\": %s", key, text,
			     why);
}

/* ---- the secret ---- */

static bool peer_secret(struct config_load *load, cfg_t *section, struct ike_conn *conn)
{
	const char *path = config_get(section, "secret-file");
	int line = config_line(load, section, "secret-file", 0);
	char *bytes = NULL, why[CONFIG_WHY_MAX];
	size_t len = 0;
	uint8_t *psk;

	if (!path)
		return config_refuse(load, line,
				     "peer \"%s\" has no secret-file; write secret-file = the path "
				     "of a file with the shared secret",
				     conn->name);
	if (path[0] != '/' || strlen(path) >= CONFIG_PATH_MAX)
		return config_refuse(load, line,
				     "secret-file = \"%.200s\" will not do; write an absolute path",
				     path);
	if (!load->source->read(load->source->ctx, path, CONFIG_FILE_SECRET, &bytes, &len, why))
		return config_refuse(load, line, "secret-file: %s", why);

	bool ok = config_value_secret(bytes, len, &psk, &conn->psk_len, why);

	secret_free(bytes, len);
	if (!ok)
		return config_refuse(load, line, "secret-file %.200s %s", path, why);
	conn->psk = psk;
	if (conn->psk_len < CONFIG_PSK_WEAK)
		config_warn(load, line,
			    "the secret in %.200s has only %zu bytes: it can be guessed offline; "
			    "write at least %d random ones (openssl rand -base64 24)",
			    path, conn->psk_len, CONFIG_PSK_WEAK);
	return true;
}

static bool peer_auth(struct config_load *load, cfg_t *section, struct ike_conn *conn)
{
	const char *auth = config_get(section, "auth");

	if (auth && strcmp(auth, "psk") != 0)
		return config_refuse(load, config_line(load, section, "auth", 0),
				     "auth = \"%s\" is not known; write psk (a shared secret, with "
				     "secret-file)",
				     auth);
	return peer_secret(load, section, conn);
}

/* ---- algorithms and times ---- */

static bool peer_proposals(struct config_load *load, cfg_t *section, const char *key,
			   enum ike_protocol protocol, struct ike_proposals *out)
{
	const char *text[IKE_PROPOSALS_MAX];
	size_t count = config_count(section, key);
	char why[IKE_WHY_MAX];
	bool weak;

	if (!count) {
		ike_proposals_default(protocol, out);
		return true;
	}
	if (count > IKE_PROPOSALS_MAX)
		return config_refuse(load, config_line(load, section, key, 0),
				     "%s has %zu proposals; write at most %d", key, count,
				     IKE_PROPOSALS_MAX);
	/* One by one first, so that the line is right. */
	for (size_t i = 0; i < count; i++) {
		text[i] = config_get_at(section, key, i);
		if (!ike_proposals_parse(&text[i], 1, protocol, out, &weak, why))
			return config_refuse(load, config_line(load, section, key, i),
					     "%s = \"%.100s\": %s", key, text[i], why);
		if (weak)
			config_warn(load, config_line(load, section, key, i),
				    "%s = \"%.100s\" is weak (SHA-1, or a MODP group below 2048 "
				    "bits): use it only as long as the peer knows nothing better",
				    key, text[i]);
	}
	if (!ike_proposals_parse(text, count, protocol, out, &weak, why))
		return config_refuse(load, config_line(load, section, key, 0), "%s: %s", key, why);
	return true;
}

static bool peer_times(struct config_load *load, cfg_t *section, struct ike_conn *conn)
{
	static const struct config_span dpd = { TICK_S, 86400 * TICK_S, true };
	static const struct config_span lifetime = { 10 * TICK_S, 30 * 86400 * TICK_S, true };

	conn->replay_window = REPLAY_WINDOW_DEFAULT;
	conn->dpd_us = DPD_DEFAULT;
	conn->lifetime_us = LIFETIME_DEFAULT;
	if (!config_number(load, section, "replay-window", 0, XFRM_REPLAY_MAX,
			   &conn->replay_window) ||
	    !config_flag(load, section, "force-encap", &conn->force_encap) ||
	    !config_duration(load, section, "dpd", &dpd, &conn->dpd_us) ||
	    !config_duration(load, section, "lifetime", &lifetime, &conn->lifetime_us))
		return false;
	if (!conn->replay_window)
		config_warn(load, config_line(load, section, "replay-window", 0),
			    "replay-window = 0: replayed packets will be let in");
	return true;
}

/* ---- peers ---- */

static bool peer(struct config_load *load, cfg_t *section, struct ike_conn *conn)
{
	const char *name = cfg_title(section);

	if (!config_value_name(name, "@:", sizeof(conn->name)))
		return config_refuse(load, config_section_line(load, section),
				     "peer \"%s\" will not do as a name; write 1 to %d letters, "
				     "digits and . _ - @ :",
				     name, IKE_NAME_MAX - 1);
	(void)snprintf(conn->name, sizeof(conn->name), "%s", name);
	if (!peer_remote(load, section, conn) ||
	    !config_addr(load, section, "local", &conn->local) ||
	    !peer_id(load, section, "local-id", &conn->local_id) ||
	    !peer_id(load, section, "remote-id", &conn->remote_id))
		return false;
	if (conn->local.family != ADDR_NONE && conn->remote.addr.family != ADDR_NONE &&
	    conn->local.family != conn->remote.addr.family)
		return config_refuse(load, config_line(load, section, "local", 0),
				     "local and remote are of different address families; write "
				     "both as IPv4 or both as IPv6");
	return peer_proposals(load, section, "ike-proposals", IKE_PROTO_IKE, &conn->ike) &&
	       peer_proposals(load, section, "esp-proposals", IKE_PROTO_ESP, &conn->esp) &&
	       peer_times(load, section, conn) && peer_auth(load, section, conn);
}

static bool same_peer(const struct ike_conn *a, const struct ike_conn *b)
{
	return a->remote.bits == b->remote.bits && addr_eq(&a->remote.addr, &b->remote.addr) &&
	       addr_eq(&a->local, &b->local) && a->remote_id.type == b->remote_id.type &&
	       (a->remote_id.type == IKE_ID_NONE || ike_id_eq(&a->remote_id, &b->remote_id));
}

bool config_peers(struct config_load *load)
{
	struct config *config = load->config;
	size_t count = config_sections(load, "peer");

	if (count > IKE_CONNS_MAX)
		return config_refuse(
			load,
			config_section_line(load, config_section(load, "peer", IKE_CONNS_MAX)),
			"more than %d peers", IKE_CONNS_MAX);
	config->conns = calloc(count ? count : 1, sizeof(*config->conns));
	if (!config->conns)
		return config_refuse(load, 0, "out of memory");
	for (size_t i = 0; i < count; i++) {
		cfg_t *section = config_section(load, "peer", i);
		struct ike_conn *conn = &config->conns[i];

		config->conn_count = i + 1; /* so that config_free finds the secret */
		if (!peer(load, section, conn))
			return false;
		for (size_t j = 0; j < i; j++) {
			if (same_peer(&config->conns[j], conn))
				return config_refuse(load, config_line(load, section, "remote", 0),
						     "peer \"%s\" has the same remote and "
						     "remote-id as \"%s\"; give them different "
						     "ones, or keep one of them",
						     conn->name, config->conns[j].name);
		}
	}
	return true;
}
