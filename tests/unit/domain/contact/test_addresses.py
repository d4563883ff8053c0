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


def test_one_address_is_one_however_often_and_wherever_it_was_named() -> None:
    found = known(
        said("email.sent", {"email": ADA}, "1"),
        said("email.sent", {"email": f" {ADA.upper()}"}, "2"),
        said("email.sent", {"contact_id": "crm.1", "email": ADA}, "3"),
    )
    assert [address["ref"] for address in found] == [ref(OLD.email(ADA))]


def test_commands_and_retractions_name_no_address() -> None:
    contact: dict[str, JSON] = {"contact_id": "crm.1", "email": ADA}
    found = known(
        said("contact.suppressed", contact, "1"),
        said("form.submitted", {**contact, "phone": NUMBER}, "2", form_id="f"),
        said("interaction.retracted", contact, "3", retracts={"source": "team/a", "id": "2"}),
    )
    assert found == []


def test_a_fragment_of_which_everything_was_taken_back_names_nothing() -> None:
    found = known(
        said("form.submitted", {"email": ADA}, "1", form_id="f"),
        said("interaction.retracted", {"email": ADA}, "2", retracts={"source": "team/a", "id": "1"}),
    )
    assert found == []


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


def test_a_wrong_number_is_one_of_the_phone_by_the_report_that_counts() -> None:
    contact: dict[str, JSON] = {"email": ADA, "phone": NUMBER}
    wrong = said("canvass.reported", contact, "2", method="phone", outcome="wrong_number", report_id="r")
    right = said("canvass.reported", contact, "1", method="phone", outcome="contacted", report_id="r")
    assert statuses(wrong) == {"email": "ok", "phone": "wrong_number"}
    assert statuses(wrong, right) == {"email": "ok", "phone": "ok"}


def test_what_is_said_of_one_address_is_not_said_of_another() -> None:
    known = shown(
        said("email.bounced", {"contact_id": "crm.1", "email": ADA}, "1", kind="hard"),
        said("email.sent", {"contact_id": "crm.1", "email": BO}, "2"),
    )
    by_ref = {address["ref"]: address["status"] for address in known["addresses"]}
    assert by_ref == {ref(OLD.email(ADA)): "hard_bounced", ref(OLD.email(BO)): "ok"}
    assert known["email"]["status"] == "ok"


def test_what_becomes_of_an_email_says_nothing_of_the_number_beside_it() -> None:
    both: dict[str, JSON] = {"email": ADA, "phone": NUMBER}
    bounced = said("email.bounced", both, "1", kind="hard")
    complained = said("email.complained", {"contact_id": "crm.1", "phone": NUMBER}, "2", 1)
    assert statuses(bounced, complained) == {"email": "hard_bounced", "phone": "ok"}


@pytest.mark.parametrize(("delivery", "status"), [("0", "soft_bouncing"), ("2", "ok")])
def test_of_a_bounce_and_a_delivery_at_one_time_the_larger_source_and_id_is_later(delivery: str, status: str) -> None:
    bounces = [said("email.bounced", {"email": ADA}, f"{n}", max(n - 2, 0), kind="soft") for n in (1, 3, 4)]
    assert statuses(*bounces, said("email.delivered", {"email": ADA}, delivery)) == {"email": status}


@pytest.mark.parametrize(
    ("first", "then"), [("email.complained", "hard_bounced"), ("email.bounced", "ok"), ("email.sent", "ok")]
)
def test_of_what_was_taken_back_nothing_is_left_in_a_status(first: str, then: str) -> None:
    """Not even a grant lifts a hard bounce; a retraction does."""
    how: dict[str, JSON] = {"kind": "hard"} if first == "email.bounced" else {}
    gone = said(first, {"email": ADA}, "1", 0, OLD, **how)
    granted = said("consent.changed", {"email": ADA}, "2", 2, channel="email", granted=True)
    told = [gone, granted]
    if first == "email.complained":
        told.append(said("email.bounced", {"email": ADA}, "3", 1, kind="hard"))
    worst = {"email.complained": "complained", "email.bounced": "hard_bounced"}.get(first, "ok")
    assert statuses(*told) == {"email": worst}
    retracted = said("interaction.retracted", {"email": ADA}, "r", 3, retracts={"source": "team/a", "id": "1"})
    assert statuses(*told, retracted) == {"email": then}


def test_a_later_version_of_a_report_names_no_address() -> None:
    other = "+1 212 555 0177"
    report: dict[str, JSON] = {"method": "phone", "report_id": "r"}
    mine, others = ({"contact_id": "crm.1", "phone": number} for number in (NUMBER, other))
    first = said("canvass.reported", {**mine}, "1", 0, OLD, outcome="contacted", **report)
    again = said("canvass.reported", {**others}, "2", 1, OLD, outcome="wrong_number", **report)
    assert [address["ref"] for address in known(first, again)] == [ref(OLD.phone(NUMBER))]
    gone = said("interaction.retracted", {"contact_id": "crm.1"}, "r", 2, retracts={"source": "team/a", "id": "1"})
    assert known(first, again, gone) == [{"ref": ref(OLD.phone(other)), "channel": "phone", "status": "wrong_number"}]


def test_the_email_status_is_that_of_the_best_address() -> None:
    contact: dict[str, JSON] = {"contact_id": "crm.1"}
    bad = said("email.bounced", {**contact, "email": ADA}, "1", kind="hard")
    worse = said("email.complained", {**contact, "email": BO}, "2")
    soft = [said("email.bounced", {**contact, "email": BO}, f"s{n}", n, kind="soft") for n in range(3)]
    assert shown(bad, worse)["email"]["status"] == "hard_bounced"
    assert shown(bad, *soft)["email"]["status"] == "soft_bouncing"
    assert shown(said("form.submitted", contact, form_id="f"))["email"]["status"] == "ok"


def test_softly_bounced_mail_of_two_fragments_is_of_one_address() -> None:
    contacts: list[dict[str, JSON]] = [{"email": ADA}, {"contact_id": "crm.1", "email": ADA}, {"email": ADA}]
    bounces = [said("email.bounced", contact, f"{n}", n, kind="soft") for n, contact in enumerate(contacts)]
    assert statuses(*bounces) == {"email": "soft_bouncing"}
    ends = [said("form.submitted", contact, f"end {n}", 60 * DAY, form_id="f") for n, contact in enumerate(contacts)]
    assert statuses(*bounces, *ends) == {"email": "soft_bouncing"}


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
