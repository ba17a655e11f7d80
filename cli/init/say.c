// What init has to say goes to the console, which the host tool reads; and how init ends.
#include <errno.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>
#include "init.h"

static void put(const char *s) {
	if (write(2, s, strlen(s)) < 0)
		return; // there is nobody else to tell
}

void say(const char *text, const char *what, int error) {
	put("furca-init: ");
	put(text);
	if (what != NULL && *what != '\0') {
		put(": ");
		put(what);
	}
	if (error != 0) {
		put(": ");
		put(strerror(error));
	}
	put("\n");
}

void power_off(void) {
	sync();
	// QEMU runs with -no-reboot: a reset ends it on every machine, a power-off only where there is ACPI.
	reboot(RB_AUTOBOOT);
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

void die(const char *text, const char *what, int error) {
	say(text, what, error);
	power_off();
}
