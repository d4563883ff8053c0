import pytest
from msgspec.structs import fields

from events.contact import Contact, HashedContact
from events.interaction_structs import INTERACTION_STRUCTS, Arm, ContactStruct
from events.interactions.base import ExperimentArm
from events.producer_structs import PRODUCER_EVENTS, ProducerContact
from events.registry import MODELS


def names_in(type_: str) -> list[str]:
    data = next(field.type for field in fields(PRODUCER_EVENTS[type_]) if field.name == "data")
    return [field.name for field in fields(data)]


def test_only_rare_types_have_no_producer_struct() -> None:
    rare = {"contact.erased_if_inactive", "contact.linked", "contact.unlinked", "interaction.retracted"}
    assert MODELS.keys() - PRODUCER_EVENTS.keys() == rare


@pytest.mark.parametrize("type_", PRODUCER_EVENTS)
def test_a_struct_has_its_models_fields_in_their_order(type_: str) -> None:
    of_model = list(MODELS[type_].model_fields)
    assert names_in(type_) == [name for name in of_model if name in names_in(type_)]


@pytest.mark.parametrize("type_", INTERACTION_STRUCTS)
def test_a_struct_judges_every_field_of_its_model(type_: str) -> None:
    assert MODELS[type_].model_fields.keys() <= {field.name for field in fields(INTERACTION_STRUCTS[type_])}


def test_what_a_struct_is_made_of_has_every_field_in_order_too() -> None:
    assert [*Contact.model_fields, "mailbox"] == [field.name for field in fields(ProducerContact)]
    assert HashedContact.model_fields.keys() == {field.name for field in fields(ContactStruct)}
    assert list(ExperimentArm.model_fields) == [field.name for field in fields(Arm)]
