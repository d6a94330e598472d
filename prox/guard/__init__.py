"""What is left of an instance that is gone: how it is found, ended, and who does so when prox itself was killed.

marks     processes that carry the variables of an instance, and their end
program   the guard, a small process that does it when the pipe to prox closes

The standard library only, and little of that: the guard is to be small.
"""
