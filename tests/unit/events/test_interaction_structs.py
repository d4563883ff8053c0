import pytest
from msgspec.structs import fields

from events.contact import HashedContact
from events.interaction_structs import INTERACTION_STRUCTS, Arm, ContactStruct
from events.interactions.base import ExperimentArm
from events.registry import MODELS


@pytest.mark.parametrize("type_", INTERACTION_STRUCTS)
def test_a_struct_judges_every_field_of_its_model(type_: str) -> None:
    assert MODELS[type_].model_fields.keys() <= {field.name for field in fields(INTERACTION_STRUCTS[type_])}


def test_what_a_struct_is_made_of_judges_every_field_too() -> None:
    assert HashedContact.model_fields.keys() == {field.name for field in fields(ContactStruct)}
    assert ExperimentArm.model_fields.keys() == {field.name for field in fields(Arm)}


def test_the_types_that_come_most_have_a_struct() -> None:
    messages = "sent delivered opened clicked deferred dropped".split()
    texts = "sent delivered failed".split()

    assert INTERACTION_STRUCTS.keys() == {
        *(f"email.{word}" for word in messages),
        *(f"text.{word}" for word in texts),
        *("donation.made", "canvass.reported", "experiment.assigned"),
    }
