/*
 * ctl/list.c - `ikectl list-sas`: every IKE SA and Child SA with all that there is to know, as
 * paragraphs for people or as JSON for programs.
 */
#include <inttypes.h>

#include "ctl/ikectl.h"

/* "AES_GCM_16-256", "AES_CBC-128/HMAC_SHA2_256_128" and so on, as far as they are known. */
static void put_algorithms(FILE *f, const struct ikectl_sa *sa, const char *separator)
{
	static const enum ikectl_key more[] = { IKECTL_INTEG_ALG, IKECTL_PRF_ALG, IKECTL_DH_GROUP };

	if (ikectl_has(sa, IKECTL_ENCR_ALG))
		ikectl_put(f, sa->value[IKECTL_ENCR_ALG]);
	else
		(void)fputs("?", f);
	if (ikectl_has(sa, IKECTL_ENCR_KEYSIZE)) {
		(void)fputc('-', f);
		ikectl_put(f, sa->value[IKECTL_ENCR_KEYSIZE]);
	}
	for (size_t i = 0; i < ARRAY_LEN(more); i++) {
		if (ikectl_has(sa, more[i])) {
			(void)fputs(separator, f);
			ikectl_put(f, sa->value[more[i]]);
		}
	}
}

static void put_text(FILE *f, const struct ikectl_sa *sa, enum ikectl_key key)
{
	if (ikectl_has(sa, key))
		ikectl_put(f, sa->value[key]);
	else
		(void)fputc('?', f);
}

/* `words` and an age, if the key is there; `after` closes it. */
static void put_age(FILE *f, const struct ikectl_sa *sa, enum ikectl_key key, const char *before,
		    const char *after)
{
	char age[IKECTL_SHORT_MAX];
	uint64_t seconds;

	if (ikectl_u64(sa, key, &seconds))
		(void)fprintf(f, "%s%s%s", before, ikectl_age(seconds, age), after);
}

static void put_end(FILE *f, const struct ikectl_sa *sa, bool local)
{
	enum ikectl_key id = local ? IKECTL_LOCAL_ID : IKECTL_REMOTE_ID;
	enum ikectl_key host = local ? IKECTL_LOCAL_HOST : IKECTL_REMOTE_HOST;
	enum ikectl_key port = local ? IKECTL_LOCAL_PORT : IKECTL_REMOTE_PORT;
	enum ikectl_key nat = local ? IKECTL_NAT_LOCAL : IKECTL_NAT_REMOTE;
	char spot[IKECTL_SPOT_MAX];

	(void)fprintf(f, "  %s", local ? "local   " : "remote  ");
	if (!ikectl_has(sa, id) || ikectl_is(sa, id, "%any"))
		(void)fputs("(not known yet)", f);
	else
		ikectl_put(f, sa->value[id]);
	(void)fprintf(f, " @ %s%s\n", ikectl_spot(sa, host, port, spot),
		      ikectl_is(sa, nat, "yes") ? " behind NAT" : "");
}

static void put_ike(FILE *f, const struct ikectl_sa *sa)
{
	ikectl_put_name(f, sa->section);
	(void)fputs(": #", f);
	put_text(f, sa, IKECTL_UNIQUEID);
	(void)fputs(", ", f);
	put_text(f, sa, IKECTL_STATE);
	(void)fprintf(f, ", IKEv2, we are the %s",
		      ikectl_is(sa, IKECTL_INITIATOR, "yes") ? "initiator" : "responder");
	if (ikectl_has(sa, IKECTL_TUNNEL)) {
		(void)fputs(", tunnel ", f);
		ikectl_put(f, sa->value[IKECTL_TUNNEL]);
	}
	(void)fputc('\n', f);
	put_end(f, sa, true);
	put_end(f, sa, false);
	(void)fputs("  spis    ", f);
	put_text(f, sa, IKECTL_INITIATOR_SPI);
	(void)fputs("_i ", f);
	put_text(f, sa, IKECTL_RESPONDER_SPI);
	(void)fputs("_r\n", f);
	if (ikectl_has(sa, IKECTL_ENCR_ALG)) {
		(void)fputs("  suite   ", f);
		put_algorithms(f, sa, "/");
		(void)fputc('\n', f);
	}
	if (ikectl_has(sa, IKECTL_ESTABLISHED)) {
		put_age(f, sa, IKECTL_ESTABLISHED, "  age     established ", " ago");
		put_age(f, sa, IKECTL_REKEY_TIME, ", rekeying in ", "");
		put_age(f, sa, IKECTL_REAUTH_TIME, ", reauthentication in ", "");
		(void)fputc('\n', f);
	}
}

