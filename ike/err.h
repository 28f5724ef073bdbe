/*
 * ike/err.h - every way in which a datagram can be wrong, each with a name, a text, a counter and
 * (in the engine) a reply.  Zero is success.
 */
#ifndef IKE_ERR_H
#define IKE_ERR_H

#include <stdint.h>

enum ike_err {
	IKE_OK = 0,
	/* the message as bytes */
	IKE_E_TRUNCATED, /* a field or payload runs past the end */
	IKE_E_LENGTH,	 /* a length field contradicts its place */
	IKE_E_TRAILING,	 /* bytes after the last payload */
	IKE_E_TOO_LONG,	 /* longer than IKE_MESSAGE_MAX */
	IKE_E_TOO_MANY,	 /* payloads, proposals, transforms or selectors over their limit */
	IKE_E_VERSION,	 /* major version is not 2 */
	IKE_E_EXCHANGE,	 /* unknown exchange type */
	IKE_E_FLAGS,	 /* initiator or response flag contradicts the SPIs */
	IKE_E_CRITICAL,	 /* unknown payload with the critical bit */
	IKE_E_SYNTAX,	 /* a payload's content breaks its format */
	IKE_E_DUPLICATE, /* a payload that may stand once stands twice */
	IKE_E_MISSING,	 /* a payload that must be there is not */
	IKE_E_PLAINTEXT, /* payloads outside SK where they must be inside */
	/* cryptography */
	IKE_E_INTEGRITY,    /* ICV wrong: forged or damaged */
	IKE_E_PADDING,	    /* decrypted, but the padding is impossible */
	IKE_E_PUBLIC_VALUE, /* key exchange value fails RFC 6989's tests */
	IKE_E_CRYPTO,	    /* the library failed, or we asked for the impossible */
	IKE_E_MEMORY,
	/* state */
	IKE_E_UNKNOWN_SPI, /* no such IKE SA */
	IKE_E_STATE,	   /* not now: no cell in the state table */
	IKE_E_MESSAGE_ID,  /* outside the window */
	IKE_E_REPLAY,	   /* a request that was answered before; the answer was resent */
	IKE_E_UNEXPECTED,  /* a response to nothing that we asked */
	IKE_E_REFLECTED,   /* our own message came back */
	IKE_E_COOKIE,	   /* missing or wrong cookie; a fresh one was sent */
	IKE_E_PATH,	   /* from an address that this exchange does not belong to */
	/* negotiation */
	IKE_E_NO_PEER,	   /* no configuration for this peer */
	IKE_E_NO_PROPOSAL, /* nothing in common */
	IKE_E_KE_GROUP,	   /* wrong key exchange group; INVALID_KE_PAYLOAD was sent */
	IKE_E_TS,	   /* traffic selectors are not GRE between these two hosts */
	IKE_E_MODE,	   /* tunnel mode asked or answered where we need transport */
	IKE_E_ID,	   /* identity is not the configured one */
	IKE_E_AUTH,	   /* AUTH payload does not verify */
	IKE_E_AUTH_METHOD, /* an authentication method that is not configured */
	IKE_E_BUSY,	   /* too many half-open or established SAs */
	IKE_E_COUNT
};

/* Short name for counters ("bad-integrity"), and a sentence part for notes ("ICV is wrong"). */
const char *ike_err_name(enum ike_err err);
const char *ike_err_text(enum ike_err err);

#endif
