"""Who is not asked to vote, and who has given all that may be given."""

from collections.abc import Iterable, Iterator

from events.outputs import Ballot, ContactProfile, EvidenceItem
from streams.domain.pressure.asking import Decision, Evidence, PermissionRequest
from streams.domain.pressure.policy import Policy


def unsuitable(profile: ContactProfile, policy: Policy, request: PermissionRequest) -> Decision | None:
    """Why the person is not to be asked for what the request is for; None: nothing speaks against it."""
    if request.purpose == "mobilisation":
        return _opposed(profile, policy) or _voted(profile, policy, request)
    if request.purpose == "fundraising" and policy.giving.limits:
        return _maxed_out(profile, policy, request)
    return None


def _opposed(profile: ContactProfile, policy: Policy) -> Decision | None:
    canvass = profile["canvass"]
    if canvass["support"] not in policy.mobilisation.support:
        return None
    by = canvass["support_by"]
    return Decision("deny", "opposed", () if by is None else (_named(by),))


def _voted(profile: ContactProfile, policy: Policy, request: PermissionRequest) -> Decision | None:
    """In the election that is named; where none is, in any that is not over."""
    ballots = profile["ballot"]
    elections = policy.elections.current if request.election is None else (request.election,)
    for election in elections:
        ballot = ballots.get(election)
        if ballot is not None and ballot["status"] in policy.mobilisation.ballot:
            return Decision("deny", "voted", (_named(ballot),))
    return None


def _maxed_out(profile: ContactProfile, policy: Policy, request: PermissionRequest) -> Decision | None:
    """To any committee in any election that the request may be for: what it does not name may be each."""
    committees = profile["donations"]["by_committee"]
    for committee in committees if request.committee is None else (request.committee,):
        if (total := committees.get(committee)) is None:
            continue
        given = total["elections"]
        for election in _elections(given, policy, request):
            limits = policy.giving.limit(committee, election)
            if any(given[election].get(currency, 0) >= limit for currency, limit in limits.items()):
                return Decision("deny", "maxed_out")
    return None


def _elections(given: Iterable[str], policy: Policy, request: PermissionRequest) -> Iterator[str]:
    if request.election is not None:
        return (election for election in given if election == request.election)
    current = policy.elections.current
    return (election for election in given if not current or election in current)


def _named(item: EvidenceItem | Ballot) -> Evidence:
    """The interaction behind a part of the profile."""
    return Evidence(item["source"], item["id"])
