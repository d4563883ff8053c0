"""Records of `interactions` that intake wrote when `purpose`, `controller`, `wording`, `proof` and `provenance` had no
meaning: it took them as they came. What was read then is read, and a no binds.
"""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.channels import leaves_channel_open
from events.envelope import Interaction, decode
from events.harmonised import harmonise
from events.identifiers import Hasher
from events.interactions.anywhere import UNREADABLE
from events.interactions.base import SourcedData
from events.json_types import JSON
from events.registry import MODELS
from streams.domain.contact import ContactState, fold, profile
from streams.domain.contact.facts.from_records import read_fact
from streams.domain.contact.state import Consent, Fact
from tests.unit.events.records import NOW, REQUIRED, event, record

WERE_UNKNOWN = ("purpose", "controller", "wording", "proof", "provenance")
GIFT: dict[str, JSON] = {"donation_id": "a:1", "amount": 1, "currency": "USD"}
REFUSED: dict[str, JSON] = {"method": "phone", "outcome": "refused"}
SOURCED = sorted(
    name for name, model in MODELS.items() if issubclass(model, SourcedData) and name != "provenance.reported"
)


def read(type_: str, **data: JSON) -> Fact:
    contact: dict[str, JSON] = {"email": "email:" + "0" * 32}
    value = event(type_) | {"data": {"contact": contact, "team": "a", **data}}
    fact = read_fact(orjson.dumps(value), NOW)
    assert isinstance(fact, Fact), fact
    return fact


def consent_after(fact: Fact) -> dict[str, bool]:
    said = profile("c1", fold(ContactState(), [fact])[0])["consent"]
    return {str(channel): yes for channel, yes in said.items()}


@pytest.mark.parametrize("more", [{"controller": ""}, {"proof": ""}, {"purpose": ""}])
def test_a_yes_loses_what_cannot_be_read(more: dict[str, JSON]) -> None:
    fact = read("consent.changed", channel="email", granted=True, wording="v1", **more)
    assert isinstance(fact.detail, Consent)
    assert fact.detail.terms is not None
    assert (fact.detail.terms.wording, fact.detail.terms.controller, consent_after(fact)) == (
        "v1",
        None,
        {"email": True},
    )


def test_a_yes_to_a_controller_that_cannot_be_read_is_one_to_somebody_else() -> None:
    """Without a controller it would be one to the campaign itself."""
    fact = read("consent.changed", channel="email", granted=True, wording="v1", controller="Party of X")
    assert isinstance(fact.detail, Consent)
    assert fact.detail.terms is not None
    assert fact.detail.terms.controller == UNREADABLE


@pytest.mark.parametrize(
    ("wrong", "name"), [("list 1 (2011)", "file"), ("yesterday", "obtained_at"), (7, "notice"), ("crm", "more")]
)
def test_of_a_provenance_the_kind_is_kept_whatever_else_of_it_cannot_be_read(wrong: JSON, name: str) -> None:
    """Whoever is to be forgotten by the kind of a source would be missed else."""
    fact = read("donation.made", **GIFT, provenance={"kind": "rented", name: wrong})
    assert fact.origin is not None
    assert (fact.origin.kind, fact.origin.file) == ("rented", None)


def test_a_yes_for_a_purpose_that_cannot_be_read_opens_nothing() -> None:
    fact = read("consent.changed", channel="email", granted=True, purpose="fund raising")
    assert isinstance(fact.detail, Consent)
    assert (fact.detail.purpose, consent_after(fact)) == (UNREADABLE, {})


@pytest.mark.parametrize(("type_", "data"), [("donation.made", GIFT), ("canvass.reported", REFUSED)])
@pytest.mark.parametrize("provenance", ["crm", {"kind": "crm"}, 3, {"file": "a-list"}])
def test_what_has_an_origin_that_cannot_be_read_counts_without_it(
    type_: str, data: dict[str, JSON], provenance: JSON
) -> None:
    assert read(type_, **data, provenance=provenance) == read(type_, **data)


VALUES: st.SearchStrategy[JSON] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.text(max_size=20),
    st.sampled_from(["fundraising", "online_ads", "newsletter", "rented"]),
    st.lists(st.text(max_size=3), max_size=2).map(list),
    st.dictionaries(st.sampled_from(["kind", "file", "obtained_at"]), st.text(max_size=8), max_size=3).map(dict),
)


@given(st.sampled_from(SOURCED), st.dictionaries(st.sampled_from(WERE_UNKNOWN), VALUES), st.booleans())
def test_what_was_read_before_is_read(type_: str, more: dict[str, JSON], granted: bool) -> None:
    """Whatever such a field holds; and a no closes its channel, unless it is for a purpose that is known."""
    data = dict(REQUIRED[type_])
    if type_ == "consent.changed":
        data |= {"channel": "email", "granted": granted}
    fact = read(type_, **data, **more)
    if type_ == "consent.changed" and not granted:
        purpose = more.get("purpose")
        narrow = isinstance(purpose, str) and leaves_channel_open(purpose)
        assert consent_after(fact) == ({} if narrow else {"email": False})


@given(st.sampled_from(["consent.changed", "canvass.reported"]), st.dictionaries(st.sampled_from(WERE_UNKNOWN), VALUES))
def test_intake_takes_a_no_whatever_is_said_along_with_it(type_: str, more: dict[str, JSON]) -> None:
    no: dict[str, JSON] = {"channel": "email", "granted": False} if type_ == "consent.changed" else REFUSED
    taken = decode(record(event(type_, **no, **more)))
    assert isinstance(taken, Interaction)
    fact = read_fact(harmonise(taken, Hasher([b"key"]))[1], NOW)
    assert fact == read_fact(orjson.dumps(event(type_, **no, **more, team="digital")), NOW)
