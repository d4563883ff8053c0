"""Reads the gateway's file: its hooks, their vendors, and how each request is authenticated.

TOML, a table for each address: `[hooks.sendgrid]` is `POST /v1/hooks/sendgrid`. Secrets are never in the file itself:
it names an environment variable or a file for each, and two of them while one is changed.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from events.adapters import van
from events.adapters.feed import NO_CODES, Adapter
from events.adapters.vendors import BODIES, canonical_vendor
from events.contact import is_time_zone
from events.fields import Label
from events.interactions.base import NoticeWay, Provenance, ProvenanceKind
from events.validation_messages import in_plain_words
from streams.platform.errors import Unusable
from streams.services.gateway.signatures import BY_HEADER, ValidSecrets, public_key

Auth = Literal["basic", "secret", "sendgrid", "mailgun", "twilio", "sns", "none"]
_is_name = re.compile(r"[a-z0-9][a-z0-9-]{0,63}").fullmatch
_HOUR_MS = 3_600_000
_USUAL: Mapping[str, Auth] = {"sendgrid": "sendgrid", "mailgun": "mailgun", "ses": "sns", "twilio": "twilio"}


Secrets = Annotated[list[Annotated[str, Field(pattern=r"^(env|file):.+$")]], Field(max_length=2)]


class ProvenanceTable(BaseModel):
    """Where contacts come from which people leave at the vendor as they give, sign or sign up."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: ProvenanceKind
    file: Label | None = None
    notice: Label | None = None
    notice_by: NoticeWay | None = None
    purpose: Label | None = None

    @property
    def stated(self) -> Provenance:
        """The same as interactions say it."""
        return Provenance(
            kind=self.kind, file=self.file, notice=self.notice, notice_by=self.notice_by, purpose=self.purpose
        )


class HookTable(BaseModel):
    """One hook as it stands in the file.

    `source`: the CloudEvents source, TEAM/TOOL. `secrets`: `env:NAME` or `file:PATH`, one or two. `login`: the same,
    user:password that a vendor that signs must show besides. `window_hours`: how old a signature may be; wide, because
    a vendor that was refused may send the same again for most of a day. `url`: as the vendor knows it (Twilio signs
    it). `topics`: ARNs of SNS. `confirm`: answer SNS when it asks whether a subscription is meant. `codes`: a codes
    file of VAN's. `provenance`: where from contacts of gifts, forms and RSVPs are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    vendor: str | None = None
    source: Annotated[str, Field(min_length=1, max_length=256)]
    auth: Auth | None = None
    secrets: Secrets = []
    login: Secrets = []
    window_hours: Annotated[float, Field(gt=0, le=72)] = 24
    url: str = ""
    topics: list[str] = []
    confirm: bool = False
    time_zone: str = "UTC"
    codes: Path | None = None
    provenance: ProvenanceTable | None = None

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        if not is_time_zone(self.time_zone):
            raise ValueError("time_zone: give an IANA time zone, such as America/New_York")
        return self


class Hook(BaseModel):
    """One hook, ready to be used."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    name: str
    vendor: str
    read: Adapter
    source: str
    auth: Auth
    proof: ValidSecrets
    login: ValidSecrets | None
    url: str
    topics: frozenset[str]
    confirm: bool
    time_zone: str
    codes: Any
    provenance: Provenance | None

    @property
    def is_proven_by_header(self) -> bool:
        """Whether requests are authenticated before their body is read."""
        return self.auth in BY_HEADER or self.login is not None


