/* What gdb follows in tracers.sh: a fork whose two sides call functions of their own, a vfork and an exec, a thread. */
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int shared = 1;

static int leaf(int n)
{
	shared += n;
	return shared;
}

static int in_child(int n)
{
	int sum = leaf(n + 40);
	return sum;
}

static int in_parent(int n)
{
	int sum = leaf(n + 10);
	return sum;
}

static void *in_thread(void *arg)
{
	shared += *(int *)arg;
	return 0;
}

int main(void)
{
	int status = 0, five = 5, code;
	pthread_t thread;
	pid_t pid = fork();

	if (pid == 0) {
		code = in_child(1);
		_exit(code);
	}
	code = in_parent(1);
	waitpid(pid, &status, 0);
	pid = vfork();
	if (pid == 0) {
		execl("/bin/true", "true", (char *)0);
		_exit(9);
	}
	waitpid(pid, &code, 0);
	pthread_create(&thread, 0, in_thread, &five);
	pthread_join(thread, 0);
	printf("child %d, program %d, shared %d\n", WEXITSTATUS(status), WEXITSTATUS(code), shared);
	return 0;
}
