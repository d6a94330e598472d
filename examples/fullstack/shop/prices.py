"""Prices, in cents."""

from __future__ import annotations

PRICES = {"apple": 30, "bread": 350, "coffee": 790}


def total(item: str, quantity: int) -> int:
    """Return the price of an order; ten or more of an item are a tenth cheaper."""
    full = PRICES[item] * quantity
    return full - full // 10 if quantity >= 10 else full
