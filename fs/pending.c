/* fs/pending.c: calls of this folder that come with the next commits: refused with ENOSYS until then. */
#include "fs/internal.h"
#include "syscall/define.h"

void procfs_init(void) { }
void epoll_file_gone(struct file *f) { }
void locks_drop_file(struct file *f) { }
void locks_drop_posix(struct inode *i, struct files *owner) { }
long locks_fcntl(struct file *f, int fd, int cmd, unsigned long arg) { return -ENOSYS; }
long sys_flock(int fd, int op) { return -ENOSYS; }
long sys_poll(uptr fds, unsigned count, int timeout) { return -ENOSYS; }
long sys_ppoll(uptr fds, unsigned count, uptr timeout, uptr mask, size_t size) { return -ENOSYS; }
long sys_select(int n, uptr in, uptr out, uptr ex, uptr timeout) { return -ENOSYS; }
long sys_pselect6(int n, uptr in, uptr out, uptr ex, uptr timeout, uptr mask) { return -ENOSYS; }
long sys_epoll_create(int size) { return -ENOSYS; }
long sys_epoll_create1(int flags) { return -ENOSYS; }
long sys_epoll_ctl(int epfd, int op, int fd, uptr event) { return -ENOSYS; }
long sys_epoll_wait(int epfd, uptr events, int max, int timeout) { return -ENOSYS; }
long sys_epoll_pwait(int epfd, uptr events, int max, int timeout, uptr mask, size_t size) { return -ENOSYS; }
long sys_eventfd(unsigned initial) { return -ENOSYS; }
long sys_eventfd2(unsigned initial, int flags) { return -ENOSYS; }
long sys_sendfile(int out_fd, int in_fd, uptr offset, size_t count) { return -ENOSYS; }
long sys_splice(int in_fd, uptr in_off, int out_fd, uptr out_off, size_t count, unsigned flags) { return -ENOSYS; }
long sys_copy_file_range(int in_fd, uptr in_off, int out_fd, uptr out_off, size_t n, unsigned flags) { return -ENOSYS; }
