/*
 * fs/options.c: the text of mount(2)'s options, cut into names and values, for every file system that takes some.
 * Source: mount(8).
 */
#include "fs/internal.h"
#include "base/string.h"

char *option_next(char **list, char **value)
{
	for (char *name; (name = *list) && *name;) {
		char *comma = strchr(name, ',');
		*list = comma ? comma + 1 : NULL;
		if (comma)
			*comma = 0;
		*value = strchr(name, '=');
		if (*value)
			*(*value)++ = 0;
		if (*name)
			return name;
	}
	return NULL;
}
