"""Where lines go, and back: nothing here starts a task by itself.

files     one log file a process
rotation  a file that is appended to, and put aside when it is full
write_failures
          what keeps log files from being written, said once
record    the format of log files
reader    log files → lines, over processes and rotated files
render    batches → the lines that people see: ``HH:MM:SS name │ text``
console   the foreground's printer, which slows the processes where the terminal is slow

Only ``console`` knows Trio: the client commands use ``reader`` and ``render``.
"""
