/*
 * lend.pml: how a copied leaf table borrows its text's pages from the table that has counted them (docs/memory.md;
 * mm/table.c, "Lending"). Checked by docs/models/check.sh.
 *
 * The world: MMS address spaces, each with a leaf table that it may share with others. A table has two entries: a page of
 * text, which stays as it is, and a page of data. count is a table's parents and borrowers, borrowers the latter alone: both
 * are in one word, so they change and are read in one step. Each address space does STEPS things, then exits: it forks,
 * reads its text, writes its data (copying the table first unless it alone holds it), replaces its text.
 *
 * What must hold:
 *   - a table that anybody looks into or counts is not free, and so is a page that an address space can reach;
 *   - who changes a table is the only one that holds it;
 *   - a table that lost its last parent keeps nothing but what it lends;
 *   - counts never go below 0, and at the end everything is free.
 * BUG_... variants leave one step out; each of them must be found.
 */
#ifndef MMS
#define MMS 3
#endif
#ifndef STEPS
#define STEPS 2
#endif
#define TABLES 7
#define NONE 15

byte count[TABLES], borrowers[TABLES];
byte lender[TABLES];
bool is_used[TABLES];		/* until what is in it was given up */
bool has_text[TABLES];		/* the entry is there */
bool is_stripped[TABLES];	/* its data's page is given up */
byte text_count;		/* holds on the page of text, by tables that do not borrow */
byte data_count;		/* holds on pages of data: one a table; a copy has a page of its own at once */
byte leaving[TABLES];		/* address spaces that are about to give it up */
byte table_of[MMS];
bool is_alive[MMS], was_alive[MMS];
byte alive;

/* A table without holds: the last holder gives up what is in it. */
inline free_lent(t)
{
	d_step {
		assert(count[t] == 0 && borrowers[t] == 0 && lender[t] == NONE);
		if
		:: has_text[t] -> assert(text_count > 0); text_count--
		:: else
		fi;
		if
		:: !is_stripped[t] -> assert(data_count > 0); data_count--
		:: else
		fi;
		has_text[t] = false; is_used[t] = false
	}
}

inline lender_put(l)
{
	d_step { assert(borrowers[l] > 0 && count[l] >= borrowers[l]); borrowers[l]--; count[l]--; is_last = count[l] == 0 }
	if
	:: is_last -> free_lent(l)
	:: else
	fi
}

inline table_drop(t)
{
	if
	:: lender[t] != NONE ->
		d_step { above = lender[t]; lender[t] = NONE; has_text[t] = false }
		lender_put(above)
	:: else
	fi;
	free_lent(t)
}

/* One parent less: at once, or as one that borrows while it looks whether all the others do. */
inline table_leave(t)
{
	leaving[t]++;
#ifdef BUG_LOOK
	lends = borrowers[t] > 0;
	if
	:: !lends -> d_step { assert(count[t] > 0); count[t]--; is_last = count[t] == 0 }
	:: else
	fi;
#else
	d_step {
		lends = borrowers[t] > 0;
		if
		:: !lends -> assert(count[t] > 0); count[t]--; is_last = count[t] == 0
		:: else
		fi
	}
#endif
	if
	:: lends ->
#ifdef BUG_STAY
		all_borrow = borrowers[t] + 1 == count[t];
#else
		d_step { borrowers[t]++; all_borrow = borrowers[t] == count[t] }
#endif
		if
		:: all_borrow -> d_step {
				assert(count[t] > 0 && !is_stripped[t]);
				assert(data_count > 0); data_count--; is_stripped[t] = true
			}
		:: else
		fi;
#ifdef BUG_STAY
		borrowers[t]++;
#endif
		lender_put(t)
	:: else ->
		if
		:: is_last -> table_drop(t)
		:: else
		fi
	fi;
	d_step {
		leaving[t]--;
		assert(leaving[t] || !is_used[t] || count[t] > borrowers[t] || is_stripped[t])
	}
}

/* A table for m alone: the data's page is copied, the text borrowed. */
inline table_copy(m, t)
{
	d_step {
		new = 0;
		do
		:: is_used[new] || leaving[new] -> new++
		:: else -> break
		od;
		assert(new < TABLES && count[t] > 0);
		is_used[new] = true; count[new] = 1; borrowers[new] = 0; is_stripped[new] = false; data_count++;
		has_text[new] = has_text[t];
		lender[new] = (has_text[t] && lender[t] == NONE -> t : lender[t])
	}
#ifndef BUG_HOLD
	if
	:: lender[new] != NONE -> d_step {
			assert(count[lender[new]] > 0);
			count[lender[new]]++; borrowers[lender[new]]++
		}
	:: else
	fi;
#endif
	table_of[m] = new
}

/* The table is m's alone from here on. */
inline own(m)
{
	old = table_of[m];
#ifdef BUG_OWN
	is_shared = count[old] - borrowers[old] > 1;
#else
	is_shared = count[old] > 1;
#endif
	if
	:: is_shared -> table_copy(m, old); table_leave(old)
	:: else
	fi
}

inline fork_to(m)
{
	child = 0;
	do
	:: child < MMS && was_alive[child] -> child++
	:: else -> break
	od;
	if
	:: child < MMS -> atomic {
			if
			:: !was_alive[child] ->
				count[table_of[m]]++; table_of[child] = table_of[m];
				is_alive[child] = true; was_alive[child] = true; alive++
			:: else
			fi
		}
	:: else
	fi
}

/* The text's page is replaced by another, which is not looked at any more. */
inline replace_text(m)
{
	own(m);
	t = table_of[m];
	if
	:: has_text[t] && lender[t] != NONE ->
		d_step { assert(text_count > 0); text_count++ }		/* the table's own hold */
		d_step { above = lender[t]; lender[t] = NONE }
		lender_put(above)
	:: else
	fi;
	d_step {
		assert(count[t] == 1 && borrowers[t] == 0);
		if
		:: has_text[t] -> assert(text_count > 0); text_count--; has_text[t] = false
		:: else
		fi
	}
}

proctype side(byte m)
{
	byte n, t, old, new, child, above;
	bool is_last, lends, all_borrow, is_shared;

end:	is_alive[m];
	do
	:: n < STEPS ->
		n++;
		if
		:: fork_to(m)
		:: d_step { t = table_of[m]; assert(count[t] > 0); assert(!has_text[t] || text_count > 0) }
		:: own(m); d_step { t = table_of[m]; assert(count[t] == 1 && !is_stripped[t] && data_count > 0) }
		:: replace_text(m)
		fi
	:: break
	od;
	table_leave(table_of[m]);
	d_step {
		is_alive[m] = false; alive--;
		if
		:: alive == 0 -> assert(text_count == 0 && data_count == 0)
		:: else
		fi
	}
}

init {
	byte i;
	atomic {
		do
		:: i < TABLES -> lender[i] = NONE; i++
		:: else -> break
		od;
		is_used[0] = true; count[0] = 1; has_text[0] = true; text_count = 1; data_count = 1;
		is_alive[0] = true; was_alive[0] = true; alive = 1;
		i = 0;
		do
		:: i < MMS -> run side(i); i++
		:: else -> break
		od
	}
}
