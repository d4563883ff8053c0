"""Says in words what is wrong with a PostgreSQL that does not answer, once, and again when it is over.

Codes are PostgreSQL's own (SQLSTATE) or the name of the error with which a connection fails. Nothing of a URL or of an
answer is in what is said. docs/postgres.md lists the same codes.
"""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

QUIET_S = 6.0
"""Seconds without a failure after which it is over: more than calls wait before the next try. While some calls are
answered and others are not, nothing else would be said than that it comes and goes."""


class Trouble(NamedTuple):
    """What a code means, and the cure."""

    meaning: str
    cure: str


_UP = "is PostgreSQL up, and host and port of HARMONIA_POSTGRES right?"
_RIGHTS = "GRANT CREATE, CONNECT ON DATABASE … TO its user; what is in the schema harmonia has to belong to that user"

TROUBLES: Mapping[str, Trouble] = {
    "28P01": Trouble("wrong password, or no such user", "correct user and password of HARMONIA_POSTGRES"),
    "28000": Trouble("this user is not let in", "does the user exist, and does pg_hba.conf let it in from here?"),
    "3D000": Trouble("no such database", "createdb, or correct the end of HARMONIA_POSTGRES"),
    "42501": Trouble("the user lacks a right", _RIGHTS),
    "57P03": Trouble("it is starting or stopping", "wait; if it stays so, see PostgreSQL's own log"),
    "57P01": Trouble("somebody has stopped it, or ended this connection", "start it, unless it starts by itself"),
    "53300": Trouble("it has too many connections", "raise max_connections, or put PgBouncer between"),
    "53100": Trouble("its disk is full", "make room; nothing is lost meanwhile"),
    "25006": Trouble("it takes no writes, as a standby does", "give the primary's address in HARMONIA_POSTGRES"),
    "55P03": Trouble("somebody else locks its tables", "look for whom in pg_stat_activity and pg_locks"),
    "ConnectionRefusedError": Trouble("nothing listens there", _UP),
    "ConnectionResetError": Trouble("the connection was cut", _UP),
    "ConnectionDoesNotExistError": Trouble("the connection was cut", _UP),
    "OSError": Trouble("none of its addresses can be connected to", _UP),
    "gaierror": Trouble("the name of its host does not resolve", "correct the host in HARMONIA_POSTGRES, or the DNS"),
    "TimeoutError": Trouble("it does not answer in time", f"{_UP} A firewall drops what it does not let through"),
    "SSLCertVerificationError": Trouble(
        "its certificate is not one that is trusted",
        "give sslrootcert= in HARMONIA_POSTGRES, and the certificate's host",
    ),
    "ClientConfigurationError": Trouble(
        "an option of the URL cannot be used", "correct what is behind the ? in HARMONIA_POSTGRES"
    ),
}


def described(code: str) -> str:
    """A code, with what it means and the cure where that is known."""
    found = TROUBLES.get(code)
    return code if found is None else f"{code}: {found.meaning}; {found.cure}"


class Outage:
    """What of one PostgreSQL was said: each code once in an outage, and its end. Times are of a monotonic clock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: set[str] = set()
        self._since = self._failed_at = 0.0

    def failed(self, code: str) -> str | None:
        """Note a failure; what is to be said of it, None where that was said already."""
        self._failed_at = self._clock()
        if not self._told:
            self._since = self._failed_at
        if code in self._told:
            return None
        self._told.add(code)
        return f"postgres: {described(code)} (it is tried until it answers)"

    def answered(self) -> str | None:
        """Note an answer; what is to be said where it ends an outage."""
        if not self._told or self._clock() - self._failed_at < QUIET_S:
            return None
        self._told.clear()
        return f"postgres: answers again, after {self._failed_at - self._since:.0f} s"
