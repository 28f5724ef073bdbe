/*
 * daemon/reader_wire.h - what goes over the socket between spoked and its reader.
 *
 *	request: one byte, READER_LOAD
 *	answer:  a record per file that config_load read, in its order, then a READER_END record
 *
 * A record is a struct reader_head, then `path_len` bytes of path, then `len` bytes: the file's, or
 * the reason why it could not be read.  Both ends are one program on one machine: no byte order.
 */
#ifndef DAEMON_READER_WIRE_H
#define DAEMON_READER_WIRE_H

#include <sys/types.h>

#include "daemon/config.h"

#define READER_LOAD 'L'

enum reader_record {
	READER_CONF = 1,
	READER_SECRET,
	READER_END,
};

struct reader_head {
	uint8_t record; /* enum reader_record */
	uint8_t ok;
	uint16_t path_len;
	uint32_t len;
};

/* reader_child.c: the reader's own life; does not return. */
_Noreturn void reader_child(int fd, const char *conf_path, pid_t parent);

#endif
