"""The critical path of activities."""

from __future__ import annotations

from prox.core.critical_path import Span, critical_path


def test_it_follows_the_dependency_that_was_done_last() -> None:
    spans = {
        "db": Span(0, 3),
        "cache": Span(0, 1),
        "migrate": Span(3, 5, ("db",)),
        "api": Span(5, 6, ("migrate", "cache")),
        "docs": Span(0, 2),
    }
    assert critical_path(spans) == ["db", "migrate", "api"]


def test_rounded_times_do_not_turn_the_order_round() -> None:
    """Times of the API have milliseconds: what was done right after its dependency can seem to precede it."""
    spans = {"db": Span(0, 1.0004), "api": Span(1, 1.0, ("db",)), "web": Span(1, 1.0, ("api",)), "other": Span(0, 1.0)}
    assert critical_path(spans) == ["db", "api", "web"]
    spans["api"] = Span(0, 0.9, ("db",))
    assert critical_path(spans) == ["db"]
    assert critical_path({"a": Span(0, 1, ("b",)), "b": Span(0, 1, ("a",))}) in (["a", "b"], ["b", "a"])


def test_incomplete_spans_are_not_on_it() -> None:
    spans = {"db": Span(0, None), "api": Span(None, None, ("db",)), "web": Span(0, 1, ("db",))}
    assert critical_path(spans) == ["web"]


def test_nothing_done_and_unknown_names() -> None:
    assert critical_path({}) == []
    assert critical_path({"a": Span(0, None)}) == []
    assert critical_path({"a": Span(0, 1, ("gone",))}) == ["a"]


def test_a_circle_ends() -> None:
    assert critical_path({"a": Span(0, 1, ("b",)), "b": Span(0, 2, ("a",))}) == ["a", "b"]
