"""The demo's evening: five hours before an election in which things happen that somebody should notice.

Doors and calls in six states, an e-mail with two subjects and a text message, gifts and ballots; a sign-up page whose
new release leaves out when its forms were filled in, and a mailing whose complaints come close to the policy's limit.
All of it follows from the seed: which record is published when, and what Harmonia has to make of it.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from itertools import chain
from math import sqrt
from random import Random
from typing import NamedTuple

from streams.demo.arrival import Arrival, arrivals
from streams.demo.donors import Person, Population, population_of
from streams.demo.encoding import spoil_as
from streams.demo.fieldwork import findings
from streams.demo.giving import gift
from streams.demo.mailing import SUBJECTS, Mailing
from streams.demo.recount_campaigns import mailbox_of
from streams.demo.source_system import DAY, HOUR, MINUTE, SECOND, SourceSystem, TimedInteraction, TimeFormat
from streams.demo.texting import text_message
from streams.demo.truth import ContactFields, Fields, Publication, Sent
from streams.demo.voters import STATES, Voter, voters

LENGTH = 5 * HOUR
ZONE = "America/New_York"
_STARTS = 21 * HOUR  # four in the afternoon on the east coast in winter

MAILING, TEXTS, BROKEN = "gotv-3", "polls-2", "digital/signup"
EXPERIMENT = f"{SUBJECTS}{MAILING}"
WINDOW = 2 * HOUR
"""How long opens count after the mailing, ms: people read it at once, or not before the polls close."""
QUIET_TURF = "nv-7"
"""The turf where nobody knocks any more after the first hour or so."""

_DOORS, _CALLS, _VOTERS, _MESSAGES, _TEXTS = 13_000, 7_000, 24_000, 6_000, 3_000
_GIFTS, _BALLOTS, _FORMS, _BAD_FORMS = 400, 250, 300, 1_800
_LEAST_VOTERS, _LEAST_MESSAGES = 2_600, 2_200
"""Of fewer, too few are at one provider for its rate to be judged."""
_LEAST_BAD_FORMS = 180
_GMAIL_SHARE = 0.55
_DRAWN_IN = 0.45
_STEP = SECOND // 4
_LATEST = 25 * MINUTE
_MAILED, _QUIET, _BROKE, _MENDED = 30 * MINUTE, 80 * MINUTE, 90 * MINUTE, 140 * MINUTE
_TEXTED, _RELEASED = 150 * MINUTE, 195 * MINUTE
_BURST = 40 * MINUTE
_NO = frozenset(
    {"email.unsubscribed", "email.complained", "text.opted_out", "contact.suppressed", "do_not_contact", "deceased"}
)
_COMPLAINTS = (75 * MINUTE, 225 * MINUTE)
_SENT_WITHIN = 30 * MINUTE


class _Walk(NamedTuple):
    """The part of the walk lists that is gone through in an evening; 1 is all that is gone through in the last one.

    `leaves_out`: each so-manyth place; 0: none. `earlier`: ms that everybody is reached before the time of the last
    evening, so that the policy's week is over by then. `leaves_a_turf`: nobody goes back to the quiet one.
    """

    begins: float
    ends: float
    leaves_out: int = 0
    earlier: int = 0
    leaves_a_turf: bool = False


class _Before(NamedTuple):
    """An evening some days before, in which nothing breaks and nothing is tried; `share`: of the last one's sends."""

    days: int
    walk: _Walk
    share: float
    mailing: str
    texts: str


_TONIGHT = _Walk(0.0, 1.0, leaves_a_turf=True)
_BEFORE = (
    _Before(7, _Walk(0.0, 1.0, leaves_out=7, earlier=5 * MINUTE), 0.85, "gotv-1", "polls-0"),
    _Before(1, _Walk(1.0, 1.2), 0.2, "gotv-2", "polls-1"),
)


class Act(NamedTuple):
    """Something that a team does at a time (ms), in words."""

    at: int
    words: str


@dataclass(frozen=True, slots=True)
class Evening:
    """The records of an evening and when each is published; `acts`: what its teams do; times in ms.

    `before`: the records of the evening a week earlier and of the one before, to compare it with. `released`: when an
    operator releases what is held of the source that broke.
    """

    starts: int
    arrivals: Sequence[Arrival]
    acts: Sequence[Act]
    before: Sequence[Publication]
    released: int

    @property
    def ends(self) -> int:
        """When the evening is over, ms."""
        return self.starts + LENGTH


