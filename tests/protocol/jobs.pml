/*
 * The job protocol as a model for Spin: workers under leases with fencing numbers, a reconciler,
 * a gateway that writes records and sends messages, someone who cancels, a broker, and faults.
 *
 * What an event makes of a record is not written here: TAKE_UP, LEAVE, CANCEL, FAIL and
 * REQUEST_CANCEL are tables made by calling services/jobs/transitions.py, and LEGAL is MOVES of
 * services/jobs/job.py (table.py). What is written here is who may do what, and when: that of
 * services/worker/step.py, attempt.py and reconciler.py.
 *
 * An update is one step: a record is a row of versions, each of which only one writer can create,
 * and an update that comes second starts again (services/jobs/durable.py).
 */
#include "table.pml"

#define me (_pid - FIRST_WORKER + 1)
#define ended(j) (st[j] >= SUCCEEDED)
#ifndef FENCING_OFF
#define mine(j) (fence[j] == f && owner[j] == me)
#else
#define mine(j) true
#endif

byte st[JOBS] = NOTHING;
byte fence[JOBS], owner[JOBS], stalls[JOBS], retries[JOBS];
byte lease[JOBS];               /* who holds it: a worker's number, or 0 */
byte busy[WORKERS + 1];         /* by worker: the job that it is at, plus 1, or 0 */
bit resting[WORKERS + 1];       /* by worker: it waits for a message */
byte waiting[JOBS];             /* messages in the queue with the record's own fence */
bit stale[JOBS];                /* whether there are some with an earlier one */
byte units[JOBS];               /* checkpoints that are stored */
bit content[JOBS], listed[JOBS];/* the finding set is stored; readers see it */
bit flag[JOBS];                 /* the signal to cancel */
bit asked[JOBS];                /* cancellation was asked for */
byte faults = FAULTS;

inline write(j, to) {
  assert(LEGAL[st[j] * STATES + to]);
  st[j] = to
}

inline send(j, number) {
  if
  :: number != fence[j] -> stale[j] = 1
  :: number == fence[j] && waiting[j] < 2 -> waiting[j]++
  :: else  /* a third copy does what the second does */
  fi
}

/* Workers that rest and that no record or lease names are all alike: only the first receives. */
#define clean(w) (lease[0] != w && lease[1] != w && owner[0] != w && owner[1] != w)
#define first(w) (w >= me || !resting[w] || !clean(w))
#define turn (!clean(me) || (FIRST(first)))

/* A crash keeps what is stored, and the lease until it expires. The broker delivers the message
   once more, or has lost it. */
#define CRASH atomic { faults > 0 -> faults--; busy[me] = 0; if :: send(j, f) :: skip fi; goto idle }

proctype Worker() {
  byte j, f, at;
  bit achieved;
idle:
  atomic { true -> j = 0; f = 0; achieved = false; resting[me] = 1 }
end_idle:
  atomic {  /* any message: the queue promises no order */
    if
    :: turn && waiting[0] > 0 -> j = 0; f = fence[0]; waiting[0]--
    :: turn && waiting[1] > 0 -> j = 1; f = fence[1]; waiting[1]--
    :: turn && stale[0] -> j = 0; f = fence[0] - 1; stale[0] = 0
    :: turn && stale[1] -> j = 1; f = fence[1] - 1; stale[1] = 0
    fi;
    resting[me] = 0
  }
  /* Steps.run: the job may have moved on since the message was sent */
  if
  :: CRASH
  :: atomic { ended(j) || fence[j] != f -> goto idle }
  :: atomic { !ended(j) && fence[j] == f && lease[j] != 0 -> goto idle }  /* somebody is at it */
  :: atomic { !ended(j) && fence[j] == f && lease[j] == 0 -> lease[j] = me; busy[me] = j + 1 }
  fi;
  if
  :: CRASH
  :: atomic { ended(j) || fence[j] != f -> goto release }
  :: atomic {
       !ended(j) && fence[j] == f ->
       at = (st[j] * 2 + (owner[j] != 0)) * STALLS + stalls[j];
       write(j, TAKE_UP[at]);
       stalls[j] = STALLED[at];
       at = 0;
       if
       :: ended(j) -> owner[j] = 0; goto release
       :: else ->
          fence[j]++; f = fence[j]; owner[j] = me;
          stale[j] = (stale[j] || waiting[j]); waiting[j] = 0
       fi
     }
  fi;
working:
  do
  :: CRASH
  :: atomic { mine(j) && st[j] == CANCELLING -> goto cancelling }
  :: atomic { flag[j] -> goto cancelling }  /* the signal may come before the record says so */
  :: atomic { lease[j] != me && (lease[j] != 0 || !mine(j)) -> goto release }  /* LeaseLost */
  :: atomic { lease[j] == 0 && mine(j) -> lease[j] = me }  /* renewed: nobody took over */
  :: atomic { units[j] < UNITS ->  /* a unit, stored: also by a worker that is late */
       units[j]++; achieved = true;
       if
       :: mine(j) -> stalls[j] = 0; retries[j] = 0
       :: else
       fi }
  :: atomic { achieved && units[j] < UNITS && mine(j) ->  /* StepOver, StepDone */
       write(j, LEAVE_UNDONE[st[j]]); owner[j] = 0; goto release }
  :: atomic { faults > 0 && mine(j) -> faults--;  /* an error that may pass */
       at = st[j] * RETRIES + retries[j];
       write(j, FAIL_PASSING[at]); retries[j] = RETRIED[at]; at = 0; owner[j] = 0;
       goto release }
  :: atomic { faults > 0 && mine(j) -> faults--;  /* one that will not */
       write(j, FAIL_FOR_GOOD[st[j]]); owner[j] = 0; goto release }
  :: atomic { units[j] == UNITS -> break }
  od;
  /* Attempt.confirm: the last look before something becomes visible */
  if
  :: CRASH
  :: atomic { !mine(j) -> goto release }
  :: atomic { mine(j) && st[j] == CANCELLING -> goto cancelling }
  :: atomic { mine(j) && st[j] != CANCELLING -> skip }
  fi;
#ifdef LISTED_FIRST
  if :: CRASH :: atomic { true -> listed[j] = 1 } fi;
  if :: CRASH :: atomic { true -> content[j] = 1 } fi;
#else
  if :: CRASH :: atomic { true -> content[j] = 1 } fi;
  if :: CRASH :: atomic { true -> listed[j] = 1 } fi;
#endif
  if
  :: CRASH
  :: atomic { !mine(j) -> goto release }
  :: atomic { mine(j) -> write(j, LEAVE_DONE[st[j]]); owner[j] = 0; goto release }
  fi;
cancelling:
  if
  :: CRASH
  :: atomic { !mine(j) -> goto release }
  :: atomic { mine(j) -> write(j, CANCEL[st[j]]); owner[j] = 0 }
  fi;
release:
  if
  :: CRASH
  :: atomic { true ->
       if
       :: lease[j] == me -> lease[j] = 0
       :: else
       fi;
       busy[me] = 0 }
  fi;
  /* whoever left the job unfinished asks for its next step */
  if
  :: CRASH
  :: atomic { fence[j] == f && owner[j] == 0 && !ended(j) && st[j] != WAITING_RETRY -> send(j, f) }
  :: atomic { fence[j] != f || owner[j] != 0 || ended(j) || st[j] == WAITING_RETRY -> skip }
  fi;
  goto idle
}

