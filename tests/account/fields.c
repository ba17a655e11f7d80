/* The names in the files of /proc, in their order: what programs look for there. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void fields_print(void);

/* How the names of a file are found. */
enum form {
	KEYS,		/* "Name: value" or "name value" on each line: the first word; repeated ones are told once */
	COLUMNS,	/* how many words each line has; the longest */
	LABELS,		/* what is before two spaces: the rows of limits, with their units */
};

static const struct { const char *path; enum form form; } files[] = {
	{ "self/status", KEYS }, { "self/stat", COLUMNS }, { "self/statm", COLUMNS }, { "self/smaps", KEYS },
	{ "self/smaps_rollup", KEYS }, { "self/maps", COLUMNS }, { "self/limits", LABELS }, { "self/io", KEYS },
	{ "self/cgroup", COLUMNS }, { "self/mountinfo", COLUMNS }, { "self/mounts", COLUMNS }, { "self/mountstats", COLUMNS },
	{ "self/sched", KEYS }, { "self/schedstat", COLUMNS }, { "self/oom_score", COLUMNS }, { "self/wchan", COLUMNS },
	{ "self/uid_map", COLUMNS }, { "self/timers", KEYS }, { "self/fdinfo/0", KEYS }, { "self/personality", COLUMNS },
	{ "self/stack", COLUMNS }, { "self/syscall", COLUMNS }, { "self/loginuid", COLUMNS }, { "self/sessionid", COLUMNS },
	{ "self/autogroup", KEYS }, { "self/timerslack_ns", COLUMNS }, { "self/numa_maps", COLUMNS },
	{ "self/attr/current", COLUMNS },
	{ "meminfo", KEYS }, { "stat", KEYS }, { "vmstat", KEYS }, { "loadavg", COLUMNS }, { "uptime", COLUMNS },
	{ "cpuinfo", KEYS }, { "version", COLUMNS }, { "filesystems", KEYS }, { "swaps", COLUMNS }, { "partitions", COLUMNS },
	{ "cgroups", COLUMNS }, { "interrupts", COLUMNS }, { "softirqs", KEYS }, { "diskstats", COLUMNS }, { "zoneinfo", KEYS },
	{ "buddyinfo", COLUMNS }, { "devices", COLUMNS }, { "locks", COLUMNS }, { "modules", COLUMNS }, { "slabinfo", COLUMNS },
	{ "schedstat", COLUMNS }, { "key-users", COLUMNS }, { "crypto", COLUMNS }, { "pressure/cpu", KEYS },
	{ "pressure/memory", KEYS }, { "pressure/io", KEYS },
};
static const char *const folders[] = { ".", "self", "self/task/self", "self/net", "self/ns", "sys", "sys/vm", "sys/kernel", "sys/fs" };

static char *contents(const char *path)
{
	static char text[1 << 18];
	char whole[300];

	snprintf(whole, sizeof whole, "/proc/%s", path);
	FILE *f = fopen(whole, "r");
	if (!f)
		return NULL;
	text[fread(text, 1, sizeof text - 1, f)] = 0;
	fclose(f);
	return text;
}

/* The first word, to a colon or a space; cpuinfo's may have spaces in them. */
static void print_keys(const char *path, char *text)
{
	char *rest, *known = calloc(1, 1 << 18);

	for (char *l = strtok_r(text, "\n", &rest); l; l = strtok_r(NULL, "\n", &rest)) {
		char *colon = strchr(l, ':'), key[200];
		size_t n = colon ? (size_t)(colon - l) : strcspn(l, " \t");
		if (strspn(l, "0123456789abcdef") >= 8 && strchr(l, '-'))	/* a mapping's head */
			continue;
		while (n && isspace((unsigned char)l[n - 1]))
			n--;
		snprintf(key, sizeof key, "\n%.*s\n", (int)(n < 190 ? n : 190), l);
		if (!n || strstr(known, key))
			continue;
		strcat(known, key);
		for (char *p = key + 1; *p != '\n'; p++)
			*p = isspace((unsigned char)*p) ? '_' : *p;
		printf("%s %.*s\n", path, (int)strlen(key) - 2, key + 1);
	}
	free(known);
}

static void print_columns(const char *path, char *text)
{
	int most = 0;
	char *rest;

	for (char *l = strtok_r(text, "\n", &rest); l; l = strtok_r(NULL, "\n", &rest)) {
		int n = 0;
		for (char *p = l; *p; n++) {
			p += strspn(p, " \t");
			if (!*p)
				break;
			p += strcspn(p, " \t");
		}
		most = n > most ? n : most;
	}
	printf("%s columns:%d\n", path, most);
}

static void print_labels(const char *path, char *text)
{
	char *rest;

	for (char *l = strtok_r(text, "\n", &rest); l; l = strtok_r(NULL, "\n", &rest)) {
		char *end = strstr(l, "  "), *unit = strrchr(l, ' ');
		while (unit && unit > l && unit[1] == 0)	/* spaces at the end */
			*unit = 0, unit = strrchr(l, ' ');
		printf("%s ", path);
		for (char *p = l; p < end; p++)
			putchar(*p == ' ' ? '_' : *p);
		printf("(%s)\n", unit ? unit + 1 : "");
	}
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void print_folder(const char *path)
{
	char whole[300], *names[2048];
	int n = 0;

	snprintf(whole, sizeof whole, "/proc/%s", strcmp(path, "self/task/self") ? path : "thread-self");
	DIR *d = opendir(whole);
	for (struct dirent *e; d && n < 2048 && (e = readdir(d));)
		if (e->d_name[0] != '.' && !isdigit((unsigned char)e->d_name[0]))
			names[n++] = strdup(e->d_name);
	if (d)
		closedir(d);
	qsort(names, n, sizeof *names, by_name);
	for (int i = 0; i < n; i++)
		printf("%s/ %s\n", path, names[i]);
}

void fields_print(void)
{
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		print_folder(folders[i]);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		char *text = contents(files[i].path);
		if (!text)
			continue;
		if (files[i].form == KEYS)
			print_keys(files[i].path, text);
		else if (files[i].form == COLUMNS)
			print_columns(files[i].path, text);
		else
			print_labels(files[i].path, text);
	}
}
