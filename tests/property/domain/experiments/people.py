"""What a person gives to experiments, by the fold and by the oracle, in one shape."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from hypothesis import strategies as st
from msgspec.structs import asdict

from events.experiments.metrics import COUNTED_TYPES, METRICS
from events.json_types import JSON
from streams.demo.recount import CountedEvent, one_version_each
from streams.demo.recount_experiments import Definition, Person, person
from streams.domain.contact import ContactState
from streams.domain.contact.packed_contribution import NOTHING, PackedContribution, unpacked
from streams.domain.contact.person_view import overview
from streams.domain.experiments.counting_rules import CountingRule
from streams.domain.experiments.person_sums import packed_contribution_of
from tests.property.choices import below, one_of_these
from tests.property.domain.contact.strategies import SOURCES, Feed, Fields, counted, deliveries, few, fields, key
from tests.unit.domain.contact.said import DAY, DONOR, HOUR, NOON, Arrival, by, said
from tests.unit.events.records import REQUIRED

Rules = Mapping[str, CountingRule]


_LIMITS = st.none() | st.none() | st.integers(-10, 50).map(lambda hours: NOON + hours * HOUR)
RULES = st.dictionaries(
    st.sampled_from("xy"),
    st.builds(
        CountingRule,
        edition=st.sampled_from(["", "1", "2"]),
        window_ms=st.sampled_from([HOUR // 2, 2 * HOUR, 3 * HOUR + 1, 7 * DAY, 60 * DAY]),
        currency=st.sampled_from(["USD", "EUR"]),
        winsorise=st.sampled_from([1, 2, 500_000]),
        covariate_days=st.sampled_from([0, 1, 28, 60]),
        unit=st.sampled_from(["contact", "household", "turf"]),
        start=_LIMITS,
        end=_LIMITS,
        rollout=_LIMITS,
    ),
)
"""Definitions whose windows begin and end in the midst of what happens."""


ARM = st.builds(lambda id_, variant: {"id": id_, "variant": variant}, st.sampled_from("xxy"), st.sampled_from("AAB"))
ARMED: st.SearchStrategy[Fields] = fields({"experiment": ARM.map(dict)}, {"turf": few("t", "u")})
MAY_ARM = st.one_of(ARMED, ARMED, st.just(dict[str, JSON]()))
MAIL = fields({"message_id": few("l", "m", "n")}, {})
READ = fields({"message_id": few("l", "m", "n")}, {"user_agent": few("Mozilla/5.0", "Mozilla/5.0 (Windows NT 10.0)")})
MONEY: dict[str, st.SearchStrategy[JSON]] = {"amount": st.integers(1, 3), "currency": few("USD", "USD", "EUR")}
GIFT = few("a:1", "a:2")
WORDS: dict[str, st.SearchStrategy[Fields]] = {
    **{type_: st.just(REQUIRED[type_]) for type_ in sorted(COUNTED_TYPES)},
    "email.sent": MAIL,
    "email.delivered": MAIL,
    "email.opened": READ,
    "email.clicked": READ,
    "email.dropped": MAIL,
    "text.sent": MAIL,
    "experiment.assigned": fields({"experiment": ARM.map(dict)}, {"cluster": few("c", "d")}),
    "canvass.reported": fields(
        {"method": few("door"), "outcome": few("contacted", "not_home")},
        {"report_id": few("r"), "support": st.integers(1, 5)},
    ),
    "donation.made": fields({"donation_id": GIFT, **MONEY}, {"instalment": few(1, 2)}),
    "donation.refunded": fields({"refund_id": few("x", "y"), **MONEY}, {"donation_id": GIFT}),
    "ballot.reported": fields({"election": few("e"), "status": few("voted", "returned")}, {}),
    "email.unsubscribed": fields({}, {"list_id": few("l")}),
    "email.complained": fields({}, {"list_id": few("l")}),
    "text.opted_out": fields({}, {"sender": few("s")}),
    "consent.changed": fields({"channel": few("email", "door"), "granted": few(True, False)}, {"list_id": few("l")}),
}
SUBJECTS = (
    ("email.sent", "email.opened", "email.clicked", "email.dropped", "experiment.assigned", "canvass.reported"),
    ("experiment.assigned", "email.opened", "email.clicked"),
    ("experiment.assigned", "donation.made", "donation.refunded"),
    ("experiment.assigned", "email.unsubscribed", "consent.changed", "text.opted_out"),
)
"""What a life is mostly about, so that several things that meet in one rule come often."""
TIMES = st.one_of(
    st.integers(-12, 60).map(lambda quarters: NOON + quarters * HOUR // 4),
    st.integers(-40, 40).map(lambda days: NOON + days * DAY),
)


_SOURCE = st.sampled_from(SOURCES)


@cache
def _types(often: Sequence[str]) -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from([*WORDS]), st.sampled_from(often), st.sampled_from(often))


@cache
@st.composite
def interactions(draw: st.DrawFn, number: int, often: Sequence[str]) -> Arrival:
    """Anything that matters to an experiment, some types more often than the rest."""
    type_ = draw(_types(often))
    arm = draw(MAY_ARM) if type_.startswith(("email.", "text.", "canvass.")) else {}
    if type_ in ("email.unsubscribed", "email.complained", "text.replied", "text.opted_out"):
        arm = {}
    data = draw(WORDS[type_]) | arm
    return by(draw(_SOURCE), said(type_, f"{number}", draw(TIMES), **data))


@st.composite
def lives(draw: st.DrawFn) -> list[Arrival]:
    """What happened to somebody who is probably in an experiment, some of it taken back."""
    often = one_of_these(draw, SUBJECTS)
    happened = [draw(interactions(number, often)) for number in range(4 + draw(below(11)))]
    gone = draw(st.lists(st.sampled_from(happened), max_size=2, unique_by=id))
    return [*happened, *(_not_so(one) for one in gone)]


def _not_so(one: Arrival) -> Arrival:
    heard = one.interaction
    retracts: JSON = {"source": heard.source, "id": heard.id}
    return said("interaction.retracted", f"not {heard.id}", NOON, retracts=retracts)


@st.composite
def feeds(draw: st.DrawFn, days: int = 6) -> Feed:
    """A life and how it arrives, in the order in which it is appended."""
    life = draw(lives())
    delivered = draw(deliveries(life, days))
    return Feed(life, sorted(delivered, key=lambda arrival: arrival.appended_at) if days > 6 else delivered)


def given_by(state: ContactState, rules: Rules, before: PackedContribution = NOTHING) -> PackedContribution:
    return packed_contribution_of(DONOR, overview(state), rules, before)


def shown(found: PackedContribution) -> dict[str, Person]:
    """As the oracle says it."""
    return {
        one.experiment: {
            "variant": one.variant,
            "day": one.day,
            "contaminated": one.contaminated,
            "metrics": {METRICS[place]: (y, x, raw) for place, y, x, raw in one.values},
        }
        for one in unpacked(found)
    }


def by_the_oracle(life: Iterable[Arrival], rules: Rules) -> dict[str, Person]:
    """Without figures that are 0. `life`: each interaction once, all received within a week."""
    found = all_by_the_oracle(life, rules)
    for one in found.values():
        one["metrics"] = {metric: figures for metric, figures in one["metrics"].items() if any(figures)}
    return found


def all_by_the_oracle(life: Iterable[Arrival], rules: Rules) -> dict[str, Person]:
    """With every figure."""
    definitions: dict[str, Definition] = {name: asdict(rule) for name, rule in rules.items()}  # type: ignore[misc]
    return person(one_version_each(told(life)), definitions)


def told(life: Iterable[Arrival]) -> list[CountedEvent]:
    """What counts, in order, of each interaction once."""
    return counted({key(arrival): arrival for arrival in life}.values())
