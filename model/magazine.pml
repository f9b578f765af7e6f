/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model of the magazines of one cached size on two CPUs, the depot and the
 * slabs. Documentation/qcache.rst and Documentation/waiting.rst describe them.
 * The model uses the identifiers of vmem/.
 *
 * Each object is in exactly one place. A magazine holds at most two objects.
 * The depot and the slabs are sets of objects. A CPU has only a loaded
 * magazine, because a previous magazine would only be a second place to take
 * objects from.
 *
 * While preemption is off on a CPU, no other task and no work item runs on that
 * CPU. An interrupt may arrive between any two steps. The interrupt handler
 * completes before the interrupted code resumes; see RUN.
 *
 * check interrupt | -DINTERRUPT | safety | [37] [38] a task and interrupts on one CPU, the unload work, the busy stub
 * check cpus | -DCPUS | safety | [37] [38] tasks on two CPUs; CPU 1 goes offline
 * check tracing | -DTRACING | safety | [37] waiters and tracing set the busy stub
 *
 * fault 1 | interrupt | there is no busy mark
 * fault 2 | interrupt | the fast path reads the magazine before it sets the busy mark
 * fault 3 | interrupt | the unload work runs before the busy stub is set
 * fault 4 | interrupt | vmem_cpu_free_slow() does not check for waiters
 * fault 5 | interrupt | vmem_cpu_alloc_slow() takes a magazine from the depot although a request waits
 * fault 6 | cpus | the unload work of an online CPU runs on another CPU
 * fault 7 | cpus | no reclaim runs after a CPU is dead
 * fault 8 | interrupt | the reclaim drains the depot before it unloads the CPUs
 * fault 9 | cpus | the hotplug callback runs before the CPU is dead
 * fault 10 | tracing | the end of tracing turns the fast path on although a request waits
 * fault 11 | interrupt | vmem_slab_put() makes no offer
 * fault 12 | interrupt | the fast path reads vm->fast again when it clears the busy mark
 * fault 13 | tracing | vmem_cpu_free_slow() checks for waiters only before it gets a magazine
 */

#define OBJECTS		2
#define CAPACITY	2

/* Places of an object. TRANSIT is a local variable of a process. */
mtype = { CLIENT, TRANSIT, MAGAZINE, DEPOT, SLAB };

/* struct vmem_cpu_cache */
typedef cpu_cache {
	bool busy;
	bool loaded;
	byte rounds;
	byte round[CAPACITY]
}
cpu_cache cc[2];

mtype place[OBJECTS + 1];	/* index 0 is not used */
bool stub;			/* vm->fast is the busy stub */
byte waiters;			/* vm->waiters */
bool traced;			/* vm->traced */

/* State of the waiter, and of the reclaim that it requests. */
bool signalled, asleep;
bool reclaim_asked, reclaim_done;
bool reclaim_all;		/* a reclaim of all arenas is requested */
bool magazines;			/* a magazine has been allocated */
byte unload;			/* bit mask of CPUs with queued unload work */

bool online[2];			/* the CPU runs tasks */
bool bound[2];			/* the CPU runs its own work items */
bool preempt_off[2];
bool irq[2];			/* an interrupt handler is running */

/* False while an interrupt handler interrupts this context. */
#define RUN		(handler || !irq[cpu])

/* The caller holds the arena lock. */
inline vmem_cpu_update_fast() {
	stub = (waiters || traced)
}

/* A task whose CPU is offline first moves to CPU 0. */
inline preempt_disable() {
	if
	:: handler
	:: atomic {
		!handler && online[cpu] && !preempt_off[cpu] && !irq[cpu] ->
		preempt_off[cpu] = true
	   }
	:: atomic {
		!handler && !online[cpu] && !preempt_off[0] && !irq[0] ->
		cpu = 0;
		preempt_off[cpu] = true
	   }
	fi
}

/*
 * Set the busy mark. @marked is false if the mark was set already; then the
 * caller must not use the magazine.
 */