def last_evening(now: int) -> int:
    """When the latest evening began that is over by `now`, both in ms."""
    return (now - LENGTH - _STARTS) // DAY * DAY + _STARTS


def write_evening(
    donations: Sequence[Sent], seed: int, scale: float, starts: int, past: Sequence[Sent] = ()
) -> Evening:
    """The evening of a seed that begins at `starts` (ms), with the donors of these donations.

    Its teams reach nobody who said no in the `past`, and as far as they can nobody whom another team reaches.
    `scale` multiplies its records: 1 makes 20,000 doors and calls, and about 45,000 records in all. The mailing and
    what breaks have a least size, or there would be nothing to see.
    """
    rng = Random(f"evening {seed}")  # nosec B311 # invented people, no secrets
    donors = population_of(donations, Random(seed))  # nosec B311 # those of the script of this seed
    people = voters(rng, max(_LEAST_VOTERS, round(_VOTERS * scale)))
    before = [
        one for each in _BEFORE for one in _evening_before(rng, people, donors, scale, (starts - each.days * DAY, each))
    ]
    messages = max(_LEAST_MESSAGES, round(_MESSAGES * scale))
    bad_forms = _bad_forms(scale)
    no = _said_no([*past, *(one.sent for one in before if one.reason is None)])
    asked = [one for one in people if name_of(one.contact()) not in no]
    mailed = _readers(rng, asked, _walk_lists(people, no), scale, round(messages * _GMAIL_SHARE))
    mailed += _different(rng, donors, messages - len(mailed), no)
    texted = _different(rng, donors, round(_TEXTS * scale), no | {name_of(one.contact()) for one in mailed})
    teams = (
        _field(rng, _walk_lists(people, no), scale, starts, _TONIGHT),
        _mailed(rng, mailed, starts + _MAILED),
        _texted(rng, texted, starts + _TEXTED, TEXTS),
        _given(rng, donors, scale, starts),
        _ballots(rng, people, scale, starts),
    )
    said = [one for one in chain.from_iterable(teams) if one.at < starts + LENGTH]
    said += _forms(rng, donors, scale, starts)
    found = [Arrival(min(one.at, starts + LENGTH), one.publication) for one in arrivals(rng, said, _LATEST)]
    found += _broken_forms(rng, donors, bad_forms, starts + _BROKE)
    acts = [
        Act(starts, f"field/minivan and field/phonebank: doors and calls in {len(STATES)} states"),
        Act(starts + _MAILED, f"digital/mailer sends {MAILING} to {messages:,} people, with two subjects"),
        Act(starts + _BROKE, f"{BROKEN}: a new release sends the day's forms again, without their time"),
        Act(starts + _MENDED, f"{BROKEN} is mended"),
        Act(starts + _TEXTED, f"outreach/textbank texts {TEXTS}"),
    ]
    found.sort(key=lambda one: one.at)
    return Evening(starts, found, acts, before, starts + _RELEASED)


def letters_of(scale: float) -> int:
    """How many refused records of a source in a minute are to put it into quarantine, so that what breaks does."""
    return _bad_forms(scale) // 3


def _bad_forms(scale: float) -> int:
    return max(_LEAST_BAD_FORMS, round(_BAD_FORMS * scale))


def name_of(contact: ContactFields) -> str:
    """By which a person of the demo is known to all teams."""
    return contact.get("voter_id") or contact["external"]["fec"]


def _said_no(sent: Sequence[Sent]) -> set[str]:
    """Who said no to anything, or cannot be reached any more, by name."""
    return {
        name_of(one.contact)
        for one in sent
        if one.type in _NO or one.fields.get("outcome") in _NO or one.fields.get("granted") is False
    }


def _readers(
    rng: Random, people: Sequence[Voter], lists: Mapping[str, Sequence[Voter]], scale: float, count: int
) -> list[Person]:
    """So many voters with an address, first of all those whom nobody visits or calls tonight."""
    reached = {
        one.number
        for method, most in (("door", _DOORS), ("phone", _CALLS))
        for one in lists[method][: round(most * scale)]
    }
    found = [one for one in people if one.has_email]
    rng.shuffle(found)
    return [*sorted(found, key=lambda one: one.number in reached)[:count]]


