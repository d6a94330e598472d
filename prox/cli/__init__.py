"""The command line. Each command is a module, imported when it is used, which imports what it needs when it runs.

main         runs a command; the one place where an exception becomes a sentence and an exit code
exit_codes   which code that is
group        the list of commands, and the options that all of them take
project      which project, instance and API a command is about
output       text for people and programs: colours, control characters, JSON
render       what is known → text, as pure functions
checks       what health checks have said, on a line
names        names and groups on the command line → processes

up, daemon   the commands that start an instance; the rest are its clients: down, goals (start, stop, restart), status,
             logs, wait, list, exec; and config, init, version, completion, which need none
"""