def read_hooks(path: Path, environment: Mapping[str, str]) -> dict[str, Hook]:
    """The hooks of a file, by name. Raises `Unusable`, which names the place and the cure, and never a secret."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unusable(f"HARMONIA_GATEWAY: {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Unusable(f"HARMONIA_GATEWAY: {path}: not TOML: {error}") from error
    tables = found.pop("hooks", None)
    if found or not isinstance(tables, dict) or not tables:
        raise Unusable(f"HARMONIA_GATEWAY: {path}: give tables [hooks.NAME] and nothing else")
    return {name: _hook(name, table, path, environment) for name, table in tables.items()}


def _hook(name: str, table: object, path: Path, environment: Mapping[str, str]) -> Hook:
    try:
        read = HookTable.model_validate(table)
    except ValidationError as error:
        raise _hook_error(name, "; ".join(_lines(error))) from error
    vendor = canonical_vendor(read.vendor or name)
    if not _is_name(name):
        raise _hook_error(name, "a hook's name is of lower-case letters, digits and hyphens")
    if vendor not in BODIES:
        raise _hook_error(name, f"vendor: one of {', '.join(BODIES)}")
    auth = read.auth or _USUAL.get(vendor, "basic")
    secrets, login = (
        [_secret(name, field, said, path.parent, environment) for said in listed]
        for field, listed in (("secrets", read.secrets), ("login", read.login))
    )
    if problem := _problem_of_secrets(auth, read, secrets) or _problem_of_login(auth, login):
        raise _hook_error(name, problem)
    return Hook(
        name=name,
        vendor=vendor,
        read=BODIES[vendor],
        source=read.source,
        auth=auth,
        proof=ValidSecrets(secrets, int(read.window_hours * _HOUR_MS)),
        login=ValidSecrets(login, 0) if login else None,
        url=read.url,
        topics=frozenset(read.topics),
        confirm=read.confirm,
        time_zone=read.time_zone,
        codes=_codes(name, path.parent, read.codes),
        provenance=read.provenance.stated if read.provenance else None,
    )


def _problem_of_secrets(auth: Auth, read: HookTable, secrets: list[str]) -> str | None:
    if auth == "sns":
        return None if read.topics else "topics: give the ARN of each topic of SNS that may send"
    if auth == "none":
        return "secrets: are for nothing with auth none" if secrets else None
    if not secrets:
        return "secrets: give at least one, env:NAME or file:PATH"
    if auth == "basic" and not all(map(_is_login, secrets)):
        return "secrets: with auth basic each is user:password"
    if auth == "sendgrid" and not all(map(public_key, secrets)):
        return "secrets: with auth sendgrid each is the verification key that SendGrid shows"
    return "url: Twilio signs it, so give it as Twilio knows it" if auth == "twilio" and not read.url else None


def _problem_of_login(auth: Auth, login: list[str]) -> str | None:
    if login and auth in ("none", *BY_HEADER):
        return f"login: is for vendors that sign; with auth {auth} it is for nothing"
    return None if all(map(_is_login, login)) else "login: each is user:password"


def _is_login(secret: str) -> bool:
    return all(secret.partition(":")[::2])


def _secret(name: str, field: str, said: str, folder: Path, environment: Mapping[str, str]) -> str:
    kind, _, where = said.partition(":")
    if kind == "env":
        found = environment.get(where, "").strip()
        cure = f"{field}: the environment has no {where}"
    else:
        file = folder / where
        try:
            found = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            found = ""
        cure = f"{field}: {file} cannot be read, or is empty"
    if not found:
        raise _hook_error(name, cure)
    return found


def _codes(name: str, folder: Path, path: Path | None) -> Any:
    if path is None:
        return NO_CODES
    try:
        return van.read_codes(tomllib.loads((folder / path).read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, van.InvalidCodes) as error:
        raise _hook_error(name, f"codes: {path}: {error}") from error


def _lines(error: ValidationError) -> Iterator[str]:
    for one in error.errors(include_url=False, include_input=False):
        where, cure = ".".join(map(str, one["loc"])), in_plain_words(one)
        yield f"{where}: {cure}" if where else cure


def _hook_error(name: str, problem: str) -> Unusable:
    return Unusable(f"HARMONIA_GATEWAY: hooks.{name}: {problem}")
