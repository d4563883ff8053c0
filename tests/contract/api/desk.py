"""The API as an ASGI application over a Redis that the sinks have filled, and whoever asks it."""

import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from starlette.types import ASGIApp, Message, Receive

from events.identifiers import Hasher
from events.json_types import JSON
from events.outputs import Address, ContactProfile, Touch
from events.times import render_time
from sinks.base import ContactChange
from sinks.lookup import Lookup
from sinks.reservations import Reservations
from sinks.results import ResultsReader
from sinks.segment_lookup import SegmentsReader
from streams.domain.contact import ContactState, profile
from streams.domain.pressure import default_policy
from streams.domain.segments.previews import PreviewProgress, PreviewQuestion
from streams.history.insights.own_process import InsightsProcess
from streams.platform.tokens import read_tokens
from streams.services.api.app import build_api
from streams.services.api.bodies import BodyReader
from streams.services.api.dependencies import ApiDependencies
from streams.services.api.metrics import ApiMetrics
from streams.services.api.segment_preview import PREVIEWS
from streams.services.minute_limit import PREVIEWS_A_MINUTE, MinuteLimit
from streams.services.permission.audit_log import AuditLog
from streams.services.permission.decisions import PermissionJudge
from streams.services.permission.reservation_log import ReservationLogUnavailable
from streams.services.segment_preview import SegmentPreview, put_together
from tests.contract.api.rights_office import OfficeInMemory

NOON = 1_770_224_400_000
"""A Wednesday, noon in New York."""
HOUR, DAY = 3_600_000, 86_400_000
PARTITIONS = 4
ADDRESS = "Ada.Lovelace@Example.org"
HASHER = Hasher([b"test"])
SERIES: dict[str, JSON] = {
    "metric": "email.sent",
    "by": "day",
    "time_zone": "America/New_York",
    "only": {},
    "split": None,
    "left_out": 0,
    "from": "2012-02-21T05:00:00.000Z",
    "to": "2012-02-22T05:00:00.000Z",
    "as_of": "2012-02-22T10:00:00.000Z",
    "known_since": "2012-02-21T05:00:00.000Z",
    "series": [{"name": None, "total": 3, "points": [{"at": "2012-02-21T05:00:00.000Z", "value": 3}]}],
}
_PROGRAM = "import sys; sys.exit('broken') if '--team=broken' in sys.argv else print(sys.argv[1])"
INSIGHTS = (sys.executable, "-c", _PROGRAM, orjson.dumps(SERIES).decode())
"""In place of `harmonia insights`: answers the same to every question, but for one team."""


def token_of(team: str, scopes: str = "read+permit+reserve", secret: str = "") -> str:
    """An item of HARMONIA_API_TOKENS; the token is the team's name unless it is said."""
    return f"{team}:{scopes}:{hashlib.sha256((secret or team).encode()).hexdigest()}"


TOKENS = " ".join(
    [
        *(token_of("digital"), token_of("field"), token_of("*", secret="anybody")),
        *(token_of("reader", "read"), token_of("asker", "permit")),
        *(token_of("lister", "read+list+permit+reserve"), token_of("only-lists", "list")),
        *(token_of("site", "rights"), token_of("*", "rights", secret="any-site")),
        *(token_of(f"team-{number}") for number in range(50)),
    ]
)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


