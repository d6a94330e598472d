"""The API: orders are stored here, and processed by the worker."""

from __future__ import annotations

import os
from typing import Any

from flask import Flask, Response, abort, request
from redis import Redis
from rq import Queue

from shop.database import connect
from shop.prices import PRICES

app = Flask(__name__)
queue = Queue("orders", connection=Redis(port=int(os.environ["PROX_PORT_REDIS"])))


@app.get("/health")
def health() -> dict[str, bool]:
    with connect() as database:
        database.execute("SELECT 1")
    queue.connection.ping()
    return {"healthy": True}


@app.get("/orders")
def list_orders() -> dict[str, Any]:
    with connect() as database:
        return {"orders": database.execute("SELECT * FROM orders ORDER BY id DESC LIMIT 20").fetchall()}


@app.post("/orders")
def create_order() -> tuple[dict[str, Any], int]:
    match request.get_json():
        case {"item": str(item), "quantity": int(quantity)} if item in PRICES and 0 < quantity <= 1000:
            pass
        case _:
            abort(422, f"an order has an item ({', '.join(PRICES)}) and a quantity from 1 to 1000")
    with connect() as database:
        order = database.execute(
            "INSERT INTO orders (item, quantity) VALUES (%s, %s) RETURNING *", [item, quantity]
        ).fetchone()
    assert order is not None
    # Only now: the worker must find it.
    queue.enqueue("shop.tasks.process_order", order["id"])
    return order, 201


@app.get("/orders/<int:order>")
def show_order(order: int) -> dict[str, Any]:
    with connect() as database:
        return database.execute("SELECT * FROM orders WHERE id = %s", [order]).fetchone() or abort(404)


@app.after_request
def allow_the_page(response: Response) -> Response:
    """Let the page, which has another origin (app.localhost), use the API."""
    if origin := os.environ.get("PROX_URL_APP"):
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Headers"] = "Content-Type"
    return response
