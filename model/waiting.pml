/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Waiters, offers, imports and the reclaim of one tree, as
 * Documentation/waiting.rst describes them. Names are those of the code.
 *
 * LEAF and CHILD import from ROOT by vmem_alloc(). The free segments of an arena
 * are one number of units, so an offer is as large as all that is free. What is
 * free in the caches of an arena is one number too, of objects of one unit;
 * magazines are in magazine.pml.
 *
 * Each hold of a lock is one atomic step, and nothing else is: every other process
 * may run between two holds.
 *
 * scripts/model reads the lines that begin with "check" and "fault":
 *
 *	check NAME | OPTIONS | safety or cycles | what is checked
 *	fault NUMBER | NAME of the check that finds it | what is wrong
 *
 * check offers | -DOFFERS | safety | [37] [41] three waiters, frees, imports
 * check nosleep | -DNOSLEEP | safety | [21] [37] [41] the same with requests that may not sleep
 * check nosleep-end | -DNOSLEEP -DALONE | cycles | [43] no endless chase
 * check caches | -DCACHES | safety | [37] [45] reclaim, and a child created meanwhile
 * check slabs | -DCACHES -DSLABS | safety | [37] [38] objects in the slabs of the waited arena
 * check function | -DFUNCTION | safety | [41] [44] an import function that must sleep or never returns
 * check function-end | -DFUNCTION | cycles | [43] no endless chase
 * check refused | -DREFUSED | safety | [37] [43] ranges that the arena refuses
 * check refused-end | -DREFUSED -DALWAYS | cycles | [43] a retry only after a time
 *
 * fault 1 | offers | a waiter listens after its search
 * fault 2 | offers | "signalled" is cleared after the search
 * fault 3 | offers | a waiter is counted after its search
 * fault 4 | offers | a waiter that has been served hands nothing on
 * fault 5 | offers | a waiter that has found nothing hands nothing on
 * fault 6 | offers | an import that left a remainder makes no offer
 * fault 7 | offers | an offer that comes during a successful search is forgotten
 * fault 8 | offers | a second offer overwrites the first one
 * fault 9 | nosleep | a signal stops at its limit and leaves nothing to the rescan
 * fault 10 | offers | the signal precedes the free segment
 * fault 11 | offers | a task looks at "signalled" before it sets its state
 * fault 12 | nosleep-end | an offer is handed on to earlier tickets as well
 * fault 13 | caches | a request joins the reclaim that is under way
 * fault 14 | caches | the reclaim is not repeated
 * fault 15 | function | the end of a reclaim wakes no request
 * fault 16 | slabs | a waiter does not search the slabs
 * fault 17 | slabs | a hand-on looks at segments only, not at objects in slabs
 * fault 18 | slabs | the slabs of a waited arena are not split
 * fault 19 | function | the import function is asked with VM_NOSLEEP only
 * fault 20 | function | a waiter takes offers while it is in an import function
 * fault 21 | function | a waiter enters an import function with an offer in hand
 * fault 22 | function-end | the import function is asked again before a sleep
 * fault 23 | refused | no rescan follows a refused range
 * fault 24 | refused | the retry after a back-off passes over waiters that do not listen
 * fault 25 | refused-end | a refused range makes an offer, and there is no back-off
 * fault 26 | function | a waiter does not search again after an import function has failed
 */

#define LEAF	0
#define ROOT	1
#define CHILD	2
#define NONE	3

/* NR waiters, and how many of them a signal looks at. */
#ifdef OFFERS
#define NR		3
#else
#define NR		2
#endif
#ifdef NOSLEEP
#define SIGNAL_MAX	1
#else
#define SIGNAL_MAX	16
#endif

#ifdef CACHES
#define OBJECT(a, n)	((a) != ROOT && (n) == 1)
#else
#define OBJECT(a, n)	false
#endif
/* vm->split_need: is a free segment wanted that slabs must be split for? */
#ifdef FAULT_18
#define SPLIT_NEED(a)	false
#else
#define SPLIT_NEED(a)	((a) == LEAF && vm[LEAF].waiters && \
			 w[1].want == 2 && w[1].state != DONE)
#endif
#ifdef REFUSED
#define BACKOFF		backoff
#define FREES(i)	true
#else
#define BACKOFF		false
#define FREES(i)	((i) == 0)
#endif

