"""What the routes of the API share: Redis readers, the permission judge, audit log, tokens, metrics, and refusals."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NoReturn

from events.identifiers import Hasher
from events.outputs import AuditedDecision, AuditRecord
from events.times import render_time
from sinks.lookup import Incomplete, Lookup
from sinks.results import ResultsReader
from sinks.segment_lookup import SegmentsReader
from streams.domain.pressure import Policy
from streams.domain.segments.previews import PreviewQuestion
from streams.history.insights.own_process import InsightsProcess
from streams.platform.identity_key import OF_OTHER_SETTINGS, describe_incomplete
from streams.platform.tokens import Caller, Scope, Tokens
from streams.services.api.bodies import BodyReader
from streams.services.api.metrics import ApiMetrics
from streams.services.api.problem_documents import Code, Problem
from streams.services.minute_limit import MinuteLimit
from streams.services.permission.audit_log import AuditLog, AuditUnavailable
from streams.services.permission.decisions import PermissionJudge
from streams.services.rights_desk.asking import RightsOffice
from streams.services.segment_preview import SegmentPreview


@dataclass(frozen=True, slots=True)
class ApiDependencies:
    """Dependencies of the routes. `clock`: ms since 1970. `time_zone`: the one in which days begin.

    `preview` asks the workers, and blocks; `previews` limits how often a team does so. `policy` gives the one that
    holds now. The rights desk, `rights`, blocks too.
    """

    tokens: Tokens
    hasher: Hasher
    lookup: Lookup
    results: ResultsReader
    segments: SegmentsReader
    judge: PermissionJudge
    audit: AuditLog
    metrics: ApiMetrics
    clock: Callable[[], int]
    history: InsightsProcess
    time_zone: str
    preview: Callable[[PreviewQuestion], SegmentPreview]
    previews: MinuteLimit
    policy: Callable[[], Policy]
    rights: RightsOffice
    bodies: BodyReader = field(default_factory=BodyReader)

    def caller(self, authorization: str | None) -> Caller:
        """The caller of a token. Raises a Problem when it is not known."""
        found = self.tokens.caller(authorization)
        if found is None:
            self.metrics.refused.labels("unauthorized").inc()
            raise Problem("unauthorized", "Send Authorization: Bearer <token>", headers={"WWW-Authenticate": "Bearer"})
        return found

    def require(self, caller: Caller, scope: Scope) -> None:
        """Raise a Problem unless the token has the scope."""
        if scope not in caller.scopes:
            self.forbid(f"The token has no scope {scope}")

    def forbid(self, detail: str) -> NoReturn:
        """Count a refusal and raise its Problem."""
        self.metrics.refused.labels("forbidden").inc()
        raise Problem("forbidden", detail)

    def incomplete(self, found: Incomplete, code: Code = "profiles_incomplete") -> NoReturn:
        """Raise the Problem of a Redis that lacks something, and count it."""
        self.metrics.incomplete.labels(found.why).inc()
        lacking = describe_incomplete(found)
        raise Problem(code, lacking if found.why in OF_OTHER_SETTINGS else f"{lacking}; it mends by itself")

    def away(self, code: Code = "profiles_incomplete") -> NoReturn:
        """Raise the Problem of a Redis that does not answer, and count it."""
        self.metrics.incomplete.labels("away").inc()
        raise Problem(code, "Redis does not answer")

    def write_down(self, record: AuditRecord) -> None:
        """Queue an audit record. Raises a Problem when it cannot be taken."""
        try:
            self.audit.hand(record)
        except AuditUnavailable:
            raise Problem("audit_unavailable", "Kafka takes no records of audit-log") from None

    def record(
        self, what: Literal["read", "list", "permission", "preview"], team: str, answers: list[AuditedDecision]
    ) -> AuditRecord:
        """An audit record of now; its request fields are to be filled in."""
        return {
            "request": secrets.token_hex(16),
            "at": render_time(self.clock()),
            "team": team,
            "what": what,
            "channel": None,
            "purpose": None,
            "campaign_id": None,
            "policy_version": None,
            "answers": answers,
        }
