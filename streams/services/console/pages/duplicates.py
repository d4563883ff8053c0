"""`/people/duplicates`: identifiers that link nobody, because too many or conflicting people carry them, and decisions.

Whose identifiers they are is looked at as the page is loaded, and written down first; so it is for those who see all
people, and have said why they look.
"""

from collections.abc import Sequence
from typing import cast

import orjson
from msgspec import Struct

from events.fields import CONTACT_ID_PATTERN
from events.outputs import ContactProfile
from events.times import parse_time
from sinks.lookup import ContactAnswer, Incomplete, KnownContact
from streams.services.console import desk_notices
from streams.services.console.desk_cells import Span
from streams.services.console.desk_notices import Alert, View
from streams.services.console.desk_schema import CELLS_KEPT_MS
from streams.services.console.page import Block, Elsewhere, Loaded, Page, PageRefused, PageRequest, Withheld
from streams.services.console.pages.person_looks import short_name
from streams.services.console.rights import EVERYTHING, ROLES_OF
from streams.services.permission.decision_messages import incomplete_message

MOST = 50
RULES = ("identity_crowded", "identity_disputed", "identity_saturated", "identity_overruled")
"""Why an identifier links nobody; each is a sentence of `duplicates_found.html`."""
_DECISIONS_MS = 90 * 86_400_000
_DECIDED = ("link", "unlink")


class UnlinkingIdentifier(Struct, frozen=True):
    """An identifier that links nobody: its kind and first digits, why, since when, and whom it leads to, if anybody."""

    shown: str
    rule: str
    at_ms: int
    contact_id: str | None


class PastDecision(Struct, frozen=True):
    """That somebody said in the console that two contacts are one person, or two.

    It was written down before it was sent, so it may never have been.
    """

    at_ms: int
    viewer: str
    what: str
    one: str
    other: str


class Side(Struct, frozen=True):
    """What is known of one of two contacts. `channels`: of which an address or number is known."""

    contact_id: str
    region: str | None
    first_ms: int | None
    last_ms: int | None
    channels: Sequence[str]


class Pair(Struct, frozen=True):
    """Two contacts that are looked at. `are_one`: whether they are one person now; `is_known`: both are known.

    `sides`: of each what is known. `shared`: addresses and numbers that both have, by their first digits.
    """

    one: str
    other: str
    are_one: bool
    is_known: bool
    sides: Sequence[Side] = ()
    shared: Sequence[str] = ()


class Duplicates(Struct, frozen=True):
    """What the page shows. `as_of_ms`: of what Redis said."""

    found: Sequence[UnlinkingIdentifier]
    decided: Sequence[PastDecision]
    pair: Pair | None
    as_of_ms: int | None


async def enter(asked: PageRequest) -> Duplicates:
    """Find all that the page shows, and write the look down. Raises what is shown in its place."""
    if asked.viewer.scope != EVERYTHING or asked.viewer.roles.isdisjoint(ROLES_OF["link"]):
        raise PageRefused.not_allowed(("right",))
    if not asked.reason:
        raise Elsewhere("/people?for=duplicates")  # which leads back here: no contact has that page
    now = asked.wall_ms
    alerts = await asked.ask(desk_notices.latest_alerts, Span(now - CELLS_KEPT_MS, now + 1), RULES, MOST)
    views = await asked.ask(desk_notices.acts_on_people, Span(now - _DECISIONS_MS, now + 1), _DECIDED, 2 * MOST)
    pair = (asked.params.get("one", ""), asked.params.get("other", ""))
    wanted = [each for each in pair if each]
    seen = await asked.deps.lookup.look([*([str(each.subject)] for each in alerts), *([each] for each in wanted)])
    if isinstance(seen, Incomplete):
        raise Withheld(incomplete_message(seen))
    led_to = seen.contacts[: len(alerts)]
    known = sorted({each.contact_id for each in seen.contacts if isinstance(each, KnownContact)})
    await asked.deps.views.people(asked.viewer, asked.reason, known)
    found = [shown_of(alert, contact) for alert, contact in zip(alerts, led_to, strict=True)]
    return Duplicates(found, decisions(views), pair_of(pair, seen.contacts[len(alerts) :]), seen.as_of)


