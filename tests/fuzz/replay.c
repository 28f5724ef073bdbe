/*
 * tests/fuzz/replay.c - a main() for fuzz targets: runs each file of the directories (or the single
 * files) named in argv through the target, in order of name, and says so in TAP.  A target that
 * finds something aborts, or the sanitizers do it for it.  Fails if a directory has no file, so
 * that a lost corpus is noticed.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX  (1024L * 1024) /* bytes */
#define PATH_SIZE 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned tests_run, tests_failed;

static void say(bool ok, const char *name, const char *why)
{
	tests_run++;
	tests_failed += !ok;
	(void)printf("%sok %u - %s%s%s\n", ok ? "" : "not ", tests_run, name, why ? ": " : "",
		     why ? why : "");
	(void)fflush(stdout);
}

/* The memory is as long as the file, so that a sanitizer sees the first byte past it. */
static void run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct stat st;
	uint8_t *data = NULL;
	size_t len = 0;
	const char *why = NULL;

	if (!file || fstat(fileno(file), &st) != 0)
		why = strerror(errno);
	else if (st.st_size > FILE_MAX)
		why = "too large";
	else if (!(data = malloc((size_t)st.st_size)) && st.st_size)
		why = "no memory";
	else if ((len = fread(data, 1, (size_t)st.st_size, file)) != (size_t)st.st_size)
		why = "short read";
	else
		(void)LLVMFuzzerTestOneInput(data, len);
	free(data);
	if (file)
		(void)fclose(file);
	say(!why, path, why);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void run_directory(const char *dir)
{
	struct dirent **entries = NULL;
	int count = scandir(dir, &entries, is_visible, alphasort);

	if (count <= 0)
		say(false, dir, count ? strerror(errno) : "no file in it");
	for (int i = 0; i < count; i++) {
		char path[PATH_SIZE];

		(void)snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		run_file(path);
		free(entries[i]);
	}
	free(entries);
}

int main(int argc, char **argv)
{
	struct stat st;

	for (int i = 1; i < argc; i++) {
		if (stat(argv[i], &st) == 0 && S_ISREG(st.st_mode))
			run_file(argv[i]);
		else
			run_directory(argv[i]);
	}
	if (!tests_run)
		say(false, "corpus", "no file");
	(void)printf("1..%u\n", tests_run);
	return tests_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
