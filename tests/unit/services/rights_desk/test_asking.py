"""A request that programs send is written down once, and an objection under the id to which the stop was sent."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from threading import Barrier, BrokenBarrierError

import orjson
import pytest

from sinks.lookup import ContactAnswer, ErasedContact, KnownContact, UnknownContact
from streams.domain.rights.requests import RightsDesk, RightsRequest, desk_of
from streams.domain.rights.steps import RequestClosed, read_rights_record
from streams.platform.settings import Settings
from streams.services.rights_desk import answering, asking
from streams.services.rights_desk.answering import MeantContact
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
