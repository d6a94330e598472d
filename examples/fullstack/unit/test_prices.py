from __future__ import annotations

import pytest

from shop.prices import total


def test_one_of_an_item_has_its_price() -> None:
    assert total("coffee", 1) == 790


@pytest.mark.parametrize(("quantity", "price"), [(9, 270), (10, 270), (11, 297)])
def test_ten_or_more_are_cheaper(quantity: int, price: int) -> None:
    assert total("apple", quantity) == price
