"""A profile's sections, and what is read of them."""

from collections.abc import Iterator

import orjson
import pytest
from msgspec import Struct
from msgspec.structs import fields, replace

from events.contact import Contact
from events.interaction_structs import INTERACTION_STRUCTS, ContactStruct
from events.interactions.base import InteractionData
from events.json_types import JSON
from events.registry import MODELS
from streams.domain.contact import ContactState, decode, encode, read_fact
from streams.domain.contact.derived_view import MOST_DEEDS, attach, derive, expect_more, give_up, nobody, view_of
from streams.domain.contact.facts.fact_index import index_facts
from streams.domain.contact.facts.from_interactions import fact_of
from streams.domain.contact.person_view import overview
from streams.domain.contact.state import Fact
from tests.unit.domain.contact.records import EDGES, by_the_models
from tests.unit.domain.contact.said import (
    DONOR,
    HOUR,
    NOON,
    Arrival,
    folded,
    gift,
    profile_of,
    refund,
    report,
    retracted,
    said,
)
from tests.unit.events.records import REQUIRED


def test_the_version_of_a_report_of_support_that_counts_is_named_and_of_none_nothing() -> None:
    first, second = report("1", report_id="r", support=1), report("2", NOON + 1, report_id="r", support=5)
    assert profile_of(first, second)["canvass"]["support_by"] == {"source": "team/a", "id": "1"}
    assert profile_of(first, second, retracted("1"))["canvass"]["support_by"] == {"source": "team/a", "id": "2"}
    assert profile_of(report("1"))["canvass"]["support_by"] is None


def test_each_answer_is_that_of_the_latest_report_that_has_it() -> None:
    seen = profile_of(
        report("1", answers={"van:17": "jobs", "van:18": 4, "van:19": True}),
        report("2", NOON + HOUR, answers={"van:17": "health", "van:20": 1.5}),
        report("3", NOON + 2 * HOUR, answers={"van:17": None}),
    )["canvass"]
    assert seen["answers"] == {"van:17": "health", "van:18": 4, "van:19": True, "van:20": 1.5}


def test_a_tag_is_held_if_it_was_added_last() -> None:
    assert profile_of(
        report("1", tags_added=["volunteer", "driver", "host"]),
        report("2", NOON + 1, tags_removed=["driver", "host"]),
        report("3", NOON + 2, tags_added=["host", "donor"]),
    )["tags"] == ["donor", "host", "volunteer"]


def pledge_statuses(*arrivals: Arrival) -> list[str]:
    return [pledge["status"] for pledge in profile_of(*arrivals)["donations"]["pledges"]]


def test_the_latest_of_gift_failure_and_cancellation_is_the_status_of_a_pledge() -> None:
    paid = gift("1", 500, NOON, pledge_id="p")
    failed = said("donation.charge_failed", "2", NOON + HOUR, pledge_id="p")
    cancelled = said("donation.pledge_cancelled", "3", NOON + 2 * HOUR, pledge_id="p")
    again = gift("4", 500, NOON + 3 * HOUR, pledge_id="p")
    assert pledge_statuses(paid, failed) == ["failing"]
    assert pledge_statuses(paid, failed, cancelled) == ["cancelled"]
    assert pledge_statuses(paid, failed, cancelled, again) == ["active"]


def test_at_equal_times_the_larger_source_and_id_is_the_status_of_a_pledge() -> None:
    failed = said("donation.charge_failed", "2", pledge_id="p")
    assert pledge_statuses(gift("1", 500, pledge_id="p"), failed) == ["failing"]
    assert pledge_statuses(gift("3", 500, pledge_id="p"), failed) == ["active"]


def test_of_a_pledge_that_was_only_cancelled_the_rest_is_unknown() -> None:
    given = profile_of(said("donation.pledge_cancelled", pledge_id="p"))["donations"]
    assert given["pledges"] == [{"id": "p", "amount": None, "currency": None, "period": None, "status": "cancelled"}]


def test_each_zone_is_the_latest_that_was_said() -> None:
    known = profile_of(
        said("email.sent", "1", message_id="m", region="US-NY", time_zone="America/New_York"),
        gift("2", 5, NOON + HOUR, region="US-CA", postal_code="90001"),
        report("3", NOON - HOUR, postal_code="10001", time_zone="America/Chicago"),
        said("form.submitted", "4", NOON + 2 * HOUR, form_id="f"),
    )
    assert known["zones"] == {"time_zone": "America/New_York", "region": "US-CA", "postal_code": "90001"}