/* The record, then the message; what is lost in between is the reconciler's. */
proctype Gateway() {
  byte j;
  for (j : 0 .. CREATED - 1) {
    atomic { true -> st[j] = QUEUED };
    if
    :: atomic { true -> send(j, 0) }
    :: atomic { faults > 0 -> faults-- }
    fi
  }
}

/* Asks for the end of one job, at any time, or never. */
proctype Canceller() {
  byte j;
  if
  :: j = 0
  :: j = CREATED - 1
  fi;
  if
  :: atomic { st[j] != NOTHING -> write(j, REQUEST_CANCEL[st[j]]); asked[j] = !ended(j) };
     atomic { true -> flag[j] = (st[j] == CANCELLING) }
  :: skip
  fi
}

#define quiet(j) (waiting[j] == 0 && !stale[j])
#define lost(j) (st[j] != NOTHING && !ended(j) && quiet(j))

/* Looks at the queue first and at the lease later, as Reconciler.look does. */
proctype Reconciler() {
  byte j;
end_looking:
  do
  :: atomic { lost(0) && lease[0] == 0 -> j = 0 };
     if
     :: atomic { lease[j] == 0 -> send(j, fence[j]) }
     :: atomic { lease[j] != 0 -> skip }
     fi
  :: atomic { lost(1) && lease[1] == 0 -> j = 1 };
     if
     :: atomic { lease[j] == 0 -> send(j, fence[j]) }
     :: atomic { lease[j] != 0 -> skip }
     fi
  od
}

/* The lease of a holder that is gone expires in the end; with a fault, also that of one that only
   sleeps. A broker that restarts empty forgets leases, messages and signals. */
proctype Broker() {
  byte j;
end_keeping:
  do
  :: atomic { lease[0] != 0 && busy[lease[0]] != 1 -> lease[0] = 0 }
  :: atomic { lease[1] != 0 && busy[lease[1]] != 2 -> lease[1] = 0 }
  :: atomic { faults > 0 && lease[0] != 0 && busy[lease[0]] == 1 -> faults--; lease[0] = 0 }
  :: atomic { faults > 0 && lease[1] != 0 && busy[lease[1]] == 2 -> faults--; lease[1] = 0 }
  :: atomic { faults > 0 && st[0] != NOTHING -> faults--; send(0, fence[0]) }  /* twice */
  :: atomic { faults > 0 ->
       faults--;
       for (j : 0 .. JOBS - 1) { lease[j] = 0; flag[j] = 0; waiting[j] = 0; stale[j] = 0 }
       j = 0 }
  :: atomic { faults > 0 -> faults = 0 }  /* nothing more goes wrong */
  od
}

/* What must be true of every state. */
#define safe(j) ((!listed[j] || content[j]) && (st[j] != SUCCEEDED || listed[j]))

/* When nothing can happen any more, every job has ended and nothing is held or left over. */
#define settled(j) (st[j] == NOTHING || (ended(j) && lease[j] == 0 && quiet(j)))

proctype Judge() {
end_judging:
  do
  :: atomic { !(safe(0) && safe(1)) -> assert(false) }
  :: atomic { timeout -> assert(settled(0) && settled(1)); break }
  od
}

init {
  byte w;
  atomic {
    for (w : 1 .. WORKERS) { run Worker() }
    run Gateway();
    run Canceller();
#ifndef RECONCILER_OFF
    run Reconciler();
#endif
    run Broker();
    run Judge()
  }
}
