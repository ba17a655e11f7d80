/*
 * boot/cmdline.c: the kernel's command line, by Linux's rules: words before "--" are the kernel's; those it does not know
 * go to init: "name=value" without a dot to its environment, plain words without a dot to its arguments; everything
 * after "--" is init's arguments. Double quotes hold a word together.
 * Locks: none: parsed once at boot, read only afterwards. Source: bootparam(7), Linux's admin guide (kernel-parameters).
 */
#include "boot/cmdline.h"
#include "arch/arch.h"
#include "base/printk.h"
#include "base/string.h"

#define WORDS_MAX 256
#define INIT_WORDS_MAX 64

static char storage[8192];
static const char *words[WORDS_MAX];	/* the kernel's part */
static int word_count;
const char *init_argv[INIT_WORDS_MAX + 2] = { "init" };
const char *init_envp[INIT_WORDS_MAX + 4] = { "HOME=/", "TERM=linux" };

/* Words that this kernel acts on, and those of Linux that mean nothing here but are not init's either. */
static const char *const own_words[] = {
	"console", "quiet", "debug", "loglevel", "rdinit", "init", "panic", "root", "ro", "rw", "rootfstype", "initrd",
	"reboot", "noapic", "nomodule", "mitigations", "nokaslr", "norandmaps", "tsc_early_khz", "random", "earlyprintk",
	"init_on_alloc", "audit", "lsm", "apparmor", "cgroup_disable", "psi", "randomize_kstack_offset", "ignore_loglevel",
	"maxcpus", "nosmp", "mem", "pci", "acpi", "clocksource", "no_timer_check", "rcupdate", "earlycon", "keep_bootcon",
	"watchdog", "nowatchdog", "hung_task_panic", "softlockup_panic",
};

static size_t name_length(const char *word)
{
	const char *eq = strchr(word, '=');
	return eq ? (size_t)(eq - word) : strlen(word);
}

static bool name_is(const char *word, const char *name)
{
	size_t n = name_length(word);
	return n == strlen(name) && !strncmp(word, name, n);
}

static bool is_own(const char *word)
{
	const char *dot = memchr(word, '.', name_length(word));
	if (dot)
		return true;	/* module.parameter: never init's */
	for (size_t i = 0; i < ARRAY_SIZE(own_words); i++)
		if (name_is(word, own_words[i]))
			return true;
	return false;
}

static void give_init_argument(const char *word)
{
	int n = 1;
	while (init_argv[n])
		n++;
	if (n <= INIT_WORDS_MAX)
		init_argv[n] = word;
	else
		log_warn("command line: too many arguments for init, %s is left out\n", word);
}

static void give_init_variable(const char *word)
{
	int n = 0;
	for (; init_envp[n]; n++)
		if (name_length(init_envp[n]) == name_length(word) && !strncmp(init_envp[n], word, name_length(word) + 1))
			break;
	if (n < INIT_WORDS_MAX + 2)
		init_envp[n] = word;
	else
		log_warn("command line: too many variables for init, %s is left out\n", word);
}

/* Cuts the next word off at *p, taking quotes away. NULL: none left. */
static char *next_word(char **p)
{
	char *in = *p, *out, *word;
	bool is_quoted = false;
	while (*in == ' ' || *in == '\t' || *in == '\n')
		in++;
	if (!*in)
		return NULL;
	for (word = out = in; *in && (is_quoted || (*in != ' ' && *in != '\t' && *in != '\n')); in++) {
		if (*in == '"')
			is_quoted = !is_quoted;
		else
			*out++ = *in;
	}
	*p = *in ? in + 1 : in;
	*out = 0;
	return word;
}

void cmdline_parse(void)
{
	char *p = storage, *word;
	bool is_for_init = false;
	strlcpy(storage, boot_info.cmdline, sizeof(storage));
	while ((word = next_word(&p))) {
		if (is_for_init) {
			give_init_argument(word);
		} else if (!strcmp(word, "--")) {
			is_for_init = true;
		} else if (is_own(word)) {
			if (word_count < WORDS_MAX)
				words[word_count++] = word;
		} else if (strchr(word, '=')) {
			give_init_variable(word);
		} else {
			give_init_argument(word);
		}
	}
}

bool cmdline_get(const char *name, char *buf, size_t size)
{
	for (int i = word_count - 1; i >= 0; i--) {
		if (!name_is(words[i], name))
			continue;
		const char *value = words[i] + name_length(words[i]);
		strlcpy(buf, *value == '=' ? value + 1 : value, size);
		return true;
	}
	return false;
}

void cmdline_for_each(const char *name, void (*fn)(const char *value))
{
	for (int i = 0; i < word_count; i++)
		if (name_is(words[i], name) && strchr(words[i], '='))
			fn(strchr(words[i], '=') + 1);
}
