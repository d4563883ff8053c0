"""Gifts of the demo that are given back in full, so that the money at the end is that of the file alone.

The file names no election and no gift that a refund is for; these do, as processors of cards do.
"""

from collections.abc import Iterator
from random import Random

from streams.demo.cast import Cast, Donor
from streams.demo.truth import Fields
from streams.demo.voice import DAY, HOUR, Spelling, Timed, Voice, utc

_GIFTS = 300
_FIRST_DAY, _LAST_DAY = utc(2011, 5, 1), utc(2012, 4, 10)
_COMMITTEES = ("C00431445", "C00431171")
_ELECTIONS = ("P2012", "P2012", "G2012", None)


def gifts_given_back(rng: Random, cast: Cast, scale: float) -> Iterator[Timed]:
    """About `scale` times 300 gifts, each with one refund or two, which may be heard of first."""
    voice = Voice(rng, "finance/actblue", "donation-events", Spelling.MICROSECONDS)
    for number in range(round(_GIFTS * scale)):
        yield from _gift(voice, cast.one(rng), f"actblue:{number}")


def _gift(voice: Voice, donor: Donor, donation_id: str) -> Iterator[Timed]:
    rng = voice.rng
    at = rng.randrange(_FIRST_DAY, _LAST_DAY, DAY) + rng.randrange(14 * HOUR, 28 * HOUR)
    amount, contact = rng.randrange(500, 250_000), donor.contact_by_email(rng)
    gift: Fields = {"donation_id": donation_id, "amount": amount, "currency": "USD"}
    gift["committee"] = rng.choice(_COMMITTEES)
    election = rng.choice(_ELECTIONS)
    if election is not None:
        gift["election"] = election
    yield voice.say("donation.made", at, contact, gift)
    first = amount if rng.random() < 0.6 else rng.randrange(1, amount)
    for part, returned in enumerate([first, amount - first]):
        if returned:
            refund: Fields = {"refund_id": f"{donation_id}-{part}", "amount": returned, "currency": "USD"}
            refund["kind"] = rng.choice(("refund", "void"))
            yield voice.say("donation.refunded", at + rng.randrange(HOUR, 9 * DAY), contact, refund | _of(rng, gift))


def _of(rng: Random, gift: Fields) -> Fields:
    """How a refund says what it is for: by the gift, by the committee, or by both."""
    chance = rng.random()
    if chance < 0.6:
        return {"donation_id": gift["donation_id"]}
    if chance < 0.8:
        return {"donation_id": gift["donation_id"], "committee": gift["committee"]}
    return {"committee": gift["committee"]}
