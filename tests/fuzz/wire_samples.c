/*
 * tests/fuzz/wire_samples.c - see wire_samples.h.  Keys, nonces and signatures are any bytes:
 * nobody verifies them here.
 */
#include "tests/fuzz/wire_samples.h"

#include <string.h>

#define SPI_I 0x0123456789abcdefu
#define SPI_R 0xfedcba9876543210u

static const uint8_t filler[256] = { 0xf1, 0x22, 0xe3, 0x44, 0xd5, 0x66, 0xc7, 0x88, 0xb9, 0xaa };
static const uint8_t child_spi[] = { 0xc0, 0xff, 0xee, 0x01 };
static const uint8_t two_spis[] = { 0xc0, 0xff, 0xee, 0x01, 0xc0, 0xff, 0xee, 0x02 };
static const uint8_t group_14[] = { 0, 14 };

static struct cur some(size_t len)
{
	return cur_of(filler, len);
}

static const struct ike_transform ike_aead[] = {
	{ IKE_TT_ENCR, IKE_ENCR_AES_GCM_16, 256 }, { IKE_TT_ENCR, IKE_ENCR_CHACHA20_POLY1305, 0 },
	{ IKE_TT_PRF, IKE_PRF_HMAC_SHA2_384, 0 },  { IKE_TT_KE, IKE_KE_CURVE25519, 0 },
	{ IKE_TT_KE, IKE_KE_ECP384, 0 },
};

static const struct ike_transform ike_classic[] = {
	{ IKE_TT_ENCR, IKE_ENCR_AES_CBC, 128 },
	{ IKE_TT_PRF, IKE_PRF_HMAC_SHA2_256, 0 },
	{ IKE_TT_INTEG, IKE_INTEG_HMAC_SHA2_256_128, 0 },
	{ IKE_TT_KE, IKE_KE_MODP2048, 0 },
};

static const struct ike_transform esp_aead[] = {
	{ IKE_TT_ENCR, IKE_ENCR_AES_GCM_16, 256 },
	{ IKE_TT_ESN, IKE_ESN_YES, 0 },
	{ IKE_TT_ESN, IKE_ESN_NO, 0 },
};

#define ADD(p, proto, spi_size, list) add_proposal(p, proto, spi_size, list, ARRAY_LEN(list))

static void add_proposal(struct ike_proposals *p, uint8_t protocol, uint8_t spi_len,
			 const struct ike_transform *list, size_t count)
{
	struct ike_proposal *proposal = &p->item[p->count++];

	*proposal = (struct ike_proposal){
		.num = p->count,
		.protocol = protocol,
		.spi_len = spi_len,
		.spi = { 0xc0, 0xff, 0xee, 0x01, 0x05, 0x06, 0x07, 0x08 },
		.count = (uint8_t)count,
	};
	memset(proposal->spi + spi_len, 0, sizeof(proposal->spi) - spi_len);
	memcpy(proposal->item, list, count * sizeof(*list));
}

static void put_ike_sa(struct ike_writer *w, uint8_t spi_len)
{
	struct ike_proposals p = { 0 };

	ADD(&p, IKE_PROTO_IKE, spi_len, ike_aead);
	ADD(&p, IKE_PROTO_IKE, spi_len, ike_classic);
	ike_w_sa(w, &p);
}

static void put_esp_sa(struct ike_writer *w)
{
	struct ike_proposals p = { 0 };

	ADD(&p, IKE_PROTO_ESP, 4, esp_aead);
	ike_w_sa(w, &p);
}

static void put_opaque(struct ike_writer *w, uint8_t type, size_t len)
{
	ike_w_open(w, type);
	buf_put_cur(w->buf, some(len));
	ike_w_close(w);
}

static void put_notify(struct ike_writer *w, uint16_t type, struct cur data)
{
	ike_w_notify(w, IKE_PROTO_NONE, type, cur_of(NULL, 0), data);
}

static void put_nat_detection(struct ike_writer *w)
{
	put_notify(w, IKE_N_NAT_DETECTION_SOURCE_IP, some(20));
	put_notify(w, IKE_N_NAT_DETECTION_DESTINATION_IP, some(20));
}

/* GRE between two hosts, as transport mode has it. */
static void put_gre(struct ike_writer *w, struct addr i, struct addr r)
{
	struct ike_ts_list ts = { .count = 1 };

	ts.item[0] = (struct ike_ts){ IP_PROTO_GRE, 0, 65535, i, i };
	ike_w_ts(w, IKE_PL_TSI, &ts);
	ts.item[0].start = ts.item[0].end = r;
	ike_w_ts(w, IKE_PL_TSR, &ts);
}

static void put_gre4(struct ike_writer *w)
{
	put_gre(w, addr_ip4(192, 0, 2, 1), addr_ip4(198, 51, 100, 7));
}

static struct ike_writer open_message(struct buf *out, uint8_t exchange, uint8_t flags,
				      uint64_t spi_r)
{
	struct ike_hdr hdr = {
		.spi_i = SPI_I,
		.spi_r = spi_r,
		.major = IKE_VERSION_MAJOR,
		.exchange = exchange,
		.flags = flags,
	};
	struct ike_writer w;

	ike_hdr_write(out, &hdr);
	ike_w_init(&w, out);
	return w;
}

