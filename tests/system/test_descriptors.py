"""The reserve of descriptors, which grows with the limit and with log files that are still to be opened."""

from __future__ import annotations

import errno
import resource

import pytest

from prox.system import descriptors
from prox.system.descriptors import RESERVED, check_reserve


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> object:
    """A function that sets the soft limit during the test, in which nothing else is spawned or logged."""
    monkeypatch.setattr(descriptors, "_log_files", 0)
    monkeypatch.setattr(descriptors, "spawned", frozenset)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield lambda number: resource.setrlimit(resource.RLIMIT_NOFILE, (number, hard))
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(("soft", "reserved"), [(1024, RESERVED[-1]), (120, 30), (64, RESERVED[0])])
def test_a_quarter_of_the_limit_is_kept_within_bounds(limit, soft: int, reserved: int) -> None:
    limit(soft)
    # One more for the log file of the child that is about to start.
    first_refused = soft - reserved - 1
    check_reserve(first_refused - 1)
    with pytest.raises(OSError, match="Too many open files") as refused:
        check_reserve(first_refused)
    assert refused.value.errno == errno.EMFILE


def test_log_files_that_are_open_need_no_reserve(limit) -> None:
    limit(1024)
    first_refused = 1024 - RESERVED[-1] - 1
    descriptors.log_file_opened()
    try:
        check_reserve(first_refused)
    finally:
        descriptors.log_file_closed()
    with pytest.raises(OSError, match="Too many open files"):
        check_reserve(first_refused)
