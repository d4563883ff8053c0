"""`harmonia api` before there is anything to answer from, in a crowd, and when it is told to stop."""

import http.client
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.integration.api_process import TOKENS, Api, running_api
from tests.integration.crowd import FEW_DESCRIPTORS, half_open
from tests.integration.waiting import until

BODY = b'{"channel": "email"}'


@contextmanager
def nobody() -> Iterator[dict[str, str]]:
    """The environment of servers that are away."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        yield {"KAFKA_BOOTSTRAP": address, "REDIS_URL": f"redis://{address}/0"}


@pytest.fixture(scope="module")
def useless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Without a server, a token, or many descriptors; it must end well all the same."""
    folder = tmp_path_factory.mktemp("useless")
    with nobody() as servers, running_api(folder, servers | {"HARMONIA_API_TOKENS": ""}, FEW_DESCRIPTORS) as api:
        yield api


def test_it_says_at_its_start_why_it_is_of_no_use(useless: Api) -> None:
    said = useless.log.read_text()
    assert "HARMONIA_API_TOKENS is empty, so every request is answered 401: docs/api.md" in said
    assert "Redis does not answer (ConnectionError)" in said
    assert useless.ask("/v1/contacts/ada")[0] == 401


def test_whoever_sends_a_whole_request_is_answered_beside_many_that_do_not(useless: Api) -> None:
    said = len(useless.log.read_text().splitlines())
    with half_open(useless.url):
        for _ in range(5):
            assert useless.ask("/v1/contacts/ada")[0] == 401
    assert len(useless.log.read_text().splitlines()) < said + 20


def test_a_request_that_is_under_way_when_it_is_told_to_stop_is_answered(tmp_path: Path) -> None:
    with nobody() as environment, running_api(tmp_path, {**environment, **TOKENS}) as api:
        assert "HARMONIA_API_TOKENS" not in api.log.read_text()
        connection = http.client.HTTPConnection(urlsplit(api.url).netloc, timeout=60)
        connection.putrequest("POST", "/v1/permissions")
        for name, value in (("Authorization", "Bearer secret"), ("Content-Length", str(len(BODY)))):
            connection.putheader(name, value)
        connection.endheaders(BODY[:5])
        until_counted_as_under_way(api)
        os.kill(api.process.pid, signal.SIGTERM)
        until(lambda: no_longer_listens(api), "the end of the listening")
        connection.send(BODY[5:])
        assert connection.getresponse().status == 422
        connection.close()
        assert api.process.wait(20) == 0


def until_counted_as_under_way(api: Api) -> None:
    """A second request is answered after the first one's head was read: one loop reads both, in their order."""
    assert api.ask("/v1/contacts/ada", token="wrong")[0] == 401


def no_longer_listens(api: Api) -> bool:
    host, _, port = urlsplit(api.url).netloc.partition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError:
        return True
    return False
