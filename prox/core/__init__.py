"""Decisions: no trio, no sockets, no clock (time comes in as ``now``), no files.

errors       what can go wrong, by blame, each with a stable code
config       text → frozen ``Config``, all problems at once with their place
environment  which variables a process gets, and where each comes from
graph        who depends on whom: cycles
lifecycle    the table of one process's life: goal × state × event
health       results of a probe → verdict
logs         bytes → lines, records, rings, filters
patterns     patterns from outside, in linear time
snapshots    what is known of a process at one moment
timestamps   times as people give them; spelling: the nearest word for a misspelled one
"""
