"""What every route needs: the one place that answers questions and writes down what it said."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NoReturn

from events.identifiers import Hasher
from events.outputs import AuditedDecision, AuditRecord
from events.times import render_time
from sinks.experiments import Results
from sinks.lookup import Incomplete, Lookup
from streams.history.insights.own_process import Apart
from streams.platform.tokens import Caller, Scope, Tokens
from streams.services.api.bodies import BodyReader
from streams.services.api.metrics import ApiMetrics
from streams.services.api.problem_documents import Code, Problem
from streams.services.permission.audit_log import AuditLog, AuditUnavailable
from streams.services.permission.decisions import PermissionJudge


@dataclass(frozen=True, slots=True)
class ApiDependencies:
    """`clock`: ms since 1970. `time_zone`: where days begin."""

    tokens: Tokens
    hasher: Hasher
    lookup: Lookup
    results: Results
    judge: PermissionJudge
    audit: AuditLog
    metrics: ApiMetrics
    clock: Callable[[], int]
    history: Apart
    time_zone: str
    bodies: BodyReader = field(default_factory=BodyReader)

    def caller(self, authorization: str | None) -> Caller:
        """Who asks. Raises a Problem when nobody that is known does."""
        found = self.tokens.caller(authorization)
        if found is None:
            self.metrics.refused.labels("unauthorized").inc()
            raise Problem("unauthorized", "Send Authorization: Bearer <token>", headers={"WWW-Authenticate": "Bearer"})
        return found

    def require(self, caller: Caller, scope: Scope) -> None:
        """Raise a Problem unless the token may do this."""
        if scope not in caller.scopes:
            self.forbid(f"The token has no scope {scope}")

    def forbid(self, detail: str) -> NoReturn:
        """Refuse, and count it."""
        self.metrics.refused.labels("forbidden").inc()
        raise Problem("forbidden", detail)

    def incomplete(self, found: Incomplete, code: Code = "profiles_incomplete") -> NoReturn:
        """Answer nothing, since something may be missing."""
        self.metrics.incomplete.labels(found.why).inc()
        raise Problem(code, f"{found.where} is {found.why.replace('_', ' ')}; it mends by itself")

    def away(self, code: Code = "profiles_incomplete") -> NoReturn:
        """Answer nothing, since Redis does not."""
        self.metrics.incomplete.labels("away").inc()
        raise Problem(code, "Redis does not answer")

    def write_down(self, record: AuditRecord) -> None:
        """Raise a Problem when that cannot be done."""
        try:
            self.audit.hand(record)
        except AuditUnavailable:
            raise Problem("audit_unavailable", "Kafka takes no records of audit-log") from None

    def record(self, what: Literal["read", "permission"], team: str, answers: list[AuditedDecision]) -> AuditRecord:
        """A record of now, to be filled in."""
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
