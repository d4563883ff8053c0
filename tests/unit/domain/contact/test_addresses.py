"""Which addresses a person was named by, and how each of them answers."""

from typing import Any, NamedTuple

import pytest

from events.contact import Contact
from events.envelope import Interaction
from events.harmonised import harmonise
from events.identifiers import Hasher
from events.json_types import JSON
from events.outputs import Address, ContactProfile
from events.registry import MODELS
from events.times import render_time
from streams.demo import oracle
from streams.demo.truth import Sent
from streams.domain.contact import ContactState, fold, merge, profile, read_fact
from streams.domain.contact.merging import person
from streams.domain.contact.state import Fact
from tests.unit.domain.contact.said import DAY, NOON

OLD, NEW = Hasher([b"old"]), Hasher([b"new", b"old"])
ADA, BO = "ada@example.org", "bo@example.org"
NUMBER = "+1 212 555 0199"
SOFT: tuple[str, dict[str, JSON]] = "email.bounced", {"kind": "soft"}
Fragments = dict[str, ContactState]


class Heard(NamedTuple):
    """What a fragment hears, and the interaction as its producer wrote it."""

    fragment: str
    fact: Fact
    sent: Sent


def told(*facts: Heard) -> Fragments:
    """The states of the fragments after these, in the order given."""
    states: Fragments = {}
    for name, fact, _ in facts:
        states[name], _ = fold(states.get(name, ContactState()), [fact])
    return states


def said(
    type_: str, contact: dict[str, JSON], id_: str = "1", at: int = 0, /, hasher: Hasher = OLD, **data: JSON
) -> Heard:
    """What its fragment hears, `at` after noon; appended then as well."""
    if type_ in ("email.sent", "email.delivered", "email.bounced", "text.sent"):
        data = {"message_id": id_, **data}
    model = MODELS[type_].model_validate({"contact": contact, **data})
    fragment, value = harmonise(Interaction(id_, "team/a", type_, NOON + at, model), hasher)
    fact = read_fact(value, NOON + at)
    assert isinstance(fact, Fact)
    sent: Any = contact, data
    return Heard(fragment, fact, Sent("topic", type_, "team/a", id_, render_time(NOON + at), *sent))


def shown_of(states: Fragments) -> ContactProfile:
    """The profile of the fragments together, in either order."""
    name = min(states)
    shown = profile(name, person(states))
    assert shown == profile(name, person(dict(reversed(states.items()))))
    return shown


def shown(*facts: Heard) -> ContactProfile:
    """The profile of the person of whom these are told: its addresses are those that the demo's oracle recounts."""
    found = shown_of(told(*facts))
    recounted = oracle.profile_of("ada", [each.sent for each in facts], identify)
    assert (found["addresses"], found["email"]) == (recounted["addresses"], recounted["email"])
    return found


def identify(contact: Any) -> str:
    return str(OLD.fragment(Contact.model_validate(contact)))


def known(*facts: Heard) -> list[Address]:
    return shown(*facts)["addresses"]


def statuses(*facts: Heard) -> dict[str, str]:
    """By channel, for people with one address of each."""
    return {address["channel"]: address["status"] for address in known(*facts)}


def ref(hashed: str | None) -> str:
    assert hashed is not None
    return hashed.partition(":")[2][:16]


@pytest.mark.parametrize(
    "contact",
    [
        {"email": ADA, "phone": NUMBER},
        {"contact_id": "crm.1", "email": ADA, "phone": NUMBER},
        {"voter_id": "NY:1", "email": ADA, "phone": NUMBER},
        {"external": {"van": "1"}, "email": ADA, "phone": NUMBER},
    ],
)
def test_an_address_is_known_by_the_hash_that_finds_the_person(contact: dict[str, JSON]) -> None:
    assert known(said("form.submitted", contact, form_id="f")) == [
        {"ref": ref(OLD.email(ADA)), "channel": "email", "status": "ok"},
        {"ref": ref(OLD.phone(NUMBER)), "channel": "phone", "status": "ok"},
    ]


def test_who_is_named_by_nothing_but_ids_has_no_address() -> None:
    assert known(said("form.submitted", {"contact_id": "crm.1", "voter_id": "NY:1"}, form_id="f")) == []


@pytest.mark.parametrize("contact", [{"email": ADA}, {"contact_id": "crm.1", "email": ADA}])
@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ([("email.sent", {})], "ok"),
        ([("email.bounced", {"kind": "hard"}), ("email.delivered", {})], "hard_bounced"),
        ([SOFT] * 2, "ok"),
        ([SOFT] * 3, "soft_bouncing"),
        ([SOFT] * 3 + [("email.delivered", {})], "ok"),
        ([("email.delivered", {})] + [SOFT] * 3, "soft_bouncing"),
        (
            [SOFT] * 2 + [("email.delivered", {}), SOFT],
            "ok",
        ),
        ([("email.bounced", {"kind": "hard"}), ("email.complained", {"list_id": "l"})], "complained"),
        ([("email.complained", {})], "complained"),
        ([("email.unsubscribed", {})], "ok"),
        ([("canvass.reported", {"method": "phone", "outcome": "wrong_number"})], "ok"),
    ],
)
def test_how_an_email_address_answers_settled_or_not(
    contact: dict[str, JSON], facts: list[tuple[str, dict[str, JSON]]], status: str
) -> None:
    arrived = [said(type_, contact, f"{n}", n + 1, OLD, **data) for n, (type_, data) in enumerate(facts)]
    assert statuses(*arrived) == {"email": status}
    assert statuses(*reversed(arrived)) == {"email": status}
    assert statuses(*arrived, said("form.submitted", contact, "end", 60 * DAY, form_id="f")) == {"email": status}
    halves = {}
    for name in {name for name, _, _ in arrived}:
        one = fold(ContactState(), [fact for _, fact, _ in arrived[::2]])[0]
        halves[name] = merge(one, fold(ContactState(), [fact for _, fact, _ in arrived[1::2]])[0])
    assert shown_of(halves)["addresses"][0]["status"] == status


@pytest.mark.parametrize(("delivery", "status"), [("0", "soft_bouncing"), ("2", "ok")])
def test_of_a_bounce_and_a_delivery_at_one_time_the_larger_source_and_id_is_later(delivery: str, status: str) -> None:
    bounces = [said("email.bounced", {"email": ADA}, f"{n}", max(n - 2, 0), kind="soft") for n in (1, 3, 4)]
    assert statuses(*bounces, said("email.delivered", {"email": ADA}, delivery)) == {"email": status}


def test_an_address_is_one_under_an_old_and_a_new_key() -> None:
    states = told(
        said("email.bounced", {"email": ADA}, "1", kind="hard"),
        said("email.sent", {"email": ADA}, "2", hasher=NEW),
    )
    assert len(states) == 2
    one = {"ref": ref(NEW.email(ADA)), "channel": "email", "status": "hard_bounced"}
    assert shown_of(states)["addresses"] == [one]


def test_a_fragment_by_which_nothing_was_said_adds_no_address() -> None:
    """As that of a rotated key of which only somebody else's interaction knows."""
    states = told(said("form.submitted", {"email": ADA}, form_id="f"))
    [old] = states
    new = "email:" + "0" * 32
    shown = profile(new, person({new: ContactState(), **states}))
    assert [address["ref"] for address in shown["addresses"]] == [ref(old)]
