/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The magazines of one cached size on two CPUs, the depot and the slabs, as
 * Documentation/qcache.rst and Documentation/waiting.rst describe them. Names are
 * those of the code.
 *
 * Each object has one place. A magazine of a CPU holds two of them; the depot and
 * the slabs are sets. A CPU has only its loaded magazine: the previous one adds
 * nothing but a second place to take objects from.
 *
 * While preemption is off on a CPU, no other task and no work item runs there. An
 * interrupt comes between any two steps and completes before they go on (RUN).
 *
 * check interrupt | -DINTERRUPT | safety | [37] [38] a task and interrupts on one CPU, unload, the busy stub
 * check cpus | -DCPUS | safety | [37] [38] tasks on two CPUs, of which one goes
 * check tracing | -DTRACING | safety | [37] the busy stub has two users
 *
 * fault 1 | interrupt | there is no busy mark
 * fault 2 | interrupt | the magazine is looked at before the mark is set
 * fault 3 | interrupt | the unload work runs before the busy stub is set
 * fault 4 | interrupt | the slow path of a free does not look for waiters
 * fault 5 | interrupt | the slow path of an allocation loads a magazine although there are waiters
 * fault 6 | cpus | the unload work of a CPU that is alive runs on another one
 * fault 7 | cpus | nothing is reclaimed after a CPU has died
 * fault 8 | interrupt | the depot is drained before the CPUs are unloaded
 * fault 9 | cpus | the callback of hotplug runs before the CPU is dead
 * fault 10 | tracing | the end of tracing turns the fast path on although there are waiters
 * fault 11 | interrupt | an object that returns to a slab makes no offer
 * fault 12 | interrupt | the fast path looks at vm->fast again when it clears its mark
 * fault 13 | tracing | the slow path of a free looks for waiters only before it gets a magazine
 */

#define OBJECTS		2
#define CAPACITY	2

/* Where an object is; in a magazine: MAGAZINE. */
mtype = { CLIENT, HAND, MAGAZINE, DEPOT, SLAB };

/* struct vmem_cpu_cache */
typedef cpu_cache {
	bool busy;
	bool loaded;
	byte rounds;
	byte round[CAPACITY]
}
cpu_cache cc[2];

mtype place[OBJECTS + 1];	/* 0 is no object */
bool stub;			/* vm->fast is the busy stub */
byte waiters;			/* vm->waiters */
bool traced;			/* vm->traced */

/* The waiter, and the reclaim that it asks for. */
bool signalled, asleep;
bool reclaim_asked, reclaim_done;
bool reclaim_all;		/* that of all arenas */
bool magazines;			/* any have been made */
byte unload;			/* a bit for each CPU whose work item is queued */

bool online[2];			/* runs tasks */
bool bound[2];			/* runs its work items */
bool preempt_off[2];
bool irq[2];			/* an interrupt handler is running */

/* May the next step of this context run? */
#define RUN		(handler || !irq[cpu])

/* vmem_cpu_choose(): the arena lock is held. */
inline vmem_cpu_choose() {
	stub = (waiters || traced)
}

/* A task may have been moved to the other CPU since the last time. */
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

/* vmem_cpu_begin(): @mine is set if the magazine may be used. */
inline vmem_cpu_begin() {
#ifdef FAULT_1
	mine = true
#else
	if
	:: RUN && cc[cpu].busy -> mine = false
	:: RUN && !cc[cpu].busy ->
		d_step {
			RUN ->
			cc[cpu].busy = true;
			mine = true
		}
	fi
#endif
}

/* The mark is cleared, and preemption is on again. */
inline vmem_cpu_end() {
	d_step {
		RUN ->
		if
		:: mine -> cc[cpu].busy = false
		:: else
		fi;
		if
		:: !handler -> preempt_off[cpu] = false
		:: else
		fi;
		mine = false
	}
}