def _walk_lists(people: Sequence[Voter], no: Set[str]) -> dict[str, list[Voter]]:
    """Everybody in the order in which they are visited, and called; the same each evening.

    Who said no is left out, and somebody from the end of the list is in their place.
    """
    lists = {}
    for method in ("door", "phone"):
        listed = sorted(people, key=lambda one: _place(method, one.number))
        asked = [one for one in listed if name_of(one.contact()) not in no]
        lists[method] = [one if name_of(one.contact()) not in no else asked.pop() for one in listed[: len(asked)]]
    return lists


@cache
def _place(method: str, number: int) -> float:
    return Random(f"{method} {number}").random()  # nosec B311 # invented people, no secrets


def _evening_before(
    rng: Random, people: Sequence[Voter], donors: Population, scale: float, which: tuple[int, _Before]
) -> list[Publication]:
    starts, before = which
    system = SourceSystem(rng, "digital/mailer", "email-events", TimeFormat.MILLISECONDS)
    share = scale * before.share
    audience = rng.sample(people, min(len(people), round(_MESSAGES * share)))
    mailing = Mailing(system, before.mailing, "mobilisation", starts + _MAILED, {}, split=False, step=_STEP)
    teams = (
        _field(rng, _walk_lists(people, set()), scale, starts, before.walk),
        mailing.to(audience),
        _texted(rng, _different(rng, donors, round(_TEXTS * share), set()), starts + _TEXTED, before.texts),
        _given(rng, donors, share, starts),
        _ballots(rng, people, share, starts),
        _forms(rng, donors, share, starts),
    )
    said = [one for one in chain.from_iterable(teams) if one.at < starts + LENGTH]
    return [one.publication for one in arrivals(rng, _without_complaints(said), _LATEST)]


def _field(
    rng: Random, lists: Mapping[str, Sequence[Voter]], scale: float, starts: int, walk: _Walk
) -> Iterator[TimedInteraction]:
    """Knocks and calls by walk lists, which are the same each evening: few at first, most in the middle."""
    app = SourceSystem(rng, "field/minivan", "canvass-events", TimeFormat.LOCAL_SECONDS)
    phones = SourceSystem(rng, "field/phonebank", "canvass-events", TimeFormat.MILLISECONDS)
    for method, system, count in (("door", app, _DOORS), ("phone", phones, _CALLS)):
        places = range(round(count * scale * walk.begins), round(count * scale * walk.ends))
        for done, place in enumerate(places):
            if walk.leaves_out and not done % walk.leaves_out:
                continue
            voter = lists[method][place % len(lists[method])]
            after = round(_hour_of((done + 0.5) / len(places)) * (LENGTH - MINUTE))
            if walk.leaves_a_turf and method == "door" and voter.turf == QUIET_TURF:
                after = rng.randrange(_QUIET)
            fields = findings(rng, method, f"{system.source}:{starts}-{place}", voter.turf)
            yield system.say("canvass.reported", starts + max(0, after - walk.earlier), voter.contact(), fields)


def _hour_of(done: float) -> float:
    """When a part of an evening's work is done, as a part of the evening: most of it in the middle."""
    return sqrt(done / 2) if done < 0.5 else 1 - sqrt((1 - done) / 2)


def _mailed(rng: Random, audience: list[Person], starts: int) -> list[TimedInteraction]:
    """The mailing; who complains about it is decided here, so that the limit is nearly reached and never quite."""
    rng.shuffle(audience)
    system = SourceSystem(rng, "digital/mailer", "email-events", TimeFormat.MILLISECONDS)
    mailing = Mailing(
        system, MAILING, "mobilisation", starts, {}, split=True, step=_SENT_WITHIN // len(audience), draw=_DRAWN_IN
    )
    said = _without_complaints(list(mailing.to(audience)))
    delivered: dict[str, list[TimedInteraction]] = {}
    for one in said:
        if one.sent.type == "email.delivered":
            delivered.setdefault(mailbox_of(one.sent.contact), []).append(one)
    sent = sum(one.sent.type == "email.sent" and mailbox_of(one.sent.contact) == "gmail" for one in said)
    for mailbox, count in (("gmail", _most_below_the_limit(sent)), ("other", 1)):
        for one in rng.sample(delivered[mailbox], count):
            about: Fields = {"message_id": one.sent.fields["message_id"], "campaign_id": MAILING}
            at = starts - _MAILED + rng.randrange(*_COMPLAINTS)
            said.append(system.say("email.complained", at, one.sent.contact, about))
    return said


