/*
 * daemon/control_priv.h - what the files of the control server share.
 *
 *	control_file.c	the socket in the file system
 *	control.c	clients: frames in, packets out, events, who is dropped when
 *	control_cmd.c	the commands: version, stats, reload, establish, initiate
 *	control_list.c	list-sas
 *	control_end.c	terminate
 *	control_sa.c	an IKE SA as a message
 *
 * Lifetimes: clients are freed in control_reap alone, from the event loop, never inside a call that
 * came from the node: so a broadcast may find out that a client is gone, and the node is not called
 * while one of its actions is being read.
 */
#ifndef DAEMON_CONTROL_PRIV_H
#define DAEMON_CONTROL_PRIV_H

#include <sys/stat.h>

#include "ctl/ctl.h"
#include "daemon/control.h"

#define CONTROL_ERRMSG_MAX CONFIG_WHY_MAX

enum control_event {
	CONTROL_EV_LIST_SA,
	CONTROL_EV_IKE_UPDOWN,
	CONTROL_EV_CHILD_UPDOWN,
	CONTROL_EV_LOG,		/* registered by swanctl, never raised */
	CONTROL_EV_CONTROL_LOG, /* likewise */
	CONTROL_EV_COUNT
};

/* What a client's current request waits for. */
enum control_wait {
	WAIT_NOTHING,
	WAIT_REPLY, /* the node's, to establish or initiate */
	WAIT_GONE,  /* terminate: until the SAs are gone */
	WAIT_LIST,  /* list-sas: until the client has read some of it */
};

/* Which SAs a request is about: what is unset matches all. */
struct control_filter {
	char ike[CTL_NAME_MAX + 1], child[CTL_NAME_MAX + 1];
	uint64_t ike_id, child_id;
	struct addr local, remote;
};

/* list-sas under way. */
struct control_list {
	struct control_filter filter;
	uint64_t after;		    /* the last IKE SA that was sent */
	struct xfrm_sa_view *views; /* sorted, owned: the counters */
	size_t view_count;
};

/* terminate under way. */
struct control_end {
	bool children; /* `ids` are Child SAs', else IKE SAs' */
	uint64_t *ids; /* owned; what is not gone yet */
	size_t left, matches;
	tick_t deadline; /* TICK_NEVER: until they are gone */
	int32_t timeout_ms;
};

struct client {
	struct list node; /* in control->clients */
	struct control *control;
	struct bufferevent *bev;
	struct event *resume; /* go on with what has been received */
	unsigned events;      /* bit (1 << enum control_event) */
	enum control_wait wait;
	uint64_t tag; /* of the node's reply */
	bool ids;     /* the reply carries `existed` and `uniqueid` */
	struct control_list list;
	struct control_end end;
	bool finishing; /* its end has closed: write what there is, then reap */
	bool dead;	/* to be reaped */
};

struct control_file {
	int fd;
	const char *path; /* owned by the control */
	dev_t dev;
	ino_t ino;
};

struct control {
	struct event_base *base;
	struct control_host host;
	struct control_file file;
	char path[CONFIG_PATH_MAX];
	struct event *listen, *reap, *tick;
	struct list clients;
	size_t client_count, ending;
	uint64_t next_tag;
	tick_t since;
	int64_t since_wall_s;
};

/* ---- control_file.c ---- */
bool control_file_open(struct control_file *file, const struct control_conf *conf,
		       char why[static CONFIG_WHY_MAX]);
void control_file_close(struct control_file *file);

/* ---- control.c ---- */
/* Finish the packet, send it, free it. */
void control_send(struct client *client, struct ctl_out *out);
/* The answer to its current request has been sent: the next one may be looked at. */
void control_answered(struct client *client);
/* success = yes, or success = no and errmsg. */
void control_result(struct client *client, bool ok, const char *errmsg);
void control_fail(struct client *client, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Bytes that it has not read. */
size_t control_backlog(const struct client *client);
void control_drop(struct client *client, const char *why);
extern const char *const control_event_names[CONTROL_EV_COUNT];

/* ---- control_cmd.c ---- */
/* False: there is no such command. */
bool control_command(struct client *client, const char *name, struct ctl_in message);
/* Read the keys that select SAs; false: it has been answered with what is wrong. */
bool control_filter(struct client *client, struct ctl_in message, struct control_filter *out);
bool control_text(struct client *client, struct ctl_in message, const char *key, char *out,
		  size_t cap);
bool control_address(struct client *client, struct ctl_in message, const char *key,
		     struct addr *out);
bool control_number(struct client *client, struct ctl_in message, const char *key, int64_t min,
		    int64_t max, int64_t *out);
bool control_flag(struct ctl_in message, const char *key);

/* ---- control_list.c ---- */
void control_list_sas(struct client *client, struct ctl_in message);
/* The client has read some: write more, or the end. */
void control_list_more(struct client *client);
void control_list_free(struct control_list *list);

/* ---- control_end.c ---- */
void control_terminate(struct client *client, struct ctl_in message);
/* Look who is gone, and whose patience is. */
void control_end_check(struct control *control);
void control_end_free(struct client *client);

/* ---- control_sa.c ---- */
struct control_sa {
	const struct node *node;
	tick_t now;
	const struct xfrm_sa_view *views; /* sorted by control_views_sort; may be NULL */
	size_t view_count;
	const struct control_filter *filter; /* which children; NULL: all */
};
/* An IKE SA as a section of its own name.  `children` false: without child-sas. */
void control_sa_write(struct ctl_out *out, const struct control_sa *how,
		      const struct ike_sa_info *info, bool children);
bool control_sa_matches(const struct node *node, const struct control_filter *filter,
			const struct ike_sa_info *info);
bool control_child_matches(const struct node *node, const struct control_filter *filter,
			   const struct ike_sa_info *info, const struct ike_child_info *child);
void control_views_sort(struct xfrm_sa_view *views, size_t count);

#endif
