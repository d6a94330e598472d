"""Headers of messages that are passed on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prox.core.forwarding import Client, end_to_end, loops, parse_networks, request_fields, trusts
from prox.core.messages import HOP_BY_HOP

CLIENT = Client("10.0.0.1", "http", b"up.localhost:80")
IPV6 = Client("fe80::1%eth0", "https", None)


def passed(fields: list[tuple[bytes, bytes]], client: Client = CLIENT, *, trusted: bool = False) -> dict[bytes, bytes]:
    found = request_fields(fields, client, trusted=trusted, via=b"1.1 prox-1", request_id=b"id", traceparent=b"tp")
    assert len({name.lower() for name, _ in found}) == len(found)
    return {name.lower(): value for name, value in found}


@given(st.lists(st.tuples(st.sampled_from([*HOP_BY_HOP, b"x", b"y"]), st.sampled_from([b"x", b"y, close", b"host"]))))
def test_nothing_hop_by_hop_is_left(fields: list[tuple[bytes, bytes]]) -> None:
    named = {option.strip() for name, value in fields if name == b"connection" for option in value.split(b",")}
    left = {name for name, _ in end_to_end(fields)}
    assert not left & HOP_BY_HOP
    assert not left & (named - {b"host"})
    assert left == {name for name, _ in fields} - HOP_BY_HOP - (named - {b"host"})


def test_forwarded_of_an_ipv6_client_without_host() -> None:
    found = passed([], IPV6)
    assert found[b"forwarded"] == b'for="[fe80::1%eth0]";proto=https'
    assert b"x-forwarded-host" not in found


def test_a_request_id_and_a_trace_are_kept() -> None:
    found = passed([(b"X-Request-ID", b"mine"), (b"Traceparent", b"theirs")])
    assert (found[b"x-request-id"], found[b"traceparent"]) == (b"mine", b"theirs")
    assert passed([])[b"x-request-id"] == b"id"


def test_via_is_continued_though_the_client_is_not_trusted() -> None:
    """Loops are found by it."""
    assert passed([(b"Via", b"1.0 a"), (b"via", b"1.1 b")])[b"via"] == b"1.0 a, 1.1 b, 1.1 prox-1"


def test_loops() -> None:
    assert loops([b"1.1 a, 1.1 prox-1 (comment)"], b"prox-1")
    assert not loops([b"1.1 prox-10"], b"prox-1")


def test_trust() -> None:
    networks = parse_networks(["10.0.0.0/8", "::1", "192.168.1.1"])
    assert [trusts(each, networks) for each in ("10.2.3.4", "::1", "192.168.1.1", "::1%lo")] == [True] * 4
    assert [trusts(each, networks) for each in ("11.2.3.4", "::2", "nonsense", "")] == [False] * 4
