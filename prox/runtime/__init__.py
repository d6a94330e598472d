"""Trio shells, each beside its core twin: what happens in time, with real processes and sockets.

child       one incarnation of a process: spawn, pumps, the end of its group
group       a process group as the system sees it
process     a configured process: one long-lived task that moves state towards the goal
environ     the variables that it is started with
probe       health checks
supervisor  all processes: goals from outside, snapshots, events, the stop of everything
broadcast   log lines to rings, sinks and subscribers; following: one at a time
events      changes of processes to whoever listens
signals     signals to prox itself
ports       free ports, and who holds one that is taken; listeners: whose a socket is
tree        which processes belong to one that prox has spawned; usage: what they use
"""
