/*
 * ike/err.c - names and texts of errors, one row each: see err.h.
 */
#include "ike/err.h"

#include <assert.h>

static const struct {
	const char *name, *text;
} errs[IKE_E_COUNT] = {
	[IKE_OK] = { "ok", "no error" },
	[IKE_E_TRUNCATED] = { "truncated", "a field runs past the end" },
	[IKE_E_LENGTH] = { "bad-length", "a length field is impossible" },
	[IKE_E_TRAILING] = { "trailing", "bytes after the last payload" },
	[IKE_E_TOO_LONG] = { "too-long", "the message is too long" },
	[IKE_E_TOO_MANY] = { "too-many", "too many payloads, proposals or selectors" },
	[IKE_E_VERSION] = { "bad-version", "major version is not 2" },
	[IKE_E_EXCHANGE] = { "bad-exchange", "unknown exchange type" },
	[IKE_E_FLAGS] = { "bad-flags", "flags contradict the SPIs" },
	[IKE_E_CRITICAL] = { "critical", "unknown critical payload" },
	[IKE_E_SYNTAX] = { "bad-syntax", "a payload breaks its format" },
	[IKE_E_DUPLICATE] = { "duplicate", "a payload stands twice" },
	[IKE_E_MISSING] = { "missing", "a payload is missing" },
	[IKE_E_PLAINTEXT] = { "plaintext", "payloads that must be encrypted are not" },
	[IKE_E_INTEGRITY] = { "bad-integrity", "the integrity check fails" },
	[IKE_E_PADDING] = { "bad-padding", "the padding is impossible" },
	[IKE_E_PUBLIC_VALUE] = { "bad-public-value", "the key exchange value is invalid" },
	[IKE_E_CRYPTO] = { "crypto", "a cryptographic operation failed" },
	[IKE_E_MEMORY] = { "memory", "out of memory" },
	[IKE_E_UNKNOWN_SPI] = { "unknown-spi", "no such IKE SA" },
	[IKE_E_STATE] = { "bad-state", "not expected in this state" },
	[IKE_E_MESSAGE_ID] = { "bad-message-id", "message ID outside the window" },
	[IKE_E_REPLAY] = { "replay", "a request that was answered before" },
	[IKE_E_UNEXPECTED] = { "unexpected", "a response that nobody waits for" },
	[IKE_E_REFLECTED] = { "reflected", "our own message came back" },
	[IKE_E_COOKIE] = { "cookie", "no valid cookie" },
	[IKE_E_PATH] = { "bad-path", "from an address outside this exchange" },
	[IKE_E_NO_PEER] = { "no-peer", "no peer is configured for this address" },
	[IKE_E_NO_PROPOSAL] = { "no-proposal", "no proposal in common" },
	[IKE_E_KE_GROUP] = { "ke-group", "another key exchange group is needed" },
	[IKE_E_TS] = { "bad-ts", "traffic selectors are not GRE between the two hosts" },
	[IKE_E_MODE] = { "bad-mode", "not transport mode" },
	[IKE_E_ID] = { "bad-id", "the identity is not the configured one" },
	[IKE_E_AUTH] = { "bad-auth", "authentication failed" },
	[IKE_E_AUTH_METHOD] = { "bad-auth-method", "authentication method is not configured" },
	[IKE_E_BUSY] = { "busy", "too many IKE SAs" },
};

const char *ike_err_name(enum ike_err err)
{
	assert(err < IKE_E_COUNT);
	return errs[err].name;
}

const char *ike_err_text(enum ike_err err)
{
	assert(err < IKE_E_COUNT);
	return errs[err].text;
}
