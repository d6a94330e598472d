"""A connection that is kept for many requests, and made anew where it was closed."""

from __future__ import annotations

import json
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from prox.client.errors import ApiError, ConnectionLost
from prox.client.persistent_connection import PersistentConnection
from prox.client.target import Target
from prox.core.errors import NoInstance

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Server

    Serve = Callable[[Callable[[str], bytes | None]], Server]
    Answer = Callable[..., bytes]

PROBE = "GET /api/v1/status"


def kept(server: Server) -> PersistentConnection:
    return PersistentConnection(Target(host="127.0.0.1", port=server.port, instance="ab12"))


def test_requests_share_one_connection(serve: Serve, answer: Answer) -> None:
    server = serve(lambda first: answer({"asked": first}))
    with closing(kept(server)) as connection:
        assert connection.get("/a") == {"asked": "GET /a"}
        assert connection.get("/b") == {"asked": "GET /b"}
    # One connection, as each is checked once.
    assert server.requests == [PROBE, "GET /a", "GET /b"]


def test_a_connection_that_the_server_closed_is_made_anew(serve: Serve, answer: Answer) -> None:
    server = serve(lambda first: answer())
    with closing(kept(server)) as connection:
        connection.get("/a")
        server.hang_up()
        assert connection.get("/b") == {}
    assert server.requests == [PROBE, "GET /a", PROBE, "GET /b"]


def test_a_new_connection_that_is_cut_is_not_tried_again(serve: Serve, answer: Answer) -> None:
    server = serve(lambda first: answer() if first == PROBE else None)
    with closing(kept(server)) as connection, pytest.raises(ConnectionLost):
        connection.get("/a")
    assert server.requests == [PROBE, "GET /a"]


def test_another_instance_in_its_place_is_not_asked(serve: Serve, answer: Answer) -> None:
    instances = iter(["ab12", "ab12", "other"])
    server = serve(lambda first: answer(instance=next(instances)))
    with closing(kept(server)) as connection:
        connection.get("/a")
        server.hang_up()
        with pytest.raises(NoInstance, match="the instance of another project"):
            connection.get("/b")
    assert server.requests == [PROBE, "GET /a", PROBE]


def test_an_error_in_an_answer_leaves_the_connection_usable(serve: Serve, answer: Answer) -> None:
    error = {"error": "no such process", "code": "PROCESS_NOT_FOUND"}
    server = serve(lambda first: answer(error, status=404) if first == "GET /bad" else answer())
    with closing(kept(server)) as connection:
        with pytest.raises(ApiError, match="no such process"):
            connection.get("/bad")
        connection.get("/good")
    assert server.requests == [PROBE, "GET /bad", "GET /good"]


def test_several_threads_get_their_own_answers(serve: Serve, answer: Answer) -> None:
    server = serve(lambda first: answer({"asked": first}))
    found: dict[int, str] = {}
    with closing(kept(server)) as connection:

        def ask(number: int) -> None:
            for _ in range(5):
                found[number] = json.dumps(connection.get(f"/{number}"))

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {number: json.dumps({"asked": f"GET /{number}"}) for number in range(4)}
    assert server.requests.count(PROBE) == 1


def test_after_its_close_it_can_be_used_again(serve: Serve, answer: Answer) -> None:
    server = serve(lambda first: answer())
    connection = kept(server)
    connection.close()
    connection.get("/a")
    connection.close()
    connection.close()
    assert server.requests == [PROBE, "GET /a"]
