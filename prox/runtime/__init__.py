"""Trio shells, each beside its core twin: what happens in time, with real processes, sockets and files.

child       one incarnation of a process: spawn, pumps, the end of its group
process     a configured process: one long-lived task that moves state towards the goal
probe       health checks
broadcast   log lines to rings, sinks and subscribers
supervisor  all processes: goals from outside, snapshots, events, the stop of everything
"""
