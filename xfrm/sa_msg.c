/*
 * xfrm/sa_msg.c - messages about SAs; see sa.h.  RFC 4303 is ESP, RFC 3948 its wrapping in UDP;
 * the forms are those of linux/xfrm.h.
 *
 * Every SA uses the newer form of the replay state (XFRMA_REPLAY_ESN_VAL), whatever its window and
 * with or without ESN: the older one ends at 32 packets, and one form is one way to move an SA.
 *
 * ESN cannot do without a window: the receiver finds the unsent half of the number by it (RFC 4303
 * A2), and the kernel refuses.  With ESN, "no replay check" therefore is the widest window there
 * is; duplicates are dropped all the same, reordering by up to XFRM_REPLAY_MAX packets is not.
 */
#include "xfrm/sa.h"

#include <errno.h>
#include <linux/udp.h>

#include "xfrm/algo.h"

xfrm_address_t xfrm_address_put(const struct addr *addr)
{
	xfrm_address_t out = { 0 };

	memcpy(&out, addr->b, addr_len(addr));
	return out;
}

uint16_t xfrm_family_put(const struct addr *addr)
{
	switch ((enum addr_family)addr->family) {
	case ADDR_IP4:
		return AF_INET;
	case ADDR_IP6:
		return AF_INET6;
	case ADDR_NONE:
		break;
	}
	return AF_UNSPEC;
}

struct addr xfrm_address_take(const xfrm_address_t *in, uint16_t family)
{
	switch (family) {
	case AF_INET:
		return addr_from_bytes(in, 4);
	case AF_INET6:
		return addr_from_bytes(in, 16);
	default: /* the kernel's number, not ours */
		return (struct addr){ 0 };
	}
}

const char *xfrm_sa_fault(const struct xfrm_sa *sa)
{
	const struct xfrm_cipher *cipher = xfrm_cipher_find(sa->encr);
	const struct xfrm_integrity *integrity = xfrm_integrity_find(sa->integ);

	if (sa->src.family == ADDR_NONE || sa->src.family != sa->dst.family)
		return "its addresses are not of one family";
	if (sa->spi < 256) /* RFC 4303 2.1 */
		return "its SPI is reserved";
	if (!cipher)
		return "its cipher is not one of ours";
	if (!xfrm_cipher_takes(cipher, sa->encr_key.len))
		return "its cipher's key has the wrong length";
	if (cipher->icv_bits && (sa->integ || sa->integ_key.len))
		return "an AEAD takes no integrity algorithm";
	if (!cipher->icv_bits && !integrity)
		return "its integrity algorithm is not one of ours";
	if (!cipher->icv_bits && sa->integ_key.len != integrity->key_len)
		return "its integrity key has the wrong length";
	if (sa->replay_window > XFRM_REPLAY_MAX)
		return "its replay window is too large";
	return NULL;
}

/* ---- Building ---- */

/*
 * The kernel's three algorithm structures start alike (name, key bits) and end in the key, but
 * differ in between: hence one piece of memory, filled in order, wiped at the end.
 */
static void algo_put(struct xfrm_msg *msg, uint16_t type, const char *name, uint32_t icv_bits,
		     const struct secret *key)
{
	uint8_t bytes[sizeof(struct xfrm_algo_aead) + SECRET_MAX] = { 0 };
	uint32_t key_bits = key->len * 8u;
	struct buf buf = buf_of(bytes, sizeof(bytes));

	buf_put(&buf, name, strlen(name));
	buf_zero(&buf, sizeof(((struct xfrm_algo *)0)->alg_name) - strlen(name));
	buf_put(&buf, &key_bits, sizeof(key_bits));
	if (type != XFRMA_ALG_CRYPT) /* AEAD's icv_len and AUTH_TRUNC's trunc_len */
		buf_put(&buf, &icv_bits, sizeof(icv_bits));
	buf_put(&buf, key->b, key->len);
	msg->bad |= buf.bad;
	xfrm_msg_attr(msg, type, bytes, buf.len);
	secret_wipe(bytes, sizeof(bytes));
}

static void algos_put(struct xfrm_msg *msg, const struct xfrm_sa *sa)
{
	const struct xfrm_cipher *cipher = xfrm_cipher_find(sa->encr);

	if (cipher->icv_bits) {
		algo_put(msg, XFRMA_ALG_AEAD, cipher->name, cipher->icv_bits, &sa->encr_key);
		return;
	}

	const struct xfrm_integrity *integrity = xfrm_integrity_find(sa->integ);

	algo_put(msg, XFRMA_ALG_AUTH_TRUNC, integrity->name, integrity->icv_bits, &sa->integ_key);
	algo_put(msg, XFRMA_ALG_CRYPT, cipher->name, 0, &sa->encr_key);
}

