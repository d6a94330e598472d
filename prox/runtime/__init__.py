"""The Trio tree: what happens in time, with processes and sockets. Each shell stands beside its twin in ``core``.

supervisor   all processes: goals from outside, snapshots, events, the stop of everything
process_set  the processes by name, and the announcement of their changes; goals, details: requests and what is known
process      a configured process: one long-lived task that moves its state towards its goal
child        one incarnation of a process; streams: its output; commands: those that run to their end
stopping     how a process is asked to end; leftovers: what left its group; final_check: the last look of a stop
platform     what all of it needs of the operating system, as data; real_platform: the real one
context      what the processes of one instance share; environ: the variables that a process is started with
probe        health checks
broadcast    log lines to rings, sinks and subscribers; log_iterator: one line at a time
events       changes of processes to subscribers
signals      signals to prox itself; lifeline: the end of its owner; watchdog: the launcher of the watchdog process
"""
