"""`harmonia` with another fold: of everybody in New Jersey it says Pennsylvania.

For the state that is a fold whose bug was fixed. Processes that are spawned read this module too, so they fold alike.
It is never imported by a test: it would change the fold of all that come after.
"""

from events.contact import Contact
from events.interaction_structs import ContactStruct
from streams.cli.main import app
from streams.domain.contact.facts import from_interactions
from streams.domain.contact.state import Zones
from tests.chaos.regions import RIGHT, WRONG

_as_said = from_interactions._zones


def _moved(contact: Contact | ContactStruct) -> Zones | None:
    zones = _as_said(contact)
    if zones is None or zones.region != WRONG:
        return zones
    return Zones(RIGHT, zones.time_zone, zones.postal_code)


from_interactions._zones = _moved

if __name__ == "__main__":
    app()