static uint64_t limit(uint64_t value)
{
	return value ? value : XFRM_INF; /* 0 would expire at once */
}

/* Where the SA starts: nothing sent, nothing seen, or what `progress` says. */
static void replay_put(struct xfrm_msg *msg, const struct xfrm_sa *sa,
		       const struct xfrm_progress *progress)
{
	uint8_t bytes[sizeof(struct xfrm_replay_state_esn) +
		      sizeof(uint32_t[XFRM_BITMAP_WORDS_MAX])] = { 0 };
	uint32_t window = sa->esn && !sa->replay_window ? XFRM_REPLAY_MAX : sa->replay_window;
	struct xfrm_replay_state_esn state = {
		.bmp_len = (window + 31) / 32,
		.replay_window = window,
	};

	if (progress) {
		state.oseq = progress->oseq;
		state.oseq_hi = progress->oseq_hi;
		state.seq = progress->seq;
		state.seq_hi = progress->seq_hi;
	}
	if (progress && progress->esn_form) {
		/* A bit's place depends on the window: the old one stays. */
		state.replay_window = progress->window;
		state.bmp_len = progress->word_count;
		memcpy(bytes + sizeof(state), progress->word, 4ul * progress->word_count);
	}
	memcpy(bytes, &state, sizeof(state));
	xfrm_msg_attr(msg, XFRMA_REPLAY_ESN_VAL, bytes, sizeof(state) + 4ul * state.bmp_len);
}

static void encap_put(struct xfrm_msg *msg, const struct xfrm_sa *sa)
{
	struct xfrm_encap_tmpl encap = {
		.encap_type = UDP_ENCAP_ESPINUDP,
		.encap_sport = htons(sa->encap_sport),
		.encap_dport = htons(sa->encap_dport),
	};

	xfrm_msg_attr(msg, XFRMA_ENCAP, &encap, sizeof(encap));
}

void xfrm_sa_build(struct xfrm_msg *msg, uint16_t type, const struct xfrm_sa *sa,
		   const struct xfrm_progress *progress)
{
	uint16_t family = xfrm_family_put(&sa->dst);
	uint8_t bits = (uint8_t)(addr_len(&sa->dst) * 8);
	struct xfrm_usersa_info info = {
		.sel = {
			.daddr = xfrm_address_put(&sa->dst),
			.saddr = xfrm_address_put(&sa->src),
			.family = family,
			.prefixlen_d = bits,
			.prefixlen_s = bits,
			.proto = IPPROTO_GRE,
		},
		.id = {
			.daddr = xfrm_address_put(&sa->dst),
			.spi = htonl(sa->spi),
			.proto = IPPROTO_ESP,
		},
		.saddr = xfrm_address_put(&sa->src),
		.lft = {
			.soft_byte_limit = limit(sa->soft_bytes),
			.hard_byte_limit = limit(sa->hard_bytes),
			.soft_packet_limit = limit(sa->soft_packets),
			.hard_packet_limit = limit(sa->hard_packets),
			.hard_add_expires_seconds = sa->hard_s,
		},
		.seq = sa->acquire_seq,
		.reqid = sa->reqid,
		.family = family,
		.mode = XFRM_MODE_TRANSPORT,
		.flags = sa->esn ? XFRM_STATE_ESN : 0,
	};

	xfrm_msg_begin(msg, type, 0, &info, sizeof(info));
	algos_put(msg, sa);
	replay_put(msg, sa, progress);
	if (sa->encap)
		encap_put(msg, sa);
	if (sa->set_mark) {
		xfrm_msg_u32(msg, XFRMA_SET_MARK, sa->set_mark);
		xfrm_msg_u32(msg, XFRMA_SET_MARK_MASK, UINT32_MAX);
	}
	if (progress)
		xfrm_msg_attr(msg, XFRMA_LTIME_VAL, &progress->lifetime,
			      sizeof(progress->lifetime));
}

void xfrm_sa_build_id(struct xfrm_msg *msg, uint16_t type, const struct addr *dst, uint32_t spi)
{
	struct xfrm_usersa_id id = {
		.daddr = xfrm_address_put(dst),
		.spi = htonl(spi),
		.family = xfrm_family_put(dst),
		.proto = IPPROTO_ESP,
	};

	xfrm_msg_begin(msg, type, 0, &id, sizeof(id));
}

void xfrm_sa_build_dump(struct xfrm_msg *msg)
{
	struct xfrm_usersa_id all = { 0 };

	xfrm_msg_begin(msg, XFRM_MSG_GETSA, NLM_F_DUMP, &all, sizeof(all));
	xfrm_msg_u8(msg, XFRMA_PROTO, IPPROTO_ESP);
}

