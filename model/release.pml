/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Release functions, modules that go, and sources that are destroyed, as
 * Documentation/waiting.rst describes them. Names are those of the code.
 *
 * Arena X has functions of a client's module. Its release function takes a mutex of
 * the client, creates an arena (which takes the list mutex), and perhaps never
 * returns to the work item. A task of the same client waits for space in arena Y, of
 * another tree, with the client's mutex held. A second request waits in X.
 *
 * check release | -DMODULE | safety | [41] [42] [47] functions that block, waiters in this tree and in another, a module that goes
 * check release-end | -DMODULE | cycles | [43] nothing goes on for ever
 * check destroy | -DDESTROY | safety | [47] a source that is destroyed while a span is on its way to it
 *
 * fault 1 | release | the reclaim calls a release function
 * fault 2 | release | the reclaim of one tree serves all trees, and calls a release function
 * fault 3 | release | maintenance calls a release function, and a reclaim waits for maintenance
 * fault 4 | release | a waiter waits until the release work has ended
 * fault 5 | release | the removal of a module does not wait for running functions
 * fault 6 | release | vmem.calls rises after the arena lock was dropped
 * fault 7 | release | vmem.calls falls before the function has returned
 * fault 8 | release | the functions are cleared after the wait
 * fault 9 | release | the removal waits with the list mutex held
 * fault 10 | release | a span that was offered in vain stays in the arena
 * fault 11 | destroy | a source is destroyed without a wait for spans on their way to it
 * fault 12 | destroy | the pointer to the source is read again after the arena lock was dropped
 */

/* vmem of X */
bool ffunc = true;		/* the release function, not cleared */
bool source = true;
byte calls;
byte idle_spans;		/* wholly free imported spans */
byte in_use = 2;		/* spans with something in use */
bool release_queued;
bool offered;			/* a waiter of X was offered a span and has not looked */
byte waiters;

bool module_gone, source_gone;
bool client_mutex, list_mutex;

/* Free units in Y; what its caches hold; its reclaim. */
byte y_free, y_cached = 1;
bool x_reclaim, y_reclaim, x_reclaimed, y_reclaimed;
bool x_served, y_served, removed, maintained;

/* vmem_call_begin() is part of the hold in which the pointer is read. */
inline vmem_call_begin() {
	calls++
}

/*
 * The function of the client's. @may_block: it may never return here.
 */
inline call_release(may_block) {
	assert(!module_gone);
	atomic { !client_mutex -> client_mutex = true }
	assert(!module_gone);
	atomic { !list_mutex -> list_mutex = true }
	list_mutex = false;
	client_mutex = false;
	if
	:: may_block ->
end_never:	false
	:: true
	fi;
	assert(!module_gone);
	calls--
}

/*
 * Take a wholly free span out of X if there is one (@go), and call the function
 * without the lock.
 */
inline vmem_release_idle(may_block) {
	d_step {
		go = (idle_spans && ffunc);
		if
		:: go ->
			idle_spans--;
#ifndef FAULT_6
			vmem_call_begin()
#endif
		:: else
		fi
	}
	if
	:: go ->
#ifdef FAULT_6
		vmem_call_begin();
#endif
#ifdef FAULT_7
		calls--;
		call_release(may_block);
		calls++
#else
		call_release(may_block)
#endif
	:: else
	fi
}

#ifdef MODULE

/* vmem_free() by the client: one span becomes wholly free. */
proctype client() {
	bool call;

	d_step {
		in_use--;
		if
		:: ffunc && waiters && !offered ->
			offered = true;		/* it stays for the waiter */
			idle_spans++
		:: ffunc && !(waiters && !offered) ->
			vmem_call_begin();
			call = true
		:: else -> idle_spans++
		fi
	}
	if
	:: call -> call_release(false)
	:: else
	fi
}

/* The reclaim of tree X gives back a slab: the other span becomes wholly free. */
proctype x_reclaim_work() {
	bool go;

end:	do
	:: x_reclaim && !x_reclaimed ->
#ifdef FAULT_3
		maintained;
#endif
		d_step {
			in_use--;
			idle_spans++;
#ifndef FAULT_1
			if
			:: waiters -> offered = true
			:: else -> release_queued = true
			fi
#endif
		}
#ifdef FAULT_1
		vmem_release_idle(true);
#endif
#ifdef FAULT_2
		vmem_release_idle(true);
		y_free = y_free + y_cached;
		y_cached = 0;
		y_reclaimed = true;
#endif
		x_reclaimed = true
	od
}