#define ON_WAY(i, a)	((a) == ROOT || w[i].on == (a))
#define NEED(i, a)	(w[i].on == (a) -> w[i].want : w[i].import)

/* What an offer of arena @a is worth now. */
#ifdef FAULT_17
#define OFFERED(a)	(vm[a].free)
#else
#define OFFERED(a)	(vm[a].free > 0 -> vm[a].free : (vm[a].slab > 0 -> 1 : 0))
#endif

/* enum vmem_state. ASLEEP is RECLAIMING or WAITING, and the task sleeps. */
mtype = { SEARCHING, IMPORTING, ASLEEP, DONE };

/* struct vmem. inuse includes the slabs; slab: free objects in them. */
typedef arena {
	byte free;
	byte inuse;
	byte slab;
	byte waiters;
}
arena vm[3];

/*
 * struct vmem_waiter. The first four never change: the arena of the request, the
 * size wanted there, the size wanted from ROOT; and whether its
 * constraints exclude all free segments, which no offer tells.
 */
typedef waiter {
	byte on;
	byte want;
	byte import;
	bool picky;
	mtype state;
	byte ticket;
	bool listening;
	bool signalled;
	bool running;		/* the state of the task */
	byte offer;		/* the arena that made it, or NONE */
	byte reclaim;		/* the ticket of the reclaim that it wants */
	bool begun;		/* ghost: a run has begun after that */
	bool covered;		/* ghost: and has ended */
}
waiter w[NR];

/* struct vmem_tree. */
byte last_ticket;
byte by_ticket[NR + 1];
bool rescan;
byte reclaim_asked, reclaim_done;
bool reclaim_pending;
bool under_way;			/* ghost: a run */

bool refused;			/* a range went back without an offer */
bool backoff;			/* LEAF does not import */
byte refusals;			/* so many are still to come */
bool created;			/* CHILD exists */
byte function_units;		/* what the import function of ROOT can give */
byte total;			/* ghost: all units of ROOT */

/* Wake one waiter, with an offer. tree.lock is held. */
inline waiter_signal(who, a) {
	w[who].listening = false;
	w[who].offer = a;
	w[who].signalled = true;
	w[who].running = true
}

/*
 * Offer @size units of arena @a to the first waiter after ticket @after for which
 * they may suffice. One hold of tree.lock.
 */
inline signal_first(a, after) {
	t = (vm[a].waiters -> after + 1 : NR + 1);
	do
	:: t > last_ticket -> break
	:: else ->
		x = by_ticket[t];
		if
		:: w[x].listening && looked == SIGNAL_MAX ->
#ifndef FAULT_9
			rescan = true;
#endif
			break
		:: w[x].listening && looked < SIGNAL_MAX ->
			looked++;
			if
			:: ON_WAY(x, a) && NEED(x, a) <= size ->
				waiter_signal(x, a);
				break
			:: else
			fi
		:: else
		fi;
		t++
	od;
	t = 0;
	x = 0;
	looked = 0;
	size = 0
}

inline vmem_signal(a) {
#ifndef FAULT_10
	d_step {
		signal_first(a, 0)
	}
#else
	size = 0
#endif
}

/* A waiter hands on the offer @a. */
inline hand_on(a) {
	if
	:: a != NONE ->
		d_step {
			size = OFFERED(a);
#ifdef FAULT_12
			signal_first(a, 0);
#else
			signal_first(a, w[me].ticket);
#endif
			a = NONE
		}
	:: else
	fi
}

/* A span that went out of its arena goes to ROOT; what stayed makes an offer. */
inline send_home(a) {
	if
	:: span ->
#ifdef FAULT_10
		d_step {
			size = vm[ROOT].free + span;
			signal_first(ROOT, 0)
		}
#endif
		d_step {
			vm[ROOT].inuse = vm[ROOT].inuse - span;
			vm[ROOT].free = vm[ROOT].free + span;
			size = vm[ROOT].free;
			span = 0
		}
		vmem_signal(ROOT)
	:: else ->
		if
		:: size -> vmem_signal(a)
		:: else
		fi
	fi
}

/* In the hold in which units became free: is that a wholly free span? */
inline span_detach(a) {
	if
	:: a != ROOT && vm[a].inuse == 0 ->
		span = vm[a].free;
		vm[a].free = 0
	:: else
	fi
}

