/*
 * xfrm/event.h - events out of a datagram, as a pure function.
 */
#ifndef XFRM_EVENT_H
#define XFRM_EVENT_H

#include "xfrm/request.h"

/*
 * Parse one datagram of an event socket, calling `on_event` for each event in it that concerns us.
 * Returns how many messages were malformed (a datagram whose rest is malformed counts as one).
 */
size_t xfrm_event_parse(enum xfrm_bus bus, struct cur datagram,
			void (*on_event)(void *ctx, const struct xfrm_event *ev), void *ctx);

#endif
