"""`/people/{contact_id}`: whether a person may be reached now, on which channel, and why; and what is known of them."""

import asyncio
from collections.abc import Sequence
from typing import cast, get_args

import orjson
from msgspec import Struct

from events.channels import Channel, Purpose
from events.fields import CONTACT_ID_PATTERN
from events.outputs import AddressRef, ContactProfile, Stop
from events.segments import ContactSegments
from events.times import parse_time
from sinks.lookup import CHANNELS, Incomplete
from sinks.segment_lookup import SegmentsReader
from streams.domain.messages import CodedMessage, Listed, message
from streams.domain.pressure import Decision, PermissionRequest
from streams.domain.pressure.notices import given_at
from streams.services.console.desk_people import Event, events_of
from streams.services.console.desk_reading import freshness
from streams.services.console.page import Block, Loaded, Page, PageRequest, Withheld
from streams.services.console.pages.person_acts import load_acts
from streams.services.console.pages.person_looks import Subject, enter, whole_subject
from streams.services.console.rights import SEES_MONEY, Viewer, may
from streams.services.console.words import Words
from streams.services.permission.decision_messages import evidence_messages, incomplete_message
from streams.services.permission.decisions import AskedPerson, PermissionBatch

DONE = ("stopped", "lifted")
"""What was done a moment ago, as the page says at its top; each is a sentence of `person.html`."""
TAKEN_FOR = ("contact", "voter", "external", "phone")
"""What a word that may mean several things was taken for; each is a sentence of `person.html`."""
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
MOST_TOUCHES = 20
MOST_WORDS = 50
"""Words on consent that the page shows; all of them are in the profile."""
TIMELINE_MS = 48 * 3600 * 1000
_MAY_BE_OF_TOUCHES = frozenset({"canvass.reported", "interaction.retracted"})
"""Types that may be about a touch and need not say on which channel."""


class ChannelAnswer(Struct, frozen=True):
    """Whether a person may be reached on a channel, and the interactions that the answer rests on."""

    channel: Channel
    decision: Decision
    why: CodedMessage
    evidence: Sequence[CodedMessage]


async def load_answers(asked: PageRequest) -> Loaded:
    """Whether the person may be reached now, on each channel, for the purpose that is chosen."""
    subject = whole_subject(asked)
    purpose = cast(Purpose, asked.params.get("purpose", "informational"))
    answers: list[ChannelAnswer] = []
    as_of = subject.as_of_ms
    person = [AskedPerson([subject.contact_id])]
    requests = [
        PermissionRequest(channel=each, purpose=purpose, team=team_of(asked.viewer), automatic=False)
        for each in CHANNELS
    ]
    batches = [PermissionBatch(request, asked.now_ms, person) for request in requests]
    found = await asyncio.gather(*map(asked.deps.judge.judge, batches))
    for channel, judged in zip(CHANNELS, found, strict=True):
        if isinstance(judged, Incomplete):
            raise Withheld(incomplete_message(judged))
        as_of = judged.as_of
        decision = judged.judged[0].decision
        why = why_of(decision, channel, teams_of(subject))
        evidence = evidence_messages(decision, subject.profile, asked.words.zone, asked.viewer.scope.has_team)
        answers.append(ChannelAnswer(channel, decision, why, evidence))
    reserved = [(each, one.team, asked.by_clock(one.until)) for each, one in subject.reserved.items()]
    shown = {"answers": answers, "purpose": purpose, "purposes": PURPOSES, "subject": subject, "reserved": reserved}
    return Loaded(shown, as_of)


def teams_of(subject: Subject) -> tuple[str, ...]:
    """The teams that have reserved a person."""
    return tuple(sorted({one.team for one in subject.reserved.values()}))


def why_of(decision: Decision, channel: Channel, reserved_for: tuple[str, ...] = ()) -> CodedMessage:
    """Why, where nobody was asked about an address of theirs: then one that is not known is none that is known."""
    if decision.reason == "reserved" and reserved_for:
        return message("reserved_for", teams=Listed(reserved_for))
    return message(f"none_known.{channel}" if decision.reason == "unknown_address" else f"why.{decision.reason}")


def team_of(viewer: Viewer) -> str:
    """For which team somebody asks: their own where they have one, else none, as if every touch were another team's."""
    teams = viewer.scope.teams
    return next(iter(teams)) if teams is not None and len(teams) == 1 else ""


async def load_known(asked: PageRequest) -> Loaded:
    """What is known of the person, in a few lines."""
    subject = whole_subject(asked)
    profile = cast(ContactProfile, subject.profile)
    return Loaded(
        {
            "profile": profile,
            "first_ms": _ms(profile["first_seen"]),
            "last_ms": _ms(profile["last_seen"]),
            "sees_money": not asked.viewer.roles.isdisjoint(SEES_MONEY),
            "gifts": _gifts(profile, asked.viewer),
        },
        subject.as_of_ms,
    )


def _gifts(profile: ContactProfile, viewer: Viewer) -> dict[str, int]:
    """Net gifts by currency: of all committees, or of those in the viewer's scope."""
    committees = viewer.scope.committees
    if committees is None:
        return dict(profile["donations"]["net"])
    net: dict[str, int] = {}
    for committee, given in profile["donations"]["by_committee"].items():
        if committee in committees:
            for currency, amount in given["net"].items():
                net[currency] = net.get(currency, 0) + amount
    return net


