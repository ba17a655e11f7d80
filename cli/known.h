// What a program is known to want at run time, beyond what its file says.
#ifndef FURCA_CLI_KNOWN_H
#define FURCA_CLI_KNOWN_H

#include "deps.h"

#define GUEST_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define GUEST_HOME "/root"
#define GUEST_NAME "furca"

// The folders and files of every small Linux system: /etc/passwd, terminfo, the C.UTF-8 locale, the time zone.
int known_add_base(struct deps *d);

// After a program has been added: its standard library, if it is an interpreter whose library we know.
int known_add(struct deps *d, const char *path, const char *final);

// A launcher that picks a Python (pyenv's shims): the interpreter that it would start. Owned, or NULL.
char *known_interpreter(const char *path);

// True for what programs look for as a matter of course and do without.
bool known_is_optional(const char *path);
#endif
