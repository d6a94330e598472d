"""What goes wrong with the processes of a test suite, in words."""

from __future__ import annotations


class StartFailure(AssertionError):
    """A process that a test needs could not be made ready; the message says why, with its last lines."""


class ProcessCrashed(AssertionError):
    """A process ended by itself during a test."""
