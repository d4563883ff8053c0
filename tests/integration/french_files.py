"""What a campaign in France has in hand: invented people, files as others give them, and what their columns mean.

E-mail addresses are of a reserved domain, mobile numbers of those that ARCEP keeps for fiction. Days are counted from
today, since rules of a month and of three years are about today.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple


class Person(NamedTuple):
    """By what somebody is known; '' where the campaign has no such thing."""

    name: str
    voter: str = ""
    email: str = ""
    mobile: str = ""


def contact_of(one: Person) -> dict[str, str]:
    """All that names somebody, as the campaign's own events have it."""
    named = {"voter_id": one.voter and f"FR:{one.voter}", "email": one.email, "phone": one.mobile}
    return {name: value for name, value in named.items() if value}


ALIX = Person("alix", "10000001")
BAO = Person("bao", "10000002")
CHLOE = Person("chloe", "10000003", "chloe.martin@example.org", "06 39 98 00 03")
DRISS = Person("driss", "10000004")
ELIF = Person("elif", "10000005", mobile="06 39 98 00 05")
FANNY = Person("fanny", email="fanny.leroy@example.org")
GAEL = Person("gael", email="gael.petit@example.org")
HANA = Person("hana", "10000008", "hana.diallo@example.org", "06 39 98 00 08")
ILAN = Person("ilan", "10000009")
JEANNE = Person("jeanne", "10000010", "jeanne.garcia@example.org", "06 39 98 00 10")
KARIM = Person("karim", email="karim.nguyen@example.org")
LENA = Person("lena", "10000012", "lena.robert@example.org")
MALO = Person("malo", "10000013")
NORA = Person("nora", mobile="06 39 98 00 14")
OMAR = Person("omar", email="omar.bernard@example.org")
PAUL = Person("paul", email="paul.durand@example.org")
EVERYBODY = (ALIX, BAO, CHLOE, DRISS, ELIF, FANNY, GAEL, HANA, ILAN, JEANNE, KARIM, LENA, MALO, NORA, OMAR, PAUL)

ROLL_FILE, LATER_FILE, RENTED_FILE = "liste-electorale-2026", "liste-complementaire", "loueur-a"
STATION, OTHER_STATION, LATER_STATION = "BV-0412", "BV-0413", "BV-0777"


_TODAY = datetime.now(UTC).date()


def day(ago: int) -> str:
    """A day so long ago, as files in France have it."""
    return f"{_TODAY - timedelta(days=ago):%d/%m/%Y}"


def at(ago: int, hour: int = 12) -> str:
    """A moment so many days ago, as events have it."""
    return f"{_TODAY - timedelta(days=ago)}T{hour:02}:00:00Z"


POLL = at(2, 19)
"""When the last polling station closed."""

_ROLL_HEADER = (
    "numéro d'électeur;nom de naissance;prénoms;date de naissance;commune de naissance;sexe;bureau de vote;"
    "tranche d'âge;code postal;date d'extraction"
)


def _voter(one: Person, sex: str, station: str, band: str, ago: int) -> str:
    return f"{one.voter};Nomdefamille;{one.name.title()};01/01/1980;Lille;{sex};{station};{band};75011;{day(ago)}"


ROLL = "\n".join(
    [
        _ROLL_HEADER,
        _voter(ALIX, "F", STATION, "65+", 25),
        _voter(BAO, "M", OTHER_STATION, "65+", 25),
        _voter(CHLOE, "F", STATION, "25-34", 25),
        _voter(DRISS, "M", STATION, "65+", 25),
        _voter(ELIF, "F", STATION, "65+", 25),
        _voter(HANA, "F", OTHER_STATION, "35-44", 25),
        _voter(ILAN, "M", STATION, "45-54", 25),
        _voter(JEANNE, "F", STATION, "65+", 25),
        _voter(LENA, "F", OTHER_STATION, "25-34", 25),
    ]
)
LATER_ROLL = "\n".join([_ROLL_HEADER, _voter(MALO, "M", LATER_STATION, "55-64", 1)])


