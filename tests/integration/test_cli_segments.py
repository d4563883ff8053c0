"""`harmonia segments members, explain`: from a definition to a list, of whom one is told why, and forgotten."""

import json
from contextlib import closing
from pathlib import Path

from events.json_types import JSON
from events.topics import AUDIT_LOG
from streams.platform.clients import KafkaClients
from streams.platform.topic_reading import records_of
from tests.integration.console_process import Visitor, console_process, one_person
from tests.integration.said import fresh
from tests.integration.system import System
from tests.integration.terminal import Terminal
from tests.integration.waiting import until

TOKEN = "a-token-of-the-office"
DEFINITION = """
[[segment]]
id = "donors"
owner = "finance"
members = true
all = [{ gifts = "sum", currency = "USD", at_least = 5000 }]
none = [{ tag = "opponent" }]
"""


class Finance(Terminal):
    """At a deployment of its own: segments are about everybody."""

    def gift(self, contact: dict[str, JSON], amount: int) -> None:
        self.system.say("donation.made", contact, donation_id=f"desk:{fresh()}", amount=amount, currency="USD")

    def members(self) -> set[str]:
        ended = self.run("segments", "members", "donors", "--json")
        return {json.loads(line)["contact_id"] for line in ended.stdout.splitlines()}


def test_a_member_is_listed_explained_and_gone_once_erased(system: System, tmp_path: Path) -> None:
    desk, file = Finance(system, tmp_path, COLUMNS="200"), tmp_path / "donors.toml"
    large, small, email = fresh(), fresh(), f"{fresh()}@example.org"
    file.write_text(DEFINITION)
    desk.do("segments", "define", str(file))
    desk.gift({"contact_id": large}, 3000)
    desk.gift({"email": email}, 2500)
    desk.gift({"contact_id": small}, 4999)
    until(lambda: desk.run("contact", "show", email).returncode == 0, "the giver of an address")
    until(lambda: desk.run("contact", "show", small).returncode == 0, "the small giver")
    desk.do("contact", "link", large, email)
    until(lambda: desk.members() == {large}, "the member, by both gifts")
    audience = desk.run("audience", "export", "segment:donors", "--for", "online_ads", "--team", "digital")
    assert (audience.returncode, audience.stdout.decode().splitlines()[1].partition(",")[0]) == (0, large)
    assert "HARMONIA_REGIME=us: nobody is refused for want of direct collection" in audience.stderr.decode()

    told = desk.told("segments", "explain", "donors", large)
    assert (told["contact_id"], told["explanation"]["answer"]) == (large, True)
    assert told["member"]["since"].endswith("Z")
    text = desk.do("segments", "explain", "donors", small)
    assert f"{small} would not be in donors" in text
    assert "the workers have said: no member" in text
    assert "sum of gifts" in text
    assert "49.99" in text

    assert "did you mean donors?" in desk.refused("segments", "explain", "doners", large)
    assert "nobody is known by this contact_id" in desk.refused("segments", "explain", "donors", fresh())

    defined_and_explained_at_the_console(desk, tmp_path, large)

    desk.do("contact", "erase", large, "--yes")
    until(lambda: desk.members() == set(), "nobody to be listed")
    redis = system.deployment.redis
    assert not any(redis.hexists(key, large) for key in redis.scan_iter("segments:*"))
    assert "has been erased" in desk.refused("segments", "explain", "donors", large)


def defined_and_explained_at_the_console(desk: Finance, folder: Path, member: str) -> None:
    """A segment is counted, defined, defined again, changed by somebody else, and withdrawn; the audit log has it.

    Of another one it is told why somebody is in it.
    """
    wanted = '[[segment]]\nid = "small"\nowner = "digital"\nall = [{ gifts = "count", at_least = 1 }]\n'
    people = str(one_person(folder, TOKEN))
    may = {
        "HARMONIA_CONSOLE_PEOPLE": people,
        "HARMONIA_CONSOLE_MAY": "define_segment withdraw_segment",
        "HARMONIA_METRICS_PORT": "0",
    }
    with console_process(folder, desk.environment | may) as console:
        visitor = Visitor(console.url)
        visitor.sign_in(TOKEN)
        _, text = visitor.ask("/segments/new")
        csrf = _hidden(text, "csrf")
        status, text = visitor.ask("/segments/draft", csrf=csrf, text=wanted)
        assert status == 200
        assert "fewer than 10" in text
        assert "Everybody was judged." in text
        order = {"csrf": csrf, "once": _hidden(text, "once"), "text": wanted, "base": _hidden(text, "base")}
        assert visitor.ask("/segments/define", **order)[0] == 303
        assert visitor.ask("/segments/define", **order)[0] == 303
        shown = desk.told("segments", "show", "small")
        assert shown["definition"]["all"] == [{"gifts": "count", "at_least": 1}]
        changed = wanted.replace("at_least = 1", "at_least = 2")
        assert visitor.ask("/segments/define", **{**order, "text": changed})[0] == 409
        _, text = visitor.ask("/segments/small/withdraw")
        assert visitor.ask("/segments/withdraw", csrf=csrf, once=_hidden(text, "once"), segment="small")[0] == 303
        assert "no such segment" in desk.refused("segments", "show", "small")
        assert visitor.ask("/people", csrf=csrf, who=member, segment="donors", reason="task")[0] == 303
        assert "$55.00" in until(lambda: _explained(visitor, member), "the explanation")
    with closing(KafkaClients(desk.system.settings).tool_consumer()) as consumer:
        written = [json.loads(record.value) for record in records_of(consumer, AUDIT_LOG)]
    acts = [
        (each["what"], each["segment"], each["viewer"])
        for each in written
        if each["what"] in ("define_segment", "withdraw_segment")
    ]
    assert sorted(acts) == [
        ("define_segment", "small", "ada"),
        ("withdraw_segment", "small", "ada"),
    ]  # each once, in any partition


def _explained(visitor: Visitor, member: str) -> str | None:
    """The page that says why somebody is a donor, once it does."""
    _, text = visitor.ask(f"/people/{member}/segments?segment=donors")
    return text if "this person is in it" in text else None


def _hidden(text: str, name: str) -> str:
    """The value of a hidden field."""
    return text.partition(f'name="{name}" value="')[2].partition('"')[0]