inline vmem_free(a, n) {
#ifdef FAULT_10
	d_step {
		size = vm[a].free + n;
		signal_first(a, 0)
	}
#endif
	d_step {
		if
		:: OBJECT(a, n) ->
			vm[a].slab = vm[a].slab + n;
			size = n
		:: else ->
			vm[a].inuse = vm[a].inuse - n;
			vm[a].free = vm[a].free + n;
			size = vm[a].free;
			span_detach(a)
		fi
	}
	send_home(a)
}

/* One arena, the caches first. One hold. */
inline search_arena(a, n, object, picky_) {
	d_step {
		if
		:: object && vm[a].slab >= n && !picky_ ->
			vm[a].slab = vm[a].slab - n;
			found = true
		:: else ->
			if
			:: vm[a].free >= n && !picky_ ->
				vm[a].free = vm[a].free - n;
				vm[a].inuse = vm[a].inuse + n;
				found = true
			:: else
			fi
		fi
	}
}

/*
 * Going down: add the span of @n and cut @m from it, in one hold. If there is
 * other room by now, a span that is larger than needed goes straight back [21].
 */
inline import_finish(a, n, m) {
	d_step {
		if
		:: vm[a].free >= m && n > m ->
			vm[a].free = vm[a].free - m;
			span = n
		:: else ->
			vm[a].free = vm[a].free + n - m;
			size = (n > m -> vm[a].free : 0)
		fi;
		vm[a].inuse = vm[a].inuse + m
	}
#ifdef FAULT_6
	size = 0;
#endif
	send_home(a)
}

/* The range goes back, without an offer. */
inline import_refuse(n) {
	d_step {
		vm[ROOT].inuse = vm[ROOT].inuse - n;
		vm[ROOT].free = vm[ROOT].free + n;
		size = vm[ROOT].free;
#ifndef ALWAYS
		refusals--;
#endif
		found = false;
		held_off = true
	}
#ifdef FAULT_25
	vmem_signal(ROOT);
#else
	backoff = true;
#ifndef FAULT_23
	rescan = true;
#endif
	refused = true;
	size = 0
#endif
}

/* Take no offers while a client's function runs. One hold of tree.lock. */
inline vmem_waiter_suspend() {
#ifndef FAULT_20
	d_step {
		w[me].listening = false;
		late = w[me].offer;
		w[me].offer = NONE;
#ifdef FAULT_21
		late = NONE;
#endif
		missed = true
	}
	hand_on(late)
#else
	skip
#endif
}

/*
 * The import function of ROOT, of a client's own. It gives all that it can, with
 * VM_NOSLEEP nothing, and perhaps never returns to waiter 0.
 */
inline import_function(n) {
#ifdef FUNCTION
	if
#ifndef FAULT_19
	:: !asked && may_sleep && !w[me].signalled ->
#ifndef FAULT_22
		asked = true;
#endif
		hand_on(mine);
		vmem_waiter_suspend();
		w[me].state = IMPORTING;
		if
		:: atomic {
			span = function_units;
			function_units = 0
		   }
		:: me == 0 ->
end_never:		false
		fi;
		w[me].state = SEARCHING
#endif
	:: else
	fi;
	if
	:: span ->
		d_step {
			total = total + span;
			vm[ROOT].free = vm[ROOT].free + span - n;
			vm[ROOT].inuse = vm[ROOT].inuse + n;
			size = (span > n -> vm[ROOT].free : 0);
			span = 0;
			found = true
		}
		send_home(ROOT)
	:: else
	fi
#else
	skip
#endif
}

/* SEARCHING: one pass over the way up. */
inline search() {
#ifdef FAULT_16
	search_arena(w[me].on, w[me].want, false, w[me].picky);
#else
	search_arena(w[me].on, w[me].want, OBJECT(w[me].on, w[me].want),
		     w[me].picky);
#endif
	held_off = (w[me].on != ROOT && BACKOFF);
	if
	:: !found && !held_off ->
		if
		:: w[me].on != ROOT ->
			search_arena(ROOT, w[me].import, false, w[me].picky)
		:: else
		fi;
		if
		:: !found -> import_function(w[me].import)
		:: else
		fi;
		if
		:: found && w[me].on != ROOT && refusals ->
			import_refuse(w[me].import)
		:: found && w[me].on != ROOT && !refusals ->
			import_finish(w[me].on, w[me].import, w[me].want)
		:: else
		fi
	:: else
	fi
}

