"""Teams and campaigns that nobody has heard of are remarked with the one that is spelled like them."""

import pytest

from streams.cli.campaigns import unknown_campaign
from streams.cli.permit_check import team_remark, unheard_team_remark


def test_a_team_that_nothing_names_is_remarked_where_teams_are_named() -> None:
    assert team_remark("digitl", {"digital", "field"}) == (
        "--team: digitl is in no file of teams, policy or token; did you mean digital?"
    )
    assert team_remark("finance", {"digital"}) == "--team: finance is in no file of teams, policy or token"
    assert team_remark("digital", {"digital"}) is None
    assert team_remark("digitl", set()) is None
    assert team_remark("", {"digital"}) is None


def test_where_no_file_names_teams_one_that_is_spelled_like_a_team_heard_of_is_remarked() -> None:
    assert unheard_team_remark("digitl", {"digital", "field"}) == (
        "--team: nothing was heard of digitl of late, and of digital there was: is that the one?"
    )
    assert unheard_team_remark("digital", {"digital", "digitl"}) is None
    assert unheard_team_remark("finance", {"digital"}) is None
    assert unheard_team_remark("digitl", set()) is None


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
