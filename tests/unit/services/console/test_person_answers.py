"""Whether a person may be reached, as their page says it."""

import pytest

from events.channels import Channel
from streams.domain.pressure import Decision
from streams.services.console.pages.person import why_of
from streams.services.console.words import Words


@pytest.mark.parametrize(
    ("channel", "told"),
    [
        ("email", "No e-mail address is known."),
        ("text", "No number is known."),
        ("phone", "No number is known."),
        ("letter", "No address is known."),
    ],
)
def test_where_nobody_was_asked_about_an_address_an_unknown_one_is_none_that_is_known(
    channel: Channel, told: str
) -> None:
    assert Words("en").sentence(why_of(Decision("deny", "unknown_address"), channel)) == told
    assert Words("en").sentence(why_of(Decision("deny", "opted_out"), channel)) == "This person has answered STOP."
