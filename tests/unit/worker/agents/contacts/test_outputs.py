"""What the agent of contacts writes."""

import orjson
import pytest
from msgspec.structs import replace

from events.json_types import JSON
from events.topics import (
    CAMPAIGN_COUNTS,
    CONTACT_ALERTS,
    CONTACT_FRAGMENTS,
    CONTACT_STATE,
    INTERNAL_TOPICS,
    OUTPUT_TOPICS,
)
from streams.domain.campaigns import CampaignCounts, MailReport, ProviderCounts, ReportCount, read_counts
from streams.domain.contact import ContactState
from streams.domain.contact.identity.identity_assignment import trace_key
from streams.domain.contact.identity.identity_status import Erasure, IdentityStatus
from streams.domain.contact.publication.alert_triggers import Trigger
from streams.domain.contact.publication.change_events import FragmentChange, Profiled
from streams.domain.contact.state import Consent
from streams.domain.pressure import default_policy
from streams.engine.decoded_states import RecentStates, States
from streams.engine.store import MemoryStore
from streams.worker.agents.contacts.alert_records import TRIGGERS, alert_id, trigger_headers, triggers_in
from streams.worker.agents.contacts.interactions import InteractionsHandler
from streams.worker.agents.contacts.output_records import LARGEST_PROFILE, RecordBuilder
from streams.worker.agents.contacts.repository import ContactRepository
from tests.unit.domain.contact.test_bounding import fact, full
from tests.unit.engine.kafka_records import SOURCE, Fetched
from tests.unit.events.records import NOW
from tests.unit.worker.agents.contacts.interaction_records import CONTACTS, folded, kept, said


class Office:
    """A store that chunks are folded onto, and the alerts that came of them."""

    def __init__(self) -> None:
        self.store = MemoryStore()

    def fold(self, *records: Fetched) -> list[dict[str, JSON]]:
        folding = folded(*records, store=self.store)
        kept(folding, self.store)
        outputs = [output for output in folding.effects.outputs if output.topic == CONTACT_ALERTS]
        assert all((output.partition, output.key) == (SOURCE.partition, b"c1") for output in outputs)
        assert sum(folding.alerts.values()) == len(outputs)
        return [orjson.loads(output.value or b"") for output in outputs]


def sent(offset: int, team: str = "digital") -> Fetched:
    return said(offset, "email.sent", message_id=f"m{offset}", team=team)


def test_a_touch_is_judged_with_the_chunk_that_takes_it() -> None:
    office = Office()
    assert office.fold(sent(0)) == []
    assert office.fold(sent(1, "youth")) == [
        {
            "alert_id": alert_id("double_touch", "c1", "digital/mailer", "i1", default_policy().version),
            "rule": "double_touch",
            "contact_id": "c1",
            "at": "2012-02-22T10:00:00.000Z",
            "evidence": [{"source": "digital/mailer", "id": "i1"}, {"source": "digital/mailer", "id": "i0"}],
            "detail": "youth: by email, 0m after digital by email; at least 4h",
        }
    ]


def test_what_was_known_before_the_chunk_is_not_judged_again() -> None:
    office = Office()
    office.fold(sent(0), sent(1, "youth"))
    assert office.fold(said(2), sent(1, "youth"), said(3, "donation.made")) == []


def test_touches_of_one_chunk_are_judged_one_by_one() -> None:
    alerts = Office().fold(sent(0), sent(1), sent(2), sent(3))
    assert [(each["rule"], each["evidence"][0]) for each in alerts if isinstance(each["evidence"], list)] == [
        ("over_cap", {"source": "digital/mailer", "id": "i3"}),
        ("over_cap", {"source": "digital/mailer", "id": "i2"}),
    ]


@pytest.mark.parametrize("types", [("email.sent", "email.delivered"), ("email.delivered", "email.sent")])
def test_of_several_words_on_one_message_the_first_is_judged(types: tuple[str, str]) -> None:
    office = Office()
    office.fold(sent(0))
    first, second = (said(n, type_, message_id="m", team="youth") for n, type_ in enumerate(types, 1))
    assert [each["rule"] for each in office.fold(first)] == ["double_touch"]
    assert office.fold(second) == []


def test_of_several_versions_of_one_report_the_first_is_judged() -> None:
    office = Office()
    office.fold(sent(0))
    first, second = (said(n, "canvass.reported", report_id="r", team="field") for n in (2, 1))
    assert [each["rule"] for each in office.fold(first)] == ["double_touch"]
    assert office.fold(second) == []


def test_a_report_that_is_a_touch_only_in_a_later_version_is_judged_then() -> None:
    office = Office()
    office.fold(sent(0))
    assert office.fold(said(2, "canvass.reported", report_id="r", team="field", outcome="not_home")) == []
    assert [each["rule"] for each in office.fold(said(1, "canvass.reported", report_id="r", team="field"))] == [
        "double_touch"
    ]


def test_a_stop_after_pressure_is_an_alert() -> None:
    office = Office()
    office.fold(sent(0), sent(1), sent(2))
    [alert] = office.fold(said(3, "email.unsubscribed"))
    assert alert["rule"] == "unsubscribe_after_pressure"
    stopped = office.fold(said(4, "canvass.reported", outcome="do_not_contact"), said(5, "email.complained"))
    assert {each["rule"] for each in stopped} == {"unsubscribe_after_pressure", "complaint_after_pressure"}


def test_a_yes_and_what_is_no_touch_say_nothing() -> None:
    office = Office()
    office.fold(sent(0), sent(1), sent(2))
    assert office.fold(said(3, "consent.changed"), said(4, "email.opened"), said(5, "email.bounced")) == []


