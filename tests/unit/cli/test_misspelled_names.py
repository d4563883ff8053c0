"""A team that nothing names is remarked where teams are named; a new one is nothing wrong."""

from streams.cli.permit_check import team_remark


def test_a_team_that_nothing_names_is_remarked_where_teams_are_named() -> None:
    assert team_remark("digitl", {"digital", "field"}) == (
        "--team: digitl is in no file of teams, policy or token; did you mean digital?"
    )
    assert team_remark("finance", {"digital"}) == "--team: finance is in no file of teams, policy or token"
    assert team_remark("digital", {"digital"}) is None
    assert team_remark("digitl", set()) is None
    assert team_remark("", {"digital"}) is None
