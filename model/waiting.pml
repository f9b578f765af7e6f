/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model of waiters, offers, imports and the reclaim of one tree.
 * Documentation/waiting.rst describes them. The model uses the identifiers of
 * vmem/.
 *
 * LEAF and CHILD import from ROOT by vmem_alloc(). The model counts the free
 * units of an arena instead of its segments. So the size of an offer is the
 * number of free units. A second number counts the free objects in the caches
 * of the arena; an object has one unit. magazine.pml models the magazines.
 *
 * Each critical section is one atomic step. Other processes may run between any
 * two steps.
 *
 * scripts/model reads the lines that begin with "check" and "fault":
 *
 *	check NAME | OPTIONS | safety or cycles | TEXT
 *	fault NUMBER | NAME of the check that finds it | TEXT
 *
 * check offers | -DOFFERS | safety | [37] [41] three waiters, clients that free, imports
 * check nosleep | -DNOSLEEP | safety | [21] [37] [41] two waiters, clients that free, imports, VM_NOSLEEP requests
 * check nosleep-end | -DNOSLEEP -DALONE | cycles | [43] no livelock
 * check caches | -DCACHES | safety | [37] [45] reclaim; a child arena is created during the reclaim
 * check slabs | -DCACHES -DSLABS | safety | [37] [38] objects in the slabs of the arena with waiters
 * check function | -DFUNCTION | safety | [41] [44] an import function that must sleep or never returns
 * check function-end | -DFUNCTION | cycles | [43] no livelock
 * check refused | -DREFUSED | safety | [37] [43] imported ranges that the arena refuses
 * check refused-end | -DREFUSED -DALWAYS | cycles | [43] an import is retried only after a back-off
 *
 * fault 1 | offers | a waiter starts to listen only after its search
 * fault 2 | offers | a waiter clears "signalled" only after its search
 * fault 3 | offers | a waiter increments vmem.waiters only after its search
 * fault 4 | offers | a waiter that is served does not pass on its offers
 * fault 5 | offers | a waiter whose search fails does not pass on its offer
 * fault 6 | offers | an import that leaves a remainder makes no offer
 * fault 7 | offers | an offer made during a successful search is lost
 * fault 8 | offers | a second offer overwrites the first one
 * fault 9 | nosleep | a signal that has checked SIGNAL_MAX waiters requests no rescan
 * fault 10 | offers | vmem_free() signals before it adds the free segment
 * fault 11 | offers | a waiter tests "signalled" before it sets its task state
 * fault 12 | nosleep-end | a waiter passes its offer on to any ticket, not only to later tickets
 * fault 13 | caches | a request joins the reclaim that is under way
 * fault 14 | caches | the reclaim is not repeated while a request waits
 * fault 15 | function | the end of a reclaim wakes no request
 * fault 16 | slabs | a waiter does not search the slabs
 * fault 17 | slabs | a waiter that passes an offer on counts only segments, not objects in slabs
 * fault 18 | slabs | the slabs of an arena with waiters are not split
 * fault 19 | function | the import function is called with VM_NOSLEEP only
 * fault 20 | function | a waiter takes offers while it is in an import function
 * fault 21 | function | a waiter keeps an offer while it is in an import function
 * fault 22 | function-end | a request calls the import function twice without a sleep between the calls
 * fault 23 | refused | no rescan follows the release of a refused range
 * fault 24 | refused | the retry after a back-off skips waiters that do not listen
 * fault 25 | refused-end | the release of a refused range makes an offer, and there is no back-off
 * fault 26 | function | a waiter does not search again after an import function has failed
 */

#define LEAF	0
#define ROOT	1
#define CHILD	2
#define NONE	3

/* NR is the number of waiters. A signal checks at most SIGNAL_MAX waiters. */
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
/* True if the reclaim must split slabs for a waiter (vm->need_least). */
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

#define IN_PATH(i, a)	((a) == ROOT || w[i].on == (a))
#define NEED(i, a)	(w[i].on == (a) -> w[i].want : w[i].import)

/* Size of an offer that arena @a makes in this state. */
#ifdef FAULT_17
#define OFFERED(a)	(vm[a].free)
#else
#define OFFERED(a)	(vm[a].free > 0 -> vm[a].free : (vm[a].slab > 0 -> 1 : 0))
#endif

/* enum vmem_state. ASLEEP is RECLAIMING or WAITING while the task sleeps. */
mtype = { SEARCHING, IMPORTING, ASLEEP, DONE };

/* struct vmem. @inuse includes slabs. @slab counts free objects in slabs. */
typedef arena {
	byte free;
	byte inuse;
	byte slab;
	byte waiters;
}
arena vm[3];

/*
 * struct vmem_waiter. @on, @want, @import and @excludes_free never change: the
 * arena of the request, its size, the size to import from ROOT, and a flag. The
 * flag means that the constraints of the request exclude all free segments.
 * Offers ignore constraints.
 */