/* Each arena on the way up, under its own lock. */
inline count_waiter(n) {
	vm[w[me].on].waiters = vm[w[me].on].waiters + n;
	if
	:: w[me].on != ROOT -> vm[ROOT].waiters = vm[ROOT].waiters + n
	:: else
	fi
}

/* One hold of tree.lock. */
inline vmem_waiter_listen() {
	d_step {
#ifdef FAULT_8
		if
		:: w[me].offer == NONE || w[me].offer == mine
		:: else -> mine = w[me].offer
		fi;
#else
		mine = w[me].offer;
		w[me].offer = NONE;
#endif
#ifndef FAULT_2
		w[me].signalled = false;
#endif
		w[me].listening = true
	}
}

/* The reclaim that it asked for has ended, and it has not searched since. */
#define RECLAIM_ENDED	(!may_sleep && reclaim_done >= w[me].reclaim)

/* A waiter that is held off sleeps no longer than that. */
#ifdef FAULT_24
#define TIMEOUT		false
#else
#define TIMEOUT		(held_off && !BACKOFF)
#endif

inline vmem_waiter_sleep() {
	do
	:: true ->
#ifdef FAULT_11
		if
		:: w[me].signalled || RECLAIM_ENDED || TIMEOUT -> break
		:: else
		fi;
		d_step {
			w[me].running = false;
			w[me].state = ASLEEP
		}
#else
		w[me].running = false;
		if
		:: w[me].signalled || RECLAIM_ENDED || TIMEOUT -> break
		:: d_step {
			else ->
			assert(!may_sleep || w[me].covered);
			w[me].state = ASLEEP
		   }
		fi;
#endif
end_asleep:	d_step {
			w[me].running ->
			w[me].state = SEARCHING
		}
	od;
	w[me].running = true
}

/*
 * A request with VM_SLEEP whose first search has found nothing. The client of
 * the first one frees what it is given, others keep it.
 */
proctype sleeper(byte me) {
	byte mine = NONE, late = NONE, size, span, t, x, looked;
	bool found, may_sleep, asked, missed, held_off;
#ifdef FAULT_3
	bool counted;
#endif

	/* vmem_waiter_begin() */
	d_step {
		last_ticket == me ->	/* they come one after the other */
		last_ticket++;
		w[me].ticket = last_ticket;
		by_ticket[last_ticket] = me
	}
#ifndef FAULT_3
	count_waiter(1);
#endif
#if defined(CACHES) || defined(FUNCTION)
	d_step {			/* tree.lock */
		if
#ifdef FAULT_13
		:: under_way
#endif
		:: else ->
			reclaim_asked++;
			reclaim_pending = true
		fi;
		w[me].reclaim = reclaim_asked
	}
#else
	may_sleep = true;
	w[me].covered = true;
#endif

	do
	:: true ->
#ifndef FAULT_1
		vmem_waiter_listen();
#endif
		search();
		if
		:: found -> break
		:: else
		fi;
#ifdef FAULT_1
		vmem_waiter_listen();
#endif
#ifdef FAULT_2
		w[me].signalled = false;
#endif
#ifdef FAULT_3
		if
		:: !counted -> count_waiter(1); counted = true
		:: else
		fi;
#endif
#ifdef FAULT_5
		mine = NONE;
#endif
		hand_on(mine);
		if
#ifndef FAULT_26
		:: missed -> missed = false
#endif
		:: else ->
			vmem_waiter_sleep();
			may_sleep = may_sleep || RECLAIM_ENDED;
			asked = false
		fi
	od;

	/* vmem_waiter_end() */
	atomic {			/* tree.lock */
		w[me].listening = false;
		w[me].state = DONE;
#ifndef FAULT_8
		late = w[me].offer;
#endif
		w[me].offer = NONE
	}
#ifdef FAULT_7
	late = NONE;
#endif
#ifdef FAULT_4
	mine = NONE;
	late = NONE;
#endif
	found = false;
	hand_on(mine);
	hand_on(late);
#ifdef FAULT_3
	if
	:: counted -> count_waiter(-1)
	:: else
	fi;
#else
	count_waiter(-1);
#endif
#ifndef CACHES
	if
	:: FREES(me) -> vmem_free(w[me].on, w[me].want)
	:: else
	fi
#endif
}

