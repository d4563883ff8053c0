"""What a deployment knows of its own processing, as data: made of its settings, its policy and the lists of topics.

Nothing is listed here that another list has. Texts are in the language of the reader; what is not known is None, and a
blank on the page.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any, get_args
from urllib.parse import urlsplit

from msgspec import Struct

from events.contact import Contact
from events.fields import Model
from events.interactions.base import InteractionData, ProvenanceKind
from events.registry import SPECS
from events.times import render_time
from events.topics import ALL, TopicSpec
from streams.domain.delivery.endpoints import Endpoint
from streams.operations.acl import APP_ID, rights
from streams.operations.privacy_page import stays_of
from streams.platform.settings import Settings, variable_of
from streams.platform.stores import STORES
from streams.platform.tokens import SCOPES, read_tokens
from streams.platform.topics import changelog_topics
from streams.services.console.words import Words
from streams.services.register.activities import Activity, activities_of
from streams.services.register.policy_basis import AskedOnChannel, asked_by
from streams.services.register.protection import ProtectionItem, protection_of
from streams.services.register.scores import SCORES, DefinedRule, ScoreSpec, Surroundings
from streams.services.vendors.names import VendorName

TELL_OPINIONS = frozenset({"support", "answers", "tags_added", "tags_removed"})
"""Fields that tell an opinion, or what somebody supposes of one: what an answer or a tag means its author knows."""


class TakenField(Struct, frozen=True):
    """A field of `data`, with the fields in it where it is an object. `is_special`: it may tell an opinion."""

    name: str
    within: tuple[str, ...] = ()
    is_special: bool = False


class TakenType(Struct, frozen=True):
    """A type of interaction that is taken: what it is called, what its `data` may say besides, and on which topics."""

    type: str
    name: str
    fields: tuple[TakenField, ...]
    topics: tuple[str, ...]


class Place(Struct, frozen=True):
    """A topic or a store: what of people it has, what for, for how long, and who reads and writes it in Kafka.

    `used`: whether there is one; None: nobody knows.
    """

    name: str
    purpose: str
    people: str
    stays: str
    is_topic: bool
    is_of_nobody: bool
    used: bool | None = True
    read_by: tuple[str, ...] = ()
    written_by: tuple[str, ...] = ()


class Reader(Struct, frozen=True):
    """A user of Kafka and the topics with people in them that it may read."""

    user: str
    topics: tuple[str, ...]


class TokenHolder(Struct, frozen=True):
    """A team with tokens of the API, of which nothing is shown, and the scopes that they have. `*`: for any team."""

    team: str
    scopes: tuple[str, ...]


class Recipient(Struct, frozen=True):
    """Whom the deployment tells something: an endpoint or a vendor. `host` None: it is held where secrets are."""

    name: str
    kind: str
    host: str | None
    told: tuple[str, ...]


class Score(Struct, frozen=True):
    """Something by which people are rated or decided about. `is_on` None: nobody has looked."""

    name: str
    logic: str
    use: str
    page: str
    is_on: bool | None


class Register(Struct, frozen=True):
    """The whole of it, activities with their purposes first.

    `controller`, `dpo` None: blanks. `segments`, `experiments` None: nobody has looked.
    `identifiers`: what may be said of who a person is and where; `in_all`: what any interaction may say besides.
    """

    made_at: str
    harmonia: str
    deployment: Mapping[str, str]
    controller: str | None
    dpo: str | None
    activities: tuple[Activity, ...]
    identifiers: tuple[str, ...]
    in_all: tuple[str, ...]
    taken: tuple[TakenType, ...]
    asked: tuple[AskedOnChannel, ...]
    sources_taken: tuple[str, ...]
    sources_refused: tuple[str, ...]
    kept: Mapping[str, int]
    places: tuple[Place, ...]
    readers: tuple[Reader, ...]
    callers: tuple[TokenHolder, ...]
    recipients: tuple[Recipient, ...]
    protection: tuple[ProtectionItem, ...]
    scores: tuple[Score, ...]
    segments: tuple[DefinedRule, ...] | None
    experiments: tuple[DefinedRule, ...] | None


def register_of(around: Surroundings, endpoints: Sequence[Endpoint], words: Words, at_ms: int) -> Register:
    """The register of a deployment. `endpoints`: whom `harmonia deliver` tells; `at_ms`: when it is made.

    Raises `WrongSetting` where tokens of the API cannot be read.
    """
    settings, policy, defined = around
    refused = settings.refused_kinds
    kinds: Sequence[ProvenanceKind] = get_args(ProvenanceKind)
    places = (*_topics(settings.app_id, words), *_stores(settings, words))
    return Register(
        made_at=render_time(at_ms),
        harmonia=version("harmonia"),
        deployment={
            variable_of("app_id"): settings.app_id,
            variable_of("regime"): settings.regime,
            variable_of("phone_region"): settings.phone_region,
            variable_of("time_zone"): settings.time_zone,
            variable_of("policy"): policy.version,
        },
        controller=settings.controller,
        dpo=settings.dpo,
        activities=tuple(activities_of(settings, TELL_OPINIONS, words)),
        identifiers=(*Contact.model_fields,),
        in_all=tuple(name for name in InteractionData.model_fields if name != "contact"),
        taken=tuple(_taken(words)),
        asked=tuple(asked_by(policy, words)),
        sources_taken=tuple(words.name("origin", kind) for kind in kinds if kind not in refused),
        sources_refused=tuple(words.name("origin", kind) for kind in kinds if kind in refused),
        kept={variable_of("inactivity_days"): settings.inactivity_days},
        places=places,
        readers=tuple(_readers(places)),
        callers=tuple(_callers(settings)),
        recipients=(*map(_endpoint, endpoints), *_vendors(settings)),
        protection=tuple(protection_of(settings, words)),
        scores=tuple(_score(spec, around, words) for spec in SCORES),
        segments=None if defined is None else defined.segments,
        experiments=None if defined is None else defined.experiments,
    )


def plain(text: str) -> str:
    """A text of `docs/privacy.md` without its links, and without what points to elsewhere on that page."""
    text = re.sub(r" \(\[[^]]+\]\([^)]+\)\)", "", text)
    return re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", text).removesuffix(", see below")


def _taken(words: Words) -> Iterator[TakenType]:
    for spec in SPECS:
        said = spec.model.model_fields.items()
        fields = tuple(
            TakenField(name, _within(info.annotation), name in TELL_OPINIONS)
            for name, info in said
            if name not in InteractionData.model_fields
        )
        yield TakenType(spec.name, words.name("type", spec.name), fields, tuple(sorted(spec.topics)))


def _within(annotation: Any) -> tuple[str, ...]:
    """The fields of the object that a field may be; none where it is no object of ours."""
    found = [each for each in (annotation, *get_args(annotation)) if isinstance(each, type)]
    return tuple(name for each in found if issubclass(each, Model) for name in each.model_fields)


def _topics(app_id: str, words: Words) -> Iterator[Place]:
    users = _rights_of(app_id)
    for topic in [*ALL, *changelog_topics(app_id)]:
        yield Place(
            name=topic.name,
            purpose=words.text(plain(topic.purpose)),
            people=words.text(plain(topic.people)),
            stays=_stays(topic, words),
            is_topic=True,
            is_of_nobody=topic.is_of_nobody,
            read_by=tuple(users.get((topic.name, "Read"), ())),
            written_by=tuple(users.get((topic.name, "Write"), ())),
        )


def _stays(topic: TopicSpec, words: Words) -> str:
    if topic.stays:
        return words.text(plain(topic.stays))
    days = int(stays_of(topic).split()[0])
    return words.plural("{n} day", "{n} days", days)


def _stores(settings: Settings, words: Words) -> Iterator[Place]:
    for store in STORES:
        used = {"yes": True, "no": False, "unknown": None}[store.use(settings)]
        yield Place(
            name=words.text(plain(store.place)),
            purpose=words.text(plain(store.purpose)),
            people=words.text(plain(store.people)),
            stays=words.text(plain(store.stays)),
            is_topic=False,
            is_of_nobody=store.people.startswith(("nobody", "no contact")),
            used=used,
        )


def _rights_of(app_id: str) -> dict[tuple[str, str], list[str]]:
    """The users who may do something, by topic and operation. The file of rights names changelogs of `harmonia`."""
    changelogs = zip(changelog_topics(APP_ID), changelog_topics(app_id), strict=True)
    mine = {theirs.name: own.name for theirs, own in changelogs}
    found: dict[tuple[str, str], list[str]] = {}
    for right in rights():
        if right.kind == "topic" and not right.prefixed:
            for operation in right.operations:
                found.setdefault((mine.get(right.name, right.name), operation), []).append(right.user)
    return found


def _readers(places: Sequence[Place]) -> Iterator[Reader]:
    found: dict[str, list[str]] = {}
    for place in places:
        for user in () if place.is_of_nobody else place.read_by:
            found.setdefault(user, []).append(place.name)
    yield from (Reader(user, tuple(topics)) for user, topics in found.items())


def _callers(settings: Settings) -> Iterator[TokenHolder]:
    for caller in read_tokens(settings.api_tokens.get_secret_value()).callers:
        yield TokenHolder(caller.team, tuple(scope for scope in SCOPES if scope in caller.scopes))


def _endpoint(endpoint: Endpoint) -> Recipient:
    is_held = endpoint.url.startswith(("env:", "file:"))
    host = None if is_held else urlsplit(endpoint.url).hostname
    return Recipient(endpoint.id, endpoint.kind, host, endpoint.read_topics)


def _vendors(settings: Settings) -> Iterator[Recipient]:
    for name in get_args(VendorName):
        if getattr(settings, f"{name}_key") is not None:
            yield Recipient(name, "vendor", urlsplit(getattr(settings, f"{name}_url")).hostname, ())


def _score(spec: ScoreSpec, around: Surroundings, words: Words) -> Score:
    return Score(words.text(spec.name), words.text(spec.logic), words.text(spec.use), spec.page, spec.is_on(around))
