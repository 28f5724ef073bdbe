/*
 * tests/unit/test_config_files.c - configurations as files: what is checked of them on disk, and
 * that the samples in etc/ and the manual speak of the configuration that the parser reads.
 *
 * The project's root is $SOURCE_ROOT, or the working directory.
 */
#include <dirent.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/config_test.h"

#define TEXT_MAX 65536
#define NOBODY	 65534

static char dir[] = "/tmp/spoked-config-XXXXXX";

static void write_file(const char *name, const void *bytes, size_t len, mode_t mode)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);

	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void write_text(const char *name, const char *text, mode_t mode)
{
	write_file(name, text, strlen(text), mode);
}

static struct config *load_file(const char *name, char why[static CONFIG_WHY_MAX])
{
	struct config_source files = config_files();
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return config_load(path, &files, why);
}

static void file_refused(const char *name, const char *text)
{
	char why[CONFIG_WHY_MAX];

	assert_null(load_file(name, why));
	if (!strstr(why, text))
		fail_msg("\"%s\" does not say \"%s\"", why, text);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) && chmod(dir, 0755) == 0 ? 0 : -1;
}

static int remove_dir(void **state)
{
	struct dirent **entries = NULL;
	int count = scandir(dir, &entries, NULL, NULL);

	(void)state;
	for (int i = 0; i < count; i++) {
		char path[sizeof(dir) + sizeof(entries[i]->d_name) + 1];

		(void)snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		(void)unlink(path); /* "." and ".." refuse */
		free(entries[i]);
	}
	free(entries);
	return rmdir(dir);
}

/* A configuration with one peer, whose secret is in `name`. */
static void write_conf_with_secret(const char *name)
{
	char conf[256];

	(void)snprintf(conf, sizeof(conf), "peer us { remote = any\nsecret-file = \"%s/%s\" }\n",
		       dir, name);
	write_text("secret.conf", conf, 0644);
}

/* ---- files ---- */

static void test_good_files(void **state)
{
	char why[CONFIG_WHY_MAX];
	struct config *config;

	(void)state;
	write_text("us.psk", GOOD_SECRET "\n", 0600);
	write_conf_with_secret("us.psk");
	config = load_file("secret.conf", why);
	if (!config)
		fail_msg("%s", why);
	assert_int_equal(config->conns[0].psk_len, strlen(GOOD_SECRET));
	assert_int_equal(config->warning_count, 0);
	config_free(config);
	write_text("us.psk", GOOD_SECRET, 0400);
	config = load_file("secret.conf", why);
	assert_non_null(config);
	config_free(config);
}

static void test_bad_files(void **state)
{
	static char big[CONFIG_FILE_MAX + 1];

	(void)state;
	file_refused("none.conf", "none.conf: No such file");
	file_refused(".", "not a regular file");
	memset(big, ' ', sizeof(big));
	write_file("big.conf", big, CONFIG_FILE_MAX, 0644);

	char why[CONFIG_WHY_MAX];
	struct config *config = load_file("big.conf", why);

	assert_non_null(config);
	config_free(config);
	write_file("big.conf", big, CONFIG_FILE_MAX + 1, 0644);
	file_refused("big.conf", "longer than 1048576 bytes");
	write_file("nul.conf", "user = a\n\0user = b\n", 19, 0644);
	file_refused("nul.conf", "nul.conf:2: a NUL byte");
	write_text("empty.conf", "", 0644);
	config = load_file("empty.conf", why);
	assert_non_null(config);
	config_free(config);
}

static void test_secrets_that_others_can_reach(void **state)
{
	static const mode_t loose[] = { 0640, 0604, 0620, 0602, 0610, 0666, 0777 };

	(void)state;
	write_conf_with_secret("loose.psk");
	for (size_t i = 0; i < ARRAY_LEN(loose); i++) {
		write_text("loose.psk", GOOD_SECRET, loose[i]);
		file_refused("secret.conf", "secret.conf:2: secret-file: ");
		file_refused("secret.conf", "protect it (chmod 600)");
	}
	write_conf_with_secret("none.psk");
	file_refused("secret.conf", "No such file");
	write_text("empty.psk", "\n", 0600);
	write_conf_with_secret("empty.psk");
	file_refused("secret.conf", "is empty");
	write_text("long.psk", "", 0600);
	write_conf_with_secret("long.psk");

	char bytes[CONFIG_SECRET_MAX + 1];

	memset(bytes, 'a', sizeof(bytes));
	write_file("long.psk", bytes, sizeof(bytes), 0600);
	file_refused("secret.conf", "longer than 4096 bytes");
}

/* Somebody else's file is not a secret, even if he alone can read it. */
static void test_secrets_of_other_users(void **state)
{
	char path[128];

	(void)state;
	write_text("his.psk", GOOD_SECRET, 0600);
	write_conf_with_secret("his.psk");
	(void)snprintf(path, sizeof(path), "%s/his.psk", dir);
	if (geteuid() != 0) {
		/* What only root can read: /etc/shadow stands for all such files. */
		write_text("secret.conf", "peer us { remote = any\nsecret-file = \"/etc/shadow\" }",
			   0644);
		file_refused("secret.conf", "cannot open /etc/shadow: Permission denied");
		return;
	}
	assert_int_equal(chown(path, NOBODY, NOBODY), 0);
	file_refused("secret.conf", "belongs to user 65534; make it root's");
}

