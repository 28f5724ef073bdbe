/*
 * tests/unit/forge.h - messages that no honest peer would send, and a judge of what they did.
 *
 * A forged message is a header and a list of payloads that a test changes as it likes: it is taken
 * from the wire of a pair (and decrypted, for both ends' keys are at hand), or made from nothing in
 * the name of either end, and is written back or injected, properly sealed unless asked otherwise.
 *
 * The judge is forge_attack(): the message is refused for the reason that the test says, which is
 * counted once and nothing else is; no more than one datagram comes back; and no SA at either end
 * has changed in anything.
 */
#ifndef TESTS_UNIT_FORGE_H
#define TESTS_UNIT_FORGE_H

#include "tests/unit/pair.h"

#define FORGE_ITEMS_MAX 64
#define FORGE_BODY_MAX	2048
#define FORGE_SAS_MAX	64
#define FORGE_ANSWER	0xffff /* not just an unprotected Notify */

#define FORGE_IKE "aes256gcm16-prfsha256-x25519"

struct forge_item {
	uint8_t type;
	uint8_t flags; /* the second byte: critical bit and reserved ones */
	size_t len;
	uint8_t body[FORGE_BODY_MAX];
};

struct forge {
	struct ike_hdr hdr;
	bool sealed;
	size_t count;
	struct forge_item item[FORGE_ITEMS_MAX];
	uint8_t last_next; /* the last payload's "Next Payload": 0 of an honest one */
	size_t trailing;   /* bytes of nothing after it */
};

/* ---- where an exchange is ---- */

enum forge_step {
	FORGE_INIT_REQUEST,  /* A's IKE_SA_INIT is on the wire, B has nothing */
	FORGE_INIT_RESPONSE, /* B's is */
	FORGE_AUTH_REQUEST,  /* A's IKE_AUTH is, A has keys, and B is half-open */
	FORGE_AUTH_RESPONSE, /* B is established, and its answer is on the wire */
	FORGE_UP,	     /* both are, the wire is empty */
};

/* A pair with these proposals at both ends, started; `esp` NULL: the default ones. */
void forge_with(struct pair *p, const char *ike, const char *esp);

/* A pair with one fast proposal, taken as far as that. */
void forge_pair(struct pair *p, enum forge_step step);

/* Go on from anywhere: one SA and one pair at each end, which answer each other's probes. */
void forge_still_works(struct pair *p);
void forge_free(struct pair *p); /* still works, and free */

/* ---- messages ---- */

/* The SA that a header names at one side; NULL if there is none. */
struct ike_sa *forge_sa(struct pair *p, int side, const struct ike_hdr *hdr);

/* Take apart a copy of the oldest datagram of a side, decrypted. */
void forge_take(struct pair *p, int from, struct forge *f);

/* The same for any bytes that `from` has sent. */
void forge_read(struct pair *p, int from, const uint8_t *bytes, size_t len, struct forge *f);

/* An empty sealed message in the name of `as`, of its only or oldest SA. */
void forge_new(struct pair *p, int as, uint8_t exchange, bool answer, uint32_t mid,
	       struct forge *f);

/* The next request that the other end of `as` expects. */
void forge_request(struct pair *p, int as, uint8_t exchange, struct forge *f);

/* B's unprotected answer of one Notify to A's IKE_SA_INIT, which is on the wire; the result is f.
 */
struct forge *forge_bare(struct pair *p, struct forge *f, uint16_t type, const void *data,
			 size_t len);

struct forge_item *forge_add(struct forge *f, uint8_t type, const void *body, size_t len);
void forge_notify(struct forge *f, uint16_t type, const void *data, size_t len);
void forge_delete(struct forge *f, uint8_t protocol, const uint32_t *spis, size_t count);
struct forge_item *forge_find(struct forge *f, uint8_t type); /* fails without */
bool forge_has(const struct forge *f, uint8_t type);
bool forge_says(const struct forge *f, uint16_t notify);
void forge_drop(struct forge *f, uint8_t type); /* all of that type */
void forge_repeat(struct forge *f, uint8_t type);

