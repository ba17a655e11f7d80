/*
 * flush.pml: how the sender of a flush sleeps until the last answer (mm/tlb.c; docs/locking.md, "Waiting where CPUs are
 * threads of a host"). Checked by docs/models/check.sh.
 *
 * The world: CPUS processors, of which each sends ROUNDS flushes to all others, one request at a time under flush_lock, and
 * takes interrupts unless it has turned them off. An interrupt is a process of its own that runs while its CPU does not
 * mind: when two requests follow each other the answer to the first may still be looking who sleeps.
 *
 * What must hold: a sender goes on only when every CPU has flushed, and always does; so nobody is left waiting.
 * BUG_... variants leave one step out; each of them must be found.
 */
#ifndef CPUS
#define CPUS 3
#endif
#ifndef ROUNDS
#define ROUNDS 1
#endif
#define NOBODY 15

bool flush_lock;
bool is_pending[CPUS];		/* the bits of request.pending */
byte pending;			/* how many of them are set */
byte sleeper = NOBODY;
bool is_asked[CPUS];		/* a flush interrupt has been sent to it */
bool is_kicked[CPUS];		/* the interrupt that only wakes has */
bool is_masked[CPUS];
bool was_interrupted[CPUS];	/* since it turned interrupts on to halt */
bool is_stale[CPUS];		/* has not flushed what the request says */

proctype interrupts(byte me)
{
	byte who;
	bool is_last;
end:
	do
	:: atomic { is_asked[me] && !is_masked[me] -> is_asked[me] = false }
		if
		:: is_pending[me] ->
			is_stale[me] = false;
#ifdef BUG_ANSWER
			who = sleeper;	/* looks who sleeps before it answers */
#endif
			atomic { is_pending[me] = false; pending--; is_last = pending == 0 }
			if
			:: is_last ->
#ifndef BUG_ANSWER
				who = sleeper;
#endif
				if
				:: who != NOBODY -> is_kicked[who] = true
				:: else
				fi
			:: else
			fi
		:: else
		fi;
		was_interrupted[me] = true
	:: atomic { is_kicked[me] && !is_masked[me] -> is_kicked[me] = false; was_interrupted[me] = true }
	od
}

/* Interrupts on and asleep in one step: one that is there already ends it. */
inline halt()
{
	atomic { was_interrupted[me] = false; is_masked[me] = false };
	was_interrupted[me]
}

inline sleep_for_answers()
{
#ifndef BUG_SAY
	sleeper = me;
#endif
	do
	:: pending == 0 -> break
	:: else ->
#ifdef BUG_MASK
		if
		:: pending != 0 -> was_interrupted[me] = false; was_interrupted[me]
		:: else
		fi
#else
		is_masked[me] = true;
		if
		:: pending != 0 -> halt()
		:: else -> is_masked[me] = false
		fi
#endif
	od;
	sleeper = NOBODY
}

proctype sender(byte me)
{
	byte round, i;

	for (round : 1 .. ROUNDS) {
		atomic { !flush_lock -> flush_lock = true };
		d_step {
			for (i : 0 .. CPUS - 1) {
				is_stale[i] = i != me;
				is_pending[i] = i != me
			}
			pending = CPUS - 1
		};
		d_step {
			for (i : 0 .. CPUS - 1) {
				if
				:: i != me -> is_asked[i] = true
				:: else
				fi
			}
		};
		if	/* it has looked long enough, or the answers came before that */
		:: pending == 0
		:: sleep_for_answers()
		fi;
		d_step {
			assert(pending == 0);
			for (i : 0 .. CPUS - 1) {
				assert(!is_stale[i])
			}
		};
		flush_lock = false
	}
}

init {
	byte i;
	atomic {
		for (i : 0 .. CPUS - 1) {
			run interrupts(i);
			run sender(i)
		}
	}
}
