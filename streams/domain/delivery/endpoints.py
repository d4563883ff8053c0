"""Endpoints from a TOML file: who is told what, and where; every mistake with its key and the cure.

The file holds no secret: it names a variable, `env:NAME`, or a file, `file:PATH`, for each.
"""

import re
import tomllib
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from events.segments import ChangeCause
from events.times import parse_time
from events.topics import (
    CONTACT_ALERTS,
    CONTACT_STATE,
    CONTACT_SUPPRESSIONS,
    EXPERIMENT_RESULTS,
    SEGMENT_CHANGES,
    SYSTEM_ALERTS,
)
from streams.domain.delivery.addresses import HTTPS_PORTS, MAIL_PORTS, url_problem
from streams.domain.file_mistakes import FileMistake, FileMistakes, mistakes_in, wrong

REFERENCE = "see docs/deliver.md"
MOST_ENDPOINTS = 50
_SECRETS_CURE = "a secret is never in the file: give env:NAME or file:PATH"
_is_id = re.compile(r"[a-z0-9][a-z0-9-]{0,63}").fullmatch
_SHOWN = ("kind", "topics", "causes")
"""Keys of which a mistake repeats what was given; others may hold a secret or an address, if only by mistake."""

DeliveredTopic = Literal[
    "segment-changes", "contact-alerts", "system-alerts", "experiment-results", "contact-suppressions"
]
Kind = Literal["webhook", "slack", "email"]
OF_CONTACTS = frozenset({SEGMENT_CHANGES, CONTACT_ALERTS, CONTACT_SUPPRESSIONS, CONTACT_STATE})
OF_DIGESTS = frozenset({CONTACT_ALERTS, SYSTEM_ALERTS, EXPERIMENT_RESULTS})
USUAL_CAUSES: tuple[ChangeCause, ...] = ("interaction", "time", "link")

Reference = Annotated[str, Field(pattern=r"^(env|file):.+$")]
Name = Annotated[str, Field(min_length=1, max_length=256)]
MailAddress = Annotated[str, Field(pattern=r"^[^@\s,;<>]{1,64}@[^@\s,;<>]{1,255}$")]


class Endpoint(BaseModel):
    """One endpoint, as it stands in the file.

    `url`: `https://…`, of mail `smtps://host` or `smtp://host` (STARTTLS); or where it is held, as secrets are, since
    that of Slack is one. `secrets`: of a webhook one or two keys `whsec_…`, of mail the password of `user`. `start`:
    `from` in the file. `segments`, `causes`, `rules`, `experiments`: what of their topics is told; none: all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    kind: Kind
    url: Annotated[str, Field(min_length=1, max_length=2_048)]
    secrets: Annotated[list[Reference], Field(max_length=2)] = []
    topics: Annotated[list[DeliveredTopic], Field(min_length=1)]
    start: Annotated[str, Field(alias="from")] = "now"
    segments: list[Name] = []
    causes: list[ChangeCause] = [*USUAL_CAUSES]
    rules: list[Name] = []
    experiments: list[Name] = []
    user: str = ""
    sender: MailAddress | Literal[""] = ""
    to: list[MailAddress] = []

    @field_validator("start")
    @classmethod
    def _check_start(cls, start: str) -> str:
        if start not in ("now", "earliest") and parse_time(start) is None:
            raise wrong("is no time", 'give "now", "earliest" or a time such as "2026-11-01T00:00:00Z"')
        return start

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str, info: ValidationInfo) -> str:
        if url.startswith(("env:", "file:")):
            return url
        kind: Kind = info.data.get("kind", "webhook")
        if problems := problem_of_url(kind, url):
            form = "smtps://HOST or smtp://HOST" if kind == "email" else "https://HOST/…"
            raise wrong(problems, f"give {form}, or where it is held: env:NAME or file:PATH")
        return url

    @field_validator("secrets", mode="before")
    @classmethod
    def _check_secrets(cls, secrets: object) -> object:
        if not isinstance(secrets, list):
            raise wrong("is no list", f'{_SECRETS_CURE}, as in ["env:NAME"]')
        if not all(isinstance(each, str) and each.startswith(("env:", "file:")) for each in secrets):
            raise wrong("has what names no place", _SECRETS_CURE)
        return secrets

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.kind == "webhook" and not self.secrets:
            raise wrong("secrets is missing", "give one or two of env:NAME or file:PATH, each holding whsec_…")
        if self.kind == "slack" and self.secrets:
            raise wrong("secrets are for nothing with kind slack", "take them out; the URL is the secret")
        if self.kind != "webhook" and (strange := set(self.topics) - OF_DIGESTS):
            raise wrong(
                f"topics has {min(strange)}, which kind {self.kind} is not told",
                f"give {', '.join(sorted(OF_DIGESTS))}, or use a webhook",
            )
        if self.kind == "email" and not (self.sender and self.to):
            raise wrong("sender or to is missing", 'give sender = "…" and to = ["…"]')
        if self.kind == "email" and bool(self.user) != bool(self.secrets):
            raise wrong("user and secrets belong together", "give both, or neither where the server asks for none")
        return self

    @property
    def read_topics(self) -> tuple[str, ...]:
        """The topics that are read for it: a webhook that is told of contacts is told who was erased as well."""
        more = (CONTACT_STATE,) if self.is_told_of_contacts else ()
        return (*dict.fromkeys(self.topics), *more)

    @property
    def is_told_of_contacts(self) -> bool:
        """Whether ids of contacts go there; to people's channels none do."""
        return self.kind == "webhook" and not OF_CONTACTS.isdisjoint(self.topics)