/* An object that is popped is in no other place. */
inline got() {
	assert(addr && place[addr] == MAGAZINE);
	place[addr] = HAND
}

/* A load of the number, and later a store: an interrupt may come in between. */
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
			got();
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
	mine = mine && !stub;
#endif
	vmem_cpu_end()
}

/* Take the first object of the depot, or of a slab: 0 if there is none. */
inline take_from(where) {
	addr = 1;
	do
	:: addr > OBJECTS -> addr = 0; break
	:: addr <= OBJECTS && place[addr] == where ->
		place[addr] = HAND;
		break
	:: else -> addr++
	od;
	skip
}

/* A magazine with all that is in the depot, in exchange for an empty one. */
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

/* To the slab, and then an offer. */
inline vmem_slab_put() {
	d_step {
		RUN ->
		assert(place[addr] == HAND);
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
	:: mine ->
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
	:: mine ->
#else
	:: RUN && mine && !waiters ->
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
	:: RUN && mine && waiters
#endif
	:: RUN && !mine
	fi;
	vmem_cpu_end()
}

/* vmem_alloc() and vmem_free() of VM_NOSLEEP clients */
inline vmem_alloc() {
	fast_begin();
	if
	:: mine -> pop()
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
			assert(place[addr] == HAND);
			place[addr] = CLIENT
		:: else
		fi
	}
}

inline vmem_free() {
	d_step {
		assert(place[addr] == CLIENT);
		place[addr] = HAND
	}
	fast_begin();
	if
	:: mine -> push()
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

/* A task on a CPU, with an object. */
proctype task(byte me; byte addr) {
	byte cpu = me;
	bool handler, mine;
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

/* A handler that interrupts CPU 0 once. */
proctype interrupt(byte cpu; byte addr) {
	bool handler = true, mine;
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

/* The work item of CPU @me; it runs on another CPU when that one is going. */
proctype vmem_cpu_unload_work(byte me) {
	byte cpu, rounds;
	bool handler, mine;

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
		:: mine ->
			d_step {
				RUN ->
				unload_magazine(cpu)
			}
		:: else
		fi;
#ifdef FAULT_6
		cc[cpu].busy = false;
		mine = false;
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
		/* There are work items for these only. */
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

/* The reclaim of the tree, and that of all arenas. */
proctype reclaim_work() {
	byte cpu, addr;
	bool began;
	bool handler = true;	/* it does not matter where it runs */

end:	do
	:: (reclaim_asked && !reclaim_done) || reclaim_all ->
		d_step {
			reclaim_all = false;
			began = reclaim_asked
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
		:: began ->
			d_step {
				reclaim_done = true;
				signalled = true
			}
		:: else
		fi
	od
}

/* A request with VM_SLEEP that has found nothing; it finds objects in slabs. */
proctype waiter() {
	byte addr;

	/* vmem_waiter_begin() and vmem_waiter_ask_reclaim() */
#ifdef FAULT_3
	reclaim_asked = true;
	reclaim_done;
#endif
	d_step {
		waiters++;
		vmem_cpu_choose()
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
		vmem_cpu_choose()
	}
}

/* Tracing is switched on and off. */
proctype tracing() {
	d_step {
		traced = true;
		vmem_cpu_choose()
	}
	d_step {
		traced = false;
#ifdef FAULT_10
		stub = false
#else
		vmem_cpu_choose()
#endif
	}
}

/* CPU 1 goes: first its work items run elsewhere, then it runs nothing. */
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
	d_step {			/* cpu_dead() */
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
	/* No object has been lost. */
	for (i : 1 .. OBJECTS) {
		assert(place[i] != HAND);
		n = n + (place[i] == MAGAZINE -> 1 : 0)
	}
	assert(n == cc[0].rounds + cc[1].rounds);
	/* No waiter sleeps beside an object that is free. */
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
		/* The magazines are as they may be when a reclaim begins. */
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
