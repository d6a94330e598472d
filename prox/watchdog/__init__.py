"""Cleanup after an instance: find and end its processes, also if prox itself was killed.

marks     find and end the processes that carry the markers of an instance
program   the watchdog, a small process that cleans up when the pipe to prox closes

Uses only a small part of the standard library, to keep the watchdog small.
"""