/* Without root, root's 0600 files are out of reach, and the error says so. */
static void test_as_nobody(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return; /* then test_secrets_of_other_users did it */
	write_text("root.psk", GOOD_SECRET, 0600);
	write_conf_with_secret("root.psk");

	pid_t pid = fork();

	if (pid == 0) {
		char why[CONFIG_WHY_MAX];

		if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
			_exit(2);
		_exit(load_file("secret.conf", why) || !strstr(why, "Permission denied"));
	}

	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* ---- documents ---- */

static void read_document(const char *name, char text[static TEXT_MAX])
{
	const char *root = getenv("SOURCE_ROOT");
	char path[1024];
	size_t len;

	(void)snprintf(path, sizeof(path), "%s/%s", root ? root : ".", name);

	FILE *file = fopen(path, "r");

	if (!file)
		fail_msg("cannot open %s: set SOURCE_ROOT", path);
	len = fread(text, 1, TEXT_MAX - 1, file);
	assert_true(len > 0 && len < TEXT_MAX - 1);
	text[len] = 0;
	(void)fclose(file);
}

/* Any secret-file is there, and holds a good secret. */
static bool any_secret(void *ctx, const char *path, enum config_file_kind kind, char **bytes,
		       size_t *len, char why[static CONFIG_WHY_MAX])
{
	const char *text = kind == CONFIG_FILE_CONF ? ctx : GOOD_SECRET;

	(void)path;
	(void)why;
	return memory_give(text, strlen(text), bytes, len);
}

static struct config *load_document(const char *name, char *text)
{
	struct config_source source = { .read = any_secret, .ctx = text };
	char why[CONFIG_WHY_MAX];
	struct config *config = config_load(name, &source, why);

	if (!config)
		fail_msg("%s\n%s", why, text);
	return config;
}

static void test_samples(void **state)
{
	static const char *const samples[] = {
		"etc/spoked.conf.pair",
		"etc/spoked.conf.hub-psk",
		"etc/spoked.conf.gretap",
	};
	static char text[TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		read_document(samples[i], text);

		struct config *config = load_document(samples[i], text);

		if (config->warning_count)
			fail_msg("%s", config->warnings[0]);
		assert_true(config->tunnel_count > 0 && config->conn_count > 0);
		config_free(config);
	}
}

/* Every literal block of the manual that is a configuration. */
static void test_examples_of_the_manual(void **state)
{
	static char text[TEXT_MAX];
	size_t count = 0;

	(void)state;
	read_document("doc/spoked.conf.5", text);
	for (char *at = text; (at = strstr(at, "\n.Bd -literal")); count++) {
		char *begin = strchr(at + 1, '\n') + 1, *end = strstr(begin, "\n.Ed");

		assert_non_null(end);
		end[1] = 0;
		config_free(load_document("spoked.conf.5", begin));
		at = end + 2;
	}
	assert_true(count >= 5);
}

/* The part of the manual that is about a section, cut at the next one. */
static void manual_section(const char *name, char text[static TEXT_MAX], char **begin)
{
	char title[64];

	(void)snprintf(title, sizeof(title), "\n.Ss %s ", name[0] ? name : "Outside of sections");
	if (!name[0])
		title[strlen(title) - 1] = 0;
	*begin = strstr(text, title);
	if (!*begin)
		fail_msg("no section in the manual:%s", title);

	char *end = strstr(*begin + 1, "\n.Ss ");

	if (end)
		*end = 0;
}

static void test_every_key_is_in_the_manual(void **state)
{
	static char text[TEXT_MAX];
	const struct config_key *key;

	(void)state;
	for (size_t i = 0; (key = config_key_at(i)); i++) {
		char item[64], *section, *found;

		read_document("doc/spoked.conf.5", text);
		manual_section(key->section, text, &section);
		(void)snprintf(item, sizeof(item), "\n.It Cm %s No = ", key->name);
		found = strstr(section, item);
		if (!found)
			fail_msg("%s is not in section \"%s\"", key->name, key->section);

		/* Up to the next key: what there is without it. */
		char *end = strstr(found + strlen(item), "\n.It ");

		if (end)
			*end = 0;
		if (!strstr(found, "Default:") && !strstr(found, "\nNeeded."))
			fail_msg("no default for %s in section \"%s\"", key->name, key->section);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_files),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_secrets_that_others_can_reach),
		cmocka_unit_test(test_secrets_of_other_users),
		cmocka_unit_test(test_as_nobody),
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_examples_of_the_manual),
		cmocka_unit_test(test_every_key_is_in_the_manual),
	};

	return cmocka_run_group_tests_name("config_files", tests, make_dir, remove_dir);
}
