"""A team that nothing names is remarked where teams are named; a new one is nothing wrong."""

from streams.cli.permit_check import about_team


def test_a_team_that_nothing_names_is_remarked_where_teams_are_named() -> None:
    assert about_team("digitl", {"digital", "field"}) == (
        "--team: digitl is in no file of teams, policy or token; did you mean digital?"
    )
    assert about_team("finance", {"digital"}) == "--team: finance is in no file of teams, policy or token"
    assert about_team("digital", {"digital"}) is None
    assert about_team("digitl", set()) is None
    assert about_team("", {"digital"}) is None