inline vmem_cpu_begin() {
#ifdef FAULT_1
	marked = true
#else
	if
	:: RUN && cc[cpu].busy -> marked = false
	:: RUN && !cc[cpu].busy ->
		d_step {
			RUN ->
			cc[cpu].busy = true;
			marked = true
		}
	fi
#endif
}

/* Clear the busy mark if @marked, and enable preemption. */
inline vmem_cpu_end() {
	d_step {
		RUN ->
		if
		:: marked -> cc[cpu].busy = false
		:: else
		fi;
		if
		:: !handler -> preempt_off[cpu] = false
		:: else
		fi;
		marked = false
	}
}

/* The place of a popped object must have been the magazine. */
inline popped() {
	assert(addr && place[addr] == MAGAZINE);
	place[addr] = TRANSIT
}

/* An interrupt may arrive between the load and the store of @rounds. */
inline pop() {
#ifndef FAULT_2
	atomic { RUN -> rounds = cc[cpu].rounds }
#endif
	if
	:: rounds ->
		d_step {
			RUN ->
			addr = cc[cpu].round[rounds - 1];
			cc[cpu].rounds = rounds - 1;
			popped();
			rounds = 0
		}
	:: else
	fi
}

inline push() {
#ifndef FAULT_2
	atomic { RUN -> rounds = cc[cpu].rounds }
#endif
	if
	:: cc[cpu].loaded && rounds < CAPACITY ->
		d_step {
			RUN ->
			cc[cpu].round[rounds] = addr
		}
		d_step {
			RUN ->
			place[addr] = MAGAZINE;
			cc[cpu].rounds = rounds + 1;
			addr = 0
		}
	:: else
	fi;
	rounds = 0
}

/* vmem_qcache_pop() and vmem_qcache_push() begin and end like this. */
inline fast_begin() {
	preempt_disable();
#ifdef FAULT_2
	atomic { RUN -> rounds = cc[cpu].rounds }
#endif
	if
	:: RUN && stub
	:: RUN && !stub -> vmem_cpu_begin()
	fi
}

inline fast_end() {
#ifdef FAULT_12
	marked = marked && !stub;
#endif
	vmem_cpu_end()
}

/* Take an object from DEPOT or SLAB. @addr is 0 if there is none. */
inline take_from(where) {
	addr = 1;
	do
	:: addr > OBJECTS -> addr = 0; break
	:: addr <= OBJECTS && place[addr] == where ->
		place[addr] = TRANSIT;
		break
	:: else -> addr++
	od;
	skip
}

/* Exchange the empty magazine for one with all objects of the depot. */
inline load_from_depot() {
	do
	:: cc[cpu].rounds < CAPACITY ->
		take_from(DEPOT);
		if
		:: addr ->
			cc[cpu].loaded = true;
			cc[cpu].round[cc[cpu].rounds] = addr;
			cc[cpu].rounds++;
			place[addr] = MAGAZINE
		:: else -> break
		fi
	:: else -> break
	od;
	addr = 0
}

/* Put an object into a slab, then offer it to a waiter. */
inline vmem_slab_put() {
	d_step {
		RUN ->
		assert(place[addr] == TRANSIT);
		place[addr] = SLAB;
		addr = 0
	}
#ifndef FAULT_11
	atomic { RUN -> signalled = signalled || waiters }
#endif
}

inline vmem_cpu_alloc_slow() {
	preempt_disable();
	vmem_cpu_begin();
	if
	:: marked ->
		if
#ifdef FAULT_5
		:: RUN && !cc[cpu].rounds ->
#else
		:: RUN && !cc[cpu].rounds && !waiters ->
#endif
			d_step {
				RUN ->
				load_from_depot()
			}
		:: RUN && (cc[cpu].rounds || waiters)
		fi;
#ifdef FAULT_2
		atomic { RUN -> rounds = cc[cpu].rounds }
#endif
		pop()
	:: else
	fi;
	vmem_cpu_end()
}

inline unload_magazine(c) {
	do
	:: cc[c].rounds ->
		cc[c].rounds--;
		assert(place[cc[c].round[cc[c].rounds]] == MAGAZINE);
		place[cc[c].round[cc[c].rounds]] = DEPOT;
		cc[c].round[cc[c].rounds] = 0
	:: else -> break
	od;
	cc[c].loaded = false
}

