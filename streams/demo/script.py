"""The whole input of one demo run and, beside it, what must come out."""

from collections.abc import Callable
from dataclasses import dataclass

from events.adapters.fec import RefusedRow
from events.envelope import Interaction
from streams.demo.contributions import as_sent, contributions
from streams.demo.oracle import experiment_results, recount
from streams.demo.recount import Profile
from streams.demo.recount_experiments import Arm
from streams.demo.simulator import FILE_ENDS, simulate
from streams.demo.truth import ContactFields, Publication, Sent


@dataclass(frozen=True, slots=True)
class Script:
    """`publications` go to the input topics in this order, `refused_rows` of the file straight to `dead-letters`."""

    publications: list[Publication]
    refused_rows: list[RefusedRow]

    def accepted(self) -> list[Sent]:
        """What must be accepted, repeats included, in the order published."""
        return [one.sent for one in self.publications if one.reason is None]

    def repeats(self) -> int:
        """How many of the accepted are there a second time."""
        return sum(one.kind == "repeat" for one in self.publications)

    def letters(self) -> list[tuple[str, bytes]]:
        """Reason and value of everything that must be in `dead-letters`."""
        bad = [(one.reason, one.value) for one in self.publications if one.reason is not None]
        return bad + [(str(one.refusal.reason), one.row) for one in self.refused_rows]

    def profiles(self, identify: Callable[[ContactFields], str]) -> dict[str, Profile]:
        """The profile that each contact must have; `identify` gives the contact_id."""
        return recount(self.accepted(), identify)

    def experiments(self, identify: Callable[[ContactFields], str]) -> dict[str, dict[str, Arm]]:
        """What the people of each experiment must add up to, by variant."""
        people: dict[str, list[Sent]] = {}
        for one in self.accepted():
            people.setdefault(identify(one.contact), []).append(one)
        return experiment_results(people.values(), {})


def write_script(seed: int, scale: float = 1.0, today: int = FILE_ENDS) -> Script:
    """All of the file's rows, with about `scale` times 55,000 invented records around its donors.

    Experiments are of the weeks before `today`, a midnight (ms, UTC).
    """
    imported = contributions()
    donations = [as_sent(one) for one in imported if isinstance(one, Interaction)]
    return Script(simulate(donations, seed, scale, today), [one for one in imported if isinstance(one, RefusedRow)])
