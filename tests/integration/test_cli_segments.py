"""`harmonia segments members, explain`: from a definition to a list, of whom one is told why, and forgotten."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.json_types import JSON
from streams.local.stack import local_stack
from tests.integration.command import Ended, ended_well, harmonia, on, refused
from tests.integration.said import event, fresh, structured
from tests.integration.system import System, running_system
from tests.integration.waiting import until

DEFINITION = """
[[segment]]
id = "donors"
owner = "finance"
members = true
all = [{ gifts = "sum", currency = "USD", at_least = 5000 }]
none = [{ tag = "opponent" }]
"""


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """On servers of its own: segments are about everybody."""
    with local_stack(tmp_path / "stack") as stack, running_system(stack, tmp_path / "worker") as running:
        yield running


class Terminal:
    def __init__(self, system: System, folder: Path) -> None:
        self.system, self._folder = system, folder

    def run(self, *words: str) -> Ended:
        return harmonia(self._folder, *words, environment=on(self.system.stack, COLUMNS="200"))

    def gift(self, contact: dict[str, str], amount: int) -> None:
        gift: dict[str, JSON] = {"donation_id": f"desk:{fresh()}", "amount": amount, "currency": "USD"}
        said = event("donation.made", {**contact}, **gift)
        self.system.deployment.producer.send("donation-events", structured(said)[0]).get(30)

    def members(self) -> set[str]:
        ended = self.run("segments", "members", "donors", "--json")
        return {json.loads(line)["contact_id"] for line in ended.stdout.splitlines()}


def test_a_member_is_listed_explained_and_gone_once_erased(system: System, tmp_path: Path) -> None:
    desk, file = Terminal(system, tmp_path), tmp_path / "donors.toml"
    large, small, email = fresh(), fresh(), f"{fresh()}@example.org"
    file.write_text(DEFINITION)
    ended_well(desk.run("segments", "define", str(file)))
    desk.gift({"contact_id": large}, 3000)
    desk.gift({"email": email}, 2500)
    desk.gift({"contact_id": small}, 4999)
    until(lambda: desk.run("contact", "show", email).returncode == 0, "the giver of an address")
    until(lambda: desk.run("contact", "show", small).returncode == 0, "the small giver")
    ended_well(desk.run("contact", "link", large, email))
    until(lambda: desk.members() == {large}, "the member, by both gifts")

    told = json.loads(ended_well(desk.run("segments", "explain", "donors", large, "--json")).stdout)
    assert (told["contact_id"], told["explanation"]["answer"]) == (large, True)
    assert told["member"]["since"].endswith("Z")
    text = ended_well(desk.run("segments", "explain", "donors", small)).stdout.decode()
    assert f"{small} would not be in donors" in text
    assert "the workers have said: no member" in text
    assert "sum of gifts" in text
    assert "49.99" in text

    assert "did you mean donors?" in refused(desk.run("segments", "explain", "doners", large))
    assert "nobody is known by this contact_id" in refused(desk.run("segments", "explain", "donors", fresh()))

    ended_well(desk.run("contact", "erase", large, "--yes"))
    until(lambda: desk.members() == set(), "nobody to be listed")
    redis = system.deployment.redis
    assert not any(redis.hexists(key, large) for key in redis.scan_iter("segments:*"))
    assert "has been erased" in refused(desk.run("segments", "explain", "donors", large))
