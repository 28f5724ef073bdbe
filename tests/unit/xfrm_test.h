/*
 * tests/unit/xfrm_test.h - what the tests of xfrm/ share.
 */
#ifndef TESTS_UNIT_XFRM_TEST_H
#define TESTS_UNIT_XFRM_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>

#include "xfrm/sa.h"

static const struct addr here = { ADDR_IP4, { 192, 0, 2, 1 } };
static const struct addr there = { ADDR_IP4, { 198, 51, 100, 7 } };

/* The one message that some bytes are. */
static inline struct xfrm_reply reply_of(struct cur bytes)
{
	struct xfrm_reply reply;

	assert_true(xfrm_reply_next(&bytes, &reply));
	assert_int_equal(bytes.left, 0);
	return reply;
}

#endif
