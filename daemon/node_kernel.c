/*
 * daemon/node_kernel.c - SAs as the kernel wants them, and comparing what stands there with what
 * should.
 *
 * The comparison is needed when events were lost (the event socket overflowed), or when the kernel
 * asks for an SA that the engine believes to stand.  It is asked for with NODE_ACT_SA_LIST, once
 * the engine is drained: every SA that the engine knows has then been installed, and what is
 * missing is really gone.  SAs with our reqids that the engine does not know are removed; pairs
 * that lost a half are reported as expired, and the next packet asks for new ones.
 */
#include "daemon/node_state.h"

#include <stdlib.h>

/*
 * Without extended sequence numbers an SA ends with its 2^32nd packet (RFC 4303 3.3.3), and the
 * kernel would silently drop from there on.  It is told to drop the SA a little earlier instead,
 * which is an EXPIRE event and makes room for a new one.
 */
#define SEQ32_HARD_PACKETS (UINT32_MAX - 65536u)
#define SEQ32_SOFT_PACKETS (SEQ32_HARD_PACKETS - SEQ32_HARD_PACKETS / 8)

static void half(const struct ike_child_sa *child, const struct ike_sa_half *in,
		 struct xfrm_sa *out)
{
	*out = (struct xfrm_sa){
		.src = in->src,
		.dst = in->dst,
		.spi = in->spi,
		.reqid = child->reqid,
		.encr = child->suite.encr,
		.integ = child->suite.integ,
		.encr_key = in->encr_key,
		.integ_key = in->integ_key,
		.esn = child->suite.esn == IKE_ESN_YES,
		.replay_window = child->replay_window,
		.encap = child->encap,
		.acquire_seq = child->seq,
	};
	if (!out->esn) {
		out->soft_packets = SEQ32_SOFT_PACKETS;
		out->hard_packets = SEQ32_HARD_PACKETS;
	}
}

void node_sa_pair(const struct ike_child_sa *child, struct xfrm_sa out[static 2])
{
	half(child, &child->in, &out[0]);
	half(child, &child->out, &out[1]);
	out[0].encap_sport = out[1].encap_dport = child->remote_port;
	out[0].encap_dport = out[1].encap_sport = child->local_port;
	out[0].acquire_seq = 0; /* it was the way out that the kernel asked for */
}

void node_list_want(struct node *node, tick_t now)
{
	if (node->list_wanted)
		return;
	if (now < node->list_not_before) {
		heap_set(&node->timers, &node->list_timer.heap, node->list_not_before);
		return;
	}
	node->list_not_before = now + NODE_LIST_EVERY_US;
	node->list_wanted = true;
}

bool node_stray_next(struct node *node, struct xfrm_sa out[static 2])
{
	if (node->stray_next == node->stray_count) {
		free(node->strays);
		node->strays = NULL;
		node->stray_count = node->stray_next = 0;
		return false;
	}

	const struct xfrm_sa_view *view = &node->strays[node->stray_next++];

	out[0].src = view->src;
	out[0].dst = view->dst;
	out[0].spi = view->spi;
	out[0].reqid = view->reqid;
	return true;
}

/* ---- the comparison ---- */

struct standing_key {
	uint32_t spi;
	struct addr dst;
	uint8_t zero[3];
};

struct standing {
	struct map_node by_key;
	struct standing_key key;
	const struct xfrm_sa_view *view;
	bool known;
};

struct lost {
	struct addr dst;
	uint32_t spi;
};

struct comparison {
	struct map map; /* of struct standing */
	struct standing *standing;
	size_t count, known;
	struct lost *lost; /* inbound halves of pairs that are not whole any more */
	size_t lost_count, lost_cap;
	bool bad; /* out of memory */
};

static struct standing_key key_of(const struct addr *dst, uint32_t spi)
{
	struct standing_key key;

	memset(&key, 0, sizeof(key));
	key.spi = spi;
	key.dst = *dst;
	return key;
}

static bool stands(struct comparison *c, const struct addr *dst, uint32_t spi)
{
	struct standing_key key = key_of(dst, spi);
	struct map_node *found = map_find(&c->map, &key);

	if (!found)
		return false;

	struct standing *s = CONTAINER_OF(found, struct standing, by_key);

	c->known += !s->known;
	s->known = true;
	return true;
}

static void lose(struct comparison *c, const struct ike_child_info *child)
{
	if (c->lost_count == c->lost_cap) {
		size_t cap = c->lost_cap ? 2 * c->lost_cap : 16;
		struct lost *more = realloc(c->lost, cap * sizeof(*more));

		if (!more) {
			c->bad = true;
			return;
		}
		c->lost = more;
		c->lost_cap = cap;
	}
	c->lost[c->lost_count++] = (struct lost){ child->local, child->spi_in };
}

static void compare(void *ctx, const struct ike_sa_info *info)
{
	struct comparison *c = ctx;

	for (size_t i = 0; i < info->child_count; i++) {
		const struct ike_child_info *child = &info->child[i];
		bool in = stands(c, &child->local, child->spi_in);
		bool out = stands(c, &child->remote, child->spi_out);

		if (!in || !out)
			lose(c, child);
	}
}

/* The kernel's SAs with our reqids, larval ones aside; c->standing has room for them all. */
static bool index_views(const struct node *node, struct comparison *c,
			const struct xfrm_sa_view *views, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct standing *s = &c->standing[c->count];

		if (!views[i].spi || !node_tunnel_by_reqid(node, views[i].reqid))
			continue;
		s->key = key_of(&views[i].dst, views[i].spi);
		s->view = &views[i];
		if (map_find(&c->map, &s->key))
			continue;
		if (!map_insert(&c->map, &s->by_key, &s->key))
			return false;
		c->count++;
	}
	return true;
}

static void remove_strays(struct node *node, const struct comparison *c)
{
	struct xfrm_sa_view *strays;
	size_t count = 0;

	if (c->known == c->count)
		return;
	strays = calloc(c->count - c->known, sizeof(*strays));
	if (!strays)
		return; /* they stay until the next comparison; they harm nobody */
	for (size_t i = 0; i < c->count; i++) {
		if (!c->standing[i].known)
			strays[count++] = *c->standing[i].view;
	}
	free(node->strays);
	node->strays = strays;
	node->stray_count = count;
	node->stray_next = 0;
	node->stats.strays += count;
	node_note(node, NOTE_WARN, "%zu SAs in the kernel belong to nobody: removing them", count);
}

void node_sa_listed(struct node *node, tick_t now, const struct xfrm_sa_view *views, size_t count)
{
	struct standing *standing = calloc(count + 1, sizeof(*standing));
	struct comparison c = { 0 };

	node->now = now;
	map_init(&c.map, sizeof(struct standing_key), rng_u64(&node->rng));
	c.standing = standing;
	if (!standing || !index_views(node, &c, views, count))
		goto out;
	ike_list(node->ike, compare, &c);
	if (c.bad)
		goto out;
	remove_strays(node, &c);
	if (c.lost_count) {
		node->stats.lost += c.lost_count;
		node_note(node, NOTE_WARN, "%zu Child SAs are no longer in the kernel",
			  c.lost_count);
	}
	for (size_t i = 0; i < c.lost_count; i++)
		ike_child_expired(node->ike, now, &c.lost[i].dst, c.lost[i].spi, true);
out:
	map_fini(&c.map);
	free(standing);
	free(c.lost);
}
