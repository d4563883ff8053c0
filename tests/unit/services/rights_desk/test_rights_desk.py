"""Requests at the rights desk."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from threading import Barrier, BrokenBarrierError

import orjson
import pytest
from msgspec.structs import replace

from events.outputs import AuditRecord
from events.times import parse_time
from sinks.lookup import ContactAnswer, ErasedContact, KnownContact, UnknownContact
from streams.domain.rights.requests import RightsDesk, RightsRequest, desk_of
from streams.domain.rights.steps import RequestClosed, RequestStep, read_rights_record
from streams.platform.settings import Settings
from streams.services.contact_decisions.commands import Decision
from streams.services.rights_desk import answering, asking
from streams.services.rights_desk.answering import Deciding, MeantContact
from streams.services.rights_desk.asking import AskedRight, NobodyKnown, NoSuchRequest, RightsOffice, StandingRequest

HASHED = "email:0123456789abcdef0123456789abcdef"
ADA = KnownContact("crm.ada", orjson.dumps({"merged_from": []}))
NOW = 1_352_250_000_000
TODAY = date(2012, 11, 7)


class Topic:
    """`rights-requests` in memory. `who`: whom the word means; `is_seen`: whether Redis shows a stop in time."""

    def __init__(self) -> None:
        self.records: dict[bytes, bytes | None] = {}
        self.who: ContactAnswer = ADA
        self.is_seen = True
        self.stops = 0
        self.meet: Barrier | None = None

    def read(self, _: Settings) -> RightsDesk:
        if self.meet is not None:
            with suppress(BrokenBarrierError):
                self.meet.wait(0.2)
        read = {key.decode(): said for key, value in self.records.items() if (said := read_rights_record(key, value))}
        return desk_of(read.items())

    def write(self, _: Settings, records: Iterable[tuple[bytes, bytes | None]]) -> None:
        self.records |= dict(records)

    def meant(self, _: Settings, word: str) -> MeantContact:
        return MeantContact(word, self.who, HASHED)

    def stop(self, *_: object) -> bool:
        self.stops += 1
        return self.is_seen


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> Topic:
    found = Topic()
    for module in (answering, asking):
        monkeypatch.setattr(module, "read_desk", found.read)
    monkeypatch.setattr(answering, "write_records", found.write)
    monkeypatch.setattr(answering, "send_record", lambda *_: None)
    monkeypatch.setattr(answering, "send_and_wait", found.stop)
    monkeypatch.setattr(asking, "meant_contact", found.meant)
    monkeypatch.setattr(asking, "ids_asked_under", lambda _, __, meant: {*meant.ids})
    return found


@pytest.fixture
def office() -> RightsOffice:
    return RightsOffice(Settings(), lambda: NOW)


def asked(kind: str = "access", *, anyway: bool = False) -> AskedRight:
    return AskedRight(kind, "email:ada@example.org", TODAY, anyway)  # type: ignore[arg-type]


def test_two_copies_at_one_moment_are_one_request(topic: Topic, office: RightsOffice) -> None:
    topic.meet = Barrier(2)
    with ThreadPoolExecutor(2) as threads:
        found = [*threads.map(lambda _: office.ask("site/rights", asked()), range(2))]
    assert sorted(each.is_new for each in found if isinstance(each, StandingRequest)) == [False, True]
    topic.meet = None
    assert len(topic.read(office.settings).requests) == 1


@pytest.mark.parametrize("is_seen", [True, False])
def test_an_objection_of_somebody_unknown_is_kept_under_the_id_that_was_stopped(
    topic: Topic, office: RightsOffice, is_seen: bool
) -> None:
    topic.who, topic.is_seen = UnknownContact(HASHED), is_seen
    assert office.ask("site/rights", asked("objection")) == NobodyKnown()
    assert topic.stops == 0
    first, again = (office.ask("site/rights", asked("objection", anyway=True)) for _ in range(2))
    assert isinstance(first, StandingRequest)
    assert isinstance(again, StandingRequest)
    assert (first.request.contact_id, first.is_new, again.is_new) == (HASHED, True, False)
    assert (first.is_stopped, again.is_stopped) == (is_seen, is_seen)
    assert again.request.did == (("suppressed",) if is_seen else ())


def test_of_who_was_erased_no_id_is_kept(topic: Topic, office: RightsOffice) -> None:
    topic.who = ErasedContact("crm.ada")
    found = office.ask("site/rights", asked("objection", anyway=True))
    assert isinstance(found, StandingRequest)
    assert found.request.contact_id is None


def test_a_step_is_written_down_where_it_counts(topic: Topic, office: RightsOffice) -> None:
    first = office.ask("site/rights", asked())
    assert isinstance(first, StandingRequest)
    id_ = first.request.id

    def close(request: str) -> object:
        return office.take("site/rights", request, lambda mark: RequestClosed(**mark, outcome="granted"))

    closed = close(id_)
    assert isinstance(closed, RightsRequest)
    assert (closed.outcome, closed.closed) == ("granted", TODAY)
    assert close(id_) == "closed"
    assert close("0" * 20) == NoSuchRequest()


MERGED = KnownContact("crm.ada", orjson.dumps({"merged_from": ["crm.bo", "email:0123456789abcdef0123456789abcdef"]}))
ELECTION = date(2012, 11, 6)
OBJECTION = RightsRequest("dd" * 10, "objection", "crm.bo", date(2012, 11, 1), date(2012, 12, 1), ())
HEEDED = replace(OBJECTION, did=("suppressed",))


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
    return Deciding(Settings(), "operator/rights", 15.0, NOW, ELECTION)


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