typedef waiter {
	byte on;
	byte want;
	byte import;
	bool excludes_free;
	mtype state;
	byte ticket;
	bool listening;
	bool signalled;
	bool running;		/* the task is in state TASK_RUNNING */
	byte offer;		/* the arena that made an offer, or NONE */
	byte reclaim;		/* the ticket of the reclaim to wait for */
	bool begun;		/* for assertions: @reclaim has begun */
	bool covered;		/* for assertions: @reclaim has ended */
}
waiter w[NR];

/* struct vmem_tree. */
byte last_ticket;
byte by_ticket[NR + 1];
bool rescan;
byte reclaim_asked, reclaim_done;
bool reclaim_pending;
bool reclaim_running;

bool refused;			/* a refused range was released */
bool backoff;			/* LEAF has a back-off and does not import */
byte refusals;			/* number of ranges that LEAF will refuse */
bool created;			/* CHILD exists */
byte function_units;		/* units that the function of ROOT can import */
byte total;			/* for assertions: all units of ROOT */

/* Offer space of arena @a to a waiter and wake it. tree.lock is held. */
inline waiter_signal(index, a) {
	w[index].listening = false;
	w[index].offer = a;
	w[index].signalled = true;
	w[index].running = true
}

/*
 * In one critical section of tree.lock, offer @size units of arena @a to a
 * waiter: the first listening waiter with a ticket greater than @after that
 * needs at most @size units.
 */
