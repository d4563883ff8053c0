"""Which variant counts when drops come late: against a recount that keeps everything and when it was appended."""

from hypothesis import event, given
from hypothesis import strategies as st

from events.outputs import Assignment
from events.registry import MESSAGES
from events.times import render_time
from streams.domain.contact import ContactState, decode, encode, merge, profile
from tests.property.domain.contact.strategies import Feed, chunks, key
from tests.property.domain.experiments.people import feeds
from tests.unit.domain.contact.said import DAY, DONOR, Arrival, fold, folded

WEEK, MONTH = 7 * DAY, 30 * DAY


@given(feeds(days=80), st.data())
def test_a_drop_takes_back_what_was_appended_within_a_month_of_it(feed: Feed, data: st.DataObject) -> None:
    state = ContactState()
    for chunk in data.draw(chunks(feed.delivered)):
        state, _ = fold(decode(encode(state)), chunk)
    taken = accepted(feed.delivered)
    event(f"drops: {sum(each.interaction.type == 'email.dropped' for each in taken)}")
    assert profile(DONOR, state)["experiments"] == assignments(taken)


@given(feeds(days=80))
def test_messages_that_have_settled_apart_assign_together(feed: Feed) -> None:
    """What speaks of one message or one report is of one fragment, and so is what takes it back."""
    mail = [each for each in feed.delivered if each.interaction.type in MESSAGES]
    one, other = (
        [each for each in mail if (each.interaction.data.message_id == "m") is is_one]  # type: ignore[attr-defined]
        for is_one in (True, False)
    )
    both = merge(folded(*one), folded(*other))
    assert profile(DONOR, both)["experiments"] == profile(DONOR, folded(*mail))["experiments"]


def accepted(delivered: list[Arrival]) -> list[Arrival]:
    """In the order in which they were appended, those that were no copies: a message is known for a week."""
    last: dict[tuple[str, str], int] = {}
    taken = []
    for each in delivered:
        known = last.get(key(each))
        if known is None or (each.interaction.type in MESSAGES and each.appended_at > known + WEEK):
            last[key(each)] = each.appended_at
            taken.append(each)
    return taken


def assignments(taken: list[Arrival]) -> list[Assignment]:
    """By experiment the earliest word that counts, and whether another one says something else."""
    counted = _without_later_versions([each for each in taken if not _is_retracted(each, taken)])
    carrying = [each for each in counted if _arm(each) is not None and not _is_dropped(each, counted)]
    found: dict[str, list[Arrival]] = {}
    for each in carrying:
        found.setdefault(_arm(each).id, []).append(each)  # type: ignore[attr-defined]
    return [_shown(name, found[name]) for name in sorted(found)]


def _shown(name: str, carrying: list[Arrival]) -> Assignment:
    first = carrying[0].interaction
    variant = _arm(carrying[0]).variant  # type: ignore[attr-defined]
    shown: Assignment = {"id": name, "variant": variant, "assigned_at": render_time(first.time)}
    if any(_arm(each).variant != variant for each in carrying):  # type: ignore[attr-defined]
        shown["contaminated"] = True
    return shown


def _arm(each: Arrival) -> object:
    said = each.interaction
    return None if said.type == "email.dropped" else getattr(said.data, "experiment", None)


def _is_retracted(each: Arrival, taken: list[Arrival]) -> bool:
    if each.interaction.type == "interaction.retracted":
        return True
    return any(
        (gone.source, gone.id) == key(each)
        and (each.interaction.type not in MESSAGES or other.appended_at <= each.appended_at + WEEK)
        for other in taken
        if (gone := getattr(other.interaction.data, "retracts", None)) is not None
    )


def _without_later_versions(counted: list[Arrival]) -> list[Arrival]:
    seen: set[str] = set()
    first = []
    for each in sorted(counted, key=lambda each: (each.interaction.time, *key(each))):
        name = getattr(each.interaction.data, "report_id", None)
        if name is None or name not in seen:
            first.append(each)
        seen.add(str(name))
    return first


def _is_dropped(each: Arrival, counted: list[Arrival]) -> bool:
    said = each.interaction
    return said.type.startswith("email.") and any(
        other.interaction.type == "email.dropped"
        and other.interaction.data.message_id == said.data.message_id  # type: ignore[attr-defined]
        and abs(other.appended_at - each.appended_at) <= MONTH
        for other in counted
    )
