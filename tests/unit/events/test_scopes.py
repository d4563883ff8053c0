"""An empty scope is no scope."""

import pytest

from events.registry import MODELS

SCOPED = [
    ("text.opted_out", "sender"),
    ("email.unsubscribed", "list_id"),
    ("email.complained", "list_id"),
    ("consent.changed", "sender"),
    ("consent.changed", "list_id"),
]


@pytest.mark.parametrize(("type_", "field"), SCOPED)
def test_an_empty_scope_counts_as_absent_so_a_stop_closes_the_whole_channel(type_: str, field: str) -> None:
    said = {"contact": {"contact_id": "c"}, "channel": "text", "granted": False, field: ""}
    model = MODELS[type_].model_validate(said)
    assert field not in model.plain()


def test_an_empty_committee_is_none() -> None:
    gift = {"contact": {"contact_id": "c"}, "donation_id": "p:1", "amount": 1, "currency": "USD", "committee": ""}
    assert "committee" not in MODELS["donation.made"].model_validate(gift).plain()
