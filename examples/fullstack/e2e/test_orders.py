"""The whole, as a browser meets it: everything goes through the proxy of prox."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


def through_proxy(service: str) -> httpx.Client:
    """Return a client of a service. Python, unlike browsers and curl, may not resolve names below localhost."""
    address = urlsplit(os.environ[f"PROX_URL_{service}"])
    return httpx.Client(base_url=f"http://127.0.0.1:{address.port}", headers={"Host": address.netloc}, timeout=30)


@pytest.fixture(scope="session")
def app() -> Iterator[httpx.Client]:
    with through_proxy("APP") as client:
        yield client


@pytest.fixture(scope="session")
def api() -> Iterator[httpx.Client]:
    with through_proxy("API") as client:
        yield client


def test_the_page_knows_the_api(app: httpx.Client) -> None:
    page = app.get("/", headers={"Accept": "text/html"}).raise_for_status().text
    assert "<title>Shop</title>" in page
    assert '"/main.ts"' in page
    module = app.get("/main.ts").raise_for_status().text
    assert os.environ["PROX_URL_API"] in module
    assert "type Order" not in module, "Vite has not compiled it"


def test_the_page_may_use_the_api(api: httpx.Client) -> None:
    answer = api.options("/orders", headers={"Origin": os.environ["PROX_URL_APP"]})
    assert answer.headers["Access-Control-Allow-Origin"] == os.environ["PROX_URL_APP"]


def test_an_order_is_processed(api: httpx.Client) -> None:
    created = api.post("/orders", json={"item": "bread", "quantity": 10})
    assert created.status_code == 201, created.text
    order = created.json()
    assert (order["status"], order["total"]) == ("new", None)

    done = wait_done(api, order["id"])
    assert done["total"] == 3150, "ten for 3.50, less a tenth"
    assert done in api.get("/orders").raise_for_status().json()["orders"]


def wait_done(api: httpx.Client, order: int, seconds: float = 10) -> dict[str, Any]:
    """Wait until the worker has processed an order, and return it."""
    deadline = time.monotonic() + seconds
    while True:
        found = api.get(f"/orders/{order}").raise_for_status().json()
        if found["status"] == "done":
            return found
        assert time.monotonic() < deadline, f"the worker has not processed order {order} in {seconds:g} s: {found}"
        time.sleep(0.05)


def test_a_bad_order_is_refused(api: httpx.Client) -> None:
    assert api.post("/orders", json={"item": "moon", "quantity": 1}).status_code == 422
