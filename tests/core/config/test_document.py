"""YAML as it is written: places, kinds, anchors, and what a file may not do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.config import config_of, problems_of
from prox.core.config.document import MAX_DEPTH, Mapping, Node, Scalar, Sequence, merge, parse_document, scalar_kind

NONE = "prox.yaml:1:1: processes: there must be at least one process or job"


def plain(node: Node) -> object:
    match node:
        case Mapping():
            return {key: plain(entry.value) for key, entry in node.entries.items()}
        case Sequence():
            return [plain(item) for item in node.items]
    return node.text


def document(text: str) -> Mapping:
    node, problems = parse_document(text, "prox.yaml")
    assert problems == []
    assert node
    return node


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *((text, "number") for text in ["0", "0123", "-5", "+5", "1_000", "1.0", ".5", "5.", "1e3", "0x1F", "0o17"]),
        *((text, "flag") for text in ["true", "True", "TRUE", "false", "False", "FALSE"]),
        *((text, "nothing") for text in ["", "~", "null", "Null", "NULL"]),
        *((text, "text") for text in ["yes", "no", "on", "off", "No", "x", "1s", "1.2.3", "0b1", "2001-01-01", "tRUE"]),
    ],
)
def test_what_a_scalar_without_quotes_is(text: str, kind: str) -> None:
    assert scalar_kind(text) == kind


def test_scalars_stay_as_they_are_written() -> None:
    node = document("a: 0123\nb: '0123'\nc: !!str 5\nd: |\n  5\ne: ! 5\nf: !!int '5'\n")
    scalars = {key: (each.value.text, each.value.kind) for key, each in node.entries.items() if each.value}
    assert scalars == {
        "a": ("0123", "number"),
        "b": ("0123", "text"),
        "c": ("5", "text"),
        "d": ("5\n", "text"),
        "e": ("5", "text"),
        "f": ("5", "number"),
    }


def test_places_are_those_of_values_or_of_the_key_where_there_is_nothing_better() -> None:
    node = document("a: é😀\nb:\n  c: 1\nd:\n- x\n-  y\ne:\nf: {g: 1,   h: 2}\n")
    places = {key: (each.value.place.line, each.value.place.column) for key, each in node.entries.items()}
    assert places == {"a": (1, 4), "b": (2, 1), "d": (5, 1), "e": (7, 1), "f": (8, 1)}
    items = node.entries["d"].value
    assert isinstance(items, Sequence)
    assert [(item.place.line, item.place.column) for item in items.items] == [(5, 3), (6, 4)]
    inner = node.entries["f"].value
    assert isinstance(inner, Mapping)
    assert (inner.entries["h"].place.column, inner.entries["h"].value.place.column) == (13, 16)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "null", "~", "{}", "---\n...\n", "\ufeff"])
def test_a_file_with_nothing_in_it(text: str) -> None:
    assert problems_of(text)[0].removeprefix("prox.yaml:") in {
        f"{line}:1: processes: there must be at least one process or job" for line in (1, 2, 3)
    }


@pytest.mark.parametrize(
    ("text", "what"),
    [("- a\n", "a list"), ("[]", "a list"), ("just text", "a single value"), ("5", "a single value")],
)
def test_invalid_mappings(text: str, what: str) -> None:
    assert problems_of(text) == [f"prox.yaml:1:1: must be a mapping with the key `processes`, not {what}"]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("processes:\n\tweb: x\n", "2:1", "; indent with blanks, not tabs"),
        ("processes:\n  web: a: b\n", "2:9", "; put a value with `: ` in it in quotes"),
        ("processes:\n  web: @x\n", "2:8", "; put what begins with @ in quotes"),
        ("processes:\n  web: `x`\n", "2:8", "; put what begins with ` in quotes"),
        ("processes: {web: {ignore: [**/*.pyc]}}", "1:29", "; put what begins with * in quotes"),
        ("processes: {web: &&x}", "1:19", "; put what begins with & in quotes"),
        ("processes: {web: {cmd: x, env_file: ?.env}}", "1:37", "; put what begins with ? in quotes"),
        ("processes:\n  web: 'x\n  api: y\n", "4:1", "(while scanning a quoted scalar that begins in line 2)"),
        ("processes:\n  web: [x,\n  api: y\n", "4:1", "(while parsing a flow sequence that begins in line 2)"),
        ("processes:\n  web: x\n api: y\n", "3:2", "did not find expected key"),
        ("processes:\n  web: *other\n", "2:8", "*other refers to no earlier anchor"),
        ("processes: &a {web: *a}\n", "1:21", "*a refers to no earlier anchor"),
        ("processes: {web: x}\n---\nprocesses: {api: y}\n", "2:1", "second document; only one is allowed"),
        ("%NO\n---\nprocesses: {web: x}\n", "1:4", "found unknown directive name"),
        ('processes:\n  web: "\\q"\n', "2:9", "found unknown escape character"),
        ('processes:\n  web: "\\ud800"\n', "2:11", "found invalid Unicode character escape code"),
    ],
)
def test_invalid_yaml_is_one_problem_with_its_position(text: str, place: str, message: str) -> None:
    (problem,) = problems_of(text)
    assert problem.startswith(f"prox.yaml:{place}: ")
    assert message in problem


@pytest.mark.parametrize("char", ["\0", "\x01", "\x1b", "\x7f", "\x9f", "\ud800", "\ufffe"])
def test_characters_that_yaml_does_not_have(char: str) -> None:
    (problem,) = problems_of(f"processes:\n  é: {char}\n")
    assert problem.startswith("prox.yaml:2:6: is not YAML: ")
    assert char not in problem


def test_a_secret_in_a_broken_file_is_not_shown() -> None:
    assert "hunter2" not in "".join(problems_of("env: {PASSWORD: 'hunter2}\nprocesses: {web: x}\n"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("processes:\n  web: x\n  api: y\n  web: z\n", "4:3: processes.web: duplicate key; the first one is in line 2"),
        ("processes: {web: {cmd: x, cmd: y}}", "1:27: processes.web.cmd: duplicate key; the first one is in line 1"),
        ("processes: {web: x}\nprocesses: {api: y}", "2:1: processes: duplicate key; the first one is in line 1"),
        ("processes: {web: x}\nenv: {A: 1, 'A': 2}", "2:13: env.A: duplicate key; the first one is in line 2"),
        ("processes:\n  ? [web]\n  : x\n  api: y\n", "2:5: processes.?: a key must be a plain word"),
        ("processes:\n  ? {a: b}\n  : x\n  api: y\n", "2:5: processes.?: a key must be a plain word"),
        ("processes: {web: !x y}", "1:18: processes.web: the tag !x is not known here; leave it out"),
        (
            "processes: {web: !!python/object:os.system y}",
            "1:18: processes.web: the tag !!python/object:os.system is not known here; leave it out",
        ),
        ("processes: {web: !!set {x}}\n", "1:18: processes.web: the tag !!set is not known here; leave it out"),
        ("processes: {web: !!binary YQ==}", "1:18: processes.web: the tag !!binary is not known here; leave it out"),
        ("processes: {web: {<<: [x], cmd: y}}", "1:23: processes.web.<<: takes a mapping, or a list of mappings"),
    ],
)
def test_what_the_reading_survives(text: str, problem: str) -> None:
    assert f"prox.yaml:{problem}" in problems_of(text)


def test_anchors_aliases_and_merge_keys() -> None:
    node = document(
        "base: &base {a: 1, b: 2}\n"
        "more: &more {b: 3, c: 4}\n"
        "one: {<<: *base, a: 5}\n"
        "two: {a: 5, <<: [*more, *base]}\n"
        "same: *base\n"
        "text: {'<<': x}\n"
    )
    assert plain(node) == {
        "base": {"a": "1", "b": "2"},
        "more": {"b": "3", "c": "4"},
        "one": {"a": "5", "b": "2"},
        "two": {"a": "5", "b": "3", "c": "4"},
        "same": {"a": "1", "b": "2"},
        "text": {"<<": "x"},
    }


def test_a_process_like_another() -> None:
    config = config_of("processes:\n  a: &a {cmd: x, env: {A: 1}, cwd: src}\n  b: {<<: *a, cmd: y}\n  c: *a\n")
    assert (config.processes["b"].cmd, config.processes["b"].env, config.processes["b"].cwd) == ("y", {"A": "1"}, "src")
    assert config.processes["c"] == config.processes["a"]


@pytest.mark.parametrize("repeat", ["[{}]", "{{<<: [{}]}}"])
def test_aliases_cannot_grow_without_end(repeat: str) -> None:
    lines = ["a0: &a0 {x: y}"]
    lines += [f"a{n}: &a{n} " + repeat.format(", ".join([f"*a{n - 1}"] * 10)) for n in range(1, 30)]
    assert any("contains more than 100000 values" in problem for problem in problems_of("\n".join(lines)))


@pytest.mark.parametrize("text", ["[" * 500, "{a: " * 500, "- " * 5000, "? " * 500])
def test_nothing_is_nested_without_end(text: str) -> None:
    assert problems_of(text)[0].endswith(f"is nested deeper than {MAX_DEPTH} levels")


def test_aliases_that_are_nested_without_end() -> None:
    levels = "{k: " * 25 + "%s" + "}" * 25
    lines = [f"a0: &a0 {levels % 'x'}"] + [f"a{n}: &a{n} {levels % f'*a{n - 1}'}" for n in range(1, 55)]
    text = "\n".join([*lines, "processes: {web: x}"])
    assert all("is an unknown key" in problem for problem in problems_of(text, text))


def test_a_key_cannot_write_lines_of_its_own() -> None:
    (problem,) = problems_of('processes: {"a\\nprox.yaml:9:9: \\e[1m": x}')
    assert problem.startswith("prox.yaml:1:13: processes.a\\nprox.yaml:9:9: \\x1b[1m: 'a\\nprox")
    (problem,) = problems_of(f"processes: {{{'k' * 1000}: x}}")
    assert len(problem) < 400


def test_maps_are_merged_deep_and_all_else_is_replaced() -> None:
    base = document("a: {b: 1, c: {d: 2, e: [1, 2]}}\nf: 3\ng: {h: 4}\n")
    over = document("a: {c: {e: [3], i: 5}}\nf: {j: 6}\ng: 7\nk: 8\n")
    merged = merge(base, over)
    assert plain(merged) == {
        "a": {"b": "1", "c": {"d": "2", "e": ["3"], "i": "5"}}, "f": {"j": "6"}, "g": "7", "k": "8"
    }  # fmt: skip
    assert plain(base) != plain(merged)


@given(st.text(max_size=60) | st.text("ab:-[]{}&*<'\"#|>!%@? \n\t,", max_size=60))
def test_any_text_is_a_map_or_has_problems(text: str) -> None:
    node, problems = parse_document(text, "prox.yaml")
    assert node or problems
    for problem in problems:
        assert problem.line >= 1
        assert problem.column >= 1
        assert len(str(problem).splitlines()) == 1
    if isinstance(node, Mapping):
        assert all(isinstance(entry.value, Mapping | Sequence | Scalar) for entry in node.entries.values())
