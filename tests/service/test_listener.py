"""Sockets that listen."""

import socket

import pytest

from service.errors import SetupError
from service.listener import listen, url_of


def test_it_listens_where_it_says():
    """A client can connect before anybody accepts."""
    (listener,) = listen("127.0.0.1", 0)

    with listener, socket.create_connection(listener.getsockname()) as client:
        assert client.getpeername() == listener.getsockname()


def test_sockets_are_named_as_tcp():
    """On others asyncio leaves Nagle's algorithm on, which costs 40 ms an answer."""
    (listener,) = listen("127.0.0.1", 0)

    with listener:
        assert listener.proto == socket.IPPROTO_TCP


@pytest.mark.parametrize("host", ["999.1.1.1", "no such host", "x" * 300, "192.0.2.1"])
def test_what_cannot_be_had_is_one_sentence(host: str):
    """Addresses that are none, or are not this machine's, are refused."""
    with pytest.raises(SetupError, match=rf"Nothing can listen on {host}, port 0\."):
        listen(host, 0)


def test_a_taken_port_is_refused():
    """Two services cannot listen on one port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(SetupError, match=f"port {port}"):
            listen("127.0.0.1", port)


def test_an_address_of_version_six_stands_in_brackets():
    """So browsers read it."""
    assert (url_of("::1", 80), url_of("127.0.0.1", 80)) == (
        "http://[::1]:80",
        "http://127.0.0.1:80",
    )
