"""What protects the data of people, as far as the settings of a process tell."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct

from streams.platform.settings import LOCAL_IDENTITY_KEY, Settings
from streams.services.console.words import Words

_CHECKED = ("require", "verify-ca", "verify-full")


class ProtectionItem(Struct, frozen=True):
    """One measure. `holds`: whether it does here; None: it is built in."""

    said: str
    holds: bool | None = None


def protection_of(settings: Settings, words: Words) -> Iterator[ProtectionItem]:
    """The measures, those that are built in first."""
    for said in (
        words.text(
            "Addresses, numbers and ids of voters and of other tools are keyed hashes in interactions, states and "
            "profiles; what producers give as contact_id or canvasser_id stays as it came. Input topics, dead-letters "
            "and quarantine have records as they came, addresses included, for as long as is said above."
        ),
        words.text("No address, name or number stands in a log, a metric, an error or a URL."),
        words.text(
            "An erasure empties states, profiles, Redis, PostgreSQL and the desk at once, the lake with the next "
            "`harmonia lake erase`, other topics as they delete what is old."
        ),
        words.text("Where deploy/acl is applied, each program has no right that it does not need."),
        words.text("Who looked at whom and asked about whom is written down (audit-log)."),
    ):
        yield ProtectionItem(said)
    own_key = settings.identity_keys[0] != LOCAL_IDENTITY_KEY.encode()
    yield ProtectionItem(words.text("A secret key of its own for hashes"), own_key)
    yield ProtectionItem(words.text("TLS to Kafka"), settings.kafka_speaks_tls)
    has_user = settings.kafka_speaks_sasl or settings.kafka_certificate is not None
    yield ProtectionItem(words.text("A user of its own in Kafka"), has_user)
    yield ProtectionItem(words.text("TLS to Redis"), settings.redis_speaks_tls)
    if settings.postgres is not None:
        query = parse_qs(urlsplit(settings.postgres.get_secret_value()).query)
        yield ProtectionItem(words.text("TLS to PostgreSQL"), query.get("sslmode", [""])[0] in _CHECKED)
    if settings.lake is not None:
        yield ProtectionItem(words.text("Files of the lake are their owner's alone"), not settings.lake_group_reads)
