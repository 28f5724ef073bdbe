/*
 * daemon/control_sa.c - an IKE SA as a message: the body of list-sa and of the updown events, to
 * the letter of doc/CONTROL.md 3.  Clients lean on the order of the keys: the IKE SA's before
 * `child-sas`, and name, uniqueid, reqid and state first in each child.
 */
#include <stdio.h>
#include <stdlib.h>

#include "daemon/control_priv.h"

#define UNNAMED "(unnamed)" /* an SA whose peer has not said who it is; no connection's name */

struct name {
	uint16_t id;
	const char *text;
};

static const struct name encr_names[] = { { IKE_ENCR_AES_CBC, "AES_CBC" },
					  { IKE_ENCR_AES_GCM_12, "AES_GCM_12" },
					  { IKE_ENCR_AES_GCM_16, "AES_GCM_16" },
					  { IKE_ENCR_CHACHA20_POLY1305, "CHACHA20_POLY1305" } };

static const struct name prf_names[] = { { IKE_PRF_HMAC_SHA1, "PRF_HMAC_SHA1" },
					 { IKE_PRF_AES128_XCBC, "PRF_AES128_XCBC" },
					 { IKE_PRF_HMAC_SHA2_256, "PRF_HMAC_SHA2_256" },
					 { IKE_PRF_HMAC_SHA2_384, "PRF_HMAC_SHA2_384" },
					 { IKE_PRF_HMAC_SHA2_512, "PRF_HMAC_SHA2_512" } };

static const struct name integ_names[] = { { IKE_INTEG_HMAC_SHA1_96, "HMAC_SHA1_96" },
					   { IKE_INTEG_HMAC_SHA2_256_128, "HMAC_SHA2_256_128" },
					   { IKE_INTEG_HMAC_SHA2_384_192, "HMAC_SHA2_384_192" },
					   { IKE_INTEG_HMAC_SHA2_512_256, "HMAC_SHA2_512_256" } };

static const struct name group_names[] = {
	{ IKE_KE_MODP1024, "MODP_1024" },     { IKE_KE_MODP1536, "MODP_1536" },
	{ IKE_KE_MODP2048, "MODP_2048" },     { IKE_KE_MODP3072, "MODP_3072" },
	{ IKE_KE_MODP4096, "MODP_4096" },     { IKE_KE_MODP6144, "MODP_6144" },
	{ IKE_KE_MODP8192, "MODP_8192" },     { IKE_KE_ECP256, "ECP_256" },
	{ IKE_KE_ECP384, "ECP_384" },	      { IKE_KE_ECP521, "ECP_521" },
	{ IKE_KE_CURVE25519, "CURVE_25519" }, { IKE_KE_CURVE448, "CURVE_448" }
};

/* Nothing for 0, the number for what has no name here. */
static void put_name(struct ctl_out *out, const char *key, uint16_t id, const struct name *names,
		     size_t count)
{
	if (!id)
		return;
	for (size_t i = 0; i < count; i++) {
		if (names[i].id == id) {
			ctl_text(out, key, names[i].text);
			return;
		}
	}
	ctl_printf(out, key, "%u", id);
}

static void put_number(struct ctl_out *out, const char *key, uint64_t n)
{
	ctl_printf(out, key, "%llu", (unsigned long long)n);
}

/* False is written by leaving the key out. */
static void put_yes(struct ctl_out *out, const char *key, bool yes)
{
	if (yes)
		ctl_text(out, key, "yes");
}

static void put_addr(struct ctl_out *out, const char *key, const struct addr *addr)
{
	char text[ADDR_TEXT_MAX];

	ctl_text(out, key, addr_text(addr, text));
}

static void put_id(struct ctl_out *out, const char *key, const struct ike_id *id)
{
	char text[IKE_ID_TEXT_MAX];

	ctl_text(out, key, id->type == IKE_ID_NONE ? "%any" : ike_id_text(id, text));
}

static void put_suite(struct ctl_out *out, const struct ike_suite *suite)
{
	put_name(out, "encr-alg", suite->encr, encr_names, ARRAY_LEN(encr_names));
	if (suite->encr_bits)
		put_number(out, "encr-keysize", suite->encr_bits);
	put_name(out, "integ-alg", suite->integ, integ_names, ARRAY_LEN(integ_names));
	put_name(out, "prf-alg", suite->prf, prf_names, ARRAY_LEN(prf_names));
	put_name(out, "dh-group", suite->ke, group_names, ARRAY_LEN(group_names));
}

static uint64_t seconds(tick_t us)
{
	return us > 0 ? (uint64_t)(us / TICK_S) : 0;
}

/* ---- names ---- */

static const char *conn_name(const struct ike_sa_info *info)
{
	return info->conn[0] ? info->conn : UNNAMED;
}

/* A Child SA is called after its tunnel; the connection's name if that is gone. */
static const char *child_name(const struct node *node, const struct ike_sa_info *info,
			      const struct ike_child_info *child)
{
	const char *tunnel = node_tunnel_name(node, child->reqid);

	return tunnel[0] ? tunnel : conn_name(info);
}

/* ---- filters ---- */

bool control_child_matches(const struct node *node, const struct control_filter *f,
			   const struct ike_sa_info *info, const struct ike_child_info *child)
{
	if (f->child_id && f->child_id != child->child_id)
		return false;
	return !f->child[0] || strcmp(f->child, child_name(node, info, child)) == 0 ||
	       strcmp(f->child, conn_name(info)) == 0;
}

