"""Access to the operating system: processes, groups, sockets, limits. Independent of policy and configuration.

children       the children of prox, and the orphans that it adopts as a child subreaper
group          process groups: members, signals, waiting until one is empty
listeners      listening TCP sockets and their owners
ports          free ports, taken ports and their holders
process_table  the process table; shared_read: one read for all tasks that ask at the same moment
spawn_limits   what a child inherits: signal dispositions and descriptor limits
threads        blocking calls in a thread
usage          CPU and memory of process trees
"""
