"""The whole input of one demo run, the same for the same seed, and the outcome it must have.

Its donations are real: the file that comes with the package, read by the ordinary importer. With their donors there are
invented interactions, and order, repeats and mistakes are those of real feeds. Every record comes with the truth about
it, by which the results are checked.
"""

import gzip
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from math import exp, log
from random import Random

from events.adapters.fec import ImportedRow, RefusedRow, rows
from events.envelope import Interaction
from events.times import render_time
from events.topics import DONATION_EVENTS
from streams.demo.donors import population_of
from streams.demo.encoding import attributes, body, encode, key, spoil
from streams.demo.fieldwork import ballots, canvassing
from streams.demo.giving import refunded_gifts
from streams.demo.mailing import full_mailboxes, mailings
from streams.demo.oracle import experiment_results, recount
from streams.demo.recount import Profile
from streams.demo.recount_experiments import Arm
from streams.demo.source_system import DAY, MINUTE, TimedInteraction, parse_time_ms, utc_midnight
from streams.demo.texting import text_messages
from streams.demo.truth import ContactFields, Fields, Kind, Publication, Sent
from streams.demo.volunteering import suppressions, volunteering

LATE_SHARE, REPEAT_SHARE, BAD_SHARE = 0.05, 0.02, 0.005
_SHORTEST_DELAY, _LONGEST_DELAY = 10 * MINUTE, 5 * DAY
FILE_ENDS = utc_midnight(2012, 5, 1)
"""The day after the last gift of the file."""

_SOON = 200  # records later: half of the repeats are a producer's quick retry


def simulate(donations: Sequence[Sent], seed: int, scale: float = 1.0, today: int = FILE_ENDS) -> list[Publication]:
    """All publications, in order. Experiments are of the weeks before `today`, a midnight (ms, UTC).

    They hold all `donations`, and no other that is not refunded in full. `scale` multiplies the invented records
    around them: 1 makes about 70,000 records with the 15,359 donations of the file.
    """
    rng = Random(seed)  # nosec B311 # invented people, no secrets
    said = _said(rng, donations, scale, today)
    good = [_publication(rng, one.sent, "first", late) for one, late in _in_order_of_arrival(rng, said)]
    return _with_repeats_and_bad(rng, good)


def _said(rng: Random, donations: Sequence[Sent], scale: float, today: int) -> list[TimedInteraction]:
    population = population_of(donations, rng)
    said = [TimedInteraction(parse_time_ms(donation.time), donation) for donation in donations]
    teams = (
        *(partial(mailings, today=today), text_messages, canvassing, ballots, partial(volunteering, today=today)),
        *(full_mailboxes, refunded_gifts, suppressions),
    )
    for team in teams:
        said.extend(team(rng, population, scale))
    return said


def _in_order_of_arrival(rng: Random, said: list[TimedInteraction]) -> list[tuple[TimedInteraction, bool]]:
    """The interactions as they arrive, each with whether it is late: published after a younger one."""
    times = sorted(one.at for one in said)
    arrivals = [one.at for one in said]
    for place in rng.sample(range(len(said)), round(len(said) * LATE_SHARE)):
        arrivals[place] += _delay(rng, said[place].at, times)
    found = []
    youngest = 0
    for place in sorted(range(len(said)), key=arrivals.__getitem__):
        one = said[place]
        found.append((one, one.at < youngest))
        youngest = max(youngest, one.at)
    return found


def _delay(rng: Random, at: int, times: list[int]) -> int:
    """A delay in ms, minutes as likely as days, long enough to come after a younger interaction, if there is any."""
    delay = round(exp(rng.uniform(log(_SHORTEST_DELAY), log(_LONGEST_DELAY))))
    younger = bisect_right(times, at)
    return max(delay, times[younger] + 1 - at) if younger < len(times) else delay


def _publication(rng: Random, sent: Sent, kind: Kind, late: bool) -> Publication:
    value, headers = encode(attributes(sent), body(sent), rng)
    return Publication(sent.topic, key(sent, rng), value, headers, sent, kind, late, None)


def _with_repeats_and_bad(rng: Random, good: list[Publication]) -> list[Publication]:
    """The publications with repeats and bad records among them.

    A repeat comes at any time after the first, perhaps in the other CloudEvents mode and under another key.
    """
    count = len(good)
    placed = [(float(place), publication) for place, publication in enumerate(good)]
    for place in rng.sample(range(count), round(count * REPEAT_SHARE)):
        end = min(count, place + _SOON) if rng.random() < 0.5 else count
        again = _publication(rng, good[place].sent, "repeat", False)
        placed.append((rng.randrange(place, end) + 0.5, again))
    for number in range(round(count * BAD_SHARE)):
        place = rng.randrange(count)
        placed.append((place + 0.5, spoil(good[place].sent, number, rng)))
    return [publication for _, publication in sorted(placed, key=lambda one: one[0])]


FILE_NAME = "fec-2012-contributions.csv.gz"


def contributions() -> list[ImportedRow]:
    """Every row of the donations file, read or refused, in the file's order."""
    packed = files("streams.demo").joinpath("data", FILE_NAME).read_bytes()
    return list(rows(gzip.decompress(packed).splitlines()))


def as_sent(donation: Interaction) -> Sent:
    """An imported donation as the plain data that the oracle reads."""
    data = donation.data.plain()
    contact: ContactFields = data.pop("contact")  # type: ignore[assignment]
    fields: Fields = data  # type: ignore[assignment]
    time = render_time(donation.time)
    return Sent(DONATION_EVENTS, donation.type, donation.source, donation.id, time, contact, fields)


@dataclass(frozen=True, slots=True)
class Script:
    """One run's input: `publications` for the input topics, in order, `refused_rows` straight for `dead-letters`."""

    publications: list[Publication]
    refused_rows: list[RefusedRow]

    def accepted(self) -> list[Sent]:
        """The interactions that intake must accept, repeats included, in the order published."""
        return [one.sent for one in self.publications if one.reason is None]

    def repeats(self) -> int:
        """How many accepted records are repeats of others."""
        return sum(one.kind == "repeat" for one in self.publications)

    def letters(self) -> list[tuple[str, bytes]]:
        """Reason and value of every record that must end in `dead-letters`."""
        bad = [(one.reason, one.value) for one in self.publications if one.reason is not None]
        return bad + [(str(one.refusal.reason), one.row) for one in self.refused_rows]

    def profiles(self, identify: Callable[[ContactFields], str]) -> dict[str, Profile]:
        """The profile that each contact must have; `identify` gives the contact_id."""
        return recount(self.accepted(), identify)

    def experiments(self, identify: Callable[[ContactFields], str]) -> dict[str, dict[str, Arm]]:
        """The sums that each experiment must show, by variant."""
        people: dict[str, list[Sent]] = {}
        for one in self.accepted():
            people.setdefault(identify(one.contact), []).append(one)
        return experiment_results(people.values(), {})


def write_script(seed: int, scale: float = 1.0, today: int = FILE_ENDS) -> Script:
    """Make the script of a seed: all of the file's rows, and about `scale` times 55,000 invented records.

    Experiments are of the weeks before `today`, a midnight (ms, UTC).
    """
    imported = contributions()
    donations = [as_sent(one) for one in imported if isinstance(one, Interaction)]
    return Script(simulate(donations, seed, scale, today), [one for one in imported if isinstance(one, RefusedRow)])
