import socket

import pytest

from ui.errors import CannotServe
from ui.serve import take_port


def test_a_taken_port_that_was_asked_for_is_refused_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CannotServe, match=f"Port {port} is taken by another program") as caught:
            take_port("127.0.0.1", port)
    assert "--port" in str(caught.value)


def test_without_a_wish_the_next_free_port_is_taken() -> None:
    with take_port("127.0.0.1", None) as first, take_port("127.0.0.1", None) as second:
        ports = first.getsockname()[1], second.getsockname()[1]
        assert 7860 <= ports[0] < ports[1] < 7900


def test_small_answers_are_sent_at_once() -> None:
    """asyncio switches the delay off for sockets that say they are TCP, and for no others."""
    with take_port("127.0.0.1", 0) as taken:
        assert taken.proto == socket.IPPROTO_TCP


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(CannotServe, match=r"Cannot listen on 192\.0\.2\.1"):
        take_port("192.0.2.1", 45_454)


def test_a_name_that_is_no_address_is_refused() -> None:
    with pytest.raises(CannotServe, match="Cannot listen on no such host"):
        take_port("no such host", None)
