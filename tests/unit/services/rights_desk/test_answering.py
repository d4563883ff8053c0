"""Whom a request is written down for: the id that was named, so that it stays theirs where they are parted later.

And of an objection: nothing says that it was heeded under an id to which no stop was sent.
"""

from collections.abc import Sequence
from datetime import date

import orjson
import pytest
from msgspec.structs import replace

from events.outputs import AuditRecord
from events.times import parse_time
from sinks.lookup import ErasedContact, KnownContact, UnknownContact
from streams.domain.rights.requests import RightsDesk, RightsRequest
from streams.domain.rights.steps import RequestStep
from streams.platform.settings import Settings
from streams.services.contact_decisions.commands import Decision
from streams.services.rights_desk import answering
from streams.services.rights_desk.answering import Deciding, MeantContact

MERGED = KnownContact("crm.ada", orjson.dumps({"merged_from": ["crm.bo", "email:0123456789abcdef0123456789abcdef"]}))
TODAY = date(2012, 11, 6)
OBJECTION = RightsRequest("dd" * 10, "objection", "crm.bo", date(2012, 11, 1), date(2012, 12, 1), ())
HEEDED = replace(OBJECTION, did=("suppressed",))
NOW = 1_352_250_000_000


class Sent:
    """What was sent where, in order; Redis shows each stop in time."""

    def __init__(self) -> None:
        self.stopped: list[tuple[Sequence[str], int | None]] = []
        self.audited: list[AuditRecord] = []
        self.steps: list[tuple[str, RequestStep]] = []

    def stop(self, _: Settings, decision: Decision, *__: object) -> bool:
        assert not self.steps, "a stop comes first"
        times = [parse_time(orjson.loads(command.value)["time"]) for command in decision.commands]
        self.stopped.append((decision.words, times[0]))
        return True

    def audit(self, _: Settings, record: AuditRecord) -> None:
        self.audited.append(record)

    def take(self, request: RightsRequest, step: RequestStep) -> RightsRequest:
        self.steps.append((request.id, step))
        return request


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    found = Sent()
    monkeypatch.setattr(answering, "send_and_wait", found.stop)
    monkeypatch.setattr(answering, "send_record", found.audit)
    monkeypatch.setattr(Deciding, "take", found.take)
    return found


@pytest.fixture
def deciding() -> Deciding:
    return Deciding(Settings(), "operator/rights", 15.0, NOW, TODAY)


def test_of_who_was_merged_the_id_that_was_named_is_written_down_and_not_the_survivors() -> None:
    bo = MeantContact("crm.bo", MERGED, "crm.bo")
    assert bo.known_id == "crm.bo"
    assert bo.ids == ["crm.ada", "crm.bo", "email:0123456789abcdef0123456789abcdef"]


def test_an_address_that_no_profile_counts_is_an_id_of_its_person_all_the_same() -> None:
    hashed = "phone:0123456789abcdef0123456789abcdef"
    by_phone = MeantContact("phone:2125550142", MERGED, hashed)
    assert by_phone.known_id == hashed
    assert by_phone.ids[-1] == hashed


def test_nobody_is_known_by_what_names_nobody_or_somebody_who_was_erased() -> None:
    assert MeantContact("crm.bo", UnknownContact("crm.bo"), "crm.bo").known_id is None
    assert MeantContact("crm.bo", ErasedContact("crm.ada"), "crm.bo").known_id is None


def test_an_objection_of_the_very_id_needs_no_other_stop_and_a_heeded_one_no_other_step(
    sent: Sent, deciding: Deciding
) -> None:
    assert deciding.heed(HEEDED, "crm.bo") == "before"
    assert (sent.audited, sent.steps) == ([], [])
    [by_address, *_] = deciding.settings.hasher.lookups("email", "ada@example.org")
    assert deciding.heed(OBJECTION, "crm.bo", is_audited=True) == "written"
    assert sent.audited == []
    sent.steps.clear()
    assert deciding.heed(replace(OBJECTION, contact_id=by_address), "email:ada@example.org") == "written"
    assert sent.stopped == []


def test_of_several_open_requests_of_a_person_the_one_under_the_id_that_was_named_is_meant() -> None:
    other = replace(OBJECTION, id="ee" * 10, contact_id="crm.ada")
    desk = RightsDesk({one.id: one for one in (OBJECTION, other)}, {})
    ids = {"crm.ada", "crm.bo"}
    assert desk.open_of("objection", ids) == OBJECTION
    assert desk.open_of("objection", ids, "crm.ada") == other
    assert desk.open_of("objection", ids, "crm.eve") == OBJECTION
    assert desk.open_of("objection", (), "crm.ada") is None
