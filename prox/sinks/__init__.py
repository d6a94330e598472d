"""Output of log lines to files and terminals, and reading of log files.

files           one log file per process
rotation        a file that is rotated when it is full
write_failures  reports of failed writes to log files
record          the format of log files
reader          reads lines from log files, across processes and rotated files
render          formats batches for terminals: ``HH:MM:SS name │ text``
console         the foreground's printer, which applies backpressure if the terminal is slow

The client commands use ``reader`` and ``render``, which do not import Trio.
"""
