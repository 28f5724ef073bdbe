/*
 * ctl/status.c - `ikectl status`: one line per IKE SA, for people.
 *
 *     PEER  IDENTITY          NBMA            AGE     REKEY      IN    OUT
 *     hub   hub.example.com   203.0.113.33    2h14m   46m10s   1.2M   340K
 *
 * The rows are gathered first, since the widths of the columns depend on all of them; they are
 * sorted by name, so that the same peer stands in the same place each time.  If a line would be
 * wider than the terminal, identities give way first (their middle is left out), then names;
 * addresses never do.
 *
 * AGE is the IKE SA's, or its state in lower case as long as it is not established; REKEY is the
 * time until the next rekeying of the IKE SA or one of its Child SAs; IN and OUT are bytes over all
 * Child SAs, "-" if there is none, or no counters.
 */
#include <stdlib.h>

#include "ctl/ikectl.h"

#define ROWS_MAX   65536u /* as many as fit into anybody's patience */
#define ROWS_FIRST 64u
#define CELL_MAX   256u
#define FLEX_MIN   12u /* identities and names are not cut below this */
#define GAP	   ((size_t)2)

enum column { COL_PEER, COL_ID, COL_NBMA, COL_AGE, COL_REKEY, COL_IN, COL_OUT, COL_COUNT };

static const struct {
	const char *title;
	bool right; /* numbers stand to the right */
} columns[COL_COUNT] = {
	[COL_PEER] = { "PEER", false },	  [COL_ID] = { "IDENTITY", false },
	[COL_NBMA] = { "NBMA", false },	  [COL_AGE] = { "AGE", false },
	[COL_REKEY] = { "REKEY", false }, [COL_IN] = { "IN", true },
	[COL_OUT] = { "OUT", true },
};

struct row {
	char cell[COL_COUNT][CELL_MAX];
	bool up;
};

struct table {
	struct ikectl *ctl;
	struct row *rows; /* owned */
	size_t count, cap;
	size_t left_out; /* SAs beyond ROWS_MAX */
};

static bool grow(struct table *table)
{
	size_t cap = table->cap ? table->cap * 2 : ROWS_FIRST;

	if (table->count < table->cap)
		return true;

	struct row *rows = reallocarray(table->rows, cap, sizeof(*rows));

	if (!rows) {
		(void)ikectl_fail(table->ctl, "out of memory after %zu peers", table->count);
		return false;
	}
	table->rows = rows;
	table->cap = cap;
	return true;
}

/* What the Child SAs add up to. */
struct sums {
	bool counted; /* somebody said how many bytes */
	uint64_t in, out;
	uint64_t rekey_s; /* the soonest; UINT64_MAX: none */
};

static void add_child(struct sums *sums, const struct ikectl_sa *child)
{
	uint64_t n;

	if (ikectl_u64(child, IKECTL_BYTES_IN, &n)) {
		sums->in += n;
		sums->counted = true;
	}
	if (ikectl_u64(child, IKECTL_BYTES_OUT, &n)) {
		sums->out += n;
		sums->counted = true;
	}
	if (ikectl_u64(child, IKECTL_REKEY_TIME, &n) && n < sums->rekey_s)
		sums->rekey_s = n;
}

static void fill_age(struct row *row, const struct ikectl_sa *sa)
{
	char *cell = row->cell[COL_AGE];
	uint64_t seconds;

	row->up = ikectl_is(sa, IKECTL_STATE, "ESTABLISHED") ||
		  ikectl_is(sa, IKECTL_STATE, "REKEYING") || ikectl_is(sa, IKECTL_STATE, "REKEYED");
	if (row->up && ikectl_u64(sa, IKECTL_ESTABLISHED, &seconds)) {
		(void)ikectl_age(seconds, cell);
		return;
	}
	(void)ikectl_escape(sa->value[IKECTL_STATE], cell, IKECTL_SHORT_MAX);
	for (char *c = cell; *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	}
}

/* The address; the port too if a NAT made it an unusual one. */
static void fill_nbma(struct row *row, const struct ikectl_sa *sa)
{
	char spot[IKECTL_SPOT_MAX];
	uint64_t port;
	bool usual = !ikectl_u64(sa, IKECTL_REMOTE_PORT, &port) || port == 500 || port == 4500;

	if (!ikectl_has(sa, IKECTL_REMOTE_HOST))
		(void)snprintf(row->cell[COL_NBMA], CELL_MAX, "?");
	else if (usual)
		(void)ikectl_escape(sa->value[IKECTL_REMOTE_HOST], row->cell[COL_NBMA],
				    ADDR_TEXT_MAX);
	else
		(void)snprintf(row->cell[COL_NBMA], CELL_MAX, "%s",
			       ikectl_spot(sa, IKECTL_REMOTE_HOST, IKECTL_REMOTE_PORT, spot));
}

