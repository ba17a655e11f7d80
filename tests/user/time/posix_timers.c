/* timer_create and its kin. */
#include "clone.h"
#include <pthread.h>
#include <signal.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static volatile int hits, last_overrun, last_code, last_value, last_id;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	hits++;
	last_overrun = info->si_overrun;
	last_code = info->si_code;
	last_value = info->si_value.sival_int;
	last_id = info->si_timerid;
}

static void catch(int sig)
{
	struct sigaction a = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
	sigaction(sig, &a, 0);
}

static int create(clockid_t clock, int notify, int sig, int value)
{
	struct sigevent e = {.sigev_notify = notify, .sigev_signo = sig, .sigev_value.sival_int = value};
	int id = -1;
	return NEED_OK(syscall(SYS_timer_create, clock, &e, &id)) == 0 ? id : -1;
}

static long set(int id, int flags, long value_ms, long interval_ms)
{
	struct itimerspec s = {.it_value = {value_ms / 1000, value_ms % 1000 * 1000000},
			       .it_interval = {interval_ms / 1000, interval_ms % 1000 * 1000000}};
	return syscall(SYS_timer_settime, id, flags, &s, NULL);
}

static long long left_ns(int id)
{
	struct itimerspec s;
	if (syscall(SYS_timer_gettime, id, &s))
		return -1;
	return s.it_value.tv_sec * 1000000000ll + s.it_value.tv_nsec;
}

TEST(one_shot)
{
	catch(SIGUSR1);
	int id = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 77);
	CHECK_EQ(left_ns(id), 0);
	CHECK_OK(set(id, 0, 20, 0));
	CHECK(left_ns(id) > 0 && left_ns(id) <= 20000000);
	CHECK_SOON(hits == 1);
	CHECK_EQ(last_code, SI_TIMER);
	CHECK_EQ(last_value, 77);
	CHECK_EQ(last_id, id);
	CHECK_EQ(left_ns(id), 0);
	check_sleep_ms(30);
	CHECK_EQ(hits, 1);
	CHECK_OK(syscall(SYS_timer_delete, id));
	CHECK_ERR(syscall(SYS_timer_delete, id), EINVAL);
	CHECK_ERR(set(id, 0, 1, 0), EINVAL);
}

TEST(default_event)
{
	catch(SIGALRM);
	int id = -1;
	CHECK_OK(syscall(SYS_timer_create, CLOCK_REALTIME, NULL, &id));
	CHECK_OK(set(id, 0, 5, 0));
	CHECK_SOON(hits == 1);
	CHECK_EQ(last_value, id);
}

TEST(interval_and_disarming)
{
	catch(SIGUSR1);
	int id = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0);
	CHECK_OK(set(id, 0, 5, 5));
	CHECK_SOON(hits >= 4);
	struct itimerspec old, none = {0};
	CHECK_OK(syscall(SYS_timer_settime, id, 0, &none, &old));
	CHECK_EQ(old.it_interval.tv_nsec, 5000000);
	CHECK(old.it_value.tv_sec == 0 && old.it_value.tv_nsec > 0 && old.it_value.tv_nsec <= 5000000);
	int seen = hits;
	check_sleep_ms(30);
	CHECK_EQ(hits, seen);
}

TEST(overruns)
{
	sigset_t set_of;
	sigemptyset(&set_of);
	sigaddset(&set_of, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set_of, 0);
	catch(SIGUSR1);
	int id = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0);
	CHECK_OK(set(id, 0, 5, 5));
	check_sleep_ms(60);
	sigprocmask(SIG_UNBLOCK, &set_of, 0);
	CHECK_EQ(hits > 0, 1);
	CHECK(last_overrun >= 5 || hits > 1);
	CHECK_OK(set(id, 0, 0, 0));
	int n = CHECK_OK(syscall(SYS_timer_getoverrun, id));
	CHECK(n >= 0);
}

TEST(absolute)
{
	struct timespec now;
	catch(SIGUSR1);
	int id = create(CLOCK_REALTIME, SIGEV_SIGNAL, SIGUSR1, 0);
	clock_gettime(CLOCK_REALTIME, &now);
	struct itimerspec s = {.it_value = {now.tv_sec - 1, 0}};
	CHECK_OK(syscall(SYS_timer_settime, id, TIMER_ABSTIME, &s, NULL));
	CHECK_SOON(hits == 1);
	clock_gettime(CLOCK_REALTIME, &now);
	s.it_value = (struct timespec){now.tv_sec + 100, now.tv_nsec};
	CHECK_OK(syscall(SYS_timer_settime, id, TIMER_ABSTIME, &s, NULL));
	CHECK(left_ns(id) > 98000000000ll && left_ns(id) <= 100000000000ll);
}