/* Wake each listening waiter for which there may be room. */
inline rescan_tree() {
	t = 1;
	do
	:: t > last_ticket -> break
	:: else ->
		d_step {		/* one waiter a hold of tree.lock */
			x = by_ticket[t];
			if
			:: w[x].listening && OFFERED(w[x].on) >= w[x].want ->
				waiter_signal(x, w[x].on)
			:: w[x].listening && OFFERED(w[x].on) < w[x].want &&
			   w[x].on != ROOT && vm[ROOT].free >= w[x].import &&
			   !BACKOFF ->
				waiter_signal(x, ROOT)
			:: else
			fi;
			x = 0;
			t++
		}
	od;
	t = 0
}

proctype rescan_work() {
	byte t, x;

end:	do
	:: rescan -> rescan = false; rescan_tree()
	od
}

/* One arena: wholly free slabs, and the others if a waiter needs them split. */
inline reclaim_arena(a) {
	d_step {
		if
		:: vm[a].slab &&
		   (vm[a].slab == vm[a].inuse || SPLIT_NEED(a)) ->
			vm[a].free = vm[a].free + vm[a].slab;
			vm[a].inuse = vm[a].inuse - vm[a].slab;
			vm[a].slab = 0;
			size = vm[a].free;
			span_detach(a)
		:: else
		fi
	}
	send_home(a)
}

/*
 * The reclaim of the tree. It is repeated while anything waits; the model leaves
 * out repetitions that would find nothing.
 */
proctype reclaim_work() {
	byte size, span, t, x, looked, began;

end:	do
	:: atomic {
		(reclaim_pending
#ifndef FAULT_14
		|| (vm[ROOT].waiters && created && vm[CHILD].slab &&
		    vm[CHILD].slab == vm[CHILD].inuse)
		|| (vm[LEAF].slab && SPLIT_NEED(LEAF))
#endif
		) ->
		reclaim_pending = false;
		under_way = true;
		began = reclaim_asked;
		for (t : 0 .. NR - 1) {
			w[t].begun = (w[t].reclaim > 0)
		}
		t = 0
	   }
		if
		:: created -> reclaim_arena(CHILD)
		:: else
		fi;
		reclaim_arena(LEAF);
		d_step {		/* tree.lock */
			under_way = false;
			reclaim_done = began;
			for (t : 0 .. NR - 1) {
				w[t].covered = w[t].covered || w[t].begun;
#ifndef FAULT_15
				if
				:: w[t].reclaim && w[t].reclaim <= began ->
					w[t].running = true
				:: else
				fi
#endif
			}
			t = 0
		}
	od
}

/*
 * An arena with caches that imports from ROOT, made in the middle of it all. It
 * imports a slab of two objects; its client takes one, and frees it.
 */
proctype child() {
	if
	:: d_step {
		vm[ROOT].free >= 2 ->
		vm[ROOT].free = vm[ROOT].free - 2;
		vm[ROOT].inuse = vm[ROOT].inuse + 2;
		created = true;
		vm[CHILD].inuse = 2;
		vm[CHILD].slab = 1
	   };
		vm[CHILD].slab++
	:: true
	fi
}

/* VM_NOSLEEP, from either arena, and a free. */
proctype thief() {
	byte size, span, t, x, looked, on = ROOT;
	bool found;

	if
	:: true
	:: on = LEAF
	fi;
	search_arena(on, 1, false, false);
	if
	:: !found && on == LEAF ->
		search_arena(ROOT, 2, false, false);
		if
		:: found -> import_finish(LEAF, 2, 1)
		:: else
		fi
	:: else
	fi;
	if
	:: found -> vmem_free(on, 1)
	:: else
	fi
}

/* VM_NOSLEEP, from LEAF, which refuses what it gets. In place of waiter 0. */
proctype refused_nosleep() {
	byte size, t, x, looked;
	bool found, held_off;

	last_ticket++;
	search_arena(ROOT, 1, false, false);
	if
	:: found -> import_refuse(1)
	:: else
	fi
}

/* A client that frees what it has. */
proctype client(byte a) {
	byte size, span, t, x, looked;

	vmem_free(a, 1)
}