/* IDi or IDr of f set, and its AUTH made anew for it, with the secret of that side. */
void forge_identify(struct pair *p, int as, struct forge *f, uint8_t type, const void *data,
		    size_t len);

/* Set all that RFC 7296 calls RESERVED; what is signed of it is signed anew. */
void forge_reserve(struct pair *p, int as, struct forge *f);

/* As bytes, of which there are IKE_MESSAGE_MAX. */
size_t forge_bytes(struct pair *p, int as, const struct forge *f, uint8_t *out);

/* In the place of the oldest datagram of that side. */
void forge_put(struct pair *p, int from, const struct forge *f);

/* The same with an IKE_SA_INIT message, and let its sender believe that it sent just that: what it
 * signs in IKE_AUTH. */
void forge_own(struct pair *p, int from, const struct forge *f);

/* Deliver it now, `as` being the sender, whatever is on the wire. */
enum ike_err forge_send(struct pair *p, int as, const struct forge *f);

/* Take the newest datagram of a side off the wire. */
void forge_answer(struct pair *p, int from, struct forge *f);
void forge_discard(struct pair *p, int from);

/* ---- the judge ---- */

struct forge_sa_state {
	uint64_t id, spi_i, spi_r, child_id[IKE_CHILDREN_MAX];
	uint32_t mid_out, mid_in, req_mid, child_spi[IKE_CHILDREN_MAX][2];
	uint8_t state, natt, replaced, delete_wanted;
	uint16_t remote_port, local_port;
	struct addr remote;
	size_t child_count, req_len, answer_len;
	tick_t last_in, t_dpd, t_replace, t_hard, t_expire;
	uint8_t key[SECRET_MAX];
};

struct forge_side_state {
	size_t sa_count, kernel_count, out_count, half_open;
	unsigned ups, downs, child_ups, child_downs, wants_done, moves;
	uint64_t errors[IKE_E_COUNT];
	struct forge_sa_state sa[FORGE_SAS_MAX];
	uint32_t kernel[PAIR_SAS_MAX][2];
};

struct forge_state {
	struct forge_side_state side[2];
};

void forge_look(struct pair *p, struct forge_state *state);

/* Nothing but counters and the wire has changed since. */
void forge_assert_same(struct pair *p, const struct forge_state *before, unsigned line);

/*
 * Deliver bytes to a side as if from the other; assert all that the head of this file says.  `err`
 * IKE_E_COUNT: any but IKE_OK.  An answer is taken off the wire; returned is the type of its
 * Notify, FORGE_ANSWER, or 0 if there was none.
 */
uint16_t forge_attack_at(struct pair *p, int to, const void *bytes, size_t len, enum ike_err err,
			 unsigned line);
uint16_t forge_strike_at(struct pair *p, int as, const struct forge *f, enum ike_err err,
			 unsigned line);
#define forge_attack(p, to, bytes, len, err) forge_attack_at(p, to, bytes, len, err, __LINE__)
/* The same with a forged message, `as` being its sender. */
#define forge_strike(p, as, f, err) forge_strike_at(p, as, f, err, __LINE__)

/* ---- whole exchanges ---- */

typedef void forge_fn(struct pair *p, struct forge *f, unsigned i);

/* Nothing is left of A's attempt, and the next one, nobody in the way, succeeds; `p` is freed. */
void forge_over(struct pair *p, enum ike_cause cause);

/*
 * B is sent what `mutate` makes of A's IKE_AUTH: it refuses for `err`, and answers with `notify`
 * alone, keeping its identity to itself (CVE-2015-4171), again and again the same (CVE-2024-2357).
 */
void forge_refused_request(forge_fn *mutate, unsigned i, enum ike_err err, uint16_t notify);

/* B authenticates A, but gives it no Child SA: A lets the IKE SA go. */
void forge_refused_child(forge_fn *mutate, unsigned i, enum ike_err err, uint16_t notify);

/* A is sent what `mutate` makes of B's answer: both end with nothing. */
void forge_refused_answer(forge_fn *mutate, unsigned i, enum ike_err err, enum ike_cause cause);

#endif