def _most_below_the_limit(messages: int) -> int:
    """The most complaints about so many messages that stay below 0.3 %."""
    return (3 * messages - 1) // 1_000


def _different(rng: Random, donors: Population, count: int, without: Set[str]) -> list[Person]:
    """So many different donors without these, or all that can be found in some tries."""
    found: dict[Person, None] = {}
    for _ in range(8):
        found |= dict.fromkeys(one for one in donors.some(rng, count) if one.key not in without)
    return list(found)[:count]


def _without_complaints(said: Sequence[TimedInteraction]) -> list[TimedInteraction]:
    gone = {(one.sent.source, one.sent.id) for one in said if one.sent.type == "email.complained"}
    gone |= {
        (one.sent.source, one.sent.id)
        for one in said
        if "retracts" in one.sent.fields
        and (one.sent.fields["retracts"]["source"], one.sent.fields["retracts"]["id"]) in gone
    }
    return [one for one in said if (one.sent.source, one.sent.id) not in gone]


def _texted(rng: Random, audience: Sequence[Person], starts: int, name: str) -> Iterator[TimedInteraction]:
    system = SourceSystem(rng, "outreach/textbank", "outreach-events", TimeFormat.MICROSECONDS)
    for place, person in enumerate(audience):
        about: Fields = {"message_id": f"{name}.{place}", "campaign_id": name, "sender": "62012"}
        at = starts + place * _SENT_WITHIN // len(audience)
        yield from text_message(system, at, person.contact_by_phone(rng), about)


def _given(rng: Random, donors: Population, scale: float, starts: int) -> Iterator[TimedInteraction]:
    system = SourceSystem(rng, "finance/actblue", "donation-events", TimeFormat.MICROSECONDS)
    for number in range(round(_GIFTS * scale)):
        at = starts + _MAILED + rng.randrange(LENGTH - _MAILED)
        yield gift(system, donors.one(rng), f"actblue:{starts}-{number}", at, (f"G{_year(starts)}",))


def _ballots(rng: Random, people: Sequence[Voter], scale: float, starts: int) -> Iterator[TimedInteraction]:
    system = SourceSystem(rng, "field/votefile", "canvass-events", TimeFormat.LOCAL_SECONDS)
    for voter in rng.sample(people, min(len(people), round(_BALLOTS * scale))):
        at = starts + rng.randrange(4 * HOUR)
        steps = ["rejected", "cured"] if rng.random() < 0.15 else ["returned"]
        for step in steps[: 1 + (rng.random() < 0.4)]:
            about: Fields = {"election": f"{_year(starts)}-general", "status": step}
            yield system.say("ballot.reported", at, voter.contact(), about)
            at += rng.randrange(10 * MINUTE, HOUR)


def _forms(rng: Random, donors: Population, scale: float, starts: int) -> Iterator[TimedInteraction]:
    """Forms of the sign-up page from before it breaks and from after it is mended."""
    page = SourceSystem(rng, BROKEN, "outreach-events", TimeFormat.MILLISECONDS)
    for _ in range(max(30, round(_FORMS * scale))):
        at = rng.randrange(LENGTH - _MENDED + _BROKE)
        at += 0 if at < _BROKE else _MENDED - _BROKE
        yield page.say("form.submitted", starts + at, donors.one(rng).contact_by_email(rng), _form(rng))


def _broken_forms(rng: Random, donors: Population, count: int, starts: int) -> Iterator[Arrival]:
    page = SourceSystem(rng, BROKEN, "outreach-events", TimeFormat.MILLISECONDS)
    for number in range(count):
        at = starts + number * _BURST // count
        contact: ContactFields = donors.one(rng).contact_by_email(rng)
        form = page.say("form.submitted", at - at % SECOND, contact, _form(rng))
        yield Arrival(at, spoil_as("no_time", form.sent, number, rng))


def _form(rng: Random) -> Fields:
    return {"form_id": f"signup-{rng.randrange(3)}", "kind": "signup"}


def _year(at: int) -> int:
    return 1970 + at // (365 * DAY + 6 * HOUR)
