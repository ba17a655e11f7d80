/* What gdb attaches to in tracers.sh: it waits for a byte, and has a function to be called meanwhile. */
#include <stdio.h>
#include <unistd.h>

int calls;

int bump(int n)
{
	calls += n;
	return calls;
}

int main(void)
{
	char c = 0;
	long n = read(0, &c, 1);

	printf("read %ld, calls %d\n", n, calls);
	return 0;
}