def test_triggers_go_with_a_part_and_are_read_again() -> None:
    found = (Trigger("team/a", "1", ("email", "m")), Trigger("team/b", "2"))
    assert triggers_in(trigger_headers(found)) == found
    assert trigger_headers(()) == []
    assert triggers_in([("version", b"1")]) == ()


@pytest.mark.parametrize("value", [None, b"", b"[", b'[["a"]]', b"{}"])
def test_triggers_that_cannot_be_read_are_none(value: bytes | None) -> None:
    assert triggers_in([(TRIGGERS, value)]) == ()


GMAIL: JSON = {"contact_id": "c1", "email": "jane@gmail.com"}


def counts(folding: InteractionsHandler) -> dict[str, CampaignCounts]:
    outputs = [output for output in folding.effects.outputs if output.topic == CAMPAIGN_COUNTS]
    assert all(output.partition == 0 for output in outputs)
    return dict(found for output in outputs if (found := read_counts(output.key, output.value)))


def test_one_record_a_campaign_tells_of_all_that_a_chunk_has_taken() -> None:
    folding = folded(
        said(0, "email.sent", contact=GMAIL, campaign_id="a"),
        said(1, "email.complained", contact=GMAIL, campaign_id="a"),
        said(2, "email.sent", "c2", campaign_id="a"),
        said(3, "email.delivered", "c2", campaign_id="b"),
        said(4, "email.opened", campaign_id="b"),
    )
    complaints = ReportCount(1, (MailReport(NOW, "digital/mailer", "i1"),))
    assert counts(folding) == {
        "a": CampaignCounts({"gmail": ProviderCounts(1, complaints=complaints), "other": ProviderCounts(1)}, NOW),
        "b": CampaignCounts({"other": ProviderCounts(delivered=1)}, NOW),
    }


def test_copies_are_not_counted_again() -> None:
    store = MemoryStore()
    first = folded(*(said(offset, "email.sent", id_="a", campaign_id="gotv") for offset in range(3)), store=store)
    kept(first, store)
    assert counts(first)["gotv"].tallies["other"].sent == 1
    assert not counts(folded(said(3, "email.sent", id_="a", campaign_id="gotv"), store=store))


def test_what_comes_in_vain_is_not_counted() -> None:
    store = MemoryStore()
    kept(folded(said(0, "contact.erased"), store=store), store)
    assert not counts(folded(said(1, "email.sent", campaign_id="gotv"), store=store))


def test_what_names_no_campaign_is_in_no_rate_and_shows_in_the_metrics() -> None:
    folding = folded(
        said(0, "email.sent"),
        said(1, "email.complained", campaign_id=None),
        said(2, "email.unsubscribed"),
        said(3, "email.unsubscribed", campaign_id="gotv"),
    )
    assert counts(folding).keys() == {"gotv"}
    assert folding.reports == {
        ("email.complained", False): 1,
        ("email.unsubscribed", False): 1,
        ("email.unsubscribed", True): 1,
    }


def test_a_field_that_nobody_knows_changes_nothing() -> None:
    """Such a record is read by its models."""
    folding = folded(said(0, "email.sent", contact=GMAIL, campaign_id="a", tenant={"campaign_id": "b"}))
    assert counts(folding) == {"a": CampaignCounts({"gmail": ProviderCounts(1)}, NOW)}


LIMITS = {topic.name: topic.max_message_bytes for topic in (*OUTPUT_TOPICS, *INTERNAL_TOPICS)}
NO = fact("no", Consent("email", granted=False), "email.unsubscribed")


@pytest.mark.parametrize(("letter", "fragments"), [("x", 12), ("\x01", 4)])
def test_a_person_of_many_full_fragments_has_a_profile_that_the_broker_takes(letter: str, fragments: int) -> None:
    """In a profile a control character takes six bytes."""
    states = {f"c{number}": full(f"{number}", letter, *[NO][: number == 3]) for number in range(fragments)}
    printer = RecordBuilder(0, 8, 0)

    output = printer.announced("c1", Profiled(7, states, ("c2",)), states["c0"])

    assert output.value is not None
    assert len(output.value) <= LARGEST_PROFILE < LIMITS[CONTACT_STATE]
    shown = orjson.loads(output.value)
    assert (shown["version"], shown["merged_from"], shown["consent"]) == (7, ["c2"], {"email": False})
    assert shown["canvass"]["answers"]
    assert printer.cut == 1


def test_a_person_who_has_room_is_shown_whole_and_not_counted() -> None:
    states = {"c0": full("1"), "c1": full("2")}
    printer = RecordBuilder(0, 8, 0)

    output = printer.announced("c1", Profiled(7, states, ()), states["c0"])

    shown = orjson.loads(output.value or b"")
    assert shown["canvass"]["attempts"] == sum(len(state.facts) for state in states.values())
    assert printer.cut == 0


def test_the_part_of_a_full_fragment_is_taken() -> None:
    output = RecordBuilder(0, 8, 0).announced("c1", FragmentChange("c0", 7, is_there=True), full("1", "\x01"))

    assert output.value is not None
    assert len(output.value) < LIMITS[CONTACT_FRAGMENTS]


def test_a_name_that_is_forgotten_and_heard_of_again_in_one_chunk_leaves_no_trace() -> None:
    holding = ContactRepository(States(MemoryStore(), CONTACTS, RecentStates(0)))
    gone = ContactState(version=3, place=IdentityStatus(erased=Erasure(1, "team/a", "e")))
    back = replace(gone, version=4, place=IdentityStatus(erased=Erasure(1, "team/a", "e"), shown="profile"))
    holding.put(b"c1", gone)
    assert holding.changes.keys() == {b"c1", trace_key("c1")}
    holding.put(b"c1", back)

    assert holding.changes == {b"c1": back, trace_key("c1"): None}
