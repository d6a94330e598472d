"""Stack traces among the lines of several streams."""

from __future__ import annotations

from prox.tui.folds import Fold, Folds

WEB, API = (0, False), (1, False)


def test_traces_of_two_streams_do_not_mix() -> None:
    folds = Folds()
    assert not folds.pending
    assert not folds.take(WEB, "  indented", continues=True, index=0)
    folds.begin(WEB, "Traceback (most recent call last):", 1)
    folds.begin(API, 'Exception in thread "main" x.Y: z', 2)
    assert folds.take(WEB, "  File", continues=True, index=3)
    assert folds.take(API, "\tat x.Y", continues=True, index=4)
    assert folds.take(WEB, "x.Custom: why", continues=False, index=5)
    assert not folds.take(WEB, "  later", continues=True, index=6)
    assert folds.take(API, "Caused by: q", continues=True, index=7)
    assert not folds.take(API, "next", continues=False, index=8)
    assert not folds.pending
    assert folds.below == {1: Fold(2, 5, message=5), 2: Fold(2, 7)}
    folds.forget_before(2)
    assert folds.below == {2: Fold(2, 7)}


def test_a_message_comes_after_frames_only() -> None:
    folds = Folds()
    folds.begin(WEB, "Traceback (most recent call last):", 0)
    assert not folds.take(WEB, "ValueError: no frames", continues=False, index=1)
    assert folds.below == {}


def test_a_go_trace_has_blank_lines_and_functions() -> None:
    folds = Folds()
    folds.begin(WEB, "panic: boom", 0)
    lines = ["", "goroutine 1 [running]:", "main.main()", "\t/src/main.go:4 +0x1d"]
    assert all(folds.take(WEB, text, continues=text[:1] == "\t", index=n) for n, text in enumerate(lines, 1))
    assert not folds.take(WEB, "exit status 2", continues=False, index=5)
    assert folds.below == {0: Fold(4, 4)}
