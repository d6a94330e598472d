"""Pure decisions: no Trio, no sockets, no clock (time is passed as ``now``), no files.

errors       expected errors, each with a stable code
config       text → frozen ``Config``, with every problem and its position
environment  the environment of a process
graph        cycles in the dependency graph
lifecycle    the state machine of one process
health       probe results → health
logs         bytes → lines, records, rings, filters
patterns     untrusted patterns, matched in linear time
snapshots    the state of a process at one moment
timestamps   parsing of times; spelling: suggestions for misspelled words
"""
