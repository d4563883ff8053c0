"""Decisions about people while Redis is behind, so that nobody knows what it shows of them."""

from typing import Any

import orjson
import pytest

from sinks.lookup import Incomplete, KnownContact
from streams.cli import decisions
from streams.cli.decisions import DecisionSender
from streams.platform.settings import Settings


def contact(id_: str, merged_from: tuple[str, ...] = ()) -> KnownContact:
    return KnownContact(id_, orjson.dumps({"counts": {"email.opened": 1}, "merged_from": merged_from}))


def test_two_people_are_one_only_once_all_that_redis_had_of_each_is_in_one_profile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited: list[Any] = []

    def send_and_wait(*said: Any, is_complete: bool = True) -> bool:
        _, decision, before, *_ = said
        waited.append((decision, before, is_complete))
        return True

    monkeypatch.setattr(decisions, "look_at_contacts", lambda *_: Incomplete("too_old", "contact-state:0"))
    monkeypatch.setattr(decisions, "look_up_person", lambda _, word: contact(word.removeprefix("contact:")))
    monkeypatch.setattr(DecisionSender, "_meant", lambda _, word: word)
    monkeypatch.setattr(decisions, "require_topic", lambda *_: None)
    monkeypatch.setattr(decisions, "send_and_wait", send_and_wait)
    DecisionSender(Settings(), "operator/harmonia", anyway=False, wait_s=1.0, as_json=False).link("ada", "bob")

    [(decision, before, is_complete)] = waited
    assert not is_complete
    assert not decision.shows(before, [contact("ada")] * 2)
    assert decision.shows(before, [contact("ada", ("bob",))] * 2)