def roll_mapping(file: str) -> str:
    """What the columns of a roll mean: neither a name nor a place of birth is read."""
    return f"""
name = "{file}"
[[interactions]]
type = "provenance.reported"
time = {{ column = "date d'extraction", zone = "Europe/Paris", format = "%d/%m/%Y" }}
act = ["numéro d'électeur"]
[interactions.contact]
voter_id = {{ column = "numéro d'électeur", prefix = "FR:" }}
region = "FR-75"
postal_code = {{ column = "code postal" }}
[interactions.data.provenance]
kind = "voter_list"
file = "{file}"
age_band = {{ column = "tranche d'âge" }}
sex = {{ column = "sexe", kind = "lower" }}
polling_station = {{ column = "bureau de vote" }}
"""


RENTED = f"""n° électeur;portable;date
{ELIF.voter};{ELIF.mobile};{day(60)}
;{NORA.mobile};{day(60)}
"""
RENTED_MAPPING = f"""
name = "location"
[[interactions]]
type = "provenance.reported"
time = {{ column = "date", zone = "Europe/Paris", format = "%d/%m/%Y" }}
act = ["portable"]
[interactions.contact]
voter_id = {{ column = "n° électeur", prefix = "FR:" }}
phone = {{ column = "portable" }}
[interactions.data.provenance]
kind = "rented"
file = "{RENTED_FILE}"
"""

SIGNUPS = f"""date;courriel;portable;n° électeur;majeur;dons par courriel;SMS;publicité;preuve
{day(20)};{CHLOE.email};{CHLOE.mobile};{CHLOE.voter};oui;oui;oui;non;f-3
{day(20)};{HANA.email};{HANA.mobile};{HANA.voter};oui;oui;non;oui;f-8
{day(19)};{JEANNE.email};{JEANNE.mobile};{JEANNE.voter};oui;oui;oui;oui;f-10
{day(19)};{LENA.email};;{LENA.voter};oui;non;non;oui;f-12
{day(18)};{OMAR.email};;;non;non;non;oui;f-15
{day(1500)};{PAUL.email};;;oui;oui;non;oui;f-16
"""
_CONSENT = """
[[interactions]]
type = "consent.changed"
time = {{ column = "date", zone = "Europe/Paris", format = "%d/%m/%Y" }}
act = ["courriel", "date"]
part = "{column}"
when = [{{ column = "{column}", values = ["oui"] }}]
[interactions.contact]
email = {{ column = "courriel" }}
phone = {{ column = "portable" }}
[interactions.data]
granted = true
basis = "consent"
wording = "formulaire-7/v3"
proof = {{ column = "preuve" }}
{scope}
"""
_SCOPES = {
    "dons par courriel": 'channel = "email"\npurpose = "fundraising"',
    "SMS": 'channel = "text"',
    "publicité": 'channel = "all"\npurpose = "online_ads"',
}
_SIGNED_UP = """
name = "inscriptions"
[[interactions]]
type = "form.submitted"
time = { column = "date", zone = "Europe/Paris", format = "%d/%m/%Y" }
act = ["courriel", "date"]
[interactions.contact]
email = { column = "courriel" }
phone = { column = "portable" }
voter_id = { column = "n° électeur", prefix = "FR:" }
region = "FR-75"
[interactions.data]
form_id = "rejoindre"
kind = "signup"
[interactions.data.provenance]
kind = "self"
notice = "art13/v2"
notice_by = "form"
of_age = { column = "majeur", values = { oui = true, non = false } }
"""
SIGNUPS_MAPPING = _SIGNED_UP + "".join(_CONSENT.format(column=name, scope=scope) for name, scope in _SCOPES.items())

SEGMENTS = f"""
[[segment]]
id = "ainees-du-412"
owner = "terrain"
members = true
all = [{{ age_band = "65+" }}, {{ sex = "f" }}, {{ polling_station = "{STATION}" }}]

[[segment]]
id = "paris"
owner = "terrain"
members = true
all = [{{ region = "FR-75" }}]

[[segment]]
id = "soutiens"
owner = "numerique"
members = true
all = [{{ support = [1, 2] }}]

[[segment]]
id = "inscrits"
owner = "numerique"
members = true
all = [{{ consent = "text", is = true }}]
"""
