"""The models of `data.contact`: whom an interaction is about, by one identifier at least and a few attributes.

Unknown fields of a contact are dropped here, because names and addresses could be in them.
"""

from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from events.fields import ContactId, Id, Model, Text
from events.json_types import JSON
from events.mailboxes import Mailbox

VOTER_ID_PATTERN = r"^\s*[A-Za-z]{2}\s*:.*\S"
REGION_PATTERN = r"^[A-Z]{2}-[A-Z0-9]{1,3}$"
HASH_PATTERN = r"^(voter|external|email|phone):[0-9a-f]{32}$"


@cache
def _time_zones() -> frozenset[str]:
    """The names of the pinned `tzdata` package, not of the machine: every worker must judge alike."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


def is_time_zone(name: str) -> bool:
    """Whether it is an IANA time zone."""
    return name in _time_zones()


def _time_zone(name: str) -> str:
    if not is_time_zone(name):
        raise ValueError("give an IANA time zone, such as America/New_York")
    return name


def _systems(value: JSON) -> JSON:
    """Lower-case the names of systems; a null id counts as absent."""
    if not isinstance(value, dict):
        return value
    named: dict[str, JSON] = {system.strip().lower(): id_ for system, id_ in value.items() if id_ is not None}
    if len(named) < sum(id_ is not None for id_ in value.values()):
        raise ValueError("one system is named twice: names of systems are compared in lower case")
    return named


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("give an id, or leave the system out")
    return value


SystemName = Annotated[Id, Field(pattern=r"^[^\x00-\x1f]+$")]
ExternalId = Annotated[Id, AfterValidator(_not_blank)]
External = Annotated[
    dict[SystemName, ExternalId],
    BeforeValidator(_systems, json_schema_input_type=dict[SystemName, ExternalId | None]),
]


class Contact(Model):
    """One person, by identifiers (strongest first) and by attributes, which identify nobody.

    An `email` or `phone` may be in any written form; one that cannot be normalised is ignored.
    """

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "anyOf": [{"required": [name]} for name in ("contact_id", "voter_id", "external", "email", "phone")]
        },
    )

    contact_id: ContactId | None = None
    voter_id: Annotated[Id, Field(pattern=VOTER_ID_PATTERN)] | None = None
    external: External | None = None
    email: Text | None = None
    phone: Text | None = None

    region: Annotated[str, Field(pattern=REGION_PATTERN)] | None = None
    postal_code: Text | None = None
    time_zone: Annotated[Text, AfterValidator(_time_zone)] | None = None
    language: Text | None = None
    household: Id | None = None


Hash = Annotated[str, Field(pattern=HASH_PATTERN)]


class HashedContact(Contact):
    """The contact of a harmonised interaction: identifiers are keyed hashes (`<kind>:<32 hex>`), attributes as sent.

    `mailbox`: of an interaction by e-mail that names an address, the provider of that. `voter_state` is that of the
    voter id. `aliases`: for each hash those of the same identifier under older keys, while several are valid.
    """

    voter_id: Annotated[str, Field(pattern=r"^voter:[0-9a-f]{32}$")] | None = None
    external: dict[SystemName, Annotated[str, Field(pattern=r"^external:[0-9a-f]{32}$")]] | None = None
    email: Annotated[str, Field(pattern=r"^email:[0-9a-f]{32}$")] | None = None
    phone: Annotated[str, Field(pattern=r"^phone:[0-9a-f]{32}$")] | None = None
    mailbox: Mailbox | None = None
    voter_state: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    aliases: dict[Hash, list[Hash]] | None = None