proctype timer() {
end:	do
	:: d_step {
		backoff ->
		backoff = false;
		w[0].running = true
	   };
progress:	skip
	od
}

/* A retry in place of the time limit of the sleep; for fault 24. */
proctype retry_refused() {
end:	do
	:: refused ->
		refused = false;
		d_step {
			if
			:: w[0].listening && backoff -> refused = true
			:: w[0].listening && !backoff -> waiter_signal(0, NONE)
			:: else
			fi
		}
	od
}

/* Could this waiter be served at once, or after a reclaim? */
#define SERVABLE(i)	(!w[i].picky && !BACKOFF && \
	(vm[w[i].on].free + vm[w[i].on].slab >= w[i].want || \
	 vm[ROOT].free >= w[i].import || \
	 (vm[CHILD].slab && vm[CHILD].slab == vm[CHILD].inuse) || \
	 function_units))

/* When all else has come to rest. */
proctype monitor() {
	byte i;

	timeout;
	for (i : 0 .. NR - 1) {
		assert(w[i].state != ASLEEP || !SERVABLE(i))
	}
	assert(vm[ROOT].free + vm[ROOT].inuse == total)
}

init {
	byte i;

	atomic {
		for (i : 0 .. NR - 1) {
			w[i].state = SEARCHING;
			w[i].offer = NONE;
			w[i].running = true
		}
#if defined(OFFERS)
		w[0].on = LEAF;	w[0].want = 2;	w[0].import = 2;
		w[1].on = ROOT;	w[1].want = 1;	w[1].import = 1;
		w[2].on = LEAF;	w[2].want = 1;	w[2].import = 2;
		if
		:: w[1].on = LEAF; w[1].import = 2
		:: w[0].picky = true
		:: w[1].picky = true
		:: true
		fi;
		total = 3;
		vm[ROOT].inuse = 3;
		vm[LEAF].inuse = 1;
		vm[LEAF].free = 1;
		run client(LEAF);
		run client(ROOT);
#elif defined(NOSLEEP)
		w[0].on = LEAF;	w[0].want = 2;	w[0].import = 2;
		w[1].on = ROOT;	w[1].want = 1;	w[1].import = 1;
		if
		:: true			/* the client of LEAF frees nothing */
		:: run client(LEAF)
		:: run client(LEAF); w[0].picky = true
		fi;
		total = 3;
		vm[ROOT].inuse = 3;
		vm[LEAF].inuse = 1;
		vm[LEAF].free = 1;
		run client(ROOT);
#ifndef ALONE
		run thief();
#endif
		run rescan_work();
#elif defined(CACHES)
		w[0].on = LEAF;	w[0].want = 1;	w[0].import = 2;
		w[1].on = LEAF;	w[1].want = 2;	w[1].import = 2;
		total = 4;
#ifdef SLABS
		if
		:: w[1].want = 1
		:: w[0].picky = true
		fi;
		vm[ROOT].inuse = 4;
		vm[LEAF].inuse = 4;
		run client(LEAF);
		run client(LEAF);
#else
		vm[ROOT].free = 2;
		vm[ROOT].inuse = 2;
		vm[LEAF].inuse = 2;
		run client(LEAF);
		run child();
#endif
		run reclaim_work();
#elif defined(FUNCTION)
		w[0].on = ROOT;	w[0].want = 1;	w[0].import = 1;
		w[1].want = 1;	w[1].import = 1;
		if
		:: w[1].on = ROOT
		:: w[1].on = LEAF
		fi;
		total = 1;
		vm[ROOT].inuse = 1;
		if
		:: function_units = 0
		:: function_units = 2
		fi;
		run client(ROOT);
		run reclaim_work();
#elif defined(REFUSED)
		w[0].on = LEAF;	w[0].want = 1;	w[0].import = 1;
		w[1].on = ROOT;	w[1].want = 1;	w[1].import = 1;
		total = 1;
		vm[ROOT].inuse = 1;
		refusals = 1;
		run client(ROOT);
		run rescan_work();
#ifdef FAULT_24
		run retry_refused();
#endif
		run timer();
#endif
		for (i : 0 .. NR - 1) {
			if
			:: true -> run sleeper(i)
#ifdef REFUSED
			:: i == 0 -> run refused_nosleep()
#endif
			fi
		}
		run monitor()
	}
}