def at_once(body: bytes) -> Receive:
    """Who sends a body in one piece."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


class Desk:
    """One process of the API; `at` is its time, `policy` what holds.

    `answers`: of workers to a preview, `asked`: what they were asked.
    """

    def __init__(self, redis: Redis, oldest_s: float = 15.0, bodies: BodyReader | None = None) -> None:
        self.at = NOON
        self.policy = default_policy()
        self.metrics = ApiMetrics(CollectorRegistry())
        self.audit = AuditLog(self._no_producer, self.metrics.audit.pending.set, self.metrics.audit.failures.inc)
        lookup = Lookup(redis, oldest_s)
        self.kept: list[int] = []
        self.takes_notes = True
        self.asked: list[PreviewQuestion] = []
        self.answers: dict[int, PreviewProgress] = {}
        self.rights = OfficeInMemory(lambda: self.at)
        judge = PermissionJudge(lookup, Reservations(redis), lambda: self.policy, lambda: self.at, self._keep)
        tokens, results, history = read_tokens(TOKENS), ResultsReader(redis, oldest_s), InsightsProcess(INSIGHTS)
        self.deps = ApiDependencies(
            *(tokens, HASHER, lookup, results, SegmentsReader(redis, oldest_s)),
            *(judge, self.audit, self.metrics, lambda: self.at, history),
            "America/New_York",
            self._preview,
            MinuteLimit(redis, PREVIEWS, PREVIEWS_A_MINUTE),
            lambda: self.policy,
            self.rights,
            bodies or BodyReader(),
        )
        self.app: ASGIApp = build_api(self.deps)

    async def get(self, path: str, token: str | None = "digital", query: str = "") -> Answer:
        return await self._ask("GET", f"{path}?{query}", token)

    async def post(
        self, body: object, token: str | None = "digital", path: str = "/v1/permissions", query: str = ""
    ) -> Answer:
        said = body if isinstance(body, bytes) else orjson.dumps(body)
        return await self._ask("POST", f"{path}?{query}", token, receive=at_once(said))

    async def post_slowly(self, receive: Receive) -> Answer:
        """The answer to a body that comes as `receive` says."""
        return await self._ask("POST", "/v1/permissions", "digital", receive=receive)

    async def post_packed(self, body: bytes) -> Answer:
        """The answer to what says that it is compressed."""
        return await self._ask("POST", "/v1/permissions", "digital", receive=at_once(body), encoding=b"gzip")

    async def may(self, *contacts: Mapping[str, object], token: str = "digital", **more: object) -> Any:
        """The decisions about these on e-mail, as JSON."""
        asked = {"channel": "email", "purpose": "fundraising", "contacts": contacts, **more}
        answer = await self.post(asked, token)
        assert answer.status == 200, answer.body
        return answer.json["decisions"]

    def audited(self) -> list[Any]:
        """Every record that waits for Kafka, which is all of them."""
        return [orjson.loads(value.value) for value in self.audit._waiting]

    def counted(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0

    async def _keep(self, until: int) -> None:
        if not self.takes_notes:
            raise ReservationLogUnavailable
        self.kept.append(until)

    def _preview(self, question: PreviewQuestion) -> SegmentPreview:
        self.asked.append(question)
        return put_together(question, self.answers, PARTITIONS)

    def _no_producer(self) -> Any:
        raise AssertionError("nothing is sent")

    async def _ask(
        self,
        method: str,
        path: str,
        token: str | None,
        *,
        receive: Receive | None = None,
        encoding: bytes = b"identity",
    ) -> Answer:
        path, _, query = path.partition("?")
        headers = [] if token is None else [(b"authorization", f"Bearer {token}".encode())]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [*headers, (b"content-type", b"application/json"), (b"content-encoding", encoding)],
        }
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        await self.app(scope, receive or at_once(b""), send)
        found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], found, b"".join(part.get("body", b"") for part in sent[1:]))


def known(contact_id: str, touches: Sequence[Touch] = (), version: int = 1, **parts: Any) -> ContactChange:
    """Somebody in New York with one address, of whom `touches` are known."""
    said: ContactProfile = profile(contact_id, ContactState())
    said["zones"] = {"time_zone": "America/New_York", "region": None, "postal_code": None}
    said["addresses"] = [address(f"{contact_id}@example.org")]
    said["touches"] = list(touches)
    return ContactChange(contact_id, version, orjson.dumps(said | parts), None, None)


def address(text: str) -> Address:
    hashed = HASHER.email(text)
    assert hashed is not None
    return {"ref": hashed.partition(":")[2][:16], "channel": "email", "status": "ok"}


def touch(at: int, team: str = "field") -> Touch:
    return {
        "channel": "email",
        "purpose": "fundraising",
        "at": render_time(at),
        "team": team,
        "source": f"{team}/mailer",
        "id": str(at),
    }