static uint8_t close_message(struct ike_writer *w)
{
	ike_w_finish_plain(w);
	ike_hdr_close(w->buf);
	return IKE_PL_NONE;
}

/* ---- IKE_SA_INIT: datagrams ---- */

static uint8_t init_request(struct buf *out)
{
	struct ike_writer w = open_message(out, IKE_X_SA_INIT, IKE_FLAG_INIT, 0);

	put_ike_sa(&w, 0);
	ike_w_ke(&w, IKE_KE_CURVE25519, some(32));
	ike_w_nonce(&w, some(32));
	put_nat_detection(&w);
	put_opaque(&w, IKE_PL_VENDOR, 16);
	return close_message(&w);
}

static uint8_t init_request_cookie(struct buf *out)
{
	struct ike_writer w = open_message(out, IKE_X_SA_INIT, IKE_FLAG_INIT, 0);

	put_notify(&w, IKE_N_COOKIE, some(IKE_COOKIE_MAX));
	put_ike_sa(&w, 0);
	ike_w_ke(&w, IKE_KE_MODP2048, some(256));
	ike_w_nonce(&w, some(IKE_NONCE_MIN));
	return close_message(&w);
}

static uint8_t init_response(struct buf *out)
{
	struct ike_writer w = open_message(out, IKE_X_SA_INIT, IKE_FLAG_RESPONSE, SPI_R);
	struct ike_proposals p = { 0 };

	ADD(&p, IKE_PROTO_IKE, 0, ike_classic);
	p.item[0].num = 2;
	ike_w_sa(&w, &p);
	ike_w_ke(&w, IKE_KE_MODP2048, some(256));
	ike_w_nonce(&w, some(IKE_NONCE_MAX));
	put_nat_detection(&w);
	put_opaque(&w, IKE_PL_CERTREQ, 41);
	return close_message(&w);
}

static uint8_t refuse_init(struct buf *out, uint16_t type, struct cur data)
{
	struct ike_writer w = open_message(out, IKE_X_SA_INIT, IKE_FLAG_RESPONSE, 0);

	put_notify(&w, type, data);
	return close_message(&w);
}

static uint8_t init_give_cookie(struct buf *out)
{
	return refuse_init(out, IKE_N_COOKIE, some(1));
}

static uint8_t init_invalid_ke(struct buf *out)
{
	return refuse_init(out, IKE_N_INVALID_KE_PAYLOAD, cur_of(group_14, 2));
}

static uint8_t init_no_proposal(struct buf *out)
{
	return refuse_init(out, IKE_N_NO_PROPOSAL_CHOSEN, some(0));
}

/* ---- protected messages as they stand on the wire ---- */

static uint8_t sealed(struct buf *out)
{
	struct ike_writer w = open_message(out, IKE_X_AUTH, IKE_FLAG_INIT, SPI_R);

	put_opaque(&w, IKE_PL_SK, 8 + 64 + 16);
	if (!out->bad)
		out->p[IKE_HDR_LEN] = IKE_PL_IDI; /* first payload inside */
	return close_message(&w);
}

static uint8_t sealed_fragment(struct buf *out)
{
	struct ike_writer w = open_message(out, IKE_X_AUTH, IKE_FLAG_INIT, SPI_R);

	put_opaque(&w, IKE_PL_SKF, 4 + 8 + 64 + 16);
	return close_message(&w);
}

/* ---- IKE_AUTH: what SK holds ---- */

static uint8_t auth_request(struct buf *out)
{
	struct ike_writer w;

	ike_w_init(&w, out);
	ike_w_id(&w, IKE_PL_IDI, IKE_ID_FQDN, cur_of("spoke1.example", 14));
	put_notify(&w, IKE_N_INITIAL_CONTACT, some(0));
	ike_w_id(&w, IKE_PL_IDR, IKE_ID_IPV4_ADDR, cur_of((uint8_t[]){ 198, 51, 100, 7 }, 4));
	ike_w_auth(&w, IKE_AUTH_PSK, some(32));
	put_esp_sa(&w);
	put_gre4(&w);
	put_notify(&w, IKE_N_USE_TRANSPORT_MODE, some(0));
	return w.first;
}

static uint8_t auth_response(struct buf *out)
{
	struct ike_writer w;

	ike_w_init(&w, out);
	ike_w_id(&w, IKE_PL_IDR, IKE_ID_KEY_ID, some(5));
	ike_w_auth(&w, IKE_AUTH_PSK, some(48));
	put_notify(&w, IKE_N_USE_TRANSPORT_MODE, some(0));
	put_esp_sa(&w);
	put_gre4(&w);
	return w.first;
}

