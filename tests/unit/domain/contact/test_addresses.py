"""Which addresses a person was named by, and how each of them answers."""

import pytest

from events.envelope import Interaction
from events.harmonised import harmonise
from events.identifiers import Hasher
from events.json_types import JSON
from events.outputs import Address
from events.registry import MODELS
from streams.domain.contact import ContactState, fold, merge, profile, read_fact
from streams.domain.contact.merging import person
from streams.domain.contact.state import Fact
from tests.unit.domain.contact.said import DAY, NOON

OLD, NEW = Hasher([b"old"]), Hasher([b"new", b"old"])
ADA, BO = "ada@example.org", "bo@example.org"
NUMBER = "+1 212 555 0199"
SOFT: tuple[str, dict[str, JSON]] = "email.bounced", {"kind": "soft"}
Fragments = dict[str, ContactState]


def told(*facts: tuple[str, Fact]) -> Fragments:
    """The states of the fragments after these, in the order given."""
    states: Fragments = {}
    for name, fact in facts:
        states[name], _ = fold(states.get(name, ContactState()), [fact])
    return states


def said(
    type_: str, contact: dict[str, JSON], id_: str = "1", at: int = 0, /, hasher: Hasher = OLD, **data: JSON
) -> tuple[str, Fact]:
    """What its fragment hears, `at` after noon; appended then as well."""
    if type_ in ("email.sent", "email.delivered", "email.bounced", "text.sent"):
        data = {"message_id": id_, **data}
    model = MODELS[type_].model_validate({"contact": contact, **data})
    fragment, value = harmonise(Interaction(id_, "team/a", type_, NOON + at, model), hasher)
    fact = read_fact(value, NOON + at)
    assert isinstance(fact, Fact)
    return fragment, fact


def known(states: Fragments) -> list[Address]:
    name = min(states)
    shown = profile(name, person(states))
    assert shown == profile(name, person(dict(reversed(states.items()))))
    return shown["addresses"]


def statuses(*facts: tuple[str, Fact]) -> dict[str, str]:
    """By channel, for people with one address of each."""
    return {address["channel"]: address["status"] for address in known(told(*facts))}


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
    assert known(told(said("form.submitted", contact, form_id="f"))) == [
        {"ref": ref(OLD.email(ADA)), "channel": "email", "status": "ok"},
        {"ref": ref(OLD.phone(NUMBER)), "channel": "phone", "status": "ok"},
    ]


def test_who_is_named_by_nothing_but_ids_has_no_address() -> None:
    assert known(told(said("form.submitted", {"contact_id": "crm.1", "voter_id": "NY:1"}, form_id="f"))) == []


def test_one_address_is_one_however_often_and_wherever_it_was_named() -> None:
    states = told(
        said("email.sent", {"email": ADA}, "1"),
        said("email.sent", {"email": ADA}, "2"),
        said("email.sent", {"contact_id": "crm.1", "email": ADA}, "3"),
    )
    assert [address["ref"] for address in known(states)] == [ref(OLD.email(ADA))]


def test_commands_and_retractions_name_no_address() -> None:
    contact: dict[str, JSON] = {"contact_id": "crm.1", "email": ADA}
    states = told(
        said("contact.suppressed", contact, "1"),
        said("form.submitted", {**contact, "phone": NUMBER}, "2", form_id="f"),
        said("interaction.retracted", contact, "3", retracts={"source": "team/a", "id": "2"}),
    )
    assert known(states) == []


def test_a_fragment_of_which_everything_was_taken_back_names_nothing() -> None:
    states = told(
        said("form.submitted", {"email": ADA}, "1", form_id="f"),
        said("interaction.retracted", {"email": ADA}, "2", retracts={"source": "team/a", "id": "1"}),
    )
    assert known(states) == []


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
    for name in {name for name, _ in arrived}:
        one = fold(ContactState(), [fact for _, fact in arrived[::2]])[0]
        halves[name] = merge(one, fold(ContactState(), [fact for _, fact in arrived[1::2]])[0])
    assert known(halves)[0]["status"] == status


def test_a_wrong_number_is_one_of_the_phone_by_the_report_that_counts() -> None:
    contact: dict[str, JSON] = {"email": ADA, "phone": NUMBER}
    wrong = said("canvass.reported", contact, "2", method="phone", outcome="wrong_number", report_id="r")
    right = said("canvass.reported", contact, "1", method="phone", outcome="contacted", report_id="r")
    assert statuses(wrong) == {"email": "ok", "phone": "wrong_number"}
    assert statuses(wrong, right) == {"email": "ok", "phone": "ok"}


def test_what_is_said_of_one_address_is_not_said_of_another() -> None:
    states = told(
        said("email.bounced", {"contact_id": "crm.1", "email": ADA}, "1", kind="hard"),
        said("email.sent", {"contact_id": "crm.1", "email": BO}, "2"),
    )
    shown = profile("crm.1", person(states))
    by_ref = {address["ref"]: address["status"] for address in shown["addresses"]}
    assert by_ref == {ref(OLD.email(ADA)): "hard_bounced", ref(OLD.email(BO)): "ok"}
    assert shown["email"]["status"] == "ok"


def test_the_email_status_is_that_of_the_best_address() -> None:
    contact: dict[str, JSON] = {"contact_id": "crm.1"}
    bad = said("email.bounced", {**contact, "email": ADA}, "1", kind="hard")
    worse = said("email.complained", {**contact, "email": BO}, "2")
    assert profile("crm.1", person(told(bad, worse)))["email"]["status"] == "hard_bounced"
    assert profile("crm.1", person(told(said("form.submitted", contact, form_id="f"))))["email"]["status"] == "ok"


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
    assert known(states) == [{"ref": ref(NEW.email(ADA)), "channel": "email", "status": "hard_bounced"}]


def test_a_fragment_by_which_nothing_was_said_adds_no_address() -> None:
    """As that of a rotated key of which only somebody else's interaction knows."""
    states = told(said("form.submitted", {"email": ADA}, form_id="f"))
    [old] = states
    new = "email:" + "0" * 32
    shown = profile(new, person({new: ContactState(), **states}))
    assert [address["ref"] for address in shown["addresses"]] == [ref(old)]
