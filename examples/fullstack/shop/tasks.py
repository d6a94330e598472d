"""The work that the worker does."""

from __future__ import annotations

from shop.database import connect
from shop.prices import total


def process_order(order: int) -> None:
    """Compute an order's total, and mark it as done."""
    with connect() as database:
        row = database.execute("SELECT item, quantity FROM orders WHERE id = %s", [order]).fetchone()
        assert row is not None
        price = total(row["item"], row["quantity"])
        database.execute("UPDATE orders SET total = %s, status = 'done' WHERE id = %s", [price, order])
    print(f"order {order}: {row['quantity']} {row['item']} for {price / 100:.2f}")
