/*
 * fs/proc/system.c: the system-wide files that are more than a line: cpuinfo, meminfo, vmstat, stat, slabinfo, furca/objects.
 * Source: proc(5).
 */
#include "fs/proc/proc.h"
#include "arch/arch.h"
#include "mm/mm.h"
#include "mm/kstack.h"
#include "mm/slab.h"
#include "base/printk.h"
#include "base/string.h"
#include "namespace/time_ns.h"
#include <linux/time.h>

static void kb(struct text *t, const char *name, u64 pages)
{
	text_print(t, "%s:%*s%8lu kB\n", name, (int)(15 - strlen(name)), "", (unsigned long)(pages * (PAGE_SIZE / 1024)));
}

int proc_show_meminfo(struct text *t, const struct proc_ref *r)
{
	struct memory_stats m;
	memory_stats(&m);
	u64 cached = m.file_pages + m.shmem_pages;
	kb(t, "MemTotal", m.total_pages);
	kb(t, "MemFree", m.free_pages);
	kb(t, "MemAvailable", m.free_pages + m.file_pages);
	kb(t, "Buffers", 0);
	kb(t, "Cached", cached);
	kb(t, "SwapCached", 0);
	kb(t, "Active", m.anon_pages);
	kb(t, "Inactive", m.file_pages);
	kb(t, "Active(anon)", m.anon_pages);
	kb(t, "Inactive(anon)", 0);
	kb(t, "Active(file)", 0);
	kb(t, "Inactive(file)", m.file_pages);
	kb(t, "Unevictable", 0);
	kb(t, "Mlocked", 0);
	kb(t, "SwapTotal", 0);
	kb(t, "SwapFree", 0);
	kb(t, "Dirty", 0);
	kb(t, "Writeback", 0);
	kb(t, "AnonPages", m.anon_pages);
	kb(t, "Mapped", m.file_pages);
	kb(t, "Shmem", m.shmem_pages);
	kb(t, "KReclaimable", 0);
	kb(t, "Slab", m.slab_pages);
	kb(t, "SReclaimable", 0);
	kb(t, "SUnreclaim", m.slab_pages);
	kb(t, "KernelStack", m.kstack_pages);
	kb(t, "PageTables", m.table_pages);
	kb(t, "NFS_Unstable", 0);
	kb(t, "Bounce", 0);
	kb(t, "CommitLimit", commit_limit());
	kb(t, "Committed_AS", commit_used());
	return 0;
}

/* Pages by what they hold. What is only counted since boot is there as far as the kernel counts it. */
int proc_show_vmstat(struct text *t, const struct proc_ref *r)
{
	struct memory_stats m;
	memory_stats(&m);
	const struct { const char *name; u64 pages; } rows[] = {
		{ "nr_free_pages", m.free_pages },
		{ "nr_inactive_anon", 0 },
		{ "nr_active_anon", m.anon_pages },
		{ "nr_inactive_file", m.file_pages },
		{ "nr_active_file", 0 },
		{ "nr_slab_reclaimable", 0 },
		{ "nr_slab_unreclaimable", m.slab_pages },
		{ "nr_anon_pages", m.anon_pages },
		{ "nr_file_pages", m.file_pages + m.shmem_pages },
		{ "nr_shmem", m.shmem_pages },
		{ "nr_kernel_stack", m.kstack_pages * (PAGE_SIZE / 1024) },	/* in kB, as Linux has it */
		{ "nr_page_table_pages", m.table_pages },
		{ "pgpgin", 0 },	/* there is no disk to page from */
		{ "pgpgout", 0 },
		{ "pswpin", 0 },
		{ "pswpout", 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		text_print(t, "%s %lu\n", rows[i].name, (unsigned long)rows[i].pages);
	return 0;
}

#define TICKS(ns) ((unsigned long)((ns) / (NSEC_PER_SEC / 100)))

static void cpu_line(struct text *t, const char *name, const struct cpu_times *c)
{
	text_print(t, "%s %lu %lu %lu %lu 0 0 0 0 0 0\n", name, TICKS(c->user_ns), TICKS(c->nice_ns), TICKS(c->system_ns),
		   TICKS(c->idle_ns));
}

int proc_show_system_stat(struct text *t, const struct proc_ref *r)
{
	struct cpu_times all = { 0 }, each[CPUS_MAX];
	u64 now = clock_shown_ns(CLOCK_BOOTTIME, time_now_ns());
	char name[16];
	for (u32 i = 0; i < cpus_online; i++) {
		sched_cpu_times(i, &each[i]);
		all.user_ns += each[i].user_ns;
		all.nice_ns += each[i].nice_ns;
		all.system_ns += each[i].system_ns;
		all.idle_ns += each[i].idle_ns;
	}
	cpu_line(t, "cpu ", &all);
	for (u32 i = 0; i < cpus_online; i++) {
		snprintf(name, sizeof(name), "cpu%u", i);
		cpu_line(t, name, &each[i]);
	}
	text_print(t, "intr 0\nctxt %lu\nbtime %lu\nprocesses %lu\nprocs_running %u\nprocs_blocked %u\n",
		   (unsigned long)sched_switches(), (unsigned long)((time_real_ns() - now) / NSEC_PER_SEC),
		   (unsigned long)sched_fork_count, sched_running(), sched_blocked());
	return 0;
}

int proc_show_cpuinfo(struct text *t, const struct proc_ref *r)
{
	char buf[2048];
	for (u32 i = 0; i < cpus_online; i++) {
		int n = arch_cpu_describe(i, buf, sizeof(buf));
		text_put(t, buf, (size_t)n);
		text_print(t, "\n");
	}
	return 0;
}

static void slab_line(const struct slab_cache *c, void *arg)
{
	struct text *t = arg;
	unsigned long live = (unsigned long)slab_live(c);
	text_print(t, "%-24s %6lu %6lu %6u %4u    1 : tunables    0    0    0 : slabdata      0      0      0\n", c->name, live,
		   live, c->size, c->objects_per_slab);
}

int proc_show_slabinfo(struct text *t, const struct proc_ref *r)
{
	text_print(t, "slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>"
		   " : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
	slab_for_each(slab_line, t);
	return 0;
}

static void object_line(const struct slab_cache *c, void *arg)
{
	if (!c->is_pool)
		text_print(arg, "%s %u %ld\n", c->name, c->size, slab_live(c));
}

/* name, bytes of one, how many live: what a leak check compares. Frames by kind come last. What only waits in a pool for its
 * next use is not live: frames of a pool; slots for stacks and the tables that map them, which are as many as were ever
 * needed at once.
 * page:kernel are the frames of large kmallocs, pipes and the like. */
int proc_show_objects(struct text *t, const struct proc_ref *r)
{
	struct memory_stats m;
	slab_for_each(object_line, t);
	memory_stats(&m);
	u64 kernel = m.kernel_pages - MIN(m.kernel_pages, arch_kernel_map_tables());
	const struct { const char *name; u64 pages; } frames[] = {
		{ "table", m.table_pages }, { "anon", m.anon_pages },
		{ "file", m.file_pages }, { "shmem", m.shmem_pages }, { "kernel", kernel },
		{ "kstack", kstack_live() * (KSTACK_SIZE / PAGE_SIZE) },
	};
	for (size_t i = 0; i < ARRAY_SIZE(frames); i++)
		text_print(t, "page:%s 4096 %lu\n", frames[i].name, (unsigned long)frames[i].pages);
	return 0;
}
