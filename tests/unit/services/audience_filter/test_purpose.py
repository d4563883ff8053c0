"""What somebody writes for, as it is given to the command and to the API."""

import pytest
import typer

from streams.cli.permit_check import purpose_of
from streams.services.api.models import PermissionsAsked

CONTACTS = [{"contact_id": "c1"}]


@pytest.mark.parametrize(
    ("said", "meant"), [("mobilisation", "mobilisation"), ("mobilization", "mobilisation"), ("fundraising",) * 2]
)
def test_a_purpose_is_taken_in_either_spelling(said: str, meant: str) -> None:
    asked = PermissionsAsked.model_validate({"channel": "email", "purpose": said, "contacts": CONTACTS})
    assert asked.purpose == purpose_of(said) == meant


def test_what_is_no_purpose_is_refused_with_those_there_are() -> None:
    with pytest.raises(typer.BadParameter, match="'fundraising', 'mobilisation', 'informational', 'transactional'"):
        purpose_of("spam")
