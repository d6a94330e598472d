"""The configuration of a test suite, and its overrides."""

from __future__ import annotations

from pathlib import Path

from prox.testing.stack import Stack


def test_maps_are_merged_deeply_and_everything_else_is_replaced() -> None:
    one = Stack("/p/prox.yaml", overrides={"processes": {"api": {"env": {"A": "1"}, "groups": ["x"]}}}, env={"E": "1"})
    other = one.changed(
        overrides={"processes": {"api": {"env": {"B": "2"}, "groups": ["y"]}, "new": {"cmd": "z"}}}, env={"F": "2"}
    )
    assert other.overrides == {
        "processes": {"api": {"env": {"A": "1", "B": "2"}, "groups": ["y"]}, "new": {"cmd": "z"}}
    }
    assert other.env == {"E": "1", "F": "2"}
    assert one.overrides == {"processes": {"api": {"env": {"A": "1"}, "groups": ["x"]}}}


def test_a_key_is_equal_for_equal_stacks_only_and_can_be_read_back() -> None:
    one = Stack("/p/prox.yaml", overrides={"a": {"x": 1, "y": [2]}}, env={"N": "1"})
    assert Stack.from_key(one.key()) == one
    assert Stack("/p/prox.yaml", overrides={"a": {"y": [2], "x": 1}}, env={"N": "1"}).key() == one.key()
    assert Stack("/p/prox.yaml", overrides={"a": {"y": [2], "x": 1}}).key() != one.key()


def test_a_path_stands_for_a_plain_stack(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    stack = Stack.of("prox.yaml")
    assert stack.path == Path(tmp_path, "prox.yaml")
    assert stack.is_plain
    assert not stack.changed(overrides=None, env={"A": "1"}).is_plain
    assert Stack.of(stack) is stack


def test_variables_are_text() -> None:
    assert Stack("x", env={"N": 1}).env == {"N": "1"}  # type: ignore[dict-item]
