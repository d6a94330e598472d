"""Precedence of variables, env files, and variables that must not leak or be shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prox.core.environment import (
    REDACTED,
    SECRET_WORDS,
    build_environment,
    own_variables,
    parse_env,
    port_variable,
    redact,
)

UNREADABLE = "not NAME=value, or an unclosed quote (the text is not shown: it may be a secret)"
NUL = "contains a NUL character, which cannot be passed to a program"


def bindings_of(text: str) -> list[tuple[str, str]]:
    bindings, problems = parse_env(text, ".env")
    assert problems == []
    return bindings


def problems_of(text: str) -> list[str]:
    return [str(problem) for problem in parse_env(text, ".env")[1]]


def test_later_layers_win() -> None:
    names = "ABCDEF"
    inherited = dict.fromkeys(names, "inherited")
    layers = [
        [(name, "env_file") for name in names[1:]],
        dict.fromkeys(names[2:], "env"),
        [(name, "its env_file") for name in names[3:]],
        dict.fromkeys(names[4:], "its env"),
    ]
    built = build_environment(inherited, layers, {"F": "prox"})
    assert built.variables == {
        "A": "inherited", "B": "env_file", "C": "env", "D": "its env_file", "E": "its env", "F": "prox",
        "PYTHONUNBUFFERED": "1",
    }  # fmt: skip


def test_what_is_configured_is_told_apart_from_what_is_inherited() -> None:
    built = build_environment(
        {"HOME": "/h", "A": "0"}, [{"A": "1", "PORT": "80"}], {"PORT": "5000", "PROX_PROCESS": "x"}
    )
    assert built.configured == {"A": "1", "PORT": "5000"}
    assert built.variables == {"HOME": "/h", "A": "1", "PORT": "5000", "PROX_PROCESS": "x", "PYTHONUNBUFFERED": "1"}


@pytest.mark.parametrize("value", ["0", ""])
def test_python_is_unbuffered_by_default(value: str) -> None:
    assert build_environment({}, [], {}).variables == {"PYTHONUNBUFFERED": "1"}
    assert build_environment({"PYTHONUNBUFFERED": value}, [], {}).variables["PYTHONUNBUFFERED"] == value
    assert build_environment({}, [{"PYTHONUNBUFFERED": value}], {}).variables["PYTHONUNBUFFERED"] == value


def test_what_is_meant_for_prox_does_not_leak() -> None:
    theirs = ["PROX_CONFIG", "PROX_PORT_OTHER", "PROX_", "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES",
              "WATCHDOG_USEC", "WATCHDOG_PID"]  # fmt: skip
    others = ["PROXY", "MY_PROX_X", "NOTIFY_SOCKET2", "LISTEN", "HTTP_PROXY", "PORT"]
    built = build_environment(dict.fromkeys([*theirs, *others], "x"), [], {})
    assert set(built.variables) == {*others, "PYTHONUNBUFFERED"}


def test_the_user_may_set_them_all_the_same() -> None:
    built = build_environment({}, [{"NOTIFY_SOCKET": "/s", "PROX_X": "1"}], {})
    assert built.variables == {"NOTIFY_SOCKET": "/s", "PROX_X": "1", "PYTHONUNBUFFERED": "1"}


def test_references_are_to_the_file_above_then_to_what_lies_below() -> None:
    text = "A=file\nB=${A}-${HOME}-${COMMON}-${NONE}-${NONE:-default}\nC=${D}\nD=later\nHOME=mine\nE=${HOME}\nA=${A}2\n"
    built = build_environment({"HOME": "/h", "D": "inherited", "A": "x"}, [{"COMMON": "c"}, bindings_of(text)], {})
    assert built.configured == {
        "COMMON": "c", "A": "file2", "B": "file-/h-c--default", "C": "inherited", "D": "later", "HOME": "mine",
        "E": "mine",
    }  # fmt: skip


def test_only_env_files_have_references() -> None:
    built = build_environment({"HOME": "/h"}, [{"A": "${HOME}"}, [("B", "$HOME ${A}")]], {})
    assert built.configured == {"A": "${HOME}", "B": "$HOME ${HOME}"}


def test_a_file_cannot_refer_to_what_is_meant_for_prox() -> None:
    assert build_environment({"PROX_ADDR": "x"}, [[("A", "<${PROX_ADDR}>")]], {}).configured == {"A": "<>"}


def test_many_variables_take_no_time() -> None:
    bindings = [(f"V{number}", f"${{V{number - 1}}}") for number in range(20_000)]
    assert len(build_environment({"V-1": "x"}, [bindings], {}).configured) == 20_000


@pytest.mark.parametrize(
    ("text", "bindings"),
    [
        ("", []),
        ("# only a comment\n\n", []),
        ("A=1", [("A", "1")]),
        ("A=1\nB=2\n", [("A", "1"), ("B", "2")]),
        ("A=1\r\nB=2\r\n", [("A", "1"), ("B", "2")]),
        ("A=1\rB=2\r", [("A", "1"), ("B", "2")]),
        ("\ufeffA=1\n", [("A", "1")]),
        ("  A = 1  \n", [("A", "1")]),
        ("export A=1\n", [("A", "1")]),
        ("A=1 # comment\nB=1#not\nC='# not'\n", [("A", "1"), ("B", "1#not"), ("C", "# not")]),
        ("A=\nB=''\nC=\"\"\n", [("A", ""), ("B", ""), ("C", "")]),
        ("A='a b'\nB=\"a b\"\nC=a b\n", [("A", "a b"), ("B", "a b"), ("C", "a b")]),
        ('A=\'it\\\'s\'\nB="say \\"x\\""\n', [("A", "it's"), ("B", 'say "x"')]),
        ("A='\\n'\nB=\"\\n\\t\"\nC=\\n\n", [("A", "\\n"), ("B", "\n\t"), ("C", "\\n")]),
        ("A=\"one\ntwo\"\nB='three\nfour'\n", [("A", "one\ntwo"), ("B", "three\nfour")]),
        ('A="one\r\ntwo"\r\n', [("A", "one\ntwo")]),
        ("A=1\nA=2\n", [("A", "1"), ("A", "2")]),
        ("A=b=c\n", [("A", "b=c")]),
        ("A\n", []),
        ("a.b-c=é日本\n", [("a.b-c", "é日本")]),
        ("A=${B}\n", [("A", "${B}")]),
    ],
)
def test_the_syntax_of_env_files(text: str, bindings: list[tuple[str, str]]) -> None:
    assert bindings_of(text) == bindings


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("hunter2 hunter2\n", [f"1:1: {UNREADABLE}"]),
        ("A=1\nB='hunter2\nC=2\n", [f"2:1: {UNREADABLE}"]),
        ("A='hunter2' hunter2\n", [f"1:1: {UNREADABLE}"]),
        ("=hunter2\n", [f"1:1: {UNREADABLE}"]),
        ("hunter2: hunter2\n", [f"1:1: {UNREADABLE}"]),
        ("A=1\n\n\n  B='hunter2\n", [f"4:1: {UNREADABLE}"]),
        ('A=1\n \n\t\n  B="hunter2\n', [f"4:1: {UNREADABLE}"]),
        ("A=1\r\n\r\nB='hunter2\r\n", [f"3:1: {UNREADABLE}"]),
        ("a b\r\n\r\nc d\r\n", [f"1:1: {UNREADABLE}", f"3:1: {UNREADABLE}"]),
        ("A=1\r\rB='hunter2\r", [f"3:1: {UNREADABLE}"]),
        ("a b\nA=1\n\nc d\n", [f"1:1: {UNREADABLE}", f"4:1: {UNREADABLE}"]),
        ("A=1\n\n\nB=hunter2\0\n", [f"4:1: {NUL}"]),
        ("hunter2\0=1\n", [f"1:1: {NUL}"]),
        ("A=1\n'hunter2=x'=hunter2\n", ["2:1: invalid variable name: it contains ="]),
    ],
)
def test_errors_have_a_position_and_do_not_show_values(text: str, problems: list[str]) -> None:
    assert problems_of(text) == [f".env:{problem}" for problem in problems]
    assert "hunter2" not in "".join(problems_of(text))


@given(st.text(max_size=60) | st.text("AB='\"\n\r\\ #$\0{}:-", max_size=60))
def test_any_text_can_be_given_to_a_program_or_is_wrong(text: str) -> None:
    bindings, problems = parse_env(text, ".env")
    if not problems:
        variables = build_environment({}, [bindings], {}).variables
        assert all(name and "=" not in name and "\0" not in name + value for name, value in variables.items())
    lines = text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    assert all(1 <= problem.line <= lines for problem in problems)


def test_what_prox_sets() -> None:
    ports = {"web": 5000, "api-2": 5001}
    assert own_variables("web", "i1", ports, {"my-app": "http://x"}) == {
        "PROX_PROCESS": "web", "PROX_INSTANCE": "i1", "PROX_PORT_WEB": "5000", "PROX_PORT_API_2": "5001",
        "PORT": "5000", "PROX_URL_MY_APP": "http://x",
    }  # fmt: skip
    assert own_variables("worker", "i1", {}, {}) == {"PROX_PROCESS": "worker", "PROX_INSTANCE": "i1"}
    assert "PORT" not in own_variables("worker", "i1", ports, {})


@pytest.mark.parametrize(
    ("name", "variable"), [("web", "WEB"), ("web-2", "WEB_2"), ("a.b_C", "A_B_C"), ("0", "0"), ("x--y", "X__Y")]
)
def test_port_variables_are_in_upper_case(name: str, variable: str) -> None:
    assert port_variable(name) == f"PROX_PORT_{variable}"


@pytest.mark.parametrize("word", SECRET_WORDS)
def test_what_looks_secret_is_not_shown(word: str) -> None:
    names = [word, word.lower(), f"MY_{word}S", f"x{word.title()}y"]
    assert redact(dict.fromkeys(names, "hunter2")) == dict.fromkeys(names, REDACTED)


def test_the_rest_is_shown_and_nothing_is_changed() -> None:
    variables = {"HOME": "/h", "PASS": "x", "DB_PASSWORD": "", "PATH": "/bin"}
    assert redact(variables) == {"HOME": "/h", "PASS": "x", "DB_PASSWORD": REDACTED, "PATH": "/bin"}
    assert variables["DB_PASSWORD"] == ""
