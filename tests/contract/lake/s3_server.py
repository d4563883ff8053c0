"""A real S3 server of one's own, on the loopback device: SeaweedFS, whose binary comes with the developers' tools."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from tests.integration.waiting import until

KEY = "lake"
SECRET = "a secret of the tests"
BUCKET = "lakes"
STARTS_WITHIN_S = 60
_PARTS = ("master", "volume", "filer", "s3")


@contextmanager
def s3_server(home: Path) -> Iterator[str]:
    """Its address, `http://127.0.0.1:…`. It knows one user, and makes a bucket when the first thing is put into it."""
    numbers = iter(_free_ports(2 * len(_PARTS)))
    ports = {part: (next(numbers), next(numbers)) for part in _PARTS}
    users = {
        "identities": [{"name": "lake", "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": ["Admin"]}]
    }
    (home / "s3.json").write_text(json.dumps(users))
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(
            [
                *(Path(sys.executable).with_name("weed"), "server", f"-dir={home}", "-master.telemetry=false"),
                *("-s3", f"-s3.config={home}/s3.json", "-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.iam=false"),
                *("-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
                *(f"-{part}.port={one}" for part, (one, _) in ports.items()),
                *(f"-{part}.port.grpc={other}" for part, (_, other) in ports.items()),
                *("-volume.max=8", "-master.volumeSizeLimitMB=64", "-master.electionTimeout=1s"),
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            address = f"http://127.0.0.1:{ports['s3'][0]}"
            _wait_for(address, server, home / "log")
            yield address
        finally:
            server.kill()
            server.wait()
            for part, (_, other) in ports.items():  # it puts sockets there whatever it is told
                Path(f"/tmp/seaweedfs-{part}-grpc-{other}.sock").unlink(missing_ok=True)
            Path(f"/tmp/seaweedfs-filer-{ports['filer'][0]}.sock").unlink(missing_ok=True)
            Path(f"/tmp/seaweedfs-s3-{ports['s3'][0]}.sock").unlink(missing_ok=True)


def _free_ports(number: int) -> list[int]:
    with ExitStack() as held:
        found = [held.enter_context(socket.socket()) for _ in range(number)]
        for each in found:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in found]


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Until it takes something: before, it listens and has no room yet."""
    store = S3Store(
        BUCKET,
        config={"endpoint": address, "access_key_id": KEY, "secret_access_key": SECRET, "region": "us-east-1"},
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )

    def takes_something() -> bool:
        try:
            obstore.put(store, "_up", b"1")
        except BaseError:
            if server.poll() is not None:
                raise RuntimeError(f"SeaweedFS did not start:\n{log.read_text()[-2000:]}") from None
            return False
        return True

    until(takes_something, "SeaweedFS to take something", STARTS_WITHIN_S)
