"""What `harmonia hold` says of a campaign that it does not know."""

import pytest

from streams.cli.campaigns import unknown_campaign


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (["gotv-by-name", "rsvp"], "no campaign gotv-by-nam has been heard of. Did you mean gotv-by-name? Nothing was"),
        (["rsvp"], "no campaign gotv-by-nam has been heard of. Nothing was changed: mend the name, or --anyway"),
        (["gotv-by-nam@example.org"], "no campaign gotv-by-nam has been heard of. Nothing was changed"),
        ([], "no campaign has been heard of yet, so nobody can tell whether gotv-by-nam is spelled right"),
    ],
)
def test_an_unknown_campaign_is_told_with_a_known_one_that_is_spelled_like_it(known: list[str], said: str) -> None:
    assert (unknown_campaign("gotv-by-nam", known) or "").startswith(said)


def test_nothing_is_said_of_a_known_campaign() -> None:
    assert unknown_campaign("rsvp", ["gotv-by-name", "rsvp"]) is None
