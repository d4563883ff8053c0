"""Signing in and staying so: sessions in Redis, their cookie, CSRF tokens, and limits on tries.

Redis holds the SHA-256 of a session's id, so a dump of it opens no session. A session ends 30 minutes after the last
request or live page, and 12 hours after it began, and it knows nobody whom the file of people does not name any more.
"""

import hashlib
import secrets
from collections.abc import Mapping

import msgspec
from fastapi import Request, Response
from redis.asyncio import Redis

from sinks.redis_call import Backoff, call_redis
from streams.services.console.people import People
from streams.services.console.rights import Viewer
from streams.services.console.words import LANGUAGES, Language
from streams.services.minute_limit import MinuteLimit

IDLE_S = 30 * 60
LONGEST_S = 12 * 3600
TRIES_A_MINUTE = 5
SESSION = "console:session:"
TRIES = "console:tries:"
COOKIE = "__Host-harmonia"
FORM_COOKIE = "__Host-harmonia-form"
"""Holds the CSRF token of the sign-in form, since there is no session yet."""
THEMES = ("auto", "light", "dark")


class Session(msgspec.Struct, frozen=True):
    """A session. `csrf`: what its forms must send; `started_at`: ms since 1970; `reason`: why it looks at people."""

    name: str
    csrf: str
    started_at: int
    language: Language | None = None
    theme: str = "auto"
    reason: str = ""


class SignedIn(msgspec.Struct, frozen=True):
    """A session with its id and whose it is, as of now."""

    id: str
    session: Session
    viewer: Viewer


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Session).decode


class Sessions:
    """Sessions in one Redis. Every call may raise SinkUnavailable. Times: ms since 1970, of the wall clock."""

    def __init__(self, client: Redis, people: People) -> None:
        self._client = client
        self._people = people
        self._backoff = Backoff()
        self._tries = MinuteLimit(client, TRIES, TRIES_A_MINUTE)

    async def begin(self, viewer: Viewer, now_ms: int, language: Language | None = None) -> SignedIn:
        """A new session of somebody."""
        id_ = secrets.token_urlsafe(32)
        session = Session(viewer.name, secrets.token_urlsafe(32), now_ms, language)
        await self._put(id_, session, now_ms)
        return SignedIn(id_, session, viewer)

    async def find(self, id_: str, now_ms: int) -> SignedIn | None:
        """The session of an id, None where it has ended; being asked for, it goes on for 30 minutes."""
        if not id_:
            return None
        found = await call_redis(self._client.get(_key(id_)), self._backoff)
        if found is None:
            return None
        session = _decode(found)
        viewer = self._people.named(session.name)
        left_s = _left_s(session, now_ms)
        if viewer is None or has_ended(session, now_ms):
            await self.end(id_)
            return None
        await call_redis(self._client.expire(_key(id_), max(1, int(min(IDLE_S, left_s)))), self._backoff)
        return SignedIn(id_, session, msgspec.structs.replace(viewer, language=session.language or viewer.language))

    async def change(self, signed_in: SignedIn, now_ms: int, changes: Mapping[str, str]) -> None:
        """Remember a choice: `language`, `theme` or `reason`. A session that has ended meanwhile stays so."""
        changed = msgspec.structs.replace(signed_in.session, **changes)
        await self._put(signed_in.id, changed, now_ms, if_there=True)

    async def end(self, id_: str) -> None:
        """End a session."""
        await call_redis(self._client.delete(_key(id_)), self._backoff)

    async def may_try(self, who: str) -> bool:
        """Count a try to sign in from an address; False: five have failed in this minute already."""
        return await self._tries.allows(who)

    async def succeeded(self, who: str) -> None:
        """The last try from an address was somebody who may sign in: an office of many shares one.

        Those that have failed stay counted: whoever has a token of their own must not guess on.
        """
        await self._tries.take_back(who)

    async def _put(self, id_: str, session: Session, now_ms: int, *, if_there: bool = False) -> None:
        live_s = max(1, int(min(IDLE_S, _left_s(session, now_ms))))
        await call_redis(self._client.set(_key(id_), _encode(session), ex=live_s, xx=if_there), self._backoff)


def has_ended(session: Session, now_ms: int) -> bool:
    """Whether a session is as old as one may get."""
    return _left_s(session, now_ms) <= 0


def _left_s(session: Session, now_ms: int) -> float:
    return LONGEST_S - (now_ms - session.started_at) / 1000


def _key(id_: str) -> str:
    return SESSION + hashlib.sha256(id_.encode()).hexdigest()


def set_cookie(response: Response, name: str, value: str) -> None:
    """Set a cookie that no script reads, no other host gets, and no other site's form sends."""
    response.set_cookie(name, value, path="/", secure=True, httponly=True, samesite="lax")


def drop_cookie(response: Response, name: str) -> None:
    """Let the browser forget a cookie."""
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")


def same(given: str | None, wanted: str) -> bool:
    """Whether a token is the one that is wanted, without telling how much of it was right."""
    return bool(wanted) and secrets.compare_digest((given or "").encode(errors="replace"), wanted.encode())


def is_language(word: str) -> bool:
    """Whether the console speaks it."""
    return word in LANGUAGES


def own_origin(request: Request, public_url: str) -> str:
    """The console's own origin: where readers find it, or else the loopback address that the request names."""
    return public_url or f"http://{request.headers.get('host', '')}"


def is_own_origin(request: Request, public_url: str) -> bool:
    """Whether a form comes from a page of this console: its Origin is the console's own."""
    return request.headers.get("origin", "") == own_origin(request, public_url)
