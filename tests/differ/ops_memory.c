/* ops_memory.c: operations on mappings, and what fork, exec and exit make of them. */
#include "differ.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#define SLOTS 6
#define SLOT_PAGES 4

static char *slot_at(int slot)
{
	return (char *)SCRATCH_AT + (size_t)slot * 16 * PAGE;
}

OP(MEMORY | FAULTS, 16, map)
{
	static const int kinds[] = {MAP_PRIVATE | MAP_ANONYMOUS, MAP_SHARED | MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN};
	static const int prots[] = {PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE, PROT_READ | PROT_EXEC};
	int slot = (int)draw(SLOTS), kind = PICK(kinds), prot = PICK(prots), how = chance(85) ? MAP_FIXED : 0x100000, fd = -1;
	say("map(%d, %x, %x)", slot, prot, kind | how);
	if (!(kind & MAP_ANONYMOUS)) {
		fd = (int)sys(SYS_open, HOME "/mapped", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
		sys(SYS_ftruncate, fd, 2 * PAGE);
	}
	long r = sys(SYS_mmap, slot_at(slot), SLOT_PAGES * PAGE, prot, kind | how, fd, 0);
	if (r < 0)
		said(r);
	else
		say(" = %s", (char *)r == slot_at(slot) ? "there" : "elsewhere");
	if (fd >= 0)
		sys(SYS_close, fd);
}

OP(MEMORY | FAULTS, 8, change)
{
	static const int prots[] = {PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE, PROT_READ | PROT_WRITE | PROT_EXEC};
	int slot = (int)draw(SLOTS), page = (int)draw(SLOT_PAGES), pages = 1 + (int)draw(3), prot = PICK(prots), what = (int)draw(3);
	char *at = slot_at(slot) + (size_t)page * PAGE;
	if (what == 0) {
		say("unmap(%d.%d, %d)", slot, page, pages);
		return said(sys(SYS_munmap, at, (long)pages * (long)PAGE));
	}
	say("protect(%d.%d, %d, %x)", slot, page, pages, prot);
	said(sys(SYS_mprotect, at, (long)pages * (long)PAGE, prot));
}

OP(MEMORY, 12, advise)
{
	static const int kinds[] = {MADV_DONTFORK, MADV_DOFORK, MADV_WIPEONFORK, MADV_KEEPONFORK, MADV_DONTNEED, MADV_DONTDUMP, MADV_DODUMP,
		MADV_FREE, MADV_REMOVE, MADV_WILLNEED, 22, 23, 24, 99};
	int slot = (int)draw(SLOTS), page = (int)draw(SLOT_PAGES), pages = 1 + (int)draw(3), kind = PICK(kinds);
	if (kind == MADV_FREE)		/* when the pages go is the kernel's choice */
		kind = MADV_DONTNEED;
	say("advise(%d.%d, %d, %d)", slot, page, pages, kind);
	said(sys(SYS_madvise, slot_at(slot) + (size_t)page * PAGE, (long)pages * (long)PAGE, kind));
}

/* By the kernel's copy: a bad address is an error, not a death. */
OP(MEMORY, 18, poke)
{
	int slot = (int)draw(SLOTS), page = (int)draw(SLOT_PAGES), ends[2];
	char value = (char)('a' + draw(26));
	bool write = chance(60);
	char *at = slot_at(slot) + (size_t)page * PAGE + 100;
	sys(SYS_pipe2, ends, O_CLOEXEC);
	say("%s(%d.%d", write ? "poke" : "peek", slot, page);
	long r;
	if (write) {
		sys(SYS_write, ends[1], &value, 1);
		r = sys(SYS_read, ends[0], at, 1);
		say(", %c)", value);
	} else {
		value = '?';
		r = sys(SYS_write, ends[1], at, 1);
		if (r == 1)
			sys(SYS_read, ends[0], &value, 1);
		say(") %d", value);
	}
	said(r);
	sys(SYS_close, ends[0]);
	sys(SYS_close, ends[1]);
}

OP(MEMORY, 2, touch)
{
	int slot = (int)draw(SLOTS), page = (int)draw(SLOT_PAGES);
	volatile char *at = slot_at(slot) + (size_t)page * PAGE + 7;
	bool write = chance(50);
	say("touch(%d.%d, %d)", slot, page, write);
	if (write)
		*at = 'T';
	else
		say(" %d", *at);
}

OP(MEMORY, 6, remap)
{
	int from = (int)draw(SLOTS), to = (int)draw(SLOTS), pages = 1 + (int)draw(6), flags = (int)draw(4);
	if (chance(20))
		flags = MREMAP_MAYMOVE | 4;	/* MREMAP_DONTUNMAP */
	if (flags & 4)
		pages = SLOT_PAGES;
	/* where the kernel puts it is nobody's business, and nobody would find it again */
	if ((flags & MREMAP_MAYMOVE) && !(flags & MREMAP_FIXED))
		flags |= MREMAP_FIXED;
	say("remap(%d, %d, %d, %x)", from, to, pages, flags);
	long r = sys(SYS_mremap, slot_at(from), SLOT_PAGES * PAGE, (long)pages * (long)PAGE, flags, slot_at(to));
	if (r < 0)
		said(r);
	else
		say(" = %s", (char *)r == slot_at(to) ? "new place" : "old place");
}

OP(MEMORY, 6, lock_memory)
{
	static const long calls[] = {SYS_mlock, SYS_munlock, SYS_mlock2, SYS_mlockall, SYS_munlockall};
	int slot = (int)draw(SLOTS), pages = 1 + (int)draw(SLOT_PAGES), what = (int)draw(5), flags = (int)draw(3);
	if (what > 2) {		/* what all there is comes to is the kernel's choice: only what comes later is locked */
		flags = flags == 0 ? 2 : flags == 1 ? 6 : 4;
		say("%s(%d)", what == 3 ? "mlockall" : "munlockall", flags);
		return said(what == 3 ? sys(SYS_mlockall, flags) : sys(SYS_munlockall));
	}
	say("lock_memory(%d, %d, %d, %d)", what, slot, pages, flags);
	said(sys(calls[what], slot_at(slot), (long)pages * (long)PAGE, flags));
}

OP(MEMORY, 4, break)
{
	long now = sys(SYS_brk, 0), by = ((long)draw(5) - 1) * (long)PAGE;
	say("brk(%ld)", by);
	say(" = %ld", sys(SYS_brk, now + by) - now);
}

OP(MEMORY, 6, attach_shared)
{
	int slot = (int)draw(SLOTS), key = 7001 + (int)draw(2), flags = chance(20) ? SHM_RDONLY : chance(10) ? SHM_REMAP : 0;
	long id = sys(SYS_shmget, key + world->director, 2 * PAGE, IPC_CREAT | 0666);
	say("shmat(%d, %d, %x)", key, slot, flags);
	if (id < 0)
		return said(id);
	long r = sys(SYS_shmat, id, slot_at(slot), flags);
	if (r < 0)
		said(r);
	else
		say(" = %s", (char *)r == slot_at(slot) ? "there" : "elsewhere");
}

OP(MEMORY, 5, shared)
{
	struct shmid_ds s;
	int key = 7001 + (int)draw(2), slot = (int)draw(SLOTS), what = (int)draw(5);
	if (what == 0) {
		say("shmdt(%d)", slot);
		return said(sys(SYS_shmdt, slot_at(slot)));
	}
	long id = sys(SYS_shmget, key + world->director, 0, 0);
	say("shm %d", key);
	if (id < 0)
		return said(id);
	if (what == 1)
		return said(sys(SYS_shmctl, id, IPC_RMID, 0));
	long r = sys(SYS_shmctl, id, IPC_STAT, &s);
	said(r);
	if (!r)
		say(" attached %ld mode %o creator %s last %s", s.shm_nattch, s.shm_perm.mode, who(s.shm_cpid), who(s.shm_lpid));
}

/* Another's memory by its number: what ptrace would allow, and as much as is there. */
OP(MEMORY | TRACE | CRED, 10, other_memory)
{
	int i = any_agent(), slot = (int)draw(SLOTS), pages = 1 + (int)draw(3);
	bool write = chance(40);
	static char bytes[3 * PAGE];
	char *at = slot_at(slot) + draw(SLOT_PAGES) * PAGE + 100;
	struct { void *base; size_t length; } mine = {bytes, (size_t)pages * PAGE}, its = {at, (size_t)pages * PAGE};
	memset(bytes, 'o', sizeof bytes);
	say("%s(a%d, %d.%ld, %d)", write ? "write_other" : "read_other", i, slot, (at - slot_at(slot)) / (long)PAGE, pages);
	long r = sys(write ? SYS_process_vm_writev : SYS_process_vm_readv, pid_of(i), &mine, 1, &its, 1, 0);
	said(r);
	if (r > 0)
		say(" %d %d", bytes[0], bytes[r - 1]);
}

/* All that is in the slots, as far as it can be read. */
OP(MEMORY, 8, contents)
{
	say("contents:");
	int ends[2];
	sys(SYS_pipe2, ends, O_CLOEXEC);
	for (int slot = 0; slot < SLOTS; slot++)
		for (unsigned page = 0; page < SLOT_PAGES; page++) {
			unsigned sum = 0;
			unsigned char bytes[128];
			long r = sys(SYS_write, ends[1], slot_at(slot) + page * PAGE, sizeof bytes);
			if (r > 0)
				r = sys(SYS_read, ends[0], bytes, sizeof bytes);
			for (long k = 0; k < r; k++)
				sum += bytes[k];
			if (r < 0)
				say(" -");
			else
				say(" %u", sum);
		}
	sys(SYS_close, ends[0]);
	sys(SYS_close, ends[1]);
}

/* The regions of the slots: rights, sharing, flags. */
OP(MEMORY, 10, regions)
{
	static char text[60000];
	long fd = sys(SYS_open, "/proc/self/smaps", O_RDONLY | O_CLOEXEC), n = 0, got;
	while (fd >= 0 && n < (long)sizeof text - 1 && (got = sys(SYS_read, fd, text + n, sizeof text - 1 - (size_t)n)) > 0)
		n += got;
	sys(SYS_close, fd);
	text[n] = 0;
	bool is_ours = false;
	char *save;
	say("regions:");
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		unsigned long start, end;
		char rights[8];
		if (sscanf(line, "%lx-%lx %7s", &start, &end, rights) == 3) {
			is_ours = start >= SCRATCH_AT && start < SCRATCH_AT + SLOTS * 16 * PAGE;
			if (is_ours)
				say(" %lx-%lx %s", (start - SCRATCH_AT) / PAGE, (end - SCRATCH_AT) / PAGE, rights);
		} else if (is_ours && !strncmp(line, "VmFlags:", 8)) {
			char *soft_dirty = strstr(line, "sd ");	/* which only Linux keeps */
			if (soft_dirty)
				memmove(soft_dirty, soft_dirty + 3, strlen(soft_dirty + 3) + 1);
			say(" (%s)", line + 9);
		} else if (is_ours && (!strncmp(line, "Rss:", 4) || !strncmp(line, "Anonymous:", 10) || !strncmp(line, "Locked:", 7)))
			say(" %c%ld", line[0], strtol(strchr(line, ':') + 1, NULL, 10));
	}
}
