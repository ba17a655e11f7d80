/* arch/host/thread.h: what a task keeps of its CPU: nothing, since tasks do not run in the unit tests. */
#ifndef HOST_THREAD_H
#define HOST_THREAD_H
struct thread {
	char unused;
};
#endif