bool control_sa_matches(const struct node *node, const struct control_filter *f,
			const struct ike_sa_info *info)
{
	if ((f->ike[0] && strcmp(f->ike, conn_name(info)) != 0) ||
	    (f->ike_id && f->ike_id != info->ike_id) ||
	    (f->local.family && !addr_eq(&f->local, &info->path.local.addr)) ||
	    (f->remote.family && !addr_eq(&f->remote, &info->path.remote.addr)))
		return false;
	if (!f->child[0] && !f->child_id)
		return true;
	for (size_t i = 0; i < info->child_count; i++) {
		if (control_child_matches(node, f, info, &info->child[i]))
			return true;
	}
	return false;
}

/* ---- counters ---- */

static int view_cmp(const void *a, const void *b)
{
	const struct xfrm_sa_view *x = a, *y = b;

	if (x->spi != y->spi)
		return x->spi < y->spi ? -1 : 1;
	return addr_cmp(&x->dst, &y->dst);
}

void control_views_sort(struct xfrm_sa_view *views, size_t count)
{
	if (count)
		qsort(views, count, sizeof(*views), view_cmp);
}

static void put_counters(struct ctl_out *out, const struct control_sa *how, const struct addr *dst,
			 uint32_t spi, const char *bytes_key, const char *packets_key)
{
	struct xfrm_sa_view key = { .dst = *dst, .spi = spi };
	const struct xfrm_sa_view *found;

	if (!how->view_count)
		return;
	found = bsearch(&key, how->views, how->view_count, sizeof(key), view_cmp);
	if (!found)
		return;
	put_number(out, bytes_key, found->counters.bytes);
	put_number(out, packets_key, found->counters.packets);
}

/* ---- the message ---- */

static void put_ts(struct ctl_out *out, const char *key, const struct addr *addr)
{
	char text[ADDR_TEXT_MAX], ts[ADDR_TEXT_MAX + 16];

	ctl_list(out, key);
	(void)snprintf(ts, sizeof(ts), "%s/%zu[gre]", addr_text(addr, text), 8 * addr_len(addr));
	ctl_item(out, ts);
	ctl_list_end(out);
}

static void put_child(struct ctl_out *out, const struct control_sa *how,
		      const struct ike_sa_info *info, const struct ike_child_info *child)
{
	const char *name = child_name(how->node, info, child);
	char section[CTL_NAME_MAX + 1];

	(void)snprintf(section, sizeof(section), "%s-%llu", name,
		       (unsigned long long)child->child_id);
	ctl_section(out, section);
	ctl_text(out, "name", name);
	put_number(out, "uniqueid", child->child_id);
	put_number(out, "reqid", child->reqid);
	ctl_text(out, "state", "INSTALLED");
	ctl_text(out, "mode", "TRANSPORT");
	ctl_text(out, "protocol", "ESP");
	put_yes(out, "encap", child->encap);
	ctl_printf(out, "spi-in", "%08x", child->spi_in);
	ctl_printf(out, "spi-out", "%08x", child->spi_out);
	put_suite(out, &child->suite);
	if (child->suite.esn == IKE_ESN_YES)
		ctl_text(out, "esn", "1");
	put_counters(out, how, &child->local, child->spi_in, "bytes-in", "packets-in");
	put_counters(out, how, &child->remote, child->spi_out, "bytes-out", "packets-out");
	put_number(out, "install-time", seconds(how->now - child->since));
	put_ts(out, "local-ts", &child->local);
	put_ts(out, "remote-ts", &child->remote);
	ctl_section_end(out);
}

static void put_ike(struct ctl_out *out, const struct control_sa *how,
		    const struct ike_sa_info *info)
{
	put_number(out, "uniqueid", info->ike_id);
	ctl_text(out, "version", "2");
	ctl_text(out, "state", info->state);
	put_addr(out, "local-host", &info->path.local.addr);
	put_number(out, "local-port", info->path.local.port);
	put_id(out, "local-id", &info->local_id);
	put_addr(out, "remote-host", &info->path.remote.addr);
	put_number(out, "remote-port", info->path.remote.port);
	put_id(out, "remote-id", &info->remote_id);
	put_yes(out, "initiator", info->initiator);
	ctl_printf(out, "initiator-spi", "%016llx", (unsigned long long)info->spi_i);
	ctl_printf(out, "responder-spi", "%016llx", (unsigned long long)info->spi_r);
	put_yes(out, "nat-local", info->nat_local);
	put_yes(out, "nat-remote", info->nat_remote);
	put_yes(out, "nat-any", info->nat_local || info->nat_remote);
	put_suite(out, &info->suite);
	if (info->established)
		put_number(out, "established", seconds(how->now - info->since));
	if (info->established && info->replace_at != TICK_NEVER)
		put_number(out, "rekey-time", seconds(info->replace_at - how->now));
	if (info->child_count) {
		const char *tunnel = node_tunnel_name(how->node, info->child[0].reqid);

		if (tunnel[0])
			ctl_text(out, "tunnel", tunnel);
	}
}

void control_sa_write(struct ctl_out *out, const struct control_sa *how,
		      const struct ike_sa_info *info, bool children)
{
	ctl_section(out, conn_name(info));
	put_ike(out, how, info);
	if (children) {
		ctl_section(out, "child-sas");
		for (size_t i = 0; i < info->child_count; i++) {
			if (!how->filter ||
			    control_child_matches(how->node, how->filter, info, &info->child[i]))
				put_child(out, how, info, &info->child[i]);
		}
		ctl_section_end(out);
	}
	ctl_section_end(out);
}
