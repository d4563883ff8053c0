"""Writes down who looked at whom: into `audit-log`, and before anything is shown."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from events.console_acts import ConsoleAct
from events.outputs import AuditRecord
from events.segments import SegmentDefinitionTable
from events.times import render_time
from streams.services.console.rights import Viewer
from streams.services.permission.audit_log import AuditLog


@dataclass(frozen=True, slots=True)
class Audited:
    """What is written down of an act besides who and when: of which campaign, contacts or segments, and what exactly.

    Each segment has a record of its own. `detail`: in words or figures that name nobody, such as until when.
    """

    campaign_id: str | None = None
    contact_ids: Sequence[str] = ()
    segments: Sequence[str] = ()
    detail: str = ""


class Views:
    """Writes views. Every call returns once Kafka has the record; else it raises AuditUnavailable.

    `wall`: what time it is, ms since 1970.
    """

    def __init__(self, audit: AuditLog, wall: Callable[[], int]) -> None:
        self._audit = audit
        self._wall = wall

    async def person(self, viewer: Viewer, why: str, contact_id: str, outcome: str) -> None:
        """Somebody looks at a contact. `why`: their reason; `outcome`: found, unknown, erased, outside, incomplete."""
        record = self._record(viewer, why)
        record["answers"] = [{"contact_id": contact_id, "decision": None, "reason": outcome}]
        await self._audit.write(record)

    async def people(self, viewer: Viewer, why: str, contact_ids: Sequence[str]) -> None:
        """Somebody looks at a list of contacts."""
        if contact_ids:
            record = self._record(viewer, why)
            record["answers"] = [{"contact_id": each, "decision": None, "reason": "found"} for each in contact_ids]
            await self._audit.write(record)

    async def out_of_scope(self, viewer: Viewer, what: str) -> None:
        """Somebody asks for a page outside their scope; `what`: its name, and of what."""
        await self._audit.write(self._record(viewer, f"out of scope: {what}"))

    async def acted(self, viewer: Viewer, act: ConsoleAct, audited: "Audited", why: str = "") -> None:
        """Somebody is about to change something."""
        for segment in audited.segments or (None,):
            record = self._record(viewer, why)
            record["what"], record["campaign_id"] = act, audited.campaign_id
            record["answers"] = [{"contact_id": each, "decision": None, "reason": act} for each in audited.contact_ids]
            if segment is not None:
                record["segment"] = segment
            if audited.detail:
                record["detail"] = audited.detail
            await self._audit.write(record)

    async def counted(self, viewer: Viewer, criteria: list[SegmentDefinitionTable]) -> None:
        """Somebody asks how many people segments would let in that are not defined yet."""
        record = self._record(viewer, "")
        record["what"], record["criteria"] = "preview", criteria
        await self._audit.write(record)

    def _record(self, viewer: Viewer, why: str) -> AuditRecord:
        teams = viewer.scope.teams
        return {
            "request": secrets.token_hex(16),
            "at": render_time(self._wall()),
            "team": next(iter(teams)) if teams is not None and len(teams) == 1 else "",
            "what": "read",
            "channel": None,
            "purpose": None,
            "campaign_id": None,
            "policy_version": None,
            "answers": [],
            "viewer": viewer.name,
            "reason": why,
        }
