"""Cleanup after an instance that is gone: finding and ending its processes, also when prox itself was killed.

marks     processes that carry the variables of an instance, and their end
program   the watchdog, a small process that does it when the pipe to prox closes

The standard library only, and little of that: the watchdog is to be small.
"""