async def load_touches(asked: PageRequest) -> Loaded:
    """What has reached the person of late, newest first; and what they have stopped."""
    subject = whole_subject(asked)
    profile = cast(ContactProfile, subject.profile)
    has_team = asked.viewer.scope.has_team
    touches = [
        (_ms(touch["at"]), touch["channel"], touch if has_team(touch["team"]) else None)
        for touch in profile["touches"][:MOST_TOUCHES]
    ]
    left_out = max(0, len(profile["touches"]) - MOST_TOUCHES)
    return Loaded({"touches": touches, "left_out": left_out, "stops": stops_of(profile)}, subject.as_of_ms)


def stops_of(profile: ContactProfile) -> list[tuple[str, str, int | None, Stop]]:
    """Every stop: of what (channel, sender or list), its name, when, and the stop itself; channels first."""
    stops = profile["stops"]
    found: list[tuple[str, str, Stop]] = []
    for channel in (*CHANNELS, "all"):
        stop = cast("Stop | None", stops.get(channel))
        if stop is not None:
            found.append(("channel", channel, stop))
    found += [("sender", name, stop) for name, stop in stops["senders"].items()]
    found += [("list", name, stop) for name, stop in stops["lists"].items()]
    return [(kind, name, _ms(stop["at"]), stop) for kind, name, stop in found]


async def load_origins(asked: PageRequest) -> Loaded:
    """Where what is known of the person comes from, and the words on consent."""
    subject = whole_subject(asked)
    return Loaded(origins_of(cast(ContactProfile, subject.profile)), subject.as_of_ms)


def origins_of(profile: ContactProfile) -> dict[str, object]:
    """What `person_origins.html` shows of a profile: of words on consent the latest, newest first."""
    origins = [
        (
            _ms(item.get("obtained_at") or item["first_at"]),
            item,
            _channels_of(item["addresses"]),
            _ms(given_at(item)),
        )
        for item in profile.get("provenance", ())
    ]
    words = [(_ms(word["at"]), word) for word in reversed(profile.get("consent_ledger", ()))]
    left_out = max(0, len(words) - MOST_WORDS)
    return {"origins": origins, "consents": words[:MOST_WORDS], "left_out": left_out}


def _channels_of(addresses: Sequence[AddressRef]) -> list[str]:
    """Of which kinds addresses are, each once."""
    return sorted({address["channel"] for address in addresses})


async def load_segments(asked: PageRequest) -> Loaded:
    """The segments that the person is in, and since when; and all others, of which it can be asked why not."""
    subject = whole_subject(asked)
    reader = SegmentsReader(asked.redis, asked.deps.settings.profiles_oldest_s)
    held = await reader.of(subject.contact_id)
    if isinstance(held, Incomplete):
        raise Withheld(incomplete_message(held))
    defined = await reader.all() if may(asked.viewer, "see_segments") else None
    names = [] if defined is None or isinstance(defined, Incomplete) else sorted(defined.definitions)
    said: ContactSegments | None = None if held.value is None else orjson.loads(held.value)
    segments = {} if said is None else said["segments"]
    found = [(name, asked.by_clock(_ms(membership["since"]))) for name, membership in sorted(segments.items())]
    return Loaded({"held": found, "names": names, "contact_id": subject.contact_id}, held.as_of)


async def load_timeline(asked: PageRequest) -> Loaded:
    """What was heard of the person in the last 48 hours, from the desk."""
    subject = whole_subject(asked)
    since = asked.now_ms - TIMELINE_MS
    found = await asked.ask(events_of, subject.contact_id, since, asked.viewer.scope)
    events = timeline_rows(found, asked.viewer, asked.words)
    known = (await asked.ask(freshness, asked.wall_ms))["interactions"]
    sees_money = not asked.viewer.roles.isdisjoint(SEES_MONEY)
    return Loaded({"events": events, "sees_money": sees_money}, known.as_of_ms, known.stopped_at_ms)


def timeline_rows(
    events: Sequence[Event], viewer: Viewer, words: Words
) -> list[tuple[int, Channel | str, Event | None]]:
    """Time, channel and interaction of each line; of a touch of a team outside the scope no interaction.

    What goes with it, as an open with its mail, tells of it too. So of another team there is a line for each channel
    and day.
    """
    told: set[tuple[str, str]] = set()
    rows: list[tuple[int, Channel | str, Event | None]] = []
    for event in events:
        is_told = viewer.scope.has_team(event.team) or not (event.channel or event.type in _MAY_BE_OF_TOUCHES)
        kind = event.channel, words.day(event.at_ms)
        if is_told or (event.channel and kind not in told):
            rows.append((event.at_ms, event.channel, event if is_told else None))
        if not is_told:
            told.add(kind)
    return rows


def _ms(text: str | None) -> int | None:
    return None if text is None else parse_time(text)


PERSON = Page(
    path="/people/{contact_id}",
    name="person",
    title="Person",
    act="see_people",
    blocks=(
        Block("answers", 0, load_answers, "person_answers.html", "May we reach this person now?"),
        Block("known", 0, load_known, "person_known.html", "What is known"),
        Block("segments", 0, load_segments, "person_segments.html", "Segments"),
        Block("touches", 0, load_touches, "person_touches.html", "What reached them, and what they stopped"),
        Block("origins", 0, load_origins, "person_origins.html", "Where this comes from, and what they agreed to"),
        Block("timeline", 0, load_timeline, "person_timeline.html", "The last 48 hours"),
        Block("acts", 0, load_acts, "person_acts.html", "What you may do"),
    ),
    params={
        "contact_id": CONTACT_ID_PATTERN,
        "purpose": "|".join(PURPOSES),
        "by": "|".join(TAKEN_FOR),
        "done": "|".join(DONE),
    },
    enter=enter,
    template="person.html",
)
PAGES = (PERSON,)