proctype y_reclaim_work() {
end:	do
#ifdef FAULT_2
	:: y_reclaim && !x_reclaim -> x_reclaim = true
#else
	:: y_reclaim && !y_reclaimed ->
		y_free = y_free + y_cached;
		y_cached = 0;
		y_reclaimed = true
#endif
	od
}

/* A work item of X alone. Its function may never return. */
proctype vmem_release_work() {
	bool go;

end:	do
	:: release_queued ->
		release_queued = false;
		do
		:: true ->
			vmem_release_idle(true);
			if
			:: go
			:: else -> break
			fi
		od
	od
}

/* One round. */
proctype vmem_maintain() {
	bool go;

#ifdef FAULT_3
	vmem_release_idle(true);
#endif
	maintained = true
}

/* A request with VM_SLEEP in X. It takes a span, or waits for what is offered. */
proctype x_waiter() {
	waiters++;
	x_reclaim = true;
	do
	:: d_step {
		idle_spans ->
		idle_spans--;
		in_use++;
		x_served = true
	   };
		break
	:: else ->
		x_reclaimed || offered;
#ifdef FAULT_4
		!release_queued && calls == 0;
#endif
		if
		:: idle_spans
		:: else -> break	/* it is not what this is about */
		fi
	od;
	/* It hands on what it was offered, and is no waiter any more. */
	atomic {
		waiters--;
		offered = false;
#ifndef FAULT_10
		if
		:: idle_spans -> release_queued = true
		:: else
		fi
#endif
	}
}

/* A task of the client that waits in Y with the client's mutex held. */
proctype y_waiter() {
	atomic { !client_mutex -> client_mutex = true }
	y_reclaim = true;
	atomic {
		y_free ->
		y_free--;
		y_served = true
	}
	client_mutex = false
}

/* module_event(): the client's module goes. */
proctype module_going() {
#ifdef FAULT_9
	atomic { !list_mutex -> list_mutex = true }
#endif
#ifdef FAULT_8
	calls == 0;
	ffunc = false;
#else
	ffunc = false;			/* the arena lock is held */
#ifndef FAULT_5
end_going:	calls == 0;		/* vmem_calls_wait() */
#endif
#endif
#ifdef FAULT_9
	list_mutex = false;
#endif
	module_gone = true;
	removed = true
}

/* When all else has come to rest. */
proctype monitor() {
	timeout;
	assert(y_served);			/* [41], [42] */
	assert(maintained);
	assert(x_served || !waiters);		/* [41] */
	/* Only a function that never returns holds up its module, and its spans. */
	assert(removed || calls);
	assert(!idle_spans || !ffunc || calls);
	assert(!client_mutex && !list_mutex)
}

init {
	atomic {
		if
		:: x_reclaim = true	/* the shrinker may want it, too */
		:: true
		fi;
		run client();
		run x_reclaim_work();
		run y_reclaim_work();
		run vmem_release_work();
		run vmem_maintain();
		run x_waiter();
		run y_waiter();
		if
		:: run module_going()
		:: removed = true
		fi;
		run monitor()
	}
}

#else

/* Its release function is vmem_free(): one more step up, without a lock. */
proctype client() {
	bool go, to;

	d_step {
		in_use--;
		if
		:: ffunc && source -> vmem_call_begin(); go = true; to = source
		:: else -> idle_spans++
		fi
	}
	if
	:: go ->
#ifdef FAULT_12
		to = source;
#endif
		/* vmem_send_home() */
		assert(to && !source_gone);
		assert(!source_gone);
		calls--
	:: else
	fi
}

/* vmem_destroy() of the source of X, whose import function has been cleared. */
proctype vmem_destroy() {
	d_step {			/* orphan() */
		source = false;
		ffunc = false
	}
#ifndef FAULT_11
	calls == 0;			/* vmem_calls_wait() */
#endif
	source_gone = true
}

init {
	atomic {
		run client();
		run client();
		run vmem_destroy()
	}
}
#endif