/* One direction: SPI, packets, bytes, last use. */
static void put_direction(FILE *f, const struct ikectl_sa *sa, bool in)
{
	enum ikectl_key use = in ? IKECTL_USE_IN : IKECTL_USE_OUT;

	(void)fprintf(f, "    %s", in ? "in      " : "out     ");
	put_text(f, sa, in ? IKECTL_SPI_IN : IKECTL_SPI_OUT);
	(void)fputs(", ", f);
	put_text(f, sa, in ? IKECTL_BYTES_IN : IKECTL_BYTES_OUT);
	(void)fputs(" bytes, ", f);
	put_text(f, sa, in ? IKECTL_PACKETS_IN : IKECTL_PACKETS_OUT);
	(void)fputs(" packets", f);
	put_age(f, sa, use, ", the last ", " ago");
	(void)fputc('\n', f);
}

static void put_selectors(FILE *f, struct ctl_in local, struct ctl_in remote)
{
	struct cur ts;

	(void)fputs("    ts     ", f);
	while (ikectl_ts_next(&local, &ts)) {
		(void)fputc(' ', f);
		ikectl_put(f, ts);
	}
	(void)fputs(" ===", f);
	while (ikectl_ts_next(&remote, &ts)) {
		(void)fputc(' ', f);
		ikectl_put(f, ts);
	}
	(void)fputc('\n', f);
}

static void put_child(FILE *f, const struct ikectl_sa *child)
{
	(void)fputs("  child ", f);
	if (ikectl_has(child, IKECTL_NAME))
		ikectl_put(f, child->value[IKECTL_NAME]);
	else
		ikectl_put_name(f, child->section);
	(void)fputs(": #", f);
	put_text(f, child, IKECTL_UNIQUEID);
	(void)fputs(", ", f);
	put_text(f, child, IKECTL_STATE);
	(void)fputs(", ", f);
	put_text(f, child, IKECTL_MODE);
	(void)fputs(", ", f);
	put_text(f, child, IKECTL_PROTOCOL);
	(void)fprintf(f, "%s, reqid ", ikectl_is(child, IKECTL_ENCAP, "yes") ? " in UDP" : "");
	put_text(f, child, IKECTL_REQID);
	(void)fputs("\n    suite   ", f);
	put_algorithms(f, child, "/");
	(void)fputs(ikectl_has(child, IKECTL_ESN) ? "/ESN\n" : "\n", f);
	put_age(f, child, IKECTL_INSTALL_TIME, "    age     installed ", " ago");
	put_age(f, child, IKECTL_REKEY_TIME, ", rekeying in ", "");
	put_age(f, child, IKECTL_LIFE_TIME, ", expires in ", "");
	if (ikectl_has(child, IKECTL_INSTALL_TIME))
		(void)fputc('\n', f);
	put_direction(f, child, true);
	put_direction(f, child, false);
	put_selectors(f, child->local_ts, child->remote_ts);
}

void ikectl_list_sa(FILE *f, struct ctl_in event)
{
	struct ikectl_sa sa;

	while (ikectl_sa_next(&event, &sa)) {
		put_ike(f, &sa);
		while (ikectl_child_next(&event, &sa))
			put_child(f, &sa);
	}
}

struct listing {
	struct ikectl *ctl;
	bool json;
	size_t count;
};

static bool on_sa(void *ctx, struct ctl_in event)
{
	struct listing *listing = ctx;
	FILE *f = listing->ctl->out;

	if (listing->json) {
		if (!listing->count)
			(void)fputc('[', f);
		ikectl_json_sas(f, event, &listing->count);
	} else {
		ikectl_list_sa(f, event);
		listing->count++;
	}
	return true;
}

enum ikectl_exit ikectl_do_list_sas(struct ikectl *ctl, const struct ikectl_args *args)
{
	struct listing listing = { .ctl = ctl, .json = ikectl_option(args, 'j') };
	struct ctl_out out;

	ctl_out_init(&out, CTL_CMD_REQUEST, "list-sas");
	if (args->operands)
		ctl_text(&out, "ike", args->operand[0]);
	/* A stream that breaks off leaves JSON that does not parse: rightly so. */
	if (!ikectl_stream(ctl, &out, "list-sas", "list-sa", on_sa, &listing))
		return IKECTL_FAILED;
	if (listing.json)
		(void)fputs(listing.count ? "\n]\n" : "[]\n", ctl->out);
	else if (!listing.count)
		(void)fputs("no SAs\n", ctl->out);
	return IKECTL_OK;
}
