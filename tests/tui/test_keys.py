"""The table of keys, and the user's changes to it."""

from __future__ import annotations

import pytest

from prox.tui.keys import COMMANDS, KeysError, keys_of, load_keys, normalize, parse_keys


def test_no_key_stands_for_two_commands() -> None:
    keys = [normalize(key) for command in COMMANDS for key in command.keys]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("w", "w"), ("W", "W"), ("/", "/"), ("-", "-"), ("+", "+"),
        (" ", "space"), ("Space", "space"), ("Esc", "escape"),
        ("Ctrl-F", "ctrl+f"), ("ctrl+f", "ctrl+f"), ("Control-f", "ctrl+f"), ("F2", "f2"), ("PageUp", "pageup"),
        ("PgDn", "pagedown"), ("Shift-Tab", "shift+tab"), ("Alt-x", "alt+x"), ("Return", "enter"),
    ],
)  # fmt: skip
def test_names_of_keys(key: str, name: str) -> None:
    assert normalize(key) == name


@pytest.mark.parametrize("key", ["Hyper-x", "Ctrl-", "F99", "foo", "Ctrl-foo", ""])
def test_what_is_no_key(key: str) -> None:
    with pytest.raises(ValueError, match="is not a key"):
        normalize(key)


def test_a_key_given_to_a_command_is_taken_from_the_other() -> None:
    keys = parse_keys("wrap: y\nquit: [Q, Ctrl-Q]\n", "keys.yaml")
    assert keys.command("y") == keys["wrap"]
    assert keys["copy"].keys == ()
    assert keys.command("w") is None
    assert (keys.command("Q"), keys.command("q")) == (keys["quit"], None)
    assert keys.command("ctrl+q") == keys["quit"]
    assert keys["restart"] == keys_of()["restart"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}"])
def test_an_empty_file_changes_nothing(text: str) -> None:
    assert parse_keys(text, "keys.yaml") == keys_of()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("only: [1, a]", "keys.yaml: only: its keys must be digits from 1 to 9, each for the process of that number"),
        ("wrp: W", "keys.yaml: no command named 'wrp' (did you mean 'wrap'?)"),
        ("wrap: [W, Hyper-x]", "keys.yaml: wrap: 'Hyper-x' is not a key; examples: W, Ctrl-F, F2, Enter"),
        ("wrap: {a: b}", "keys.yaml: wrap: must be a key or a list of keys"),
        ("wrap: []", "keys.yaml: wrap: must be a key or a list of keys"),
        ("[wrap]", "keys.yaml: must map commands to keys, as in `wrap: W`"),
        ("wrap: W\ntimes: W", "keys.yaml: W stands for both wrap and times"),
        ("wrap: [", "keys.yaml:1:8: not YAML"),
    ],
)
def test_errors_name_the_file_and_the_problem(text: str, message: str) -> None:
    with pytest.raises(KeysError) as caught:
        parse_keys(text, "keys.yaml")
    assert str(caught.value).startswith(message)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(KeysError) as caught:
        parse_keys("wrp: W\nquit: Hyper-x\n", "keys.yaml")
    assert str(caught.value).count("keys.yaml: ") == 2


def test_files(tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    assert load_keys(folder / "none.yaml") == keys_of()
    (folder / "keys.yaml").write_text("wrap: W\n")
    assert load_keys(folder / "keys.yaml").command("W") == load_keys(folder / "keys.yaml")["wrap"]
    (folder / "bad.yaml").write_bytes(b"\xff")
    with pytest.raises(KeysError, match=r"bad\.yaml: not UTF-8"):
        load_keys(folder / "bad.yaml")
    with pytest.raises(KeysError, match="Is a directory"):
        load_keys(folder)
