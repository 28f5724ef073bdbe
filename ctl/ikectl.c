/*
 * ctl/ikectl.c - the command-line client of spoked: main() hands the process's streams and the
 * terminal's width to ikectl_run (table.c), and makes sure that what was printed has arrived.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ctl/ikectl.h"

#define WIDTH_DEFAULT 80u
#define WIDTH_MIN     40u

/* Columns to print into: the terminal's; else $COLUMNS; else 80. */
static unsigned find_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size = { 0 };
	uint64_t n = 0;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= WIDTH_MIN)
		return size.ws_col;
	if (columns && ikectl_u64_of(cur_of(columns, strlen(columns)), &n) && n >= WIDTH_MIN &&
	    n <= UINT16_MAX)
		return (unsigned)n;
	return WIDTH_DEFAULT;
}

int main(int argc, char *argv[])
{
	struct ikectl ctl = {
		.path = CTL_SOCKET_PATH, .out = stdout, .err = stderr, .width = find_width()
	};
	enum ikectl_exit status = ikectl_run(&ctl, argc, argv);
	bool failed = ferror(stdout);

	if ((fclose(stdout) != 0 || failed) && status == IKECTL_OK) {
		(void)fprintf(stderr, "ikectl: cannot write the output: %s\n", strerror(errno));
		status = IKECTL_FAILED;
	}
	return (int)status;
}
