/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model of release functions, removal of modules, and destruction of sources.
 * Documentation/waiting.rst describes them. The model uses the identifiers of
 * vmem/.
 *
 * The functions of arena X are in a client's module. The release function takes
 * a mutex of the client, and then the list mutex to create an arena. A call of
 * the release function from the work item may never return. A task of the
 * client waits for space in arena Y of another tree, and holds the client's
 * mutex while it waits. Another request waits for space in X.
 *
 * check release | -DMODULE | safety | [41] [42] [47] release functions that block, waiters in both trees, module removal
 * check release-end | -DMODULE | cycles | [43] no livelock
 * check destroy | -DDESTROY | safety | [47] a source that is destroyed while a span is released to it
 *
 * fault 1 | release | the reclaim calls a release function
 * fault 2 | release | one reclaim serves all trees, and calls a release function
 * fault 3 | release | maintenance calls a release function, and a reclaim waits for maintenance
 * fault 4 | release | a waiter waits until the release work has ended
 * fault 5 | release | the removal of a module does not wait for running calls of its functions
 * fault 6 | release | vmem.calls is incremented after the arena lock is dropped
 * fault 7 | release | vmem.calls is decremented before the release function has returned
 * fault 8 | release | the removal of a module clears the functions only after it has waited for running calls
 * fault 9 | release | the removal of a module waits for running calls with the list mutex held
 * fault 10 | release | the waiter does not release a span that it was offered and has not taken
 * fault 11 | destroy | a source is destroyed before pending releases to it are complete
 * fault 12 | destroy | the pointer to the source is read again after the arena lock is dropped
 */

/* vmem of X */
bool ffunc = true;		/* the release function is set */
bool source = true;
byte calls;
byte free_spans;		/* wholly free imported spans */
byte in_use = 2;		/* spans that contain allocated segments */
bool release_queued;
bool offered;			/* a waiter of X has an unused offer */
byte waiters;

bool module_gone, source_gone;
bool client_mutex, list_mutex;

/* Free units of Y, and free units in the caches of Y. */
byte y_free, y_cached = 1;
bool x_reclaim, y_reclaim, x_reclaimed, y_reclaimed;
bool x_served, y_served, removed, maintained;

/* The caller reads the function pointer in the same atomic step. */
inline vmem_call_begin() {
	calls++
}

/* The client's release function. @may_block: this call may never return. */
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

/* Detach a wholly free span of X, if any, and release it without locks. */
inline vmem_release_free_spans(may_block) {
	d_step {
		detached = (free_spans && ffunc);
		if
		:: detached ->
			free_spans--;
#ifndef FAULT_6
			vmem_call_begin()
#endif
		:: else
		fi
	}
	if
	:: detached ->
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

/* The client calls vmem_free(): a span becomes wholly free. */
proctype client() {
	bool call;

	d_step {
		in_use--;
		if
		:: ffunc && waiters && !offered ->
			offered = true;		/* keeps the span */
			free_spans++
		:: ffunc && !(waiters && !offered) ->
			vmem_call_begin();
			call = true
		:: else -> free_spans++
		fi
	}
	if
	:: call -> call_release(false)
	:: else
	fi
}

/* The reclaim of the tree of X frees a slab: a second span is wholly free. */
proctype x_reclaim_work() {
	bool detached;

end:	do
	:: x_reclaim && !x_reclaimed ->
#ifdef FAULT_3
		maintained;
#endif
		d_step {
			in_use--;
			free_spans++;
#ifndef FAULT_1
			if
			:: waiters -> offered = true
			:: else -> release_queued = true
			fi
#endif
		}
#ifdef FAULT_1
		vmem_release_free_spans(true);
#endif
#ifdef FAULT_2
		vmem_release_free_spans(true);
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

/* The release work item of X. Its call of the function may never return. */
proctype vmem_release_work() {
	bool detached;

end:	do
	:: release_queued ->
		release_queued = false;
		do
		:: true ->
			vmem_release_free_spans(true);
			if
			:: detached
			:: else -> break
			fi
		od
	od
}

/* One round of maintenance. */
proctype vmem_maintain() {
	bool detached;

#ifdef FAULT_3
	vmem_release_free_spans(true);
#endif
	maintained = true
}

/* A VM_SLEEP request in X. It takes a free span, or waits for an offer. */
proctype x_waiter() {
	waiters++;
	x_reclaim = true;
	do
	:: d_step {
		free_spans ->
		free_spans--;
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
		:: free_spans
		:: else -> break	/* this request does not retry */
		fi
	od;
	/* The request ends. It queues the release of a span it did not take. */
	atomic {
		waiters--;
		offered = false;
#ifndef FAULT_10
		if
		:: free_spans -> release_queued = true
		:: else
		fi
#endif
	}
}

/* A task of the client. It waits in Y while it holds the client's mutex. */
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

/* module_event(): the client's module is removed. */
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

/* Runs when no other process can continue. */
proctype monitor() {
	timeout;
	assert(y_served);			/* [41], [42] */
	assert(maintained);
	assert(x_served || !waiters);		/* [41] */
	/* Only a call that never returns may delay removal and release. */
	assert(removed || calls);
	assert(!free_spans || !ffunc || calls);
	assert(!client_mutex && !list_mutex)
}

init {
	atomic {
		if
		:: x_reclaim = true	/* requested by the shrinker */
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

/* The client frees in X. The release function is vmem_free(). */
proctype client() {
	bool call, source_read;

	d_step {
		in_use--;
		if
		:: ffunc && source ->
			vmem_call_begin();
			call = true;
			source_read = source
		:: else -> free_spans++
		fi
	}
	if
	:: call ->
#ifdef FAULT_12
		source_read = source;
#endif
		/* vmem_free_pending() */
		assert(source_read && !source_gone);
		assert(!source_gone);
		calls--
	:: else
	fi
}

/* Clears the functions of X, then destroys the source of X. */
proctype vmem_destroy() {
	d_step {			/* registry_orphan() */
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
