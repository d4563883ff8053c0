"""`/people`: find somebody by what they go by, and show whether they may be reached now, on which channel, and why.

What is typed is hashed and forgotten: it is in no URL, no log and no record. A profile is shown to somebody who has
said in this session why, whose scope the person is in, and whose look is in `audit-log`.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import cast, get_args

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from msgspec import Struct
from msgspec.structs import replace

from events.channels import Channel, Purpose
from events.fields import CONTACT_ID_PATTERN
from events.identifiers import Hasher, is_identity_hash
from events.outputs import AddressRef, ContactProfile, Stop
from events.segments import ContactSegments
from events.times import parse_time
from sinks.lookup import CHANNELS, ContactAnswer, ErasedContact, Incomplete, KnownContact
from sinks.segment_lookup import SegmentsReader
from streams.domain.messages import CodedMessage, message
from streams.domain.pressure import Decision, PermissionRequest
from streams.services.console.desk_people import events_of
from streams.services.console.desk_reading import freshness
from streams.services.console.gate import Console, frame, html, posted
from streams.services.console.page import Block, Elsewhere, Loaded, Page, PageRefused, PageRequest, Withheld
from streams.services.console.pages.segments import SEGMENT_ID
from streams.services.console.rendering import render
from streams.services.console.rights import EVERYTHING, SEES_MONEY, Viewer, may
from streams.services.console.signin import SignedIn
from streams.services.contact_decisions.effects import suppression_of
from streams.services.permission.decision_messages import evidence_messages, incomplete_message
from streams.services.permission.decisions import AskedPerson, PermissionBatch
from streams.services.permission.person_name import Ambiguous, PersonName, readable_meanings, understand

REASONS = ("called", "complaint", "rights", "mistake", "task")
"""Why somebody looks at a person; each is a sentence of `reasons` in the template."""
BECAUSE = ("asked", "complained", "died", "mistake", "other")
"""Why nobody is to reach a person; each is a sentence of `person_acts.html`."""
DONE = ("stopped", "lifted")
"""What was done a moment ago, as the page says at its top; each is a sentence of `person.html`."""
TAKEN_FOR = ("contact", "voter", "external", "phone")
"""What a word that may mean several things was taken for; each is a sentence of `person.html`."""
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
MOST_TOUCHES = 20
MOST_WORDS = 50
"""Words on consent that the page shows; all of them are in the profile."""
TIMELINE_MS = 48 * 3600 * 1000
_LONGEST_WORD = 1024


class Subject(Struct, frozen=True):
    """The person of a page. `profile` None: Redis lacks something, and `lacking` says what.

    `is_stopped`: somebody here has stopped all contact with them.
    """

    contact_id: str
    profile: ContactProfile | None
    as_of_ms: int | None = None
    lacking: CodedMessage | None = None
    is_stopped: bool = False


class ChannelAnswer(Struct, frozen=True):
    """Whether a person may be reached on a channel, and the interactions that the answer rests on."""

    channel: Channel
    decision: Decision
    why: CodedMessage
    evidence: Sequence[CodedMessage]


async def enter(asked: PageRequest) -> Subject:
    """Find the person of the page, and write the look down. Raises what is shown in their place."""
    contact_id = asked.params["contact_id"]
    if not asked.reason:
        raise Elsewhere(f"/people?for={contact_id}")
    seen = await asked.deps.lookup.look([[contact_id]])
    if isinstance(seen, Incomplete):
        await asked.deps.views.person(asked.viewer, asked.reason, contact_id, "incomplete")
        return Subject(contact_id, None, None, incomplete_message(seen))
    [found] = seen.contacts
    outcome = outcome_of(found, asked.viewer)
    await asked.deps.views.person(asked.viewer, asked.reason, found.contact_id, outcome)
    if outcome == "outside":
        asked.deps.metrics.refused.labels("scope").inc()
    if outcome == "erased" and asked.viewer.scope.regions is None:
        raise PageRefused(410, "Forgotten", "This person was forgotten. Nothing is kept but that.")
    if not isinstance(found, KnownContact) or outcome == "outside":
        raise PageRefused.not_found()
    if found.contact_id != contact_id:
        raise Elsewhere(f"/people/{found.contact_id}")
    is_stopped = suppression_of(found, asked.wall_ms) is not None
    return Subject(contact_id, orjson.loads(found.profile), seen.as_of, None, is_stopped)


def outcome_of(found: ContactAnswer, viewer: Viewer) -> str:
    """What a look at somebody comes to: found, erased, unknown, or outside the viewer's scope."""
    if isinstance(found, ErasedContact):
        return "erased"
    if not isinstance(found, KnownContact):
        return "unknown"
    region = orjson.loads(found.profile)["zones"]["region"]
    return "found" if viewer.scope.has_region(region) else "outside"


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
        why = why_of(decision, channel)
        evidence = evidence_messages(decision, subject.profile, asked.words.zone)
        answers.append(ChannelAnswer(channel, decision, why, evidence))
    return Loaded({"answers": answers, "purpose": purpose, "purposes": PURPOSES, "subject": subject}, as_of)


