"""What OpenAPI says of a request is what the routes take."""

import pytest
from jsonschema_rs import validator_for

from streams.services.api.models import PermissionsAsked
from streams.services.permission.near_names import cannot_be_a_sender


@pytest.mark.parametrize(
    "sender", ["$", " _ ", "-", "\u00a8", "7", "+1 212 555 0101", "_a_", "\u00e4", "\u0663", "gotv"]
)
def test_the_described_sender_is_one_that_is_taken(sender: str) -> None:
    [described] = [
        each
        for each in PermissionsAsked.model_json_schema()["properties"]["sender"]["anyOf"]
        if each["type"] == "string"
    ]
    assert validator_for(described).is_valid(sender) != cannot_be_a_sender(sender)