TEST(without_notice)
{
	int id = create(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0);
	CHECK_OK(set(id, 0, 15, 0));
	CHECK(left_ns(id) > 0);
	check_sleep_ms(30);
	CHECK_EQ(left_ns(id), 0);
	CHECK_OK(set(id, 0, 10, 1000));
	check_sleep_ms(30);
	CHECK(left_ns(id) > 900000000);
}

TEST(ignored_and_then_caught)
{
	signal(SIGUSR1, SIG_IGN);
	int id = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0);
	CHECK_OK(set(id, 0, 5, 5));
	check_sleep_ms(30);
	catch(SIGUSR1);
	CHECK_SOON(hits > 0);
}

TEST(errors)
{
	struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	int id;
	CHECK_ERR(syscall(SYS_timer_create, 99, &e, &id), EINVAL);
	CHECK_ERR(syscall(SYS_timer_create, CLOCK_MONOTONIC_RAW, &e, &id), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_timer_create, CLOCK_MONOTONIC_COARSE, &e, &id), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_timer_create, CLOCK_MONOTONIC, 8, &id), EFAULT);
	CHECK_ERR(syscall(SYS_timer_create, CLOCK_MONOTONIC, &e, 8), EFAULT);
	e.sigev_signo = 0;
	CHECK_ERR(syscall(SYS_timer_create, CLOCK_MONOTONIC, &e, &id), EINVAL);
	e.sigev_signo = 65;
	CHECK_ERR(syscall(SYS_timer_create, CLOCK_MONOTONIC, &e, &id), EINVAL);
	e = (struct sigevent){.sigev_notify = 77, .sigev_signo = SIGUSR1};
	CHECK_ERR(syscall(SYS_timer_create, CLOCK_MONOTONIC, &e, &id), EINVAL);
	e = (struct sigevent){.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
	e.sigev_notify_thread_id = getppid();
	CHECK_ERR(syscall(SYS_timer_create, CLOCK_MONOTONIC, &e, &id), EINVAL);
	id = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0);
	struct itimerspec bad = {.it_value = {0, 1000000000}}, bad2 = {.it_value = {1, 0}, .it_interval = {0, -1}};
	CHECK_ERR(syscall(SYS_timer_settime, id, 0, &bad, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_timer_settime, id, 0, &bad2, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_timer_settime, id, 0, NULL, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_timer_settime, id, 0, 8, NULL), EFAULT);
	CHECK_ERR(syscall(SYS_timer_gettime, id, 8), EFAULT);
	CHECK_ERR(syscall(SYS_timer_gettime, id + 1000, &bad), EINVAL);
	CHECK_ERR(syscall(SYS_timer_getoverrun, id + 1000), EINVAL);
	CHECK_ERR(syscall(SYS_timer_settime, id + 1000, 0, &(struct itimerspec){0}, NULL), EINVAL);
}

TEST(to_a_thread)
{
	catch(SIGUSR1);
	struct sigevent e = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
	int id;
	e.sigev_notify_thread_id = syscall(SYS_gettid);
	NEED_OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, &e, &id));
	CHECK_OK(set(id, 0, 5, 0));
	CHECK_SOON(hits == 1);
}

TEST(not_inherited)
{
	catch(SIGUSR1);
	int id = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0);
	CHECK_OK(set(id, 0, 20, 0));
	IN_CHILD
	{
		CHECK_ERR(set(id, 0, 1, 0), EINVAL);
		check_sleep_ms(40);
		CHECK_EQ(hits, 0);
	}
	CHECK_SOON(hits == 1);
}

HELPER(after_exec)
{
	int id = atoi(argv[2]);
	struct itimerspec s;
	CHECK_ERR(syscall(SYS_timer_gettime, id, &s), EINVAL);
	check_sleep_ms(700);		/* the old timer's signal would kill */
	struct itimerval v;
	getitimer(ITIMER_REAL, &v);
	CHECK(v.it_value.tv_sec > 0);	/* interval timers stay */
	return check_failed != 0;
}

TEST(gone_after_exec)
{
	pid_t pid = fork();
	if (pid == 0) {
		char number[20];
		int id = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0);
		set(id, 0, 500, 500);
		alarm(100);
		snprintf(number, sizeof number, "%d", id);
		execl("/proc/self/exe", "x", "@after_exec", number, NULL);
		_exit(9);
	}
	CHECK_WAIT(pid, EXITED(0));
}

