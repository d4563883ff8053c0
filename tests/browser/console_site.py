"""A deployment with people in it and a console, each a process of its own, and people who may sign in to it."""

import hashlib
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import orjson

from events.json_types import JSON
from events.topics import AUDIT_LOG
from sinks.keys import identity_key, text
from streams.platform.topic_reading import records_of
from tests.integration.command import on
from tests.integration.console_process import console_process
from tests.integration.said import event, fresh, structured
from tests.integration.system import System
from tests.integration.waiting import until

PEOPLE: Mapping[str, tuple[str, str]] = {
    "ada": ('["figures", "field", "treasury", "sending", "operations", "privacy"]', ""),
    "olga": ('["operations"]', ""),
    "finn": ('["field"]', 'regions = ["US-OH"]'),
    "zoe": ('["privacy"]', 'language = "fr"'),
}
"""Roles, and what else the file says, of everybody who may sign in; each has their name as their token."""
_OF_TOPICS = {"email": "email-events", "donation": "donation-events", "canvass": "canvass-events"}


def people_file(folder: Path) -> Path:
    """The file of these people; `bob` signs in by the provider, whose subject is 1."""
    lines: list[str] = []
    for name, (roles, more) in PEOPLE.items():
        digest = hashlib.sha256(name.encode()).hexdigest()
        lines += [f"[people.{name}]", f'token = "{digest}"', f"roles = {roles}", more]
    lines += ["[people.bob]", 'oidc = "1"', 'roles = ["operations"]']
    file = folder / "people.toml"
    file.write_text("\n".join(lines))
    return file


@dataclass(frozen=True, slots=True)
class Somebody:
    """A contact of the deployment; `contact_id` as it is in Redis."""

    email: str
    contact_id: str


@dataclass(slots=True)
class ConsoleSite:
    """A console that runs; `log` has all it says."""

    system: System
    folder: Path
    process: "subprocess.Popen[bytes]"
    url: str
    metrics: str
    log: Path
    people: dict[str, Somebody] = field(default_factory=dict)

    def views_of(self, viewer: str) -> list[dict[str, JSON]]:
        """What `audit-log` has of somebody's views."""
        found = [
            orjson.loads(record.value)
            for record in records_of(self.system.deployment.consumer, AUDIT_LOG)
            if record.value is not None
        ]
        return [record for record in found if record.get("viewer") == viewer]

    def metric(self, name: str) -> str:
        """The text of the samples of a metric."""
        with urllib.request.urlopen(self.metrics, timeout=60) as answer:
            return "\n".join(line for line in answer.read().decode().splitlines() if line.startswith(name))

    def forget_tries(self) -> None:
        """Let everybody try to sign in again, as if a minute had passed."""
        redis = self.system.deployment.redis
        for key in redis.scan_iter("console:tries:*"):
            redis.delete(key)


@contextmanager
def running_console(system: System, folder: Path, port: int = 0, **settings: str) -> Iterator[ConsoleSite]:
    """A console of a deployment for the length of a block; it must end well."""
    given = {"HARMONIA_CONSOLE_PEOPLE": str(people_file(folder)), "HARMONIA_TIME_ZONE": "America/New_York", **settings}
    with console_process(folder, on(system.stack, **given), port) as one:
        yield ConsoleSite(system, folder, one.process, one.url, one.metrics, one.log)


def tell_of_people(system: System) -> dict[str, Somebody]:
    """Tell the deployment of somebody in Ohio, somebody in Pennsylvania and somebody who is forgotten."""
    told = {name: f"{fresh()}@example.org" for name in ("ohio", "pennsylvania", "forgotten")}
    for name, email in told.items():
        region: JSON = {"ohio": "US-OH", "pennsylvania": "US-PA"}.get(name)
        contact: dict[str, JSON] = {"email": email, "region": region, "time_zone": "America/New_York"}
        _say(system, "email.delivered", contact, message_id=fresh(), campaign_id="gotv-3")
        _say(system, "donation.made", contact, donation_id=f"ab:{fresh()}", amount=2_912_350, currency="USD")
        _say(system, "canvass.reported", contact, method="door", outcome="contacted", support=2, report_id=fresh())
    for _ in range(12):  # of fewer than ten gifts a day tells no money
        _say(
            system, "donation.made", {"contact_id": fresh()}, donation_id=f"ab:{fresh()}", amount=2_500, currency="USD"
        )
    found = {name: Somebody(email, _contact_id(system, email)) for name, email in told.items()}
    for one in found.values():
        until(partial(_gave, system, one), "a gift in the profile")
    _say(system, "contact.erased", {"email": told["forgotten"]})
    gone = f"contact:{found['forgotten'].contact_id}"
    until(lambda: system.deployment.redis.hget(gone, "erased") is not None, "the erasure")
    return found


def _say(system: System, type_: str, contact: dict[str, JSON], **data: JSON) -> None:
    value, headers = structured(event(type_, contact, **data))
    topic = _OF_TOPICS.get(type_.partition(".")[0], "contact-commands")
    system.deployment.producer.send(topic, value=value, headers=headers).get(30)


def _contact_id(system: System, email: str) -> str:
    [hashed] = system.deployment.hasher.lookups("email", email)
    found = until(lambda: system.deployment.redis.get(identity_key(hashed)), "the contact in Redis")
    assert isinstance(found, bytes)
    return text(found)


def _gave(system: System, one: Somebody) -> bool:
    state = system.deployment.redis.hget(f"contact:{one.contact_id}", "state")
    return isinstance(state, bytes) and orjson.loads(state)["donations"]["count"] > 0
