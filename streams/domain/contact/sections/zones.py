"""Where a contact is: of region, time zone and postal code the latest that was said, each for itself."""

from collections.abc import Sequence

from events.outputs import Zones as ZonesOutput
from streams.domain.contact.optional import latest
from streams.domain.contact.state import Fact, TimestampedValue, Whereabouts, Zones

NOWHERE = Whereabouts()


def whereabouts(facts: Sequence[Fact]) -> Whereabouts:
    """The latest zones in `facts`, which are in order."""
    region: TimestampedValue | None = None
    time_zone: TimestampedValue | None = None
    postal_code: TimestampedValue | None = None
    heard: Zones | None = None
    for fact in reversed(facts):
        zones = fact.zones
        if zones is None or zones == heard:  # most interactions of a person say the same
            continue
        heard = zones
        if region is None and zones.region is not None:
            region = TimestampedValue(*fact.stamp, zones.region)
        if time_zone is None and zones.time_zone is not None:
            time_zone = TimestampedValue(*fact.stamp, zones.time_zone)
        if postal_code is None and zones.postal_code is not None:
            postal_code = TimestampedValue(*fact.stamp, zones.postal_code)
    return Whereabouts(region, time_zone, postal_code)


def later(one: Whereabouts, other: Whereabouts) -> Whereabouts:
    """Of each zone the later one."""
    if other == NOWHERE:
        return one
    return Whereabouts(
        region=latest(one.region, other.region),
        time_zone=latest(one.time_zone, other.time_zone),
        postal_code=latest(one.postal_code, other.postal_code),
    )


def render(known: Whereabouts) -> ZonesOutput:
    """The profile's `zones`."""
    return {
        "time_zone": None if known.time_zone is None else known.time_zone.value,
        "region": None if known.region is None else known.region.value,
        "postal_code": None if known.postal_code is None else known.postal_code.value,
    }
