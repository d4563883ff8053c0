"""The gateway's application in this process, over a list in place of Kafka, and whoever sends to it."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import orjson
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Message

from events.json_types import JSON
from streams.engine.writer import Outbox, Output
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.tokens import read_tokens
from streams.services.api.bodies import BodyReader
from streams.services.gateway.dependencies import GatewayDependencies
from streams.services.gateway.hooks import read_hooks
from streams.services.gateway.kafka_delivery import KafkaDelivery
from streams.services.gateway.metrics import GatewayMetrics
from streams.services.gateway.server import build_gateway
from streams.services.gateway.sns import Fetch, SnsVerifier

TOKEN = f"digital:publish:{hashlib.sha256(b'secret').hexdigest()}"
Header = tuple[bytes, bytes]


class Kept(Outbox):
    """Keeps what it is given, or raises what is in `trouble`."""

    def __init__(self) -> None:
        super().__init__(KafkaClients(Settings.model_validate({})))
        self.outputs: list[Output] = []
        self.trouble: list[Exception] = []

    async def write(self, outputs: Sequence[Output]) -> None:
        if self.trouble:
            raise self.trouble.pop()
        self.outputs += outputs


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


async def nothing(url: str) -> bytes:
    raise OSError(url)


@dataclass
class Gateway:
    """`file`: the text of the gateway's file. `at`: its clock."""

    folder: Path
    file: str
    secrets: Mapping[str, str]
    at: int
    fetch: Fetch = nothing
    kept: Kept = field(default_factory=Kept)
    bodies: BodyReader = field(default_factory=BodyReader)

    def __post_init__(self) -> None:
        path = self.folder / "gateway.toml"
        path.write_text(self.file)
        metrics = GatewayMetrics(CollectorRegistry())
        self.registry = metrics.registry
        clock: Callable[[], int] = lambda: self.at  # noqa: E731 - a clock that a test moves
        self.app: ASGIApp = build_gateway(
            GatewayDependencies(
                read_hooks(path, self.secrets),
                read_tokens(TOKEN),
                KafkaDelivery(self.kept, 1, metrics.pending.set),
                SnsVerifier(self.fetch),
                self.fetch,
                metrics,
                self.bodies,
                clock,
                "US",
            )
        )

    @property
    def said(self) -> list[JSON]:
        """The events that were kept, without dead letters."""
        return [orjson.loads(one.value or b"") for one in self.kept.outputs if one.topic != "dead-letters"]

    async def ask(self, path: str, body: bytes = b"", headers: Sequence[Header] = (), method: str = "POST") -> Answer:
        """The answer to one request."""
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        parts = urlsplit(path)
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": headers,
        }
        await self.app(scope, receive, send)
        told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], told, b"".join(one.get("body", b"") for one in sent[1:]))
