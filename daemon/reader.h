/*
 * daemon/reader.h - the privileged reader: a small process that stays root when spoked drops its
 * rights, so that SIGHUP can load a configuration and secrets that only root can read.
 *
 * It is asked one thing, "read the configuration", and answers with the bytes of the file that was
 * named when it was started and of the files that this one names.  No path ever goes to it: whoever
 * takes over the unprivileged side learns what the daemon knew already, and nothing else that root
 * can read.
 */
#ifndef DAEMON_READER_H
#define DAEMON_READER_H

#include <sys/types.h>

#include "daemon/config.h"

#define READER_TIMEOUT_MS 10000 /* a reload that takes longer has failed */
#define READER_START_MS	  60000 /* the same at the start */

struct reader;

/*
 * Start the process.  `conf_path` is made absolute and fixed.  Call it early: after daemonizing
 * (it ends with the thread that started it), before secrets are in memory, before threads are
 * started and before sandbox_enter.  NULL: `why` says what failed.
 */
struct reader *reader_start(const char *conf_path, char why[static CONFIG_WHY_MAX]);

/*
 * Have the configuration read and load it: as config_load, with the same errors.  Blocks for as
 * long as reading files takes, at most READER_TIMEOUT_MS (the first time READER_START_MS).  If the
 * process is gone, or was too slow (it is ended then), `why` says so and every later call fails the
 * same way.
 */
struct config *reader_load(struct reader *reader, char why[static CONFIG_WHY_MAX]);

/* End the process and wait for it.  NULL is fine. */
void reader_stop(struct reader *reader);

/* For tests: its process, or -1 once it is known to be gone. */
pid_t reader_pid(const struct reader *reader);

#endif
