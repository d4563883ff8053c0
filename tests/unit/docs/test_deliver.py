"""The recipe of docs/deliver.md to try a webhook on one's own machine is run as it stands, at another address."""

import asyncio
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from streams.domain.delivery.addresses import Network, networks_of
from streams.domain.delivery.schedule import Result
from streams.domain.delivery.signing import signed_headers
from streams.services.deliver.destinations import Destination, read_destinations
from streams.services.deliver.sending import Sender

PAGE = Path("docs/deliver.md").read_text(encoding="utf-8")
ADDRESS = "127.87.0.1"
ENVIRONMENT = {"TRY_SECRET": "whsec_c2VjcmV0IG9mIHRoaXMgdGVzdCBvbmx5"}


def recipe(beginning: str) -> str:
    """The block of the page that begins so, with the address of this test."""
    found = re.search(rf"^```\w+\n({re.escape(beginning)}.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1].replace("127.0.0.1", ADDRESS)


async def told(destination: Destination, listed: list[Network]) -> tuple[Result, str]:
    async with Sender(destination, listed) as sender:
        return await sender.post(signed_headers("told", 1_330_000_000_000, b"{}", destination.keys), b"{}")


@pytest.mark.parametrize("is_trusted", [True, False])
def test_a_receiver_with_a_certificate_of_ones_own_is_told_where_it_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_trusted: bool
) -> None:
    subprocess.run(shlex.split(recipe("openssl req")), cwd=tmp_path, check=True, capture_output=True)
    listening = recipe("# receiver.py").replace("server.serve_forever()", "print(flush=True)\nserver.serve_forever()")
    (tmp_path / "receiver.py").write_text(listening)
    (tmp_path / "endpoints.toml").write_text(recipe("# endpoints.toml"))
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    listed = networks_of(f"{ADDRESS}/32")
    assert not isinstance(listed, str)
    [destination] = read_destinations(tmp_path / "endpoints.toml", ENVIRONMENT, listed)
    command = [sys.executable, "receiver.py"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as running:
        try:
            assert running.stdout is not None
            running.stdout.readline()
            result, trouble = asyncio.run(told(destination, listed))
            if is_trusted:
                assert (result.answer, result.status) == ("delivered", 204)
                assert running.stdout.readline() == "told {}\n"
            else:
                assert (result.answer, trouble) == ("failed", "ClientConnectorCertificateError")
        finally:
            running.kill()
