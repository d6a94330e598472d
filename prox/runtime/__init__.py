"""Supervision of processes on Trio: the I/O for the decisions that ``core`` makes.

supervisor   all processes: goals from outside, snapshots, events, the stop of everything
process_set  the processes by name, and change notification; goals: requests; details: everything known of a process
process      a configured process: one long-lived task that moves its state towards its goal
child        one incarnation of a process; streams: its output; commands: health checks and ``stop.cmd``
stopping     stop signal or ``stop.cmd``; leftovers: processes that left the group; final_check: the end of a shutdown
platform     the interface to the operating system; real_platform: its implementation
context      the state that the processes of one instance share; environ: the environment of a process
probe        health checks
broadcast    log lines to rings, sinks and subscribers; log_iterator: one line at a time
events       changes of processes to subscribers
signals      signals to prox itself; lifeline: shutdown when its owner exits; watchdog: the watchdog's launcher
"""
