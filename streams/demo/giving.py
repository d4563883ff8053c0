"""The demo's invented gifts, each refunded in full, so that the money at the end is that of the file alone.

Rows of the file name no election, and refunds no gift; these do, as card processors do.
"""

from collections.abc import Iterator, Sequence
from random import Random

from streams.demo.donors import Donor, Population
from streams.demo.source_system import DAY, HOUR, SourceSystem, TimedInteraction, TimeFormat, utc_midnight
from streams.demo.truth import Fields

_GIFTS = 300
_FIRST_DAY, _LAST_DAY = utc_midnight(2011, 5, 1), utc_midnight(2012, 4, 10)
_COMMITTEES = ("C00431445", "C00431171")
_ELECTIONS = ("P2012", "P2012", "G2012", None)


def refunded_gifts(rng: Random, population: Population, scale: float) -> Iterator[TimedInteraction]:
    """About `scale` times 300 gifts, each with one refund or two, which may arrive before it."""
    system = SourceSystem(rng, "finance/actblue", "donation-events", TimeFormat.MICROSECONDS)
    for number in range(round(_GIFTS * scale)):
        yield from _gift(system, population.one(rng), f"actblue:{number}")


def _gift(system: SourceSystem, donor: Donor, donation_id: str) -> Iterator[TimedInteraction]:
    rng = system.rng
    at = rng.randrange(_FIRST_DAY, _LAST_DAY, DAY) + rng.randrange(14 * HOUR, 28 * HOUR)
    made = gift(system, donor, donation_id, at)
    yield made
    fields, contact, amount = made.sent.fields, made.sent.contact, made.sent.fields["amount"]
    first = amount if rng.random() < 0.6 else rng.randrange(1, amount)
    for part, returned in enumerate([first, amount - first]):
        if returned:
            refund: Fields = {"refund_id": f"{donation_id}-{part}", "amount": returned, "currency": "USD"}
            refund["kind"] = rng.choice(("refund", "void"))
            yield system.say("donation.refunded", at + rng.randrange(HOUR, 9 * DAY), contact, refund | _of(rng, fields))


def gift(
    system: SourceSystem, donor: Donor, donation_id: str, at: int, elections: Sequence[str | None] = _ELECTIONS
) -> TimedInteraction:
    """A gift of 5 to 2,500 dollars at `at` (ms), for one of these elections; None: it names none."""
    rng = system.rng
    amount, contact = rng.randrange(500, 250_000), donor.contact_by_email(rng)
    fields: Fields = {"donation_id": donation_id, "amount": amount, "currency": "USD"}
    fields["committee"] = rng.choice(_COMMITTEES)
    election = rng.choice(elections)
    if election is not None:
        fields["election"] = election
    return system.say("donation.made", at, contact, fields)


def _of(rng: Random, gift: Fields) -> Fields:
    """The fields by which a refund names its gift, its committee, or both."""
    chance = rng.random()
    if chance < 0.6:
        return {"donation_id": gift["donation_id"]}
    if chance < 0.8:
        return {"donation_id": gift["donation_id"], "committee": gift["committee"]}
    return {"committee": gift["committee"]}