inline vmem_cpu_free_slow() {
	preempt_disable();
	vmem_cpu_begin();
	if
#ifdef FAULT_4
	:: marked ->
#else
	:: RUN && marked && !waiters ->
#endif
		d_step {
			RUN ->
			if
			:: !cc[cpu].loaded || cc[cpu].rounds == CAPACITY ->
				unload_magazine(cpu);
				cc[cpu].loaded = true;
				magazines = true
			:: else
			fi
		}
#ifdef FAULT_2
		atomic { RUN -> rounds = cc[cpu].rounds }
#endif
		if
#if defined(FAULT_4) || defined(FAULT_13)
		:: true -> push()
#else
		:: RUN && !waiters -> push()
		:: RUN && waiters
#endif
		fi
#ifndef FAULT_4
	:: RUN && marked && waiters
#endif
	:: RUN && !marked
	fi;
	vmem_cpu_end()
}

/* vmem_alloc() and vmem_free() with VM_NOSLEEP */
inline vmem_alloc() {
	fast_begin();
	if
	:: marked -> pop()
	:: else
	fi;
	fast_end();
	if
	:: !addr -> vmem_cpu_alloc_slow()
	:: else
	fi;
	if
	:: !addr ->
		d_step {
			RUN ->
			take_from(SLAB)
		}
	:: else
	fi;
	d_step {
		if
		:: addr ->
			assert(place[addr] == TRANSIT);
			place[addr] = CLIENT
		:: else
		fi
	}
}

inline vmem_free() {
	d_step {
		assert(place[addr] == CLIENT);
		place[addr] = TRANSIT
	}
	fast_begin();
	if
	:: marked -> push()
	:: else
	fi;
	fast_end();
	if
	:: addr -> vmem_cpu_free_slow()
	:: else
	fi;
	if
	:: addr -> vmem_slab_put()
	:: else
	fi
}

/* A task that holds object @addr. It starts on CPU @me. */
proctype task(byte me; byte addr) {
	byte cpu = me;
	bool handler, marked;
	byte rounds;

	vmem_free();
	if
	:: me == 0 ->
		vmem_alloc();
#ifdef TRACING
		if
		:: addr -> vmem_free()
		:: true
		fi
#endif
	:: else
	fi
}

/* An interrupt handler. It frees @addr, or allocates if @addr is 0. */
proctype interrupt(byte cpu; byte addr) {
	bool handler = true, marked;
	byte rounds;

	atomic {
		!irq[cpu] -> irq[cpu] = true
	}
	if
	:: addr -> vmem_free()
	:: else -> vmem_alloc()
	fi;
	irq[cpu] = false
}

/* The unload work of CPU @me. It runs on CPU 0 after @me goes offline. */
proctype vmem_cpu_unload_work(byte me) {
	byte cpu, rounds;
	bool handler, marked;

end:	do
	:: atomic {
		(unload & (1 << me)) && !(preempt_off[me] && bound[me]) ->
#ifdef FAULT_6
		cpu = me
#else
		cpu = (bound[me] -> me : 0)
#endif
	   };
#ifndef FAULT_6
		preempt_disable();
#endif
		vmem_cpu_begin();
		if
		:: marked ->
			d_step {
				RUN ->
				unload_magazine(cpu)
			}
		:: else
		fi;
#ifdef FAULT_6
		cc[cpu].busy = false;
		marked = false;
#else
		vmem_cpu_end();
#endif
		d_step {
			unload = unload & ~(1 << me)
		}
	od
}

inline unload_cpus() {
	d_step {
		/*
		 * Queue the unload work items of all online CPUs; with
		 * -DINTERRUPT only that of CPU 0.
		 */
#ifdef INTERRUPT
		unload = 1
#else
		unload = (online[1] -> 3 : 1)
#endif
	}
	unload == 0
}