TEST(on_cpu_time)
{
	catch(SIGUSR1);
	int id = create(CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, SIGUSR1, 0);
	CHECK_OK(set(id, 0, 30, 0));
	CHECK(left_ns(id) > 0);
	check_sleep_ms(50);
	CHECK_EQ(hits, 0);
	for (long end = check_now_ms() + 3000; !hits && check_now_ms() < end;)
		;
	CHECK_EQ(hits, 1);
}

TEST(many)
{
	int ids[50];
	for (int i = 0; i < 50; i++)
		ids[i] = create(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0);
	for (int i = 0; i < 50; i++)
		CHECK_OK(set(ids[i], 0, 1 + i, 1));
	check_sleep_ms(20);
	for (int i = 0; i < 50; i += 2)
		CHECK_OK(syscall(SYS_timer_delete, ids[i]));
	for (int i = 1; i < 50; i += 2)
		CHECK(left_ns(ids[i]) > 0);
}

/* What a process died of stays pending when its timers go. */
TEST(a_timer_kills)
{
	char line[100] = "";
	unsigned long pending = 0;
	pid_t pid = fork();
	if (pid == 0) {
		int id = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN, 0);
		set(id, 0, 50, 0);	/* it sleeps by then: who runs, or has work to do, may take the signal itself */
		for (;;)
			pause();
	}
	CHECK_SOON(check_state(pid) == 'Z');
	snprintf(line, sizeof line, "/proc/%d/status", pid);
	FILE *f = fopen(line, "r");
	CHECK(f);
	while (fgets(line, sizeof line, f))
		sscanf(line, "ShdPnd: %lx", &pending);
	fclose(f);
	CHECK_EQ(pending, 1ul << (SIGRTMIN - 1));
	int status = 0;
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, SIGRTMIN);
}

static void *leave_timer_behind(void *id)
{
	struct sigevent e = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + 3};
	e.sigev_notify_thread_id = (int)syscall(SYS_gettid);
	CHECK_OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, &e, id));
	CHECK_OK(set(*(int *)id, 0, 100, 0));
	return NULL;
}

/* The thread that a timer was to tell has gone: nobody hears of it, neither the others nor whoever is made next. */
TEST(a_dead_threads_timer)
{
	char path[] = "/proc/self/status";
	IN_CHILD {
		pthread_t thread;
		int id = -1;
		catch(SIGRTMIN + 3);
		CHECK_EQ(pthread_create(&thread, NULL, leave_timer_behind, &id), 0);
		pthread_join(thread, NULL);
		CHECK(left_ns(id) > 0);
		check_sleep_ms(200);
		CHECK_EQ(left_ns(id), 0);
		CHECK_EQ(hits, 0);
		CHECK_OK(set(id, 0, 1, 1));
		check_sleep_ms(50);
		CHECK_EQ(hits, 0);
	}
	for (int i = 0; i < 20; i++)
		IN_CHILD CHECK_EQ(check_field(path, "SigPnd", 16), 0);
}

/* A timer that is due all the time, and of which nobody wants to hear, leaves the machine to others. */
TEST(an_ignored_timer_of_a_nanosecond)
{
	signal(SIGUSR1, SIG_IGN);
	int id = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0);
	struct itimerspec s = {.it_value = {0, 1}, .it_interval = {0, 1}};
	CHECK_OK(syscall(SYS_timer_settime, id, 0, &s, NULL));
	for (int i = 0; i < 20; i++)
		check_sleep_ms(5);
	CHECK_EQ(left_ns(id) > 0, 1);
	CHECK_OK(syscall(SYS_timer_delete, id));
}

static volatile bool is_over;

static void *delete_all(void *unused)
{
	while (!is_over)
		for (int id = 0; id < 64; id++)
			syscall(SYS_timer_delete, id);
	return NULL;
}

/* A timer may be deleted before whoever made it knows its number. */
TEST(deleted_while_it_is_made)
{
	pthread_t thread;
	long end = check_now_ms() + 300;
	CHECK_EQ(pthread_create(&thread, NULL, delete_all, NULL), 0);
	while (check_now_ms() < end) {
		int id = -1;
		CHECK_OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id));
		syscall(SYS_timer_delete, id);
	}
	is_over = true;
	pthread_join(thread, NULL);
}
