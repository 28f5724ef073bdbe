/*
 * daemon/config.h - spoked.conf: libconfuse syntax, every error as `file:line: what, and what would
 * be right`, unknown keys refused, secrets never in it but in files that it names.  spoked.conf(5)
 * documents every key.
 */
#ifndef DAEMON_CONFIG_H
#define DAEMON_CONFIG_H

#include "ike/ike.h"
#include "xfrm/xfrm.h"

#define CONFIG_PATH	    "/etc/spoked/spoked.conf"
#define CONFIG_WHY_MAX	    512
#define CONFIG_FILE_MAX	    (1024 * 1024) /* bytes of the configuration */
#define CONFIG_SECRET_MAX   4096	  /* bytes of a secret file */
#define CONFIG_FILES_MAX    4097	  /* the configuration and what it names */
#define CONFIG_WARNINGS_MAX 64
#define CONFIG_PATH_MAX	    1024
#define CONFIG_PSK_WEAK	    16 /* bytes below which a shared secret earns a warning */

struct config_tunnel {
	struct xfrm_tunnel link; /* as written; link.local is unset while source is an interface */
	char source[XFRM_NAME_MAX]; /* interface whose address is the source, or "" */
	uint32_t reqid;		    /* tunnels that can meet the same peers share one: their SAs are
				     * host to host, so they cannot be told apart */
	int line;
};

struct config {
	size_t tunnel_count;
	struct config_tunnel *tunnels;
	size_t conn_count;
	struct ike_conn *conns; /* psk owned by the config, wiped by config_free */
	struct ike_timing timing;
	struct ike_limits limits;
	char socket[CONFIG_PATH_MAX];
	unsigned socket_mode;
	char socket_group[64]; /* "" : root's */
	char user[64];	       /* run as; "": "spoked" if there is one, else "nobody" */
	bool remove_policies;  /* at exit: default no, fail closed */
	char log[16];	       /* "stderr", "syslog"; "": stderr in the foreground, else syslog */
	size_t warning_count;
	char warnings[CONFIG_WARNINGS_MAX][CONFIG_WHY_MAX]; /* file:line: text */
};

/*
 * How files are read: injected, so that the running daemon, which is no longer root, gets them from
 * its privileged reader process, and tests from memory.
 */
enum config_file_kind {
	CONFIG_FILE_CONF,
	CONFIG_FILE_SECRET, /* refused unless owned by root or the caller, and mode & 077 is 0 */
};

struct config_source {
	/*
	 * Read a whole file into malloc'ed memory (NUL-terminated, length in *len).  False: `why`
	 * says what is wrong, without the file's content.
	 */
	bool (*read)(void *ctx, const char *path, enum config_file_kind kind, char **bytes,
		     size_t *len, char why[static CONFIG_WHY_MAX]);
	void *ctx;
};

/* The file system itself, with the checks of config_file_kind. */
struct config_source config_files(void);

/*
 * Read and check a configuration.  NULL: `why` holds "file:line: what, and what would be right".
 * A trailing newline of a secret file does not belong to the secret; "0x…" is hex, "0s…" base64.
 */
struct config *config_load(const char *path, const struct config_source *source,
			   char why[static CONFIG_WHY_MAX]);

/* Wipes secrets; NULL is fine. */
void config_free(struct config *config);

#endif
