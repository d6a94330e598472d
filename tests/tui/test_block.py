"""Blocks of lines: the same texts before and after they are sealed."""

from __future__ import annotations

from prox.tui.block import BLOCK, Block, Flag


def test_a_sealed_block_has_the_same_lines() -> None:
    block = Block(2)
    block.append(7, 100, 0, 4, b"plain")
    block.append(8, 101, 1, 0, b"\x1b[31mred\x1b[0m")
    block.extend([9, 10], [102, 103], [0, 1], bytes([0, int(Flag.STDERR)]), [b"", "ü".encode()])
    wanted = [b"plain", b"red", b"", "ü".encode()]
    for _ in range(2):
        assert [block.text_of(offset) for offset in range(4)] == wanted
        assert block.colored_of(1) == b"\x1b[31mred\x1b[0m"
        assert block.text == b"plain\nred\n\n\xc3\xbc\n"
        assert [block.line_at(position) for position in (0, 5, 6, 9, 10, 11)] == [0, 0, 1, 1, 2, 3]
        assert (len(block), block.size, block.end_of(1)) == (4, 10, 10)
        block.seal()
        assert block.is_sealed
    assert BLOCK >= 4


def test_the_last_line_is_replaced_while_it_is_written() -> None:
    block = Block(0)
    block.append(1, 100, 0, int(Flag.PARTIAL), b"\x1b[31m1 %\x1b[0m")
    assert block.text == b"1 %\n"
    block.replace(0, 2, 0, b"100 %")
    assert (block.text, block.colored_of(0), block.size, block.ids[0]) == (b"100 %\n", b"100 %", 5, 2)
    assert not block.has_notes
    block.append(0, 100, 0, int(Flag.NOTE), b"a note")
    assert block.has_notes
