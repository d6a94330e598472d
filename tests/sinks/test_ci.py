"""Blocks of output for CI systems."""

from __future__ import annotations

import pytest

from prox.sinks.ci import MAX_ERRORS, Block, after, before, detect_ci, has_own_groups


@pytest.mark.parametrize(
    ("environment", "ci"),
    [
        ({}, None),
        ({"CI": ""}, None),
        ({"CI": "false"}, None),
        ({"CI": "0"}, None),
        ({"CI": "true"}, "plain"),
        ({"CI": "1"}, "plain"),
        ({"CI": "true", "GITHUB_ACTIONS": "true"}, "github"),
        ({"CI": "true", "GITLAB_CI": "true"}, "gitlab"),
    ],
)
def test_the_system_is_known_by_its_environment(environment: dict[str, str], ci: str | None) -> None:
    assert detect_ci(environment) == ci


PASSED = Block("unit", "unit passed in 1.0 s", failed=False)
FAILED = Block("unit", "unit failed in 1.0 s", failed=True, error="unit failed: exited with code 3")


def test_github() -> None:
    assert before("github", PASSED, grouped=True) == b"::group::unit passed in 1.0 s\n"
    assert after("github", PASSED, grouped=True, errors=0) == b"::endgroup::\n"
    assert before("github", PASSED, grouped=False) == b"=== unit passed in 1.0 s\n"
    assert before("github", FAILED, grouped=True) == b"=== unit failed in 1.0 s\n"
    assert after("github", FAILED, grouped=True, errors=0) == b"::error title=unit::unit failed: exited with code 3\n"
    assert after("github", FAILED, grouped=True, errors=MAX_ERRORS) == b""


def test_an_annotation_cannot_be_broken_out_of() -> None:
    block = Block("a:b,c", "t\n::error::x", failed=True, error="100%\r\n::set-output::x")
    assert after("github", block, grouped=True, errors=0) == (b"::error title=a%3Ab%2Cc::100%25%0D%0A::set-output::x\n")
    assert before("github", block, grouped=True).count(b"\n") == 1


def test_gitlab() -> None:
    begin, end = before("gitlab", PASSED, grouped=True), after("gitlab", PASSED, grouped=True, errors=0)
    assert begin.startswith(b"\x1b[0Ksection_start:")
    assert begin.endswith(b":unit[collapsed=true]\r\x1b[0Kunit passed in 1.0 s\n")
    assert end.endswith(b":unit\r\x1b[0K\n")
    assert b"[collapsed=true]" not in before("gitlab", FAILED, grouped=True)
    assert before("gitlab", PASSED, grouped=False) == b"=== unit passed in 1.0 s\n"


@pytest.mark.parametrize(
    ("ci", "line", "own"),
    [
        ("github", b"::group::x", True),
        ("github", b"  ::group::x", True),
        ("github", b"echo ::group::x", False),
        ("gitlab", b"\x1b[0Ksection_start:12:x\r", True),
        ("gitlab", b"section_end", False),
        ("plain", b"::group::x", False),
    ],
)
def test_groups_of_a_job_itself(ci: str, line: bytes, own: bool) -> None:
    log = b"2025-01-19T10:32:01.123Z out first\n2025-01-19T10:32:01.123Z err " + line + b"\n"
    assert has_own_groups(ci, log) is own  # type: ignore[arg-type]
