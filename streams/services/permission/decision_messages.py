"""Permission decisions as messages: the answer and why, the interactions that it rests on, and why nobody can say."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from events.harmonised import team_of
from events.outputs import ContactProfile, Stop
from events.times import parse_time
from sinks.lookup import Incomplete
from streams.domain.messages import TEMPLATES, CodedMessage, Day, Field, Instant, message
from streams.domain.pressure import Decision
from streams.domain.pressure.asking import Evidence
from streams.domain.pressure.policy import CHANNELS

MOST_EVIDENCE = 5
"""Most interactions that are told of one decision: a cap may rest on dozens of touches."""


def decision_message(decision: Decision, zone: str = "UTC") -> CodedMessage:
    """The answer, how long it holds or when to ask again, and why. `zone`: by whose clock times are told."""
    until = decision.expires_at if decision.decision == "allow" else decision.earliest_at
    why = message(f"why.{decision.reason}")
    if until is None:
        return message(f"permission.{decision.decision}", why=why)
    return message(f"permission.{decision.decision}_until", why=why, until=Instant(until, zone))


def tells_of_all(_: str) -> bool:
    """That touches of every team are told whole."""
    return True


def evidence_messages(
    decision: Decision,
    profile: ContactProfile | None,
    zone: str = "UTC",
    tells_of: Callable[[str], bool] = tells_of_all,
) -> list[CodedMessage]:
    """The interactions behind a decision, with what the profile says of them.

    `tells_of`: whether touches of a team are told whole; of others only channel and day are.
    """
    known = {} if profile is None else dict(_known_interactions(profile, zone, tells_of))
    shown = decision.evidence[:MOST_EVIDENCE]
    return [known.get(each) or _unknown(each, tells_of) for each in shown]


def _unknown(evidence: Evidence, tells_of: Callable[[str], bool]) -> CodedMessage:
    """An interaction of which the profile keeps nothing: it may be a touch."""
    if not tells_of(team_of(evidence.source)):
        return message("evidence.untold")
    return message("evidence.interaction", source=evidence.source, id=evidence.id)


def incomplete_message(found: Incomplete) -> CodedMessage:
    """What Redis lacks, so that nobody can say who may be reached."""
    return message(f"redis.{found.why}", where=found.where)


def _known_interactions(
    profile: ContactProfile, zone: str, tells_of: Callable[[str], bool]
) -> Iterator[tuple[Evidence, CodedMessage]]:
    """Interactions that a profile keeps with their times; of one that is there twice, the last counts."""
    if (by := profile["canvass"]["support_by"]) is not None:
        yield _named("evidence.support", by["source"], by["id"])
    for ballot in profile["ballot"].values():
        yield _named("evidence.ballot", ballot["source"], ballot["id"], at=_time(ballot["at"], zone))
    for touch in profile["touches"]:
        channel = message(f"channel.{touch['channel']}")
        if not tells_of(touch["team"]):
            untold = message("evidence.touch_untold", channel=channel, day=Day(local_day(touch["at"], zone)))
            yield Evidence(touch["source"], touch["id"]), untold
            continue
        yield _named(
            "evidence.touch",
            touch["source"],
            touch["id"],
            channel=channel,
            team=touch["team"],
            at=_time(touch["at"], zone),
        )
    for stop in _stops(profile):
        why: Field = message(code) if (code := f"why.{stop['reason']}") in TEMPLATES else stop["reason"]
        yield _named("evidence.stop", stop["source"], stop["id"], why=why, at=_time(stop["at"], zone))
    for word in profile.get("consent_ledger", ()):
        if not word["granted"] and "purpose" in word:
            why = message("why.consent_withdrawn")
            yield _named("evidence.stop", word["source"], word["id"], why=why, at=_time(word["at"], zone))


def local_day(at: str, zone: str) -> str:
    """The day of a time of a profile, by the clocks of a zone; as it stands in the time where that cannot be read."""
    ms = parse_time(at)
    return at[:10] if ms is None else datetime.fromtimestamp(ms / 1000, ZoneInfo(zone)).date().isoformat()


def _named(code: str, source: str, id_: str, **fields: Field) -> tuple[Evidence, CodedMessage]:
    return Evidence(source, id_), message(code, source=source, id=id_, **fields)


def _stops(profile: ContactProfile) -> Iterator[Stop]:
    stops = profile["stops"]
    found = (stops.get(channel) for channel in (*CHANNELS, "all"))
    yield from cast(list[Stop], [stop for stop in found if stop is not None])
    yield from stops["senders"].values()
    yield from stops["lists"].values()


def _time(text: str, zone: str) -> Field:
    at = parse_time(text)
    return text if at is None else Instant(at, zone)
