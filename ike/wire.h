/*
 * ike/wire.h - IKE messages as bytes: a pure parser and a writer per payload.  RFC 7296 3.
 * Parsers take a cursor, give borrowed slices or values, allocate nothing, know no state.
 * The "RESERVED" fields and flag bits are ignored when read and zero when written (2.5).
 */
#ifndef IKE_WIRE_H
#define IKE_WIRE_H

#include "base/base.h"
#include "ike/err.h"
#include "ike/proto.h"
#include "ike/suite.h"

#define IKE_PAYLOADS_MAX 50 /* per message */
#define IKE_NOTIFIES_MAX 30
#define IKE_DELETES_MAX	 8  /* Delete payloads per message */
#define IKE_SPIS_MAX	 64 /* SPIs per Delete payload */
#define IKE_TS_MAX	 16 /* selectors per TS payload */
#define IKE_CERTS_MAX	 8
#define IKE_MESSAGE_MAX	 16384 /* bytes of one IKE message, ours or a peer's */

struct ike_hdr {
	uint64_t spi_i, spi_r;
	uint8_t next; /* type of the first payload */
	uint8_t major, minor;
	uint8_t exchange; /* enum ike_exchange, or any other number */
	uint8_t flags;
	uint32_t mid;
	uint32_t length; /* of the whole message */
};

/*
 * Read the header at the start of `datagram`.  IKE_E_TRUNCATED; IKE_E_LENGTH if the length field is
 * not the datagram's (CVE-2013-4564: padding after the message is refused); IKE_E_TOO_LONG past
 * IKE_MESSAGE_MAX; IKE_E_VERSION if the major version is not 2 (`out` is usable then).  A higher
 * minor version is fine (2.5).  Exchange type, flags and SPIs are not looked at.
 */
enum ike_err ike_hdr_parse(struct cur datagram, struct ike_hdr *out);

/*
 * Write the header into an empty buffer; the length field is filled in by ike_hdr_close, or by
 * ike_sk_seal.  ike_hdr_close sets `bad` if the message is longer than IKE_MESSAGE_MAX.
 */
void ike_hdr_write(struct buf *msg, const struct ike_hdr *hdr);
void ike_hdr_close(struct buf *msg);

struct ike_payload {
	uint8_t type;
	uint8_t next; /* for SK: type of the first payload inside (3.14) */
	bool critical;
	struct cur body; /* without the generic header */
};

struct ike_chain {
	uint8_t count;
	uint8_t critical_type; /* after IKE_E_CRITICAL: the payload type to name in the reply */
	struct ike_payload item[IKE_PAYLOADS_MAX];
};

/*
 * Split a payload chain into borrowed slices.  RFC 7296 3.2, 2.5.  SK and SKF end the chain.
 * Unknown types stay in the chain (for ike_msg_collect to skip); with the critical bit they are
 * IKE_E_CRITICAL.  IKEv1's payload types (1-32) are unknown types.  On error only critical_type
 * of `out` is usable.  IKE_E_TRUNCATED, IKE_E_LENGTH (a payload shorter than its header),
 * IKE_E_TRAILING, IKE_E_TOO_MANY.  A chain inside SK must not hold SK or SKF again (3.14), which
 * is for the caller to see.
 */
enum ike_err ike_chain_parse(struct cur in, uint8_t type, struct ike_chain *out);

struct ike_notify {
	uint8_t protocol; /* IKE_PROTO_NONE without an SPI, whatever was sent (3.10) */
	uint16_t type;
	struct cur spi; /* 0, 4 or 8 bytes */
	struct cur data;
};

struct ike_delete {
	uint8_t protocol;
	uint16_t count;	 /* SPIs */
	struct cur spis; /* count * 4 bytes for ESP/AH; empty for IKE */
};

struct ike_ts {
	uint8_t protocol; /* IP protocol, 0: any */
	uint16_t port_start, port_end;
	struct addr start, end;
};

struct ike_ts_list {
	uint8_t count;
	struct ike_ts item[IKE_TS_MAX]; /* types other than IPv4/IPv6 ranges are left out */
};

/*
 * A message with its payloads sorted out; absent ones have a NULL `p`.  All slices are borrowed.
 */
struct ike_msg {
	struct cur sa, ke, nonce, idi, idr, auth, tsi, tsr, sk, skf;
	uint8_t sk_next;
	uint8_t notify_count, delete_count, cert_count, certreq_count;
	struct ike_notify notify[IKE_NOTIFIES_MAX];
	struct ike_delete del[IKE_DELETES_MAX];
	struct cur cert[IKE_CERTS_MAX], certreq[IKE_CERTS_MAX];
};

/*
 * Sort a chain into `out`: a payload that may stand once stands once (IKE_E_DUPLICATE), Notify and
 * Delete payloads are parsed (IKE_E_SYNTAX, IKE_E_TRUNCATED …), over-long lists are IKE_E_TOO_MANY,
 * Vendor ID, CP, EAP and unknown ones are skipped.  An empty payload body that is present has a
 * non-NULL `p`.  Order does not matter (2.5).  On error `out` is unusable.
 */
