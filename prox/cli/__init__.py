"""The command line. Each command is a module; it is imported only when the command is used.

main         runs a command; the only place that turns exceptions into messages and exit codes
exit_codes   the exit codes
group        the list of commands, and their common options
project      the project, instance and API that a command uses
output       printing: colours, control characters, JSON
render       tables, durations and sizes as text; pure functions
checks       the latest results of health checks
names        names and groups on the command line → processes

up, daemon   start an instance; the other commands are its clients: down, goals (start, stop, restart), status,
             logs, wait, list, exec; and config, init, version, completion, which need no instance
"""