void xfrm_sa_build_spi(struct xfrm_msg *msg, const struct addr *src, const struct addr *dst,
		       uint32_t reqid)
{
	struct xfrm_userspi_info want = {
		.info = {
			.id = { .daddr = xfrm_address_put(dst), .proto = IPPROTO_ESP },
			.saddr = xfrm_address_put(src),
			.reqid = reqid,
			.family = xfrm_family_put(dst),
			.mode = XFRM_MODE_TRANSPORT,
		},
		.min = 256,
		.max = UINT32_MAX,
	};

	xfrm_msg_begin(msg, XFRM_MSG_ALLOCSPI, 0, &want, sizeof(want));
}

/* ---- Parsing ---- */

static bool replay_esn_take(const struct xfrm_attr *attr, struct xfrm_progress *out)
{
	struct xfrm_replay_state_esn state;
	struct cur value = attr->value;

	cur_copy(&value, &state, sizeof(state));
	if (value.bad || state.bmp_len > XFRM_BITMAP_WORDS_MAX || value.left < 4ul * state.bmp_len)
		return false;
	out->esn_form = true;
	out->oseq = state.oseq;
	out->oseq_hi = state.oseq_hi;
	out->seq = state.seq;
	out->seq_hi = state.seq_hi;
	out->window = state.replay_window;
	out->word_count = state.bmp_len;
	cur_copy(&value, out->word, 4ul * state.bmp_len);
	return true;
}

static bool replay_take(const struct xfrm_attr *attr, struct xfrm_progress *out)
{
	struct xfrm_replay_state state;

	if (!xfrm_attr_copy(attr, &state, sizeof(state)))
		return false;
	out->oseq = state.oseq;
	out->seq = state.seq;
	return true;
}

static bool attr_take(const struct xfrm_attr *attr, struct xfrm_sa_info *out)
{
	struct xfrm_encap_tmpl encap;

	switch (attr->type) {
	case XFRMA_REPLAY_ESN_VAL:
		return replay_esn_take(attr, &out->progress);
	case XFRMA_REPLAY_VAL:
		return replay_take(attr, &out->progress);
	case XFRMA_SET_MARK:
		return xfrm_attr_copy(attr, &out->set_mark, sizeof(out->set_mark));
	case XFRMA_ENCAP:
		if (!xfrm_attr_copy(attr, &encap, sizeof(encap)))
			return false;
		out->encap = true;
		out->encap_sport = ntohs(encap.encap_sport);
		out->encap_dport = ntohs(encap.encap_dport);
		return true;
	default: /* not ours to know: keys, above all */
		return true;
	}
}

static bool info_take(const struct xfrm_usersa_info *in, struct xfrm_sa_info *out)
{
	out->view = (struct xfrm_sa_view){
		.src = xfrm_address_take(&in->saddr, in->family),
		.dst = xfrm_address_take(&in->id.daddr, in->family),
		.spi = ntohl(in->id.spi),
		.reqid = in->reqid,
		.counters = {
			.bytes = in->curlft.bytes,
			.packets = in->curlft.packets,
			.replay_errors = in->stats.replay_window + in->stats.replay,
			.integrity_errors = in->stats.integrity_failed,
		},
	};
	out->proto = in->id.proto;
	out->mode = in->mode;
	out->seq = in->seq;
	out->progress.lifetime = in->curlft;
	return out->view.src.family != ADDR_NONE;
}

bool xfrm_sa_parse(const struct xfrm_reply *reply, struct xfrm_sa_info *out)
{
	struct cur body = reply->body;
	struct xfrm_usersa_info info;
	struct xfrm_usersa_id id;
	struct xfrm_attr attr;
	bool have = false;

	*out = (struct xfrm_sa_info){ 0 };

	/* DELSA starts with the name of the SA and has the SA itself in an attribute. */
	if (reply->head.nlmsg_type == XFRM_MSG_DELSA) {
		if (!xfrm_head_take(&body, &id, sizeof(id)))
			return false;
	} else {
		have = xfrm_head_take(&body, &info, sizeof(info)) && info_take(&info, out);
		if (!have)
			return false;
	}
	while (xfrm_attr_next(&body, &attr)) {
		if (attr.type == XFRMA_SA && reply->head.nlmsg_type == XFRM_MSG_DELSA) {
			have = xfrm_attr_copy(&attr, &info, sizeof(info)) && info_take(&info, out);
			if (!have)
				return false;
		} else if (!attr_take(&attr, out)) {
			return false;
		}
	}
	return have && !body.bad;
}
