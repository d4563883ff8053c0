"""Permission decisions as messages: the answer and why, the interactions that it rests on, and why nobody can say."""

from collections.abc import Iterator
from typing import cast

from events.outputs import ContactProfile, Stop
from events.times import parse_time
from sinks.lookup import Incomplete
from streams.domain.messages import TEMPLATES, CodedMessage, Field, Instant, message
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


def evidence_messages(decision: Decision, profile: ContactProfile | None, zone: str = "UTC") -> list[CodedMessage]:
    """The interactions behind a decision, with what the profile says of them."""
    known = {} if profile is None else dict(_known_interactions(profile, zone))
    shown = decision.evidence[:MOST_EVIDENCE]
    return [known.get(each) or message("evidence.interaction", source=each.source, id=each.id) for each in shown]


def incomplete_message(found: Incomplete) -> CodedMessage:
    """What Redis lacks, so that nobody can say who may be reached."""
    return message(f"redis.{found.why}", where=found.where)


def _known_interactions(profile: ContactProfile, zone: str) -> Iterator[tuple[Evidence, CodedMessage]]:
    """Interactions that a profile keeps with their times; of one that is there twice, the last counts."""
    if (by := profile["canvass"]["support_by"]) is not None:
        yield _named("evidence.support", by["source"], by["id"])
    for ballot in profile["ballot"].values():
        yield _named("evidence.ballot", ballot["source"], ballot["id"], at=_time(ballot["at"], zone))
    for touch in profile["touches"]:
        yield _named(
            "evidence.touch",
            touch["source"],
            touch["id"],
            channel=message(f"channel.{touch['channel']}"),
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