def test_a_later_version_of_a_gift_is_counted_and_seen_and_nothing_else() -> None:
    known = profile_of(
        gift("1", 500, region="US-NY"),
        gift("2", 900, NOON + HOUR, donation_id="actblue:1", region="US-CA", committee="C9", pledge_id="p"),
    )
    assert known["counts"] == {"donation.made": 2}
    assert known["last_seen"] == "2012-03-01T13:00:00.000Z"
    assert known["zones"]["region"] == "US-NY"
    assert known["donations"] == profile_of(gift("1", 500))["donations"]


KNOWN = folded(said("email.sent", "1", message_id="m"), gift("2", 500))


def held() -> ContactState:
    """A state object that holds its view."""
    state = replace(KNOWN)
    view = derive(DONOR, state)
    assert view is not None
    attach(state, view)
    return state


def test_a_state_that_was_read_from_the_store_holds_no_view() -> None:
    assert view_of(DONOR, decode(encode(held()))) is None


def test_the_view_of_nobody_is_that_of_an_empty_state_but_for_addresses() -> None:
    view, whole = view_of(DONOR, nobody()), derive(DONOR, ContactState())
    assert view is not None
    assert whole is not None
    assert replace(view, addresses=whole.addresses, status=whole.status, email=whole.email) == whole


def test_a_view_is_made_when_it_is_asked_for_where_more_is_expected() -> None:
    state = replace(KNOWN)
    expect_more(state, overview(state))
    assert view_of(DONOR, state) == derive(DONOR, KNOWN)


def test_nothing_more_is_expected_of_a_state_in_which_something_was_taken_back() -> None:
    state = folded(gift("1", 500), retracted("1"))
    expect_more(state, overview(state))
    assert view_of(DONOR, state) is None


def test_a_view_that_was_given_up_is_made_again_once_more_is_expected() -> None:
    state = held()
    give_up(state)
    assert encode(state) == encode(KNOWN)
    assert view_of(DONOR, state) is None
    expect_more(state, overview(state))
    assert view_of(DONOR, state) == derive(DONOR, KNOWN)


def opened(number: int) -> ContactState:
    return folded(*(said("email.opened", f"{at}", NOON + at, message_id="m") for at in range(number)))


def test_a_state_with_more_opens_than_are_looked_through_each_time_holds_no_view() -> None:
    for state, has_one in ((opened(MOST_DEEDS), True), (opened(MOST_DEEDS + 1), False)):
        expect_more(state, overview(state))
        assert (view_of(DONOR, state) is not None) is has_one
        view = derive(DONOR, state)
        assert view is not None
        other = replace(state)
        attach(other, view)
        assert (view_of(DONOR, other) is not None) is has_one


@pytest.mark.parametrize("facts", [0, 15, 16, 300])
def test_a_state_is_encoded_alike_with_its_view_and_without(facts: int) -> None:
    state = folded(*(said("rsvp.made", f"{at}", NOON + at, event_id="e") for at in range(facts)))
    without = encode(state)
    assert view_of(DONOR, state) is None or not facts
    view = derive(DONOR, state)
    assert view is not None
    attach(state, view)
    assert encode(state) == without


CONTACT: dict[str, JSON] = {"contact_id": "c", "region": "US-NY"}
DATA: dict[str, dict[str, JSON]] = {
    "donation.made": {"donation_id": "a:b", "amount": 1, "currency": "USD"},
    "canvass.reported": {"method": "door", "outcome": "contacted"},
    "experiment.assigned": {"experiment": {"id": "x", "variant": "B"}},
}
MESSAGE: dict[str, JSON] = {"message_id": "m"}


def written(type_: str, data: JSON, /, **envelope: JSON) -> bytes:
    event = {"specversion": "1.0", "id": "1", "source": "s", "type": type_, "time": "2012-02-22T00:00:00Z"}
    return orjson.dumps({**event, "data": data, **envelope})


def at_the_edges(type_: str) -> Iterator[bytes]:
    """A good record with each of the edges in each of its fields in turn, and without the field."""
    good: dict[str, JSON] = {"contact": CONTACT, **DATA.get(type_, MESSAGE)}
    for field in fields(INTERACTION_STRUCTS[type_]):
        yield written(type_, {name: value for name, value in good.items() if name != field.name})
        for edge in EDGES:
            yield written(type_, {**good, field.name: edge})
    for field in fields(ContactStruct):
        for edge in EDGES:
            yield written(type_, {**good, "contact": {**CONTACT, field.name: edge}})
    for name in ("id", "source", "dataschema", "tenant", "data"):
        for edge in EDGES:
            yield written(type_, good, **{name: edge})


