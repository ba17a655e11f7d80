/*
 * tables.pml: the protocol by which address spaces share a page table and un-share it: counts, claims, copies, flushes
 * (docs/locking.md, "Shared page tables"; mm/pagetable.c, mm/table.c). Checked by docs/models/check.sh.
 *
 * The world: MMS address spaces; each has a root with one entry, which points to a table with one entry, which points to
 * a frame. Each address space has a kernel side (one fault, fork or exit at a time under its pt_lock, as mm->lock and
 * pt_lock together have it) and a CPU that runs its program on another processor meanwhile: it walks when it likes, keeps
 * what it found for as long as it likes, and reads and writes through it.
 *
 * What must hold:
 *   - a walker never looks into a table that is free, nobody reads or writes a frame that is free;
 *   - who writes a frame is the only one that can reach it;
 *   - once a write has been granted, no CPU of that address space reads the page's old frame;
 *   - counts never go below 0, and at the end everything is free.
 * BUG_... variants leave one step out; each of them must be found.
 */
#ifndef MMS
#define MMS 3
#endif
#ifndef STEPS
#define STEPS 2		/* of each kernel side, before it exits */
#endif
#define TABLES 5
#define FRAMES 5
#define NONE 15

byte table_count[TABLES];	/* parents; 0: free, or being dropped */
bool is_dropped[TABLES];	/* its last parent is gone, what is below it not yet */
byte table_frame[TABLES];
bool table_writes[TABLES];	/* the leaf entry's W */
byte frame_count[FRAMES];	/* leaf entries in distinct tables */
byte root[MMS];			/* the root's entry: a table, or NONE */
bool root_writes[MMS];		/* its W */
bool is_alive[MMS];		/* may run */
bool is_used[MMS];
/* what the CPU of each address space remembers */
byte walk_table[MMS];		/* the walker's cache of the upper entry */
bool walk_writes[MMS];
byte tlb_frame[MMS];
bool tlb_writes[MMS];

inline forget(m)
{
	d_step { walk_table[m] = NONE; walk_writes[m] = false; tlb_frame[m] = NONE; tlb_writes[m] = false }
}

inline frame_put(f)
{
	d_step { assert(frame_count[f] > 0); frame_count[f]-- }
}

/* One parent less; the last one takes what is below along, and only then may the table be used again. The count is
 * touched once, and nothing after it by who is not the last. */
inline table_put(t)
{
	d_step { assert(table_count[t] > 0); table_count[t]--; is_last = table_count[t] == 0; is_dropped[t] = is_last }
	if
	:: is_last ->
#ifndef BUG_REUSE
		frame_put(table_frame[t]);
#endif
		is_dropped[t] = false;
#ifdef BUG_REUSE
		frame_put(table_frame[t])
#endif
	:: else
	fi
}

inline table_new(t)
{
	d_step {
		t = 0;
		do :: t < TABLES && (table_count[t] > 0 || is_dropped[t]) -> t++ :: else -> break od;
		assert(t < TABLES);
		table_count[t] = 1
	}
}

inline frame_new(f)
{
	d_step {
		f = 0;
		do :: f < FRAMES && frame_count[f] > 0 -> f++ :: else -> break od;
		assert(f < FRAMES);
		frame_count[f] = 1
	}
}

/* pt_own_path: claims the table on count 1, else copies it: in read-only, flush, grant, decrement. */
inline own_table(m)
{
	old = root[m];
	if
	:: root_writes[m]
#ifdef BUG_CLAIM
	:: !root_writes[m] -> root_writes[m] = true	/* without looking at the count */
#else
	:: !root_writes[m] && table_count[old] == 1 -> root_writes[m] = true
#endif
	:: !root_writes[m] && table_count[old] > 1 ->
		table_new(new);
		f = table_frame[old];
#ifndef BUG_COUNT
		frame_count[f]++;		/* before the old table can go */
#endif
		table_writes[old] = false;	/* the atomic clearing of W in a shared table */
		d_step { table_frame[new] = f; table_writes[new] = false }
		root[m] = new;
#ifdef BUG_PUT
		table_put(old);
		forget(m);
#else
#ifndef BUG_FLUSH
		forget(m);
#endif
		root_writes[m] = true;
		table_put(old);
#endif
#ifdef BUG_COUNT
		frame_count[f]++;
#endif
		new = NONE
	fi
}