static void fill_sums(struct row *row, const struct ikectl_sa *sa, struct sums sums)
{
	uint64_t n;

	if (ikectl_u64(sa, IKECTL_REKEY_TIME, &n) && n < sums.rekey_s)
		sums.rekey_s = n;
	if (ikectl_u64(sa, IKECTL_REAUTH_TIME, &n) && n < sums.rekey_s)
		sums.rekey_s = n;
	for (unsigned i = COL_REKEY; i < COL_COUNT; i++)
		(void)snprintf(row->cell[i], CELL_MAX, "-");
	if (sums.rekey_s != UINT64_MAX)
		(void)ikectl_age(sums.rekey_s, row->cell[COL_REKEY]);
	if (sums.counted) {
		(void)ikectl_bytes(sums.in, row->cell[COL_IN]);
		(void)ikectl_bytes(sums.out, row->cell[COL_OUT]);
	}
}

static bool on_sa(void *ctx, struct ctl_in event)
{
	struct table *table = ctx;
	struct ikectl_sa sa, child;

	while (ikectl_sa_next(&event, &sa)) {
		struct sums sums = { .rekey_s = UINT64_MAX };
		char id[IKECTL_TEXT_MAX];

		if (table->count == ROWS_MAX) {
			table->left_out++;
			continue;
		}
		if (!grow(table))
			return false;

		struct row *row = &table->rows[table->count++];

		while (ikectl_child_next(&event, &child))
			add_child(&sums, &child);
		(void)ikectl_escape(cur_of(sa.section, strlen(sa.section)), row->cell[COL_PEER],
				    CELL_MAX);
		(void)snprintf(row->cell[COL_ID], CELL_MAX, "%.*s", (int)CELL_MAX - 1,
			       ikectl_id(&sa, IKECTL_REMOTE_ID, id));
		fill_nbma(row, &sa);
		fill_age(row, &sa);
		fill_sums(row, &sa, sums);
	}
	return true;
}

/* Names in human order (site2 before site10), then addresses. */
static int compare(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int order = strverscmp(x->cell[COL_PEER], y->cell[COL_PEER]);

	return order ? order : strverscmp(x->cell[COL_NBMA], y->cell[COL_NBMA]);
}

/* Take `*over` columns off `width`, as far as FLEX_MIN allows. */
static void shrink(size_t *width, size_t *over)
{
	size_t spare = *width > FLEX_MIN ? *width - FLEX_MIN : 0;
	size_t cut = spare < *over ? spare : *over;

	*width -= cut;
	*over -= cut;
}

static void measure(const struct table *table, unsigned limit, size_t width[static COL_COUNT])
{
	size_t total = GAP * (COL_COUNT - 1);

	for (unsigned c = 0; c < COL_COUNT; c++) {
		width[c] = strlen(columns[c].title);
		for (size_t i = 0; i < table->count; i++) {
			size_t len = strlen(table->rows[i].cell[c]);

			if (len > width[c])
				width[c] = len;
		}
		total += width[c];
	}
	if (limit && total > limit) {
		size_t over = total - limit;

		shrink(&width[COL_ID], &over);
		shrink(&width[COL_PEER], &over);
	}
}

/* A cell padded to `width`, its middle left out if it is wider. */
static void put_cell(FILE *f, const char *text, size_t width, bool right, bool last)
{
	size_t len = strlen(text);
	int pad = len < width ? (int)(width - len) : 0;

	if (len > width) {
		size_t tail = (width - 2) / 2;
		size_t head = width - 2 - tail;

		(void)fprintf(f, "%.*s..%s", (int)head, text, text + len - tail);
	} else if (right) {
		(void)fprintf(f, "%*s%s", pad, "", text);
	} else {
		(void)fprintf(f, "%s%*s", text, last ? 0 : pad, "");
	}
	if (!last)
		(void)fprintf(f, "%*s", (int)GAP, "");
}

static void print(const struct table *table)
{
	FILE *f = table->ctl->out;
	size_t width[COL_COUNT];
	size_t up = 0;

	measure(table, table->ctl->width, width);
	for (unsigned c = 0; c < COL_COUNT; c++)
		put_cell(f, columns[c].title, width[c], columns[c].right, c == COL_COUNT - 1);
	(void)fputc('\n', f);
	for (size_t i = 0; i < table->count; i++) {
		for (unsigned c = 0; c < COL_COUNT; c++)
			put_cell(f, table->rows[i].cell[c], width[c], columns[c].right,
				 c == COL_COUNT - 1);
		(void)fputc('\n', f);
		up += table->rows[i].up;
	}
	(void)fprintf(f, "%zu up, %zu not\n", up, table->count - up);
	if (table->left_out)
		(void)fprintf(f, "%zu more are not shown\n", table->left_out);
}

enum ikectl_exit ikectl_do_status(struct ikectl *ctl, const struct ikectl_args *args)
{
	struct table table = { .ctl = ctl };
	struct ctl_out out;

	if (ikectl_option(args, 'w'))
		ctl->width = 0;
	ctl_out_init(&out, CTL_CMD_REQUEST, "list-sas");

	bool ok = ikectl_stream(ctl, &out, "list-sas", "list-sa", on_sa, &table);

	if (ok && table.count) {
		qsort(table.rows, table.count, sizeof(*table.rows), compare);
		print(&table);
	} else if (ok) {
		(void)fputs("no SAs: no peer is connected, and nothing has asked for one\n",
			    ctl->out);
	}
	free(table.rows);
	return ok ? IKECTL_OK : IKECTL_FAILED;
}