@pytest.mark.parametrize("type_", INTERACTION_STRUCTS)
def test_a_record_at_an_edge_is_the_same_fact_or_refusal_by_the_short_way(type_: str) -> None:
    outcomes = set()
    for value in at_the_edges(type_):
        read = read_fact(value, 7)
        assert repr(read) == repr(by_the_models(value, 7)), value  # 1, 1.0 and True are three answers
        outcomes.add(type(read))
    assert len(outcomes) == 2


@pytest.mark.parametrize("type_", sorted(MODELS))
def test_what_is_kept_of_each_type_is_decided_and_sorted(type_: str) -> None:
    fact = read_fact(written(type_, {"contact": CONTACT, **REQUIRED[type_]}), 7)

    assert isinstance(fact, Fact)
    assert index_facts([fact]).counted == [fact]


class PetMet(InteractionData):
    """A type of which nobody has said what is kept."""


def test_a_type_of_which_nobody_has_said_what_is_kept_is_an_error_and_not_an_empty_fact() -> None:
    with pytest.raises(TypeError, match="PetMet: nobody has said what is kept of it"):
        fact_of(("1", "s", "pet.met", None), NOON, PetMet(contact=Contact(contact_id="c")), NOON)


def test_a_detail_that_no_section_takes_is_an_error_and_not_dropped() -> None:
    class Pet(Struct):
        """A detail that was added to facts and to nothing else."""

    fact = Fact("pet.met", NOON, "s", "1", NOON, detail=Pet())  # type: ignore[arg-type]

    with pytest.raises(AssertionError):
        index_facts([fact])


def test_each_sum_shows_every_currency_of_any() -> None:
    given = profile_of(gift("1", 500), refund("2", 70, currency="EUR"))["donations"]
    assert given["gross"] == {"USD": 500, "EUR": 0}
    assert given["refunded"] == {"USD": 0, "EUR": 70}
    assert given["net"] == {"USD": 500, "EUR": -70}


def test_every_kind_of_refund_counts_its_gift_known_or_not() -> None:
    given = profile_of(
        refund("1", 1, kind="refund"),
        refund("2", 20, kind="chargeback", donation_id="actblue:gone"),
        refund("3", 300, kind="void"),
        refund("4", 4000),
    )["donations"]
    assert (given["refunded"], given["net"]) == ({"USD": 4321}, {"USD": -4321})


def test_a_committee_has_its_gifts_and_refunds_and_the_time_of_its_last_gift() -> None:
    given = profile_of(
        gift("1", 500, committee="C1"),
        gift("2", 300, NOON + HOUR, committee="C1", currency="EUR"),
        gift("3", 10, NOON + 2 * HOUR, committee="C2"),
        gift("4", 1, NOON + 3 * HOUR),
        refund("5", 200, NOON + 4 * HOUR, committee="C1"),
    )["donations"]
    assert given["by_committee"] == {
        "C1": {"net": {"USD": 300, "EUR": 300}, "last_at": "2012-03-01T13:00:00.000Z", "elections": {}},
        "C2": {"net": {"USD": 10}, "last_at": "2012-03-01T14:00:00.000Z", "elections": {}},
    }


def test_a_committee_shows_its_net_by_election_and_a_refund_is_in_that_of_its_gift() -> None:
    given = profile_of(
        gift("1", 500, committee="C1", election="P2012"),
        gift("2", 70, NOON + 1, committee="C1", election="G2012", currency="EUR"),
        gift("3", 9, NOON + HOUR, committee="C1"),
        gift("4", 8, NOON + 2 * HOUR, election="P2012"),
        refund("r1", 100, donation_id="actblue:1"),
        refund("r2", 50, donation_id="actblue:1", committee="C1"),
        refund("r3", 3, donation_id="actblue:1", currency="EUR"),
        refund("r4", 2, donation_id="actblue:3"),
        refund("r5", 7, donation_id="actblue:unknown", committee="C1"),
        refund("r6", 4, committee="C1"),
        refund("r7", 1, donation_id="actblue:4"),
    )["donations"]
    assert given["by_committee"] == {
        "C1": {
            "net": {"USD": 346, "EUR": 67},
            "last_at": "2012-03-01T13:00:00.000Z",
            "elections": {"P2012": {"USD": 350, "EUR": -3}, "G2012": {"EUR": 70}},
        }
    }