/* cow_break: the frame is this table's alone, or is copied in the same order. */
inline own_frame(m)
{
	t = root[m];
	f = table_frame[t];
	if
	:: table_writes[t]
	:: !table_writes[t] && frame_count[f] == 1 -> table_writes[t] = true
	:: !table_writes[t] && frame_count[f] > 1 ->
		frame_new(new);
		table_frame[t] = new;
#ifndef BUG_LEAF_FLUSH
		forget(m);
#endif
		table_writes[t] = true;
		frame_put(f);
		new = NONE
	fi
}

/* pt_fork: the root is copied; the child runs once the parent's CPUs have forgotten that they might write. */
inline fork(m, child)
{
	d_step { table_count[root[m]]++; root_writes[m] = false }
	root[child] = root[m];
#ifndef BUG_FORK_FLUSH
	forget(m);
#endif
	is_alive[child] = true
}

proctype kernel(byte m)
{
	byte steps = 0, old, new = NONE, t, f, child;
	bool is_last;

end_unused:
	is_alive[m];
	do
	:: steps < STEPS ->
		steps++;
		if
		:: own_table(m); own_frame(m)
		:: child = MMS;
			d_step {
				child = 0;
				do :: child < MMS && is_used[child] -> child++ :: else -> break od;
				if :: child < MMS -> is_used[child] = true :: else fi
			}
			if
			:: child < MMS -> fork(m, child)
			:: else
			fi
		fi
	:: break
	od;
	/* exit: the CPU leaves the address space, then the tree goes by one decrement */
	is_alive[m] = false;
	forget(m);
	t = root[m];
	root[m] = NONE;
	table_put(t)
}

/* Can any other address space that runs reach frame f? */
inline check_alone(m, f)
{
	i = 0;
	do
	:: i < MMS ->
		assert(i == m || !is_alive[i] || root[i] == NONE || table_frame[root[i]] != f);
		i++
	:: else -> break
	od;
	i = 0
}

/* The program, on a CPU of its own. An interrupt that flushes comes between two of its steps, never inside. */
proctype cpu(byte m)
{
	byte i = 0;

end:	do
	:: atomic { is_alive[m] && walk_table[m] == NONE ->		/* the walk's first half */
		walk_table[m] = root[m]; walk_writes[m] = root_writes[m] }
	:: atomic { is_alive[m] && walk_table[m] != NONE ->		/* its second half, perhaps much later */
		assert(table_count[walk_table[m]] > 0);
		tlb_frame[m] = table_frame[walk_table[m]];
		tlb_writes[m] = walk_writes[m] && table_writes[walk_table[m]] }
	:: d_step { is_alive[m] && tlb_frame[m] != NONE ->		/* reads */
		assert(frame_count[tlb_frame[m]] > 0);
		assert(!(root_writes[m] && table_writes[root[m]]) || tlb_frame[m] == table_frame[root[m]]) }
	:: d_step { is_alive[m] && tlb_frame[m] != NONE && tlb_writes[m] ->	/* writes */
		assert(frame_count[tlb_frame[m]] > 0);
		check_alone(m, tlb_frame[m]) }
	:: d_step { walk_table[m] != NONE -> walk_table[m] = NONE; walk_writes[m] = false }	/* evicted */
	:: d_step { tlb_frame[m] != NONE -> tlb_frame[m] = NONE; tlb_writes[m] = false }
	od
}

/* The table's and the frame's counts when nothing runs any more. */
proctype at_the_end()
{
	byte i = 0;

	timeout;
	do :: i < TABLES -> assert(table_count[i] == 0); i++ :: else -> break od;
	i = 0;
	do :: i < FRAMES -> assert(frame_count[i] == 0); i++ :: else -> break od
}

init {
	byte i = 0;

	atomic {
		do
		:: i < MMS ->
			root[i] = NONE;
			walk_table[i] = NONE;
			tlb_frame[i] = NONE;
			i++
		:: else -> break
		od;
		table_count[0] = 1;
		frame_count[0] = 1;
		table_writes[0] = true;
		root[0] = 0;
		root_writes[0] = true;
		is_used[0] = true;
		is_alive[0] = true;
		i = 0;
		do
		:: i < MMS -> run kernel(i); run cpu(i); i++
		:: else -> break
		od;
		run at_the_end()
	}
}