def problem_of_url(kind: Kind, url: str) -> str | None:
    """All that is wrong with the URL of an endpoint of this kind, without repeating it; None: nothing."""
    if kind != "email":
        return url_problem(url, "https", HTTPS_PORTS)
    if not url.startswith(("smtp:", "smtps:")):
        return url_problem(url, "smtps", MAIL_PORTS)
    scheme = "smtps" if url.startswith("smtps:") else "smtp"
    return url_problem(url, scheme, MAIL_PORTS if scheme == "smtps" else MAIL_PORTS[::-1])


def entry_name(tables: Sequence[object], number: int) -> str:
    """How a mistake names an entry of the file: by its id, where it is one and no other entry has it."""
    ids = [table.get("id") if isinstance(table, dict) else None for table in tables]
    own = ids[number]
    is_own = isinstance(own, str) and _is_id(own) and ids.count(own) == 1
    return f"endpoint {own}" if is_own else f"endpoint number {number + 1}"


def read_endpoints(text: str) -> list[Endpoint] | FileMistakes:
    """The endpoints of a TOML file, in its order; each is a table `[[endpoint]]`. A file may have none."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return _one("", f"is not TOML: {error}", "correct that place")
    tables = said.pop("endpoint", [])
    if said:
        return _one(next(iter(said)), "is in no endpoint", f"put it below a line [[endpoint]]: {REFERENCE}")
    if not isinstance(tables, list):
        return _one("endpoint", "is no table [[endpoint]]", f"give one for each endpoint: {REFERENCE}")
    if len(tables) > MOST_ENDPOINTS:
        return _one("endpoint", f"are {len(tables):,}", f"give {MOST_ENDPOINTS} at most")
    found, mistakes = dict[str, Endpoint](), list[FileMistake]()
    for number, table in enumerate(tables):
        where = entry_name(tables, number)
        try:
            endpoint = Endpoint.model_validate(table)
        except ValidationError as error:
            found_in_it = mistakes_in(error, REFERENCE, _SHOWN).found
            mistakes += [
                each._replace(key=f"{where}: {_from_one(each.key)}".removesuffix(": ")) for each in found_in_it
            ]
            continue
        if endpoint.id in found:
            mistakes.append(FileMistake(f"{where}: id", f"{endpoint.id} is there twice", "give each a name of its own"))
        found[endpoint.id] = endpoint
    return FileMistakes(tuple(mistakes)) if mistakes else [*found.values()]


def _from_one(key: str) -> str:
    """A key of which places are counted from 1, as people do: `topics, number 2`."""
    return re.sub(r"\[(\d+)\]", lambda found: f", number {int(found[1]) + 1}", key)


def _one(key: str, problem: str, cure: str) -> FileMistakes:
    return FileMistakes((FileMistake(key, problem, cure),))
