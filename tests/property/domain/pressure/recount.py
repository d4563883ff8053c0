"""The limits counted again, plainly and apart from the code: with dates, not milliseconds, a touch at a time."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from math import floor
from zoneinfo import ZoneInfo

from events.outputs import ContactProfile, ProvenanceItem, Touch
from streams.domain.pressure import PermissionRequest, Policy, Reservation
from streams.domain.pressure.policy import Cap

POINTS = {"door": 3000, "phone": 2000, "text": 1500, "letter": 500, "email": 1000}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def moment(at: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)


def counting(touches: Iterable[Touch]) -> list[Touch]:
    return [touch for touch in touches if touch["purpose"] != "transactional"]


def age(touch: Touch, at: int) -> timedelta:
    return moment(at) - datetime.fromisoformat(touch["at"])


def within(touches: Iterable[Touch], window: int, at: int) -> list[Touch]:
    return [touch for touch in touches if age(touch, at) < timedelta(milliseconds=window)]


def full(caps: Iterable[Cap], touches: Iterable[Touch], purpose: str, at: int) -> bool:
    """Whether one more touch would be more than a cap has room for."""
    for cap in caps:
        if cap.purpose is not None and cap.purpose != purpose:
            continue
        same = [touch for touch in touches if cap.purpose is None or touch["purpose"] == cap.purpose]
        if len(within(same, cap.window, at)) + 1 > cap.at_most:
            return True
    return False


def over_a_cap(policy: Policy, touches: Sequence[Touch], request: PermissionRequest, at: int) -> bool:
    on_channel = [touch for touch in counting(touches) if touch["channel"] == request.channel]
    return full(getattr(policy.caps, request.channel), on_channel, request.purpose, at) or full(
        policy.caps.any, counting(touches), request.purpose, at
    )


def too_soon(policy: Policy, touches: Sequence[Touch], request: PermissionRequest, at: int) -> bool:
    for touch in counting(touches):
        gaps = [getattr(policy.gaps, touch["channel"]) if touch["channel"] == request.channel else 0]
        gaps.append(policy.gaps.across_channels if touch["channel"] != request.channel else 0)
        gaps.append(policy.gaps.across_teams if touch["team"] != request.team else 0)
        if any(gap and age(touch, at) < timedelta(milliseconds=gap) for gap in gaps):
            return True
    return False


def too_heavy(policy: Policy, touches: Sequence[Touch], request: PermissionRequest, at: int) -> bool:
    if policy.points is None:
        return False
    weeks = [(POINTS[touch["channel"]], max(age(touch, at) / timedelta(days=7), 0)) for touch in counting(touches)]
    weight = sum(floor(cost * 2**-passed + 0.5) for cost, passed in weeks)
    return weight + POINTS[request.channel] > policy.points.budget


def untold(policy: Policy, profile: ContactProfile, request: PermissionRequest, at: int) -> bool:
    """Whether somebody should have been told where their data come from by now, and was not."""
    spans = [each.within for each in policy.conditions if each.channel == request.channel and each.require == "notice"]
    items = profile.get("provenance", [])
    asked = [item for item in items if spans and item["kind"] != "self"]
    return any(is_late(row, items, profile["touches"], min(spans), at) for item in asked for row in rows(item))


def rows(item: ProvenanceItem) -> list[ProvenanceItem]:
    """The first and the last interaction of those that an entry sums up, each as an entry of its own."""
    last: ProvenanceItem = {**item, "first_at": item["last_at"]}
    return [{**item, "last_at": item["first_at"]}, last]


def is_late(
    item: ProvenanceItem, items: Sequence[ProvenanceItem], touches: Sequence[Touch], within: int, at: int
) -> bool:
    got = since(item)
    for other in (row for each in items for row in rows(each)):
        if "notice" in other and (other["kind"], other.get("file")) == (item["kind"], item.get("file")):
            given = datetime.fromisoformat(other.get("notice_at", other["first_at"]))
            if got <= given <= moment(at):
                return False
    reached = [datetime.fromisoformat(touch["at"]) for touch in counting(touches)]
    return got + timedelta(milliseconds=within) <= moment(at) or any(got < each <= moment(at) for each in reached)


def since(item: ProvenanceItem) -> datetime:
    """When something was got. A notice without a date of that is of what was known when it was given."""
    said = [item["first_at"]]
    if "obtained_at" in item:
        said.append(item["obtained_at"])
    elif "notice" in item and "notice_at" in item:
        said.append(item["notice_at"])
    return min(map(datetime.fromisoformat, said))


def is_open(policy: Policy, zones: Iterable[str], request: PermissionRequest, at: int) -> bool:
    hours = getattr(policy.hours, request.channel)
    return all(clock_is_in(hours.week, moment(at).astimezone(ZoneInfo(zone))) for zone in zones)


def clock_is_in(week: Sequence[tuple[int, int]], local: datetime) -> bool:
    since, until = week[local.weekday()]
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    shown = (local.replace(tzinfo=None) - midnight) / timedelta(milliseconds=1)
    return since <= shown < until


def may_be_reached(  # noqa: PLR0913, PLR0917 (all that counts)
    profile: ContactProfile,
    policy: Policy,
    request: PermissionRequest,
    at: int,
    zones: Iterable[str],
    reserved: Sequence[Reservation],
) -> bool:
    touches = profile["touches"]
    return not (
        over_a_cap(policy, touches, request, at)
        or too_soon(policy, touches, request, at)
        or too_heavy(policy, touches, request, at)
        or any(at < each.until for each in reserved)
        or untold(policy, profile, request, at)
        or not is_open(policy, zones, request, at)
    )
