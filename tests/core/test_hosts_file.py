"""The project's block in the hosts file; nothing else is touched."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prox.core.hosts_file import block, has_block, with_block, without_block

FILE = "127.0.0.1 localhost\n# mine\n10.0.0.1 db # prox: begin\n"
TEXTS = st.lists(st.sampled_from(["127.0.0.1 x", "", "# prox: begin /b", "# c"]), max_size=6).map("\n".join)


def test_a_block() -> None:
    text = with_block(FILE, "/a", ["x.dev", "api.x.dev"])
    assert text == FILE + (
        "# prox: begin /a\n127.0.0.1 x.dev\n::1 x.dev\n127.0.0.1 api.x.dev\n::1 api.x.dev\n# prox: end /a\n"
    )
    assert has_block(text, "/a", ["x.dev", "api.x.dev"])
    assert not has_block(text, "/a", ["x.dev"])
    assert with_block(text, "/a", ["y.dev"]) == with_block(FILE, "/a", ["y.dev"])


def test_two_projects() -> None:
    both = with_block(with_block(FILE, "/a", ["a.dev"]), "/b", ["b.dev"])
    assert without_block(both, "/a") == with_block(FILE, "/b", ["b.dev"])
    assert without_block(without_block(both, "/b"), "/a") == FILE


@given(TEXTS, st.booleans())
def test_removing_undoes_adding(text: str, ended: bool) -> None:
    text = text + "\n" if ended or text else text
    assert without_block(with_block(text, "/a", ["a.dev"]), "/a") == text
    assert block("/a", ["a.dev"]) in with_block(text, "/a", ["a.dev"])
