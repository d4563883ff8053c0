"""What canvassers brought back: attempts, support, answers and tags; and how far each ballot has come."""

from collections.abc import Sequence

from events.outputs import Ballot as BallotOutput
from events.outputs import CanvassProfile
from events.times import render_time
from streams.domain.contact.state import Answer, Ballot, CanvassReport, Fact

NOBODY_CAME: CanvassProfile = {
    "attempts": 0,
    "contacts": 0,
    "last_at": None,
    "last_method": None,
    "last_outcome": None,
    "support": None,
    "support_at": None,
    "support_by": None,
    "answers": {},
}
"""The profile's `canvass` of most people; one for all, so not to be changed."""


def canvass(reports: Sequence[tuple[Fact, CanvassReport]]) -> CanvassProfile:
    """The profile's `canvass`. `reports` are in order, one version of each."""
    if not reports:
        return NOBODY_CAME
    last_fact, last = reports[-1]
    support = next((said for said in reversed(reports) if said[1].support is not None), None)
    answers: dict[str, Answer] = {}
    for _, report in reports:
        answers.update(report.answers or {})
    return {
        "attempts": len(reports),
        "contacts": sum(report.outcome == "contacted" for _, report in reports),
        "last_at": render_time(last_fact.time),
        "last_method": last.method,
        "last_outcome": last.outcome,
        "support": support and support[1].support,
        "support_at": support and render_time(support[0].time),
        "support_by": support and {"source": support[0].source, "id": support[0].id},
        "answers": answers,
    }


def tags(reports: Sequence[tuple[Fact, CanvassReport]]) -> list[str]:
    """The tags that hold. A report that both adds and removes a tag removes it."""
    if not reports:
        return []
    held: set[str] = set()
    for _, report in reports:
        held.update(report.tags_added)
        held.difference_update(report.tags_removed)
    return sorted(held)


def ballot(ballots: Sequence[tuple[Fact, Ballot]]) -> dict[str, BallotOutput]:
    """The latest report of each election. `ballots` are in order."""
    if not ballots:
        return {}
    latest = {said.election: (fact, said) for fact, said in ballots}
    return {
        election: {"status": said.status, "at": render_time(fact.time), "source": fact.source, "id": fact.id}
        for election, (fact, said) in latest.items()
    }
