"""The processes that tests use, directly or by fixtures."""

from __future__ import annotations

from dataclasses import dataclass

from prox.testing.uses import Uses


@dataclass(eq=False)
class OpenInstance:
    is_open: bool = True


def test_uses_of_a_test_are_its_own_and_those_of_its_fixtures() -> None:
    uses, shared = Uses(), OpenInstance()
    uses.begin("test_one")
    with uses.by_fixture("db"):
        uses.record(shared, "db")
    uses.record(shared, "api")
    assert uses.of_test(["db", "tmp_path"]) == [(shared, "api"), (shared, "db")]
    uses.begin("test_two")
    assert uses.test == "test_two"
    assert uses.of_test([]) == []
    assert uses.of_test(["db"]) == [(shared, "db")]


def test_a_fixture_that_is_set_up_again_begins_anew() -> None:
    uses, shared = Uses(), OpenInstance()
    for name in ("db", "cache"):
        with uses.by_fixture("service"):
            uses.record(shared, name)
    assert uses.of_test(["service"]) == [(shared, "cache")]


def test_nested_fixtures_keep_their_uses_apart() -> None:
    uses, shared = Uses(), OpenInstance()
    with uses.by_fixture("outer"):
        with uses.by_fixture("inner"):
            uses.record(shared, "db")
        uses.record(shared, "api")
    assert uses.of_test(["outer"]) == [(shared, "api")]
    assert uses.of_instance(shared) == [(shared, "db"), (shared, "api")] or set(uses.of_instance(shared)) == {
        (shared, "db"),
        (shared, "api"),
    }


def test_uses_of_an_instance_that_has_ended_are_forgotten_by_the_next_test() -> None:
    uses, private, shared = Uses(), OpenInstance(), OpenInstance()
    with uses.by_fixture("copy"):
        uses.record(private, "db")
        uses.record(shared, "db")
    private.is_open = False
    uses.begin("test_next")
    assert uses.of_test(["copy"]) == [(shared, "db")]
