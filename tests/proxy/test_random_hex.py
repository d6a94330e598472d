"""Random digits are returned once each."""

from __future__ import annotations

from prox.proxy.random_hex import RandomHex


def test_digits_are_as_many_as_asked_for_and_never_repeated() -> None:
    source = RandomHex()
    taken = [source.take(16) for _ in range(2000)]
    assert {len(each) for each in taken} == {16}
    assert len(set(taken)) == 2000
    assert int("".join(taken), 16) >= 0


def test_the_largest_request_gets_all_its_digits() -> None:
    source = RandomHex()
    source.take(1)
    assert len(source.take(8192)) == 8192