inline vmem_depot_drain() {
	do
	:: true ->
		d_step {
			take_from(DEPOT)
		}
		if
		:: addr -> vmem_slab_put()
		:: else -> break
		fi
	od
}

/* Reclaims the tree for a waiter, or all arenas after CPU 1 is dead. */
proctype reclaim_work() {
	byte cpu, addr;
	bool asked;
	bool handler = true;	/* RUN is true: the CPU is not modelled */

end:	do
	:: (reclaim_asked && !reclaim_done) || reclaim_all ->
		d_step {
			reclaim_all = false;
			asked = reclaim_asked
		}
		if
		:: magazines ->
#ifdef FAULT_8
			vmem_depot_drain();
			unload_cpus()
#else
			unload_cpus();
			vmem_depot_drain()
#endif
		:: else
		fi;
		if
		:: asked ->
			d_step {
				reclaim_done = true;
				signalled = true
			}
		:: else
		fi
	od
}

/* A VM_SLEEP request whose first search failed. It searches only the slabs. */
proctype waiter() {
	byte addr;

	/* vmem_waiter_begin() and vmem_waiter_ask_reclaim() */
#ifdef FAULT_3
	reclaim_asked = true;
	reclaim_done;
#endif
	d_step {
		waiters++;
		vmem_cpu_update_fast()
	}
	reclaim_asked = true;
	do
	:: true ->
		signalled = false;
		d_step {
			take_from(SLAB)
		}
		if
		:: addr -> break
		:: else
		fi;
		asleep = true;
end_asleep:	signalled;
		asleep = false
	od;
	atomic {
		place[addr] = CLIENT;
		waiters--;
		vmem_cpu_update_fast()
	}
}

/* Switches tracing on and off. */
proctype tracing() {
	d_step {
		traced = true;
		vmem_cpu_update_fast()
	}
	d_step {
		traced = false;
#ifdef FAULT_10
		stub = false
#else
		vmem_cpu_update_fast()
#endif
	}
}

/* CPU 1 goes offline. Before the CPU stops, its work items move to CPU 0. */
proctype hotplug() {
	bound[1] = false;
#ifdef FAULT_9
	d_step {
		unload_magazine(1)
	}
#endif
	d_step {
		!preempt_off[1] && !irq[1] -> online[1] = false
	}
#ifndef FAULT_9
	d_step {			/* pressure_cpu_dead() */
		unload_magazine(1)
	}
#endif
#ifndef FAULT_7
	reclaim_all = true
#endif
}

proctype monitor() {
	byte i, n;

	timeout;
	/* No object is lost. */
	for (i : 1 .. OBJECTS) {
		assert(place[i] != TRANSIT);
		n = n + (place[i] == MAGAZINE -> 1 : 0)
	}
	assert(n == cc[0].rounds + cc[1].rounds);
	/* No waiter sleeps while an object is free. */
	for (i : 1 .. OBJECTS) {
		assert(!asleep || place[i] == CLIENT)
	}
}

init {
	atomic {
		online[0] = true;
		online[1] = true;
		bound[0] = true;
		bound[1] = true;
		place[1] = CLIENT;
		place[2] = CLIENT;
		/* No CPU, only CPU 1, or both CPUs have loaded a magazine. */
		if
		:: true
		:: magazines = true;
		   cc[1].loaded = true
		:: magazines = true;
		   cc[0].loaded = true;
		   cc[1].loaded = true
		fi;
		run task(0, 1);
#ifdef INTERRUPT
		if
		:: run interrupt(0, 2)
		:: place[2] = MAGAZINE;
		   magazines = true;
		   cc[0].loaded = true;
		   cc[0].round[0] = 2;
		   cc[0].rounds = 1;
		   run interrupt(0, 0)
		fi;
#endif
#ifdef CPUS
		run task(1, 2);
		run vmem_cpu_unload_work(1);
		run hotplug();
#endif
#ifdef TRACING
		if
		:: true
		:: run task(1, 2)
		fi;
		run vmem_cpu_unload_work(1);
		run tracing();
#endif
		run vmem_cpu_unload_work(0);
		run reclaim_work();
		run waiter();
		run monitor()
	}
}