static uint8_t auth_request_cert(struct buf *out)
{
	struct ike_writer w;
	struct addr i = addr_from_bytes(filler, 16), r = i;

	r.b[15] = 9;
	ike_w_init(&w, out);
	ike_w_id(&w, IKE_PL_IDI, IKE_ID_DER_ASN1_DN, some(24));
	put_opaque(&w, IKE_PL_CERT, 100);
	put_opaque(&w, IKE_PL_CERT, 90);
	put_opaque(&w, IKE_PL_CERTREQ, 21);
	ike_w_auth(&w, IKE_AUTH_SIGNATURE, some(80));
	put_opaque(&w, IKE_PL_CP, 8);
	put_esp_sa(&w);
	put_gre(&w, i, r);
	put_opaque(&w, IKE_PL_EAP, 5);
	put_opaque(&w, 49, 12); /* a payload of the future */
	return w.first;
}

static uint8_t auth_failed(struct buf *out)
{
	struct ike_writer w;

	ike_w_init(&w, out);
	put_notify(&w, IKE_N_AUTHENTICATION_FAILED, some(0));
	return w.first;
}

static uint8_t auth_child_refused(struct buf *out)
{
	struct ike_writer w;

	ike_w_init(&w, out);
	ike_w_id(&w, IKE_PL_IDR, IKE_ID_IPV6_ADDR, some(16));
	ike_w_auth(&w, IKE_AUTH_PSK, some(32));
	put_notify(&w, IKE_N_TS_UNACCEPTABLE, some(0));
	return w.first;
}

/* ---- CREATE_CHILD_SA and INFORMATIONAL: what SK holds ---- */

static uint8_t rekey_child(struct buf *out)
{
	struct ike_writer w;

	ike_w_init(&w, out);
	ike_w_notify(&w, IKE_PROTO_ESP, IKE_N_REKEY_SA, cur_of(child_spi, 4), some(0));
	put_notify(&w, IKE_N_USE_TRANSPORT_MODE, some(0));
	put_esp_sa(&w);
	ike_w_nonce(&w, some(32));
	ike_w_ke(&w, IKE_KE_ECP256, some(64));
	put_gre4(&w);
	return w.first;
}

static uint8_t rekey_ike(struct buf *out)
{
	struct ike_writer w;

	ike_w_init(&w, out);
	put_ike_sa(&w, 8);
	ike_w_nonce(&w, some(32));
	ike_w_ke(&w, IKE_KE_CURVE25519, some(32));
	return w.first;
}

static uint8_t child_not_found(struct buf *out)
{
	struct ike_writer w;

	ike_w_init(&w, out);
	ike_w_notify(&w, IKE_PROTO_ESP, IKE_N_CHILD_SA_NOT_FOUND, cur_of(child_spi, 4), some(0));
	return w.first;
}

static uint8_t delete_ike(struct buf *out)
{
	struct ike_writer w;

	ike_w_init(&w, out);
	ike_w_delete(&w, IKE_PROTO_IKE, cur_of(NULL, 0));
	return w.first;
}

static uint8_t delete_children(struct buf *out)
{
	struct ike_writer w;

	ike_w_init(&w, out);
	ike_w_delete(&w, IKE_PROTO_ESP, cur_of(two_spis, 8));
	ike_w_delete(&w, IKE_PROTO_AH, cur_of(child_spi, 4));
	return w.first;
}

const struct sample samples[] = {
	{ "init_request", init_request },
	{ "init_request_cookie", init_request_cookie },
	{ "init_response", init_response },
	{ "init_give_cookie", init_give_cookie },
	{ "init_invalid_ke", init_invalid_ke },
	{ "init_no_proposal", init_no_proposal },
	{ "sealed", sealed },
	{ "sealed_fragment", sealed_fragment },
	{ "auth_request", auth_request },
	{ "auth_response", auth_response },
	{ "auth_request_cert", auth_request_cert },
	{ "auth_failed", auth_failed },
	{ "auth_child_refused", auth_child_refused },
	{ "rekey_child", rekey_child },
	{ "rekey_ike", rekey_ike },
	{ "child_not_found", child_not_found },
	{ "delete_ike", delete_ike },
	{ "delete_children", delete_children },
};
const size_t sample_count = ARRAY_LEN(samples);

static bool proposal_eq(const struct ike_proposal *a, const struct ike_proposal *b)
{
	if (a->num != b->num || a->protocol != b->protocol || a->spi_len != b->spi_len ||
	    memcmp(a->spi, b->spi, sizeof(a->spi)) != 0 || a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct ike_transform *x = &a->item[i], *y = &b->item[i];

		if (x->type != y->type || x->id != y->id || x->key_bits != y->key_bits)
			return false;
	}
	return true;
}

bool proposals_eq(const struct ike_proposals *a, const struct ike_proposals *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!proposal_eq(&a->item[i], &b->item[i]))
			return false;
	}
	return true;
}

bool ts_list_eq(const struct ike_ts_list *a, const struct ike_ts_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct ike_ts *x = &a->item[i], *y = &b->item[i];

		if (x->protocol != y->protocol || x->port_start != y->port_start ||
		    x->port_end != y->port_end || !addr_eq(&x->start, &y->start) ||
		    !addr_eq(&x->end, &y->end))
			return false;
	}
	return true;
}
