"""Ports of local servers: free, each another one, and the same again after a restart where nobody took them."""

import socket

from streams.local import server

MANY = 500
"""One after the other, the system would name some port twice."""


def test_chosen_ports_are_all_different() -> None:
    assert len(set(server.choose_ports(*[0] * MANY))) == MANY


def test_a_wished_port_is_chosen_where_it_is_free_only() -> None:
    wished = server.choose_ports(0, 0)
    assert server.choose_ports(*wished) == wished
    with socket.socket() as other:
        other.bind((server.HOST, wished[1]))
        found = server.choose_ports(*wished)
    assert found[0] == wished[0]
    assert found[1] != wished[1]
