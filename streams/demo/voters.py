"""The voters of the demo's evening, invented: six states with ten turfs each, some larger than others.

Their voter ids and addresses belong to nobody: no address of Gmail has an underscore.
"""

from dataclasses import dataclass
from random import Random

from streams.demo.truth import ContactFields

_SIZES = {"AZ": 3, "MI": 4, "NV": 2, "OH": 1, "PA": 6, "WI": 3}
"""How many voters a state has beside the others: a map on which all have as many would be of one colour."""
STATES = tuple(_SIZES)
TURFS = tuple(f"{state.lower()}-{number}" for state in STATES for number in range(1, 11))
_PLACES = tuple(
    f"{state.lower()}-{number}" for number in range(1, 11) for state in STATES for _ in range(_SIZES[state])
)
_HAVE_EMAIL = 0.55


@dataclass(frozen=True, slots=True)
class Voter:
    """One voter of a voter file. `number`: in the file of the state; `turf`: where the voter lives."""

    state: str
    number: int
    turf: str
    has_email: bool

    def contact(self) -> ContactFields:
        """The contact fields that every interaction with the voter carries."""
        return {"voter_id": f"{self.state}:{self.number:07d}", "region": f"US-{self.state}"}

    def contact_by_email(self, rng: Random) -> ContactFields:
        """The contact fields with the e-mail address, if the voter has one."""
        found = self.contact()
        if self.has_email:
            found["email"] = f"voter_{self.state.lower()}{self.number}@gmail.com"
        return found

    def contact_by_phone(self, rng: Random) -> ContactFields:
        """The contact fields: numbers come from the voter file, and a call names the voter."""
        return self.contact()


def voters(rng: Random, count: int) -> list[Voter]:
    """So many voters, spread evenly over the turfs of each state."""
    found = []
    for number in range(count):
        turf = _PLACES[number % len(_PLACES)]
        found.append(Voter(turf[:2].upper(), number, turf, rng.random() < _HAVE_EMAIL))
    return found
