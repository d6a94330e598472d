"""What is left of an instance that is gone: how it is found, ended, and who does so when prox itself was killed.

marks     processes that carry the variables of an instance, and their end
program   the watchdog, a small process that does it when the pipe to prox closes

The standard library only, and little of that: the watchdog is to be small.
"""
