/*
 * ctl/view.c - a list-sa or updown event as a C structure: doc/CONTROL.md, section 3.
 *
 * The event is read front to back: the IKE SA's keys, which precede its `child-sas`, then one Child
 * SA after the other.  Values stay in the packet and are borrowed.  Keys, lists and sections that
 * we do not know are skipped, as later daemons add some.  Nothing recurses: the parser's own depth
 * says where we are.
 */
#include "ctl/ikectl.h"

/* Depths inside an event's message. */
enum { DEPTH_TOP = 0, DEPTH_SA = 1, DEPTH_CHILDREN = 2, DEPTH_CHILD = 3 };

static const char *const key_names[IKECTL_KEY_COUNT] = {
	[IKECTL_UNIQUEID] = "uniqueid",
	[IKECTL_VERSION] = "version",
	[IKECTL_STATE] = "state",
	[IKECTL_LOCAL_HOST] = "local-host",
	[IKECTL_LOCAL_PORT] = "local-port",
	[IKECTL_LOCAL_ID] = "local-id",
	[IKECTL_REMOTE_HOST] = "remote-host",
	[IKECTL_REMOTE_PORT] = "remote-port",
	[IKECTL_REMOTE_ID] = "remote-id",
	[IKECTL_INITIATOR] = "initiator",
	[IKECTL_INITIATOR_SPI] = "initiator-spi",
	[IKECTL_RESPONDER_SPI] = "responder-spi",
	[IKECTL_NAT_LOCAL] = "nat-local",
	[IKECTL_NAT_REMOTE] = "nat-remote",
	[IKECTL_ENCR_ALG] = "encr-alg",
	[IKECTL_ENCR_KEYSIZE] = "encr-keysize",
	[IKECTL_INTEG_ALG] = "integ-alg",
	[IKECTL_PRF_ALG] = "prf-alg",
	[IKECTL_DH_GROUP] = "dh-group",
	[IKECTL_ESTABLISHED] = "established",
	[IKECTL_REKEY_TIME] = "rekey-time",
	[IKECTL_REAUTH_TIME] = "reauth-time",
	[IKECTL_TUNNEL] = "tunnel",
	[IKECTL_NAME] = "name",
	[IKECTL_REQID] = "reqid",
	[IKECTL_MODE] = "mode",
	[IKECTL_PROTOCOL] = "protocol",
	[IKECTL_ENCAP] = "encap",
	[IKECTL_SPI_IN] = "spi-in",
	[IKECTL_SPI_OUT] = "spi-out",
	[IKECTL_ESN] = "esn",
	[IKECTL_BYTES_IN] = "bytes-in",
	[IKECTL_PACKETS_IN] = "packets-in",
	[IKECTL_USE_IN] = "use-in",
	[IKECTL_BYTES_OUT] = "bytes-out",
	[IKECTL_PACKETS_OUT] = "packets-out",
	[IKECTL_USE_OUT] = "use-out",
	[IKECTL_LIFE_TIME] = "life-time",
	[IKECTL_INSTALL_TIME] = "install-time",
};

/* The next element, or CTL_END if there is none or it is malformed (checked before). */
static enum ctl_element next(struct ctl_in *in, struct ctl_item *item)
{
	return ctl_next(in, item) ? CTL_END : item->element;
}

static void take_key(struct ikectl_sa *sa, const struct ctl_item *item)
{
	for (unsigned i = 0; i < IKECTL_KEY_COUNT; i++) {
		if (strcmp(item->name, key_names[i]) == 0) {
			sa->value[i] = item->value;
			return;
		}
	}
}

static void start(struct ikectl_sa *sa, const struct ctl_item *item)
{
	*sa = (struct ikectl_sa){ .section = "" };
	memcpy(sa->section, item->name, sizeof(sa->section));
}

/*
 * Read keys and lists at `depth` until that section ends, or until a section called `stop` (if not
 * NULL) begins.
 */
static void read_keys(struct ctl_in *in, struct ikectl_sa *sa, unsigned depth, const char *stop)
{
	struct ctl_item item;

	while (next(in, &item) != CTL_END) {
		if (in->depth < depth)
			return;
		if (stop && item.element == CTL_SECTION_START && in->depth == depth + 1 &&
		    strcmp(item.name, stop) == 0)
			return;
		if (in->depth > depth)
			continue;
		if (item.element == CTL_KEY_VALUE)
			take_key(sa, &item);
		else if (item.element == CTL_LIST_START && strcmp(item.name, "local-ts") == 0)
			sa->local_ts = *in;
		else if (item.element == CTL_LIST_START && strcmp(item.name, "remote-ts") == 0)
			sa->remote_ts = *in;
	}
}

bool ikectl_sa_next(struct ctl_in *in, struct ikectl_sa *sa)
{
	struct ctl_item item;

	while (next(in, &item) != CTL_END) {
		if (item.element == CTL_SECTION_START && in->depth == DEPTH_SA) {
			start(sa, &item);
			read_keys(in, sa, DEPTH_SA, "child-sas");
			return true;
		}
	}
	return false;
}

bool ikectl_child_next(struct ctl_in *in, struct ikectl_sa *child)
{
	struct ctl_item item;

	/* Past the last child, or an IKE SA without `child-sas`: nothing may be taken from it. */
	if (in->depth != DEPTH_CHILDREN)
		return false;
	while (next(in, &item) != CTL_END && in->depth >= DEPTH_CHILDREN) {
		if (item.element == CTL_SECTION_START && in->depth == DEPTH_CHILD) {
			start(child, &item);
			read_keys(in, child, DEPTH_CHILD, NULL);
			return true;
		}
	}
	return false;
}

bool ikectl_ts_next(struct ctl_in *list, struct cur *value)
{
	struct ctl_item item;

	if (!list->in_list || next(list, &item) != CTL_LIST_ITEM)
		return false;
	*value = item.value;
	return true;
}

bool ikectl_has(const struct ikectl_sa *sa, enum ikectl_key key)
{
	return sa->value[key].left > 0;
}

bool ikectl_is(const struct ikectl_sa *sa, enum ikectl_key key, const char *text)
{
	return cur_eq(sa->value[key], cur_of(text, strlen(text)));
}

bool ikectl_u64_of(struct cur value, uint64_t *out)
{
	uint64_t n = 0;

	if (!value.left || (value.p[0] == '0' && value.left > 1))
		return false;
	for (size_t i = 0; i < value.left; i++) {
		unsigned digit = (unsigned)value.p[i] - '0';

		if (digit > 9 || n > (UINT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*out = n;
	return true;
}

bool ikectl_u64(const struct ikectl_sa *sa, enum ikectl_key key, uint64_t *out)
{
	return ikectl_u64_of(sa->value[key], out);
}

bool ikectl_find(struct ctl_in message, const char *key, struct cur *value)
{
	struct ctl_item item;

	while (next(&message, &item) != CTL_END) {
		if (item.element == CTL_KEY_VALUE && message.depth == DEPTH_TOP &&
		    strcmp(item.name, key) == 0) {
			*value = item.value;
			return true;
		}
	}
	return false;
}