enum ike_err ike_msg_collect(const struct ike_chain *chain, struct ike_msg *out);

/* The first Notify of that type, or NULL; the first error Notify (type < 16384), or NULL. */
const struct ike_notify *ike_msg_notify(const struct ike_msg *msg, uint16_t type);
const struct ike_notify *ike_msg_error(const struct ike_msg *msg);

/*
 * ---- payload bodies ----
 *
 * On error outputs are unusable.  IKE_E_TRUNCATED: a field ends after the body (so does any in an
 * absent one); IKE_E_LENGTH: a length or count contradicts the bytes that are there; IKE_E_SYNTAX:
 * a value that RFC 7296 forbids; IKE_E_TOO_MANY: over a _MAX.
 */

/*
 * SA, 3.3: proposals, transforms and attributes must nest exactly, and counts and "Last Substruc"
 * markers agree with the lengths.  SPI sizes: IKE 0 or 8, AH and ESP 4, others 0, 4 or 8.  Proposal
 * numbers ascend.  Transforms of unknown types, and those with attributes that nobody understands,
 * are left out and set bits of `unknown`; unknown algorithm numbers stay in.  So a proposal may
 * have no transform left (count 0).
 */
enum ike_err ike_sa_parse(struct cur body, struct ike_proposals *out);

/* KE, 3.4: any group number; a value of at least 1 byte. */
enum ike_err ike_ke_parse(struct cur body, uint16_t *group, struct cur *value);

/* Nonce, 3.9: 16 to 256 bytes. */
enum ike_err ike_nonce_check(struct cur body);

/*
 * ID, 3.5: type and data; an address type must have the address's length, others at least 1 byte;
 * FQDN and RFC822_ADDR no NUL, CR or LF.  There is no upper limit but the message's: whoever copies
 * the data checks its length first (CVE-2025-9242).
 */
enum ike_err ike_id_parse(struct cur body, uint8_t *type, struct cur *data);

/* AUTH, 3.8: any method; at least 1 byte of data. */
enum ike_err ike_auth_parse(struct cur body, uint8_t *method, struct cur *data);

/*
 * Notify, 3.10: SPI of 0, 4 or 8 bytes; REKEY_SA must name a Child SA: AH or ESP, 4 bytes
 * (CVE-2023-38710).  The data's length is for those who use it to check.
 * Delete, 3.11: IKE: no SPI; ESP and AH: any number of 4 bytes each; no other protocol.
 */
enum ike_err ike_notify_parse(struct cur body, struct ike_notify *out);
enum ike_err ike_delete_parse(struct cur body, struct ike_delete *out);

/*
 * TSi or TSr, 3.13: at least one selector, start <= end; ports, too, or 65535 to 0 (OPAQUE).
 * Selectors of unknown types are left out (2.9), so that the list may come out empty.
 */
enum ike_err ike_ts_parse(struct cur body, struct ike_ts_list *out);

/* ---- writing ---- */

/* A chain of payloads being written; `first` goes into the header or the SK payload. */
struct ike_writer {
	struct buf *buf;
	uint8_t first;	/* type of the first payload, IKE_PL_NONE so far */
	size_t next_at; /* where the previous payload's Next Payload byte is */
	size_t open_at; /* start of the payload being written */
	bool has_next;	/* next_at is set */
};

/*
 * What does not fit sets `buf->bad`, to be looked at once the message stands.  Impossible arguments
 * (an address range of no family, a nonce of 3 bytes) are our own bugs: asserted.
 */
void ike_w_init(struct ike_writer *w, struct buf *buf);
void ike_w_open(struct ike_writer *w, uint8_t type);
void ike_w_close(struct ike_writer *w);

void ike_w_sa(struct ike_writer *w, const struct ike_proposals *proposals);
void ike_w_ke(struct ike_writer *w, uint16_t group, struct cur value);
void ike_w_nonce(struct ike_writer *w, struct cur nonce);
void ike_w_id(struct ike_writer *w, uint8_t payload, uint8_t id_type, struct cur data);
void ike_w_auth(struct ike_writer *w, uint8_t method, struct cur data);
void ike_w_notify(struct ike_writer *w, uint8_t protocol, uint16_t type, struct cur spi,
		  struct cur data);
/* IKE: count 0 and spis empty; ESP: count 4-byte SPIs. */
void ike_w_delete(struct ike_writer *w, uint8_t protocol, struct cur spis);
void ike_w_ts(struct ike_writer *w, uint8_t payload, const struct ike_ts_list *ts);

/*
 * The IKE header's Next Payload byte is set from `w->first` when the header was written before the
 * chain at the start of `w->buf`.
 */
void ike_w_finish_plain(struct ike_writer *w);

/* Names for notes: "IKE_AUTH", "NO_PROPOSAL_CHOSEN"; "unknown" for others. */
const char *ike_exchange_name(uint8_t exchange);
const char *ike_notify_name(uint16_t type);

#endif
