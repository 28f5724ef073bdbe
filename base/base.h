/*
 * base/base.h - the vocabulary that every other folder speaks: bytes coming in (cur), bytes going
 * out (buf), addresses, time, hash maps, timer heaps, lists, secrets, randomness and notes.
 * libc only; no mutable globals; nothing here knows a protocol.
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include "base/addr.h"
#include "base/buf.h"
#include "base/cur.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "base/note.h"
#include "base/rng.h"
#include "base/secret.h"
#include "base/tick.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* The structure that holds `member` at `ptr`. */
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#endif
