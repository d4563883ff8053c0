"""A team that nothing names is remarked where teams are named; a new one is nothing wrong."""

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
