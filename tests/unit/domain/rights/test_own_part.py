"""What is held of a person names nobody with whom they were taken for one."""

import pytest

from events.json_types import JSON
from streams.domain.rights.own_part import without_others


@pytest.mark.parametrize("undone", ["contact.unlinked", "contact.linked"])
def test_a_link_that_was_undone_names_the_other_person_nowhere(undone: str) -> None:
    """They are somebody else; of whom the person is known as both are told."""

    def ruling(type_: str, *pair: str) -> JSON:
        return {"type": type_, "source": "operator/a", "id": "1", "data": {"contact_ids": [*pair]}}

    told: list[JSON] = [ruling(undone, "crm.ada", "van.somebody-else"), ruling("contact.linked", "crm.ada", "phone:3")]
    held = without_others({"identifiers": ["crm.ada", "phone:3"], "interactions": told, "alerts": []})
    assert held == {
        "identifiers": ["crm.ada", "phone:3"],
        "interactions": [ruling(undone, "crm.ada"), ruling("contact.linked", "crm.ada", "phone:3")],
        "alerts": [],
    }


def test_interactions_without_two_contacts_stay_as_they_are() -> None:
    told: list[JSON] = [{"type": "email.opened", "data": {"message_id": "m"}}, {"type": "x"}, "no object"]
    assert without_others({"identifiers": [], "interactions": told})["interactions"] == told
