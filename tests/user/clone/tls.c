/* CLONE_SETTLS and arch_prctl(2): the thread pointer belongs to the task. */
#include "clone.h"
#include <asm/prctl.h>

static unsigned long fs_base(void)
{
	unsigned long base = 0;
	RAW(SYS_arch_prctl, ARCH_GET_FS, &base);
	return base;
}

struct tls {
	void *self;
	long value;
	unsigned long seen;
	long read_back;
};

static int reads_tls(void *arg)
{
	struct tls *t = arg;
	t->seen = fs_base();
	__asm__ volatile("mov %%fs:8, %0" : "=r"(t->read_back));
	return 0;
}

TEST(settls)
{
	struct tls *t = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *stack = clone_stack();
	unsigned long mine = fs_base();
	t->self = t;
	t->value = 4711;
	CHECK_WAIT(clone_call(CLONE_VM | CLONE_SETTLS | SIGCHLD, CLONE_TOP(stack), 0, 0, t, reads_tls, t), EXITED(0));
	CHECK_EQ(t->seen, (uintptr_t)t);
	CHECK_EQ(t->read_back, 4711);
	CHECK_EQ(fs_base(), mine);
}

TEST(settls_without_vm)
{
	struct tls *t = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	t->value = 99;
	CHECK_WAIT(clone_call(CLONE_SETTLS | SIGCHLD, 0, 0, 0, t, reads_tls, t), EXITED(0));
	CHECK_EQ(t->seen, (uintptr_t)t);
	CHECK_EQ(t->read_back, 99);
}

TEST(inherited_without_settls)
{
	struct tls *t = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK_WAIT(clone_call(SIGCHLD, 0, 0, 0, (void *)8, reads_tls, t), EXITED(0));
	CHECK_EQ(t->seen, fs_base());
}

TEST(clone3_tls)
{
	struct tls *t = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct clone_args args = {.flags = CLONE_SETTLS, .exit_signal = SIGCHLD, .tls = (uintptr_t)t};
	t->value = 123;
	CHECK_WAIT(clone3_call(&args, sizeof args, reads_tls, t), EXITED(0));
	CHECK_EQ(t->seen, (uintptr_t)t);
	CHECK_EQ(t->read_back, 123);
}

TEST(arch_prctl_codes)
{
	unsigned long base = 0, gs = 0;
	CHECK_EQ(RAW(SYS_arch_prctl, ARCH_SET_GS, 0x1234567000), 0);
	CHECK_EQ(RAW(SYS_arch_prctl, ARCH_GET_GS, &gs), 0);
	CHECK_EQ(gs, 0x1234567000);
	IN_CHILD {
		RAW(SYS_arch_prctl, ARCH_GET_GS, &gs);
		CHECK_EQ(gs, 0x1234567000);
		RAW(SYS_arch_prctl, ARCH_SET_GS, 0x5000);
	}
	RAW(SYS_arch_prctl, ARCH_GET_GS, &gs);
	CHECK_EQ(gs, 0x1234567000);
	CHECK_EQ(RAW(SYS_arch_prctl, ARCH_GET_FS, 8), -EFAULT);
	CHECK_EQ(RAW(SYS_arch_prctl, ARCH_SET_FS, 1ul << 63), -EPERM);
	CHECK_EQ(RAW(SYS_arch_prctl, 0x7777, &base), -EINVAL);
}

/* Two tasks that alternate: each must find its own base after every switch. */
TEST(survives_switches)
{
	int there[2], back[2];
	NEED_OK(pipe(there));
	NEED_OK(pipe(back));
	RAW(SYS_arch_prctl, ARCH_SET_GS, 0x1000);
	pid_t pid = fork();
	unsigned long mine = pid ? 0x2000 : 0x3000;
	int in = pid ? back[0] : there[0], out = pid ? there[1] : back[1];
	RAW(SYS_arch_prctl, ARCH_SET_GS, mine);
	for (int i = 0; i < 50; i++) {
		char c = 'x';
		unsigned long gs = 0;
		if (pid)
			CHECK_EQ(write(out, &c, 1), 1);
		CHECK_EQ(read(in, &c, 1), 1);
		RAW(SYS_arch_prctl, ARCH_GET_GS, &gs);
		CHECK_EQ(gs, mine);
		if (!pid)
			CHECK_EQ(write(out, &c, 1), 1);
	}
	if (!pid)
		_exit(check_failed != 0);
	CHECK_WAIT(pid, EXITED(0));
}
