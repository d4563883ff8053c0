"""A name in a question that is spelled like a known one is remarked; a new one is nothing wrong."""

from streams.cli.permit_check import about_campaign, about_sender, about_team


def test_a_campaign_that_is_spelled_like_one_on_hold_is_remarked() -> None:
    assert about_campaign("gtov-1", {"gotv-1"}) == "--campaign: gtov-1 is not on hold, and gotv-1 is: is that the one?"
    assert about_campaign("gotv-1", {"gotv-1"}) is None
    assert about_campaign("appeal", {"gotv-1"}) is None
    assert about_campaign(None, {"gotv-1"}) is None


def test_a_team_that_nothing_names_is_remarked_where_teams_are_named() -> None:
    assert about_team("digitl", {"digital", "field"}) == (
        "--team: digitl is in no file of teams, policy or token; did you mean digital?"
    )
    assert about_team("finance", {"digital"}) == "--team: finance is in no file of teams, policy or token"
    assert about_team("digital", {"digital"}) is None
    assert about_team("digitl", set()) is None
    assert about_team("", {"digital"}) is None


def test_a_sender_that_is_spelled_like_one_that_the_person_has_stopped_is_remarked() -> None:
    assert about_sender("+12125550101", {"+12125550100"}) == (
        "--sender: this person has stopped +12125550100: is that the one?"
    )
    assert about_sender("+12125550100", {"+12125550100"}) is None
    assert about_sender(None, {"+12125550100"}) is None
