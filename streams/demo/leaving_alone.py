"""Whom the office of the demo has all teams leave alone: for good, until a day, or by mistake."""

from collections.abc import Iterator
from random import Random

from streams.demo.cast import Cast
from streams.demo.truth import Fields
from streams.demo.voice import DAY, HOUR, Spelling, Timed, Voice, utc

_PEOPLE = 150
_FIRST_DAY, _LAST_DAY = utc(2011, 5, 1), utc(2012, 3, 1)


def suppressions(rng: Random, cast: Cast, scale: float) -> Iterator[Timed]:
    """About `scale` times 150 people, some of them twice; 10 % of the commands are taken back."""
    source, spelling = "office/desk", Spelling.LOCAL_SECONDS
    commands = Voice(rng, source, "contact-commands", spelling)
    letters = Voice(rng, source, "outreach-events", spelling)
    for donor in cast.some(rng, round(_PEOPLE * scale)):
        for _ in range(rng.choice((1, 1, 1, 2))):
            at = rng.randrange(_FIRST_DAY, _LAST_DAY, DAY) + rng.randrange(14 * HOUR, 23 * HOUR)
            ends: Fields = {"until": spelling.write(at + 60 * DAY)} if rng.random() < 0.5 else {}
            command = commands.say("contact.suppressed", at, donor.contact(), ends)
            yield command
            if rng.random() < 0.1:
                yield letters.take_back(command, rng.randrange(HOUR, 5 * DAY))
