"""A small input with everything that real ones have: repeats, disorder, and many more bad records than real ones."""

from random import Random

from events.envelope import Interaction
from streams.demo.encoding import spoil
from streams.demo.script import Script, as_sent, contributions, simulate
from streams.demo.truth import Publication

DONATIONS = 1500
SCALE = 0.05
BAD_SHARE = 0.03
_NUMBERS_OF_THE_SIMULATOR = 1_000_000


def small_script(seed: int, donations: int = DONATIONS) -> Script:
    """About 2.7 records for each donation, the same again for the same seed."""
    rng = Random(seed)
    real = [as_sent(one) for one in contributions() if isinstance(one, Interaction)]
    return Script(_with_more_bad(simulate(rng.sample(real, donations), seed, SCALE), rng), [])


def _with_more_bad(publications: list[Publication], rng: Random) -> list[Publication]:
    found = list(publications)
    for number in range(round(len(publications) * BAD_SHARE)):
        victim = rng.choice(publications).sent
        found.insert(rng.randrange(len(found)), spoil(victim, _NUMBERS_OF_THE_SIMULATOR + number, rng))
    return found
