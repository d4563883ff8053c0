"""The whole input of one demo run, the same for the same seed, and the outcome it must have.

Its donations are real: the file that comes with the package, read by the ordinary importer. With their donors there are
invented interactions, and order, repeats and mistakes are those of real feeds. Every record comes with the truth about
it, by which the results are checked.
"""

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from random import Random

from events.adapters.fec import ImportedRow, RefusedRow, rows
from events.envelope import Interaction
from events.times import render_time
from events.topics import DONATION_EVENTS
from streams.demo.arrival import arrivals
from streams.demo.donors import population_of
from streams.demo.evening import EXPERIMENT, WINDOW, Evening, write_evening
from streams.demo.fieldwork import ballots, canvassing
from streams.demo.giving import refunded_gifts
from streams.demo.mailing import full_mailboxes, mailings
from streams.demo.oracle import experiment_results, recount
from streams.demo.recount import Profile
from streams.demo.recount_experiments import Arm
from streams.demo.source_system import TimedInteraction, parse_time_ms, utc_midnight
from streams.demo.texting import text_messages
from streams.demo.truth import ContactFields, Fields, Publication, Sent
from streams.demo.volunteering import suppressions, volunteering

FILE_ENDS = utc_midnight(2012, 5, 1)
"""The day after the last gift of the file."""


def simulate(donations: Sequence[Sent], seed: int, scale: float = 1.0, today: int = FILE_ENDS) -> list[Publication]:
    """All publications, in order. Experiments are of the weeks before `today`, a midnight (ms, UTC).

    They hold all `donations`, and no other that is not refunded in full. `scale` multiplies the invented records
    around them: 1 makes about 70,000 records with the 15,359 donations of the file.
    """
    rng = Random(seed)  # nosec B311 # invented people, no secrets
    return [one.publication for one in arrivals(rng, _said(rng, donations, scale, today))]


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
    """One run's input: `publications` for the input topics, in order, `refused_rows` straight for `dead-letters`.

    `evening`: what is published after that, each record at its time, if an evening is played.
    """

    publications: list[Publication]
    refused_rows: list[RefusedRow]
    evening: Evening | None = None

    def everything(self) -> list[Publication]:
        """All records for the input topics, those of the evening included."""
        return [*self.publications, *(one.publication for one in (self.evening.arrivals if self.evening else ()))]

    def accepted(self) -> list[Sent]:
        """The interactions that intake must accept, repeats included, in the order published."""
        return [one.sent for one in self.everything() if one.reason is None]

    def repeats(self) -> int:
        """How many accepted records are repeats of others."""
        return sum(one.kind == "repeat" for one in self.everything())

    def letters(self) -> list[tuple[str, bytes]]:
        """Reason and value of every record that must end in `dead-letters`, or stay in quarantine."""
        bad = [(one.reason, one.value) for one in self.everything() if one.reason is not None]
        return bad + [(str(one.refusal.reason), one.row) for one in self.refused_rows]

    def profiles(self, identify: Callable[[ContactFields], str]) -> dict[str, Profile]:
        """The profile that each contact must have; `identify` gives the contact_id."""
        return recount(self.accepted(), identify)

    def experiments(self, identify: Callable[[ContactFields], str]) -> dict[str, dict[str, Arm]]:
        """The sums that each experiment must show, by variant."""
        people: dict[str, list[Sent]] = {}
        for one in self.accepted():
            people.setdefault(identify(one.contact), []).append(one)
        return experiment_results(people.values(), {EXPERIMENT: {"window_ms": WINDOW}})


def write_script(seed: int, scale: float = 1.0, today: int = FILE_ENDS, evening_starts: int | None = None) -> Script:
    """Make the script of a seed: all of the file's rows, and about `scale` times 55,000 invented records.

    Experiments are of the weeks before `today`, a midnight (ms, UTC). `evening_starts`: when the evening begins that is
    played after that, ms; None: none is.
    """
    imported = contributions()
    donations = [as_sent(one) for one in imported if isinstance(one, Interaction)]
    refused = [one for one in imported if isinstance(one, RefusedRow)]
    publications = simulate(donations, seed, scale, today)
    if evening_starts is None:
        return Script(publications, refused)
    past = [one.sent for one in publications if one.reason is None]
    evening = write_evening(donations, seed, scale, evening_starts, past)
    return Script([*publications, *evening.before], refused, evening)
