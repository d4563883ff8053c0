"""Fields of `data` that no type has are found where they stand, with the field that may have been meant."""

import pytest

from events.json_types import JSON
from events.unknown_fields import MOST_TOLD, unknown_fields

MAIL: dict[str, JSON] = {"contact": {"email": "ada@example.org"}, "message_id": "m"}


@pytest.mark.parametrize(
    ("more", "field", "near"),
    [
        ({"purpos": "fundraising"}, "data.purpos", "purpose"),
        ({"campain_id": "gotv-1"}, "data.campain_id", "campaign_id"),
        ({"campaignId": "gotv-1"}, "data.campaignId", "campaign_id"),
        ({"colour": "blue"}, "data.colour", None),
        ({"contact": {"emial": "ada@example.org"}}, "data.contact.emial", "email"),
        ({"experiment": {"id": "x", "variant": "A", "varient": "B"}}, "data.experiment.varient", "variant"),
        ({"ada@example.org": 1}, "data.*", None),
        ({"2125550199": 1}, "data.*", None),
    ],
)
def test_an_unknown_field_is_named_with_the_one_that_is_near(
    more: dict[str, JSON], field: str, near: str | None
) -> None:
    [found] = unknown_fields("email.sent", {**MAIL, **more})
    assert (found.field, found.near) == (field, near)
    assert "ada@" not in str(found)
    assert "2125550199" not in str(found)


def test_known_fields_and_those_without_a_value_are_nothing_to_speak_of() -> None:
    experiment: JSON = {"id": "x", "variant": "A"}
    assert unknown_fields("email.sent", {**MAIL, "purpose": "fundraising", "experiment": experiment, "x": None}) == []
    answers: JSON = {"van:17": "jobs", "anything": 1}
    assert unknown_fields("canvass.reported", {"method": "door", "outcome": "other", "answers": answers}) == []
    assert unknown_fields("no.type", {"x": 1}) == unknown_fields("email.sent", None) == []


def test_only_some_unknown_fields_of_one_event_are_reported() -> None:
    assert len(unknown_fields("email.sent", {f"x{'y' * number}": 1 for number in range(100)})) == MOST_TOLD
