"""Certificates of SNS, fetched once and kept, by whatever addresses messages name that nobody has proven yet.

So that forged ones cost little: an address is asked once at a time, few are asked at once, few messages wait, and what
could not be had is not asked for again within a minute. Whoever is turned away is told to come again; a message whose
certificate is known never waits.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate

Fetch = Callable[[str], Awaitable[bytes]]
"""The body at an address; raises `OSError` if it cannot be had."""

MOST_KEPT = 16
MOST_FETCHES = 4
MOST_WAITING = 64
MOST_FAILURES = 1_000
AGAIN_MS = 60_000

_Found = RSAPublicKey | OSError | None
"""The key of a certificate; why it cannot be had; None: what was there is none."""


class PublicKeys:
    """The keys of certificates, by their addresses."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._kept: dict[str, RSAPublicKey] = {}
        self._failed: dict[str, tuple[int, OSError | None]] = {}
        self._fetching: dict[str, asyncio.Task[_Found]] = {}
        self._waiting = 0

    async def get(self, url: str, at: int) -> RSAPublicKey | None:
        """The key; None where there is no certificate. Raises `OSError` if it cannot be had now. `at`: milliseconds."""
        if url in self._kept:
            return self._kept[url]
        since, why = self._failed.get(url, (at - AGAIN_MS, None))
        found = why if at - since < AGAIN_MS else await self._wait(url, at)
        if isinstance(found, OSError):
            raise OSError("the certificate cannot be had") from found
        return found

    async def _wait(self, url: str, at: int) -> _Found:
        if self._waiting >= MOST_WAITING or (url not in self._fetching and len(self._fetching) >= MOST_FETCHES):
            return OSError("too many wait for certificates")
        if url not in self._fetching:
            self._fetching[url] = asyncio.create_task(self._look(url, at))
        self._waiting += 1
        try:
            return await asyncio.shield(self._fetching[url])
        finally:
            self._waiting -= 1

    async def _look(self, url: str, at: int) -> _Found:
        try:
            found = await self._get(url)
            self._failed.pop(url, None)
            if isinstance(found, RSAPublicKey):
                _make_room(self._kept, MOST_KEPT)
                self._kept[url] = found
            else:
                _make_room(self._failed, MOST_FAILURES)
                self._failed[url] = (at, found)
            return found
        finally:
            del self._fetching[url]

    async def _get(self, url: str) -> _Found:
        try:
            key = load_pem_x509_certificate(await self._fetch(url)).public_key()
        except OSError as error:
            return error.with_traceback(None)
        except ValueError:
            return None
        return key if isinstance(key, RSAPublicKey) else None


def _make_room(kept: dict[str, Any], most: int) -> None:
    """Drop the oldest where there are as many as there may be."""
    if len(kept) >= most:
        del kept[next(iter(kept))]