def shown_of(alert: Alert, contact: ContactAnswer) -> UnlinkingIdentifier:
    """An identifier as the page shows it: of a hash the kind and the first digits."""
    name = str(alert.subject)
    led_to = contact.contact_id if isinstance(contact, KnownContact) else None
    return UnlinkingIdentifier(short_name(name), alert.rule, alert.at_ms, led_to)


def decisions(views: Sequence[View]) -> list[PastDecision]:
    """What was decided in the console about pairs, the latest first; not of somebody who was erased since."""
    pairs: dict[tuple[int, str, str], list[str]] = {}
    for each in views:
        if each.contact_id is not None:
            pairs.setdefault((each.at_ms, each.viewer, each.what), []).append(each.contact_id)
    return [
        PastDecision(at, viewer, what, *sorted(both)) for (at, viewer, what), both in pairs.items() if len(both) == 2
    ][:MOST]


def pair_of(given: tuple[str, str], seen: Sequence[ContactAnswer]) -> Pair | None:
    """The two contacts that are looked at; None where not both are given."""
    if len(seen) != 2:
        return None
    first, second = seen
    are_one = first.contact_id == second.contact_id
    if not isinstance(first, KnownContact) or not isinstance(second, KnownContact):
        return Pair(*given, are_one, is_known=False)
    one, other = orjson.loads(first.profile), orjson.loads(second.profile)
    return Pair(*given, are_one, True, (side_of(given[0], one), side_of(given[1], other)), shared_by(one, other))


def side_of(contact_id: str, profile: ContactProfile) -> Side:
    """What the page shows of one of two contacts."""
    first, last = profile["first_seen"], profile["last_seen"]
    return Side(
        contact_id,
        profile["zones"]["region"],
        None if first is None else parse_time(first),
        None if last is None else parse_time(last),
        sorted({address["channel"] for address in profile["addresses"]}),
    )


def shared_by(one: ContactProfile, other: ContactProfile) -> list[str]:
    """Addresses and numbers that two contacts both have, each by its kind and first digits."""
    both = [{(each["channel"], each["ref"]) for each in profile["addresses"]} for profile in (one, other)]
    return [f"{channel}:{ref[:8]}…" for channel, ref in sorted(both[0] & both[1])]


async def load_pair(asked: PageRequest) -> Loaded:
    """The two contacts, what they are now, and the forms that decide."""
    subject = cast(Duplicates, asked.subject)
    given = {name: asked.params.get(name, "") for name in ("one", "other")}
    return Loaded({"pair": subject.pair, **given}, subject.as_of_ms)


async def load_found(asked: PageRequest) -> Loaded:
    """The identifiers that link nobody."""
    subject = cast(Duplicates, asked.subject)
    return Loaded({"found": subject.found, "most": MOST, "by_clock": asked.by_clock}, subject.as_of_ms)


async def load_decided(asked: PageRequest) -> Loaded:
    """What was decided in the console, each with the way to undo it."""
    subject = cast(Duplicates, asked.subject)
    return Loaded({"decided": subject.decided, "by_clock": asked.by_clock}, subject.as_of_ms)


PAGES = (
    Page(
        path="/people/duplicates",
        name="duplicates",
        title="One person or two?",
        act="see_people",
        blocks=(
            Block("pair", 0, load_pair, "duplicates_pair.html", "Two contacts"),
            Block("found", 0, load_found, "duplicates_found.html", "Identifiers that link nobody"),
            Block("decided", 0, load_decided, "duplicates_decided.html", "What was decided here"),
        ),
        params={"one": CONTACT_ID_PATTERN, "other": CONTACT_ID_PATTERN},
        enter=enter,
    ),
)