inline signal_first(a, after) {
	t = (vm[a].waiters -> after + 1 : NR + 1);
	do
	:: t > last_ticket -> break
	:: else ->
		x = by_ticket[t];
		if
		:: w[x].listening && nr_checked == SIGNAL_MAX ->
#ifndef FAULT_9
			rescan = true;
#endif
			break
		:: w[x].listening && nr_checked < SIGNAL_MAX ->
			nr_checked++;
			if
			:: IN_PATH(x, a) && NEED(x, a) <= size ->
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
	nr_checked = 0;
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

/* Waiter @me passes its offer of arena @a on. */
inline pass_on_offer(a) {
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

/* Release the detached span to ROOT. If there is none, offer @size of @a. */
inline free_pending(a) {
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

/* Detach a span in the critical section in which it becomes wholly free. */
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
	free_pending(a)
}

/* In one critical section, search arena @a for @n units, its caches first. */
inline search_arena(a, n, object, excluded) {
	d_step {
		if
		:: object && vm[a].slab >= n && !excluded ->
			vm[a].slab = vm[a].slab - n;
			found = true
		:: else ->
			if
			:: vm[a].free >= n && !excluded ->
				vm[a].free = vm[a].free - n;
				vm[a].inuse = vm[a].inuse + n;
				found = true
			:: else
			fi
		fi
	}
}

/*
 * In one critical section, add the imported span of @n units and allocate @m
 * units of it. If the arena has @m other free units by then, allocate these,
 * and release the span at once if it is larger than needed [21].
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
	free_pending(a)
}

/* Release the refused range of @n units to ROOT, without an offer. */
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

/* Take no offers while a client's function runs: pass on a late offer. */
inline vmem_waiter_suspend() {
#ifndef FAULT_20
	d_step {
		w[me].listening = false;
		late_offer = w[me].offer;
		w[me].offer = NONE;
#ifdef FAULT_21
		late_offer = NONE;
#endif
		missed = true
	}
	pass_on_offer(late_offer)
#else
	skip
#endif
}

/*
 * The import function of ROOT, a function of a client. With VM_NOSLEEP it
 * fails. Otherwise it imports all of function_units. A call by waiter 0 may
 * never return.
 */
inline import_function(n) {
#ifdef FUNCTION
	if
#ifndef FAULT_19
	:: !function_called && may_sleep && !w[me].signalled ->
#ifndef FAULT_22
		function_called = true;
#endif
		pass_on_offer(own_offer);
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
		free_pending(ROOT)
	:: else
	fi
#else
	skip
#endif
}

/* SEARCHING: one pass over the source path. */
inline search() {
#ifdef FAULT_16
	search_arena(w[me].on, w[me].want, false, w[me].excludes_free);
#else
	search_arena(w[me].on, w[me].want, OBJECT(w[me].on, w[me].want),
		     w[me].excludes_free);
#endif
	held_off = (w[me].on != ROOT && BACKOFF);
	if
	:: !found && !held_off ->
		if
		:: w[me].on != ROOT ->
			search_arena(ROOT, w[me].import, false,
				     w[me].excludes_free)
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

/* Add @n to the waiters of each arena on the source path, under its lock. */
inline count_waiter(n) {
	vm[w[me].on].waiters = vm[w[me].on].waiters + n;
	if
	:: w[me].on != ROOT -> vm[ROOT].waiters = vm[ROOT].waiters + n
	:: else
	fi
}

/* Begin to listen, in one critical section of tree.lock. */
inline vmem_waiter_listen() {
	d_step {
#ifdef FAULT_8
		if
		:: w[me].offer == NONE || w[me].offer == own_offer
		:: else -> own_offer = w[me].offer
		fi;
#else
		own_offer = w[me].offer;
		w[me].offer = NONE;
#endif
#ifndef FAULT_2
		w[me].signalled = false;
#endif
		w[me].listening = true
	}
}

/* The requested reclaim has ended, and the waiter has not searched since. */
#define RECLAIM_ENDED	(!may_sleep && reclaim_done >= w[me].reclaim)

/* A waiter held off by the back-off sleeps at most until the back-off ends. */
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
 * A VM_SLEEP request whose first search has failed. The client frees the result
 * if FREES(@me), and keeps it otherwise.
 */
proctype sleep_request(byte me) {
	byte own_offer = NONE, late_offer = NONE, size, span, t, x, nr_checked;
	bool found, may_sleep, function_called, missed, held_off;
#ifdef FAULT_3
	bool counted;
#endif

	/* vmem_waiter_begin() */
	d_step {
		last_ticket == me ->	/* ticket numbers follow @me */
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
		:: reclaim_running
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
		own_offer = NONE;
#endif
		pass_on_offer(own_offer);
		if
#ifndef FAULT_26
		:: missed -> missed = false
#endif
		:: else ->
			vmem_waiter_sleep();
			may_sleep = may_sleep || RECLAIM_ENDED;
			function_called = false
		fi
	od;

	/* vmem_waiter_end() */
	atomic {			/* tree.lock */
		w[me].listening = false;
		w[me].state = DONE;
#ifndef FAULT_8
		late_offer = w[me].offer;
#endif
		w[me].offer = NONE
	}
#ifdef FAULT_7
	late_offer = NONE;
#endif
#ifdef FAULT_4
	own_offer = NONE;
	late_offer = NONE;
#endif
	found = false;
	pass_on_offer(own_offer);
	pass_on_offer(late_offer);
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

/* Wake each listening waiter for which there may be enough free space. */
inline rescan_tree() {
	t = 1;
	do
	:: t > last_ticket -> break
	:: else ->
		d_step {		/* drops tree.lock after each waiter */
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

/* Free the slabs of arena @a if they are wholly free or must be split. */
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
	free_pending(a)
}

/*
 * The reclaim of the tree. It is repeated while a request waits; the model
 * omits repetitions that would free nothing.
 */
proctype reclaim_work() {
	byte size, span, t, x, nr_checked, began;

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
		reclaim_running = true;
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
			reclaim_running = false;
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
 * CHILD, an arena with caches that imports from ROOT, may be created at any
 * time. It imports a slab of two objects. A client allocates one object and
 * frees it.
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

/* A VM_NOSLEEP request in ROOT or LEAF. The client frees the result. */
proctype nosleep_request() {
	byte size, span, t, x, nr_checked, on = ROOT;
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

/* A VM_NOSLEEP request instead of waiter 0. LEAF refuses the imported range. */
proctype nosleep_refused() {
	byte size, t, x, nr_checked;
	bool found, held_off;

	last_ticket++;
	search_arena(ROOT, 1, false, false);
	if
	:: found -> import_refuse(1)
	:: else
	fi
}

/* A client that frees one unit of arena @a. */
proctype client(byte a) {
	byte size, span, t, x, nr_checked;

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

/* Only for fault 24: this retry replaces the timeout of the sleep. */
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

/* True if waiter @i could be served at once or after a reclaim. */
#define SERVABLE(i)	(!w[i].excludes_free && !BACKOFF && \
	(vm[w[i].on].free + vm[w[i].on].slab >= w[i].want || \
	 vm[ROOT].free >= w[i].import || \
	 (vm[CHILD].slab && vm[CHILD].slab == vm[CHILD].inuse) || \
	 function_units))

/* Runs when no other process can continue. */
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
		:: w[0].excludes_free = true
		:: w[1].excludes_free = true
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
		:: run client(LEAF); w[0].excludes_free = true
		fi;
		total = 3;
		vm[ROOT].inuse = 3;
		vm[LEAF].inuse = 1;
		vm[LEAF].free = 1;
		run client(ROOT);
#ifndef ALONE
		run nosleep_request();
#endif
		run rescan_work();
#elif defined(CACHES)
		w[0].on = LEAF;	w[0].want = 1;	w[0].import = 2;
		w[1].on = LEAF;	w[1].want = 2;	w[1].import = 2;
		total = 4;
#ifdef SLABS
		if
		:: w[1].want = 1
		:: w[0].excludes_free = true
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
			:: true -> run sleep_request(i)
#ifdef REFUSED
			:: i == 0 -> run nosleep_refused()
#endif
			fi
		}
		run monitor()
	}
}
