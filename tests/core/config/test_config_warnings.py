"""Warnings about valid configurations: a variable in a command that no shell expands."""

from __future__ import annotations

import pytest

from helpers.config import config_of
from prox.core.config.config_warnings import doubts


@pytest.mark.parametrize("word", ["$PORT", "--port=${PORT}", "a$_b", "${A1}/x"])
def test_a_variable_in_a_list_is_warned_of(word: str) -> None:
    (doubt,) = doubts(config_of(f"processes: {{web: [serve, '{word}']}}"))
    assert doubt.startswith(f"processes.web.cmd passes '{word}' on as written")
    assert "write the command as a string" in doubt


@pytest.mark.parametrize("word", ["$", "$1", "$$", "${1}", "${A-b}", "$(pwd)", "$é", "${Aé}", "PORT", "100$"])
def test_other_dollar_signs_are_not(word: str) -> None:
    assert list(doubts(config_of(f"processes: {{web: [serve, '{word}']}}"))) == []


def test_a_string_goes_through_a_shell_and_is_not_doubtful() -> None:
    assert list(doubts(config_of("processes: {web: serve $PORT}"))) == []


def test_each_command_has_one_warning_with_all_its_words() -> None:
    found = list(doubts(config_of("processes: {web: [$A, b, $C]}\njobs: {test: [x, $D]}")))
    assert [doubt.partition(" on as")[0] for doubt in found] == [
        "processes.web.cmd passes '$A' and '$C'",
        "jobs.test.cmd passes '$D'",
    ]