def why_of(decision: Decision, channel: Channel) -> CodedMessage:
    """Why, where nobody was asked about an address of theirs: then one that is not known is none that is known."""
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
    touches = [(_ms(touch["at"]), touch) for touch in profile["touches"][:MOST_TOUCHES]]
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
        (_ms(item.get("obtained_at") or item["first_at"]), item, _channels_of(item["addresses"]))
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
    events = await asked.ask(events_of, subject.contact_id, since, asked.viewer.scope)
    known = (await asked.ask(freshness, asked.wall_ms))["interactions"]
    sees_money = not asked.viewer.roles.isdisjoint(SEES_MONEY)
    return Loaded({"events": events, "sees_money": sees_money}, known.as_of_ms, known.stopped_at_ms)


async def load_acts(asked: PageRequest) -> Loaded:
    """What may be done about the person by who looks: stop contact, lift that, export, erase."""
    subject = whole_subject(asked)
    profile = cast(ContactProfile, subject.profile)
    known = KnownContact(subject.contact_id, orjson.dumps(profile))
    stop = suppression_of(known, asked.wall_ms)
    shown = {
        "contact_id": subject.contact_id,
        "is_suppressed": stop is not None,
        "until_ms": None if stop is None else asked.by_clock(_ms(stop.get("until"))),
        "because": BECAUSE,
        "may_export": may(asked.viewer, "export") and asked.viewer.scope == EVERYTHING,
    }
    return Loaded(shown, subject.as_of_ms)


async def enter_erasure(asked: PageRequest) -> Subject:
    """Find the person who may be forgotten. Raises what is shown in their place."""
    if not may(asked.viewer, "erase"):
        text = "None of your roles may do this. Whoever keeps the file of people can change that."
        raise PageRefused(403, "Not for your roles", text)
    return await enter(asked)


async def load_erasure(asked: PageRequest) -> Loaded:
    """What an erasure does, and the form that orders it, which asks to type the end of the contact id."""
    subject = whole_subject(asked)
    shown = {"contact_id": subject.contact_id, "word": confirmation_of(subject.contact_id)}
    return Loaded(shown, subject.as_of_ms)


def confirmation_of(contact_id: str) -> str:
    """What has to be typed before a person is forgotten: the last eight characters of the contact id."""
    return contact_id[-8:]


def whole_subject(asked: PageRequest) -> Subject:
    """The subject, if Redis has all that there is. Raises Withheld where it has not."""
    subject = cast(Subject, asked.subject)
    if subject.lacking is not None:
        raise Withheld(subject.lacking)
    return subject


def _ms(text: str | None) -> int | None:
    return None if text is None else parse_time(text)


FIND = Page(
    path="/people",
    name="people",
    title="People",
    act="see_people",
    blocks=(),
    params={"for": CONTACT_ID_PATTERN, "segment": SEGMENT_ID},
    template="people.html",
)
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
    in_menu=False,
    template="person.html",
)
ERASE = Page(
    path="/erase/{contact_id}",
    name="erase_person",
    title="Forget this person?",
    act="see_people",
    blocks=(Block("confirm", 0, load_erasure, "erase_confirm.html", "What an erasure does"),),
    params={"contact_id": CONTACT_ID_PATTERN},
    enter=enter_erasure,
    in_menu=False,
    under="/people",
)
PAGES = (FIND, PERSON, ERASE)


