// furca: the host tool. Takes the command line apart and hands over to run.c or bench.c.
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <unistd.h>
#include "bench.h"
#include "options.h"
#include "run.h"

// Without its standard streams a program would get other files in their place.
static void streams_make(void) {
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) < 0)
			_exit(EXIT_TOOL);
}

static int print(const char *text) {
	return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? fail(EXIT_TOOL, "cannot write", "standard output", NULL)
							      : 0;
}

int main(int argc, char **argv) {
	streams_make();
	setlocale(LC_CTYPE, "C.UTF-8"); // libarchive translates names: leave every byte as it is
	struct options o;
	int status = options_parse(&o, argc, argv);
	if (status == 0 && o.command == COMMAND_HELP)
		status = print(o.help);
	else if (status == 0 && o.command == COMMAND_VERSION)
		status = print("furca " FURCA_VERSION "\n");
	else if (status == 0)
		status = o.command == COMMAND_BENCH ? bench(&o) : run(&o);
	options_drop(&o);
	return status;
}
