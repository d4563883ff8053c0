"""A ledger that leaves out older words allows nothing that the whole one denies."""

from itertools import product
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from events.channels import Channel, Purpose
from events.outputs import ProvenanceItem
from streams.domain.advertising.audience_gate import GateRules, gate_verdict
from streams.domain.contact.sections.consent import consent
from streams.domain.contact.sections.consent_ledger import Words, consent_ledger, told_words
from streams.domain.contact.state import Consent, ConsentTerms, Fact
from streams.domain.pressure import default_policy
from streams.domain.pressure.policy import ConsentRules
from streams.domain.pressure.purposes import consent_denial, withdrawal
from tests.unit.domain.pressure.people import DAY, NOON, asking, person

RULES = (
    ConsentRules(),
    ConsentRules(controller="a"),
    ConsentRules(needs_proof=True),
    ConsentRules(for_purpose=("email",)),
)
CHANNELS: tuple[Channel, ...] = ("email", "text")
PURPOSES: tuple[Purpose, ...] = ("fundraising", "informational")
REQUESTS = [*(asking(*about) for about in product(CHANNELS, PURPOSES)), asking("phone", automatic=True)]
POLICY = default_policy("fr")
OWN: ProvenanceItem = {
    "kind": "self",
    "of_age": True,
    "first_at": "2012-03-01T12:00:00.000Z",
    "last_at": "2012-03-01T12:00:00.000Z",
    "count": 1,
    "addresses": [],
    "source": "forms/site",
    "id": "f",
}
TERMS = st.builds(
    ConsentTerms,
    st.sampled_from([None, "fundraising", "Informational", "online_ads", "newsletter", "automatic_calls"]),
    st.sampled_from([None, "a", "b"]),
    st.none(),
    st.sampled_from([None, "scan:1"]),
)
SAID = st.builds(
    Consent,
    st.sampled_from(["email", "text", "phone", "all"]),
    st.booleans(),
    st.sampled_from([None, None, "news"]),
    st.none(),
    st.one_of(st.none(), TERMS),
)


def known_by(words: Words, of_all: Words) -> Any:
    return person(consent_ledger=consent_ledger(words), consent=consent(of_all), provenance=[OWN])


@given(st.lists(st.tuples(st.integers(0, 9), SAID), max_size=14), st.integers(0, 4), st.integers(0, 2))
def test_what_is_left_out_opens_nothing(said: list[tuple[int, Consent]], most: int, yeses: int) -> None:
    facts = [
        (Fact("consent.changed", NOON - DAY + at, "team/a", f"{number:02d}", NOON), word)
        for number, (at, word) in enumerate(said)
    ]
    words = sorted(facts, key=lambda each: each[0].stamp)
    told = told_words(words, most, yeses)
    event(f"left out: {len(words) > len(told)}")
    assert [*told[len(told) - min(most, len(words)) :]] == [*words[len(words) - min(most, len(words)) :]]
    whole, short = known_by(words, words), known_by(told, words)
    for request in REQUESTS:
        assert withdrawal(whole, request, POLICY) is None or withdrawal(short, request, POLICY) is not None
        for rules in RULES:
            assert consent_denial(whole, request, rules) is None or consent_denial(short, request, rules) is not None
    for rules in RULES:
        asked = GateRules(rules)
        admitted = gate_verdict(short, asked, NOON).is_admitted
        event(f"in an audience for ads: {admitted}")
        assert not admitted or gate_verdict(whole, asked, NOON).is_admitted


@given(st.lists(SAID, max_size=40))
def test_few_words_are_told_besides_the_latest(said: list[Consent]) -> None:
    words = [(Fact("consent.changed", NOON + at, "team/a", "1", NOON), word) for at, word in enumerate(said)]
    noes = {
        (word.channel, word.purpose)
        for word in said
        if not word.granted and (word.list_id is None or word.purpose == "online_ads")
    }
    assert len(told_words(words, 0, 1)) <= 1 + len(noes)


def test_a_yes_with_a_proof_is_told_beside_a_later_one_without() -> None:
    """A policy that asks for a proof goes by the first, others by the second."""
    proven, bare = (
        Consent("email", granted=True, terms=ConsentTerms(wording="v1", proof=proof)) for proof in ("a", None)
    )
    unlisted = Consent("email", granted=True, list_id="news")
    said = [proven, bare, *[unlisted] * 5]
    words = [(Fact("consent.changed", NOON + at, "team/a", "1", NOON), word) for at, word in enumerate(said)]

    assert [word for _, word in told_words(words, 3)] == [proven, bare, *[unlisted] * 3]


def test_a_no_to_ads_is_told_whatever_list_it_names() -> None:
    """Else the yes before it would admit somebody to an audience for ads."""
    yes = Consent("all", granted=True, terms=ConsentTerms("online_ads", proof="scan:1"))
    no = Consent("email", granted=False, list_id="news", terms=ConsentTerms("online_ads"))
    others = [Consent("email", granted=True, list_id="news")] * 3
    words = [
        (Fact("consent.changed", NOON - DAY + at, "team/a", "1", NOON), word)
        for at, word in enumerate([yes, no, *others])
    ]
    told = told_words(words, 3)
    assert [word for _, word in told] == [yes, no, *others]
    assert gate_verdict(known_by(told, words), GateRules(ConsentRules()), NOON).why == "consent_withdrawn"
