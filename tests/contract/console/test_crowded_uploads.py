"""Strangers who open connections and send nothing whole, while somebody who is signed in uploads a list."""

from pathlib import Path

from redis.asyncio import Redis

from streams.services.api.connection_limits import LimitedConnection
from streams.services.console.acts import UPLOAD
from streams.services.console.people import Person
from streams.services.console.rights import Viewer
from streams.services.console.signin import COOKIE
from tests.contract.console.signed_in_console import NOW, ORIGIN, SignedInConsole
from tests.unit.services.api.serving import serving

FEW = 3
"""Connections that this console has."""
FORM = b'--x\r\ncontent-disposition: form-data; name="once"\r\n\r\n0123456789abcdef\r\n--x--\r\n'


async def test_strangers_end_no_upload_of_somebody_who_is_signed_in(redis_client: Redis, tmp_path: Path) -> None:
    console = SignedInConsole(redis_client, tmp_path)
    viewer = Viewer("ada", frozenset({"sending"}))
    console.people["ada"] = Person(viewer)
    signed_in = await console.sessions.begin(viewer, NOW)
    head = {
        "host": ORIGIN.partition("://")[2],
        "origin": ORIGIN,
        "cookie": f"{COOKIE}={signed_in.id}",
        "x-csrf-token": signed_in.session.csrf,
        "content-type": "multipart/form-data; boundary=x",
        "content-length": str(len(FORM)),
        "expect": "100-continue",
    }
    said = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    async with serving(LimitedConnection, console.app, FEW) as site:
        upload = await site.line()
        upload.say(f"POST {UPLOAD} HTTP/1.1\r\n{said}\r\n".encode())
        assert (await upload.reader.readuntil(b"\r\n\r\n")).split()[1] == b"100"  # it waits for the body
        for _ in range(3 * FEW):
            (await site.line()).say(b"POST /signin HTTP/1.1\r\nhost: console.test\r\ncontent-length: 9\r\n\r\ntoken=")
        stranger = await site.line()
        stranger.say(b"GET /signin HTTP/1.1\r\nhost: console.test\r\n\r\n")
        assert await stranger.status() == b"200"
        upload.say(FORM)
        assert await upload.status() == b"422"  # there is no list in it