def routes(console: Console) -> APIRouter:
    """The routes of finding somebody, and of saying why."""
    router = APIRouter()

    @router.post("/people")
    async def find(request: Request) -> Response:
        """Find a person by what they go by, which goes no further than its hash. A reason has to be given first."""
        signed_in, said = await posted(console, request, "see_people")
        reason = said.get("reason") or signed_in.session.reason
        kept = _kept(said)
        if reason not in REASONS:
            return _form(console, signed_in, "reason", 422, kept)
        if reason != signed_in.session.reason:
            await console.sessions.change(signed_in, console.deps.wall(), {"reason": reason})
            signed_in = replace(signed_in, session=replace(signed_in.session, reason=reason))
        if "for" in kept:
            return RedirectResponse(_path_to(kept["for"], kept), 303)
        word = said.get("who", "").strip()[:_LONGEST_WORD]
        meanings = readable_meanings(word, console.deps.settings.hasher)
        if not meanings:
            return _form(console, signed_in, "unreadable", 422, kept)
        found = await _found(console, signed_in, meanings, reason)
        if not isinstance(found, FoundName):
            return _form(console, signed_in, *found, kept)
        return RedirectResponse(_path_to(found.contact_id, {**kept, "by": found.kind} if found.kind else kept), 303)

    return router


def unknown_name(name: str, hasher: Hasher) -> str:
    """What is written down of somebody whom nobody knows: a hash, since what looks like an id may be a number or name.

    The same word has the same hash, so it is seen whether somebody tries many.
    """
    return name if is_identity_hash(name) else hasher.lookups("external", f"contact_id:{name}")[0]


class FoundName(Struct, frozen=True):
    """The person whom somebody has found. `kind`: what was typed was taken for, where it may mean several things."""

    contact_id: str
    kind: str


async def _found(
    console: Console, signed_in: SignedIn, meanings: Sequence[tuple[PersonName, list[str]]], reason: str
) -> FoundName | tuple[str | CodedMessage, int]:
    """Whom somebody means, once the look is written down; or why nobody is shown, and the status of that."""
    deps, viewer = console.deps, signed_in.viewer
    seen = await deps.lookup.look([ids for _, ids in meanings])
    if isinstance(seen, Incomplete):
        return incomplete_message(seen), 503
    meant = understand([name for name, _ in meanings], seen.contacts)
    looked_at = [each.contact for each in meant.people] if isinstance(meant, Ambiguous) else [meant.contact]
    outcomes = [outcome_of(contact, viewer) for contact in looked_at]
    for contact, outcome in zip(looked_at, outcomes, strict=True):
        known = outcome != "unknown"
        written = contact.contact_id if known else unknown_name(contact.contact_id, deps.settings.hasher)
        await deps.views.person(viewer, reason, written, outcome)
    if "erased" in outcomes and viewer.scope.regions is None:
        return "erased", 410
    if set(outcomes) != {"found"}:
        return "unknown", 404
    if isinstance(meant, Ambiguous):
        return "ambiguous", 409
    return FoundName(meant.contact.contact_id, (meant.name.kind or "contact") if len(meanings) > 1 else "")


def _kept(said: Mapping[str, str]) -> dict[str, str]:
    """What of a form the page knows, and so keeps: whose page is wanted, and of which segment."""
    return {name: said[name] for name, form in FIND.params.items() if re.fullmatch(form, said.get(name, ""))}


def _path_to(contact_id: str, kept: Mapping[str, str]) -> str:
    by = f"by={kept['by']}" if "by" in kept else ""
    if "segment" in kept:
        return explanation_path(contact_id, kept["segment"]) + (by and f"&{by}")
    return f"/people/{contact_id}" + (by and f"?{by}")


def explanation_path(contact_id: str, segment: str) -> str:
    """Where it is told why somebody is in a segment or not."""
    return f"/people/{contact_id}/segments?segment={segment}"


def _form(
    console: Console, signed_in: SignedIn, why: str | CodedMessage, status: int, kept: Mapping[str, str]
) -> Response:
    """The form again, with what was wrong; not with what was typed, which may be an address."""
    asked = console.page_request(signed_in, kept)
    lacking = asked.words.message(why) if isinstance(why, CodedMessage) else ""
    context = {**frame(console, signed_in), "page": FIND, "why": "" if lacking else why, "lacking": lacking}
    return html(signed_in, render("people.html", asked, context), status)
