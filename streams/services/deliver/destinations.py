"""Reads the file of endpoints, and from elsewhere what is secret of them."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from streams.domain.delivery.addresses import Network, literal_address, may_be_reached
from streams.domain.delivery.endpoints import Endpoint, problem_of_url, read_endpoints
from streams.domain.delivery.signing import key_of
from streams.domain.file_mistakes import FileMistakes
from streams.platform.errors import Unusable

_LIKE_A_SECRET = re.compile(r"^whsec_|://|[\x00-\x1f]")
"""Of what stands in the place of a name: it may be the secret itself, so it is not repeated."""


class Destination(NamedTuple):
    """An endpoint with what its file only names: where it is, its keys, the password of its mail server."""

    endpoint: Endpoint
    url: str
    keys: Sequence[bytes] = ()
    password: str = ""

    def __repr__(self) -> str:
        return f"Destination({self.endpoint.id})"


def read_destinations(path: Path, environment: Mapping[str, str], listed: Sequence[Network]) -> list[Destination]:
    """All endpoints of a file. Raises `Unusable`, which names each place and its cure, and never a secret."""
    return [_destination(endpoint, path.parent, environment, listed) for endpoint in endpoints_of(path)]


def endpoints_of(path: Path) -> list[Endpoint]:
    """The endpoints as they stand in a file, without the secrets that they name. Raises `Unusable`, as above."""
    try:
        found = read_endpoints(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unusable(f"HARMONIA_DELIVER: {path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise Unusable(f"HARMONIA_DELIVER: {path}: is no UTF-8; save it as that") from None
    if isinstance(found, FileMistakes):
        raise Unusable("\n".join(f"HARMONIA_DELIVER: {path}: {mistake}" for mistake in found.found))
    return found


def _destination(
    endpoint: Endpoint, folder: Path, environment: Mapping[str, str], listed: Sequence[Network]
) -> Destination:
    def held(field: str, reference: str) -> str:
        return _held(f"{endpoint.id}: {field}", reference, folder, environment)

    url = held("url", endpoint.url) if endpoint.url.startswith(("env:", "file:")) else endpoint.url
    if problem := problem_of_url(endpoint.kind, url):
        raise _wrong(f"{endpoint.id}: url", f"what it names {problem}; see docs/deliver.md")
    literal = literal_address(urlsplit(url))
    if literal is not None and not may_be_reached(literal, listed):
        raise _wrong(
            f"{endpoint.id}: url", "its address is not a global one; list its network in HARMONIA_DELIVER_PRIVATE"
        )
    secrets = [held("secrets", reference) for reference in endpoint.secrets]
    if endpoint.kind != "webhook":
        return Destination(endpoint, url, password=secrets[0] if secrets else "")
    keys = [key for key in map(key_of, secrets) if key is not None]
    if len(keys) < len(secrets):
        raise _wrong(
            f"{endpoint.id}: secrets",
            'each is whsec_ and the base64 of 24 to 64 bytes: "whsec_$(openssl rand -base64 32)"',
        )
    return Destination(endpoint, url, keys)


def _held(place: str, reference: str, folder: Path, environment: Mapping[str, str]) -> str:
    kind, _, where = reference.partition(":")
    if _LIKE_A_SECRET.search(where):
        raise _wrong(place, f"{kind}: is followed by where it is held, a name or a path, not by itself")
    if kind == "env":
        found, problem = environment.get(where, "").strip(), f"the environment has no {where}: set it"
    else:
        found, problem = _content(folder / where)
    if not found:
        raise _wrong(place, problem)
    return found


def _content(path: Path) -> tuple[str, str]:
    """What a file holds, and what is wrong where that is nothing."""
    try:
        return path.read_text(encoding="utf-8").strip(), f"{path} is empty: put it there"
    except OSError as error:
        return "", f"{path} cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        return "", f"{path} is no UTF-8; save it as that"


def _wrong(place: str, problem: str) -> Unusable:
    return Unusable(f"HARMONIA_DELIVER: {place}: {problem}")
