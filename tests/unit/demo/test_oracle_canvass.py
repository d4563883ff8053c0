"""The oracle on canvass reports and ballots, worked out by hand from the contract."""

from tests.unit.demo.of_ann import at, of_ann, part, report, sent


def test_canvass_reports_are_attempts_and_some_of_them_contacts() -> None:
    canvass = part(
        "canvass",
        report("22T10", {"method": "phone", "outcome": "no_answer"}),
        report("21T10"),
        report("20T10", {"outcome": "not_home"}),
    )
    assert (canvass["attempts"], canvass["contacts"]) == (3, 1)
    assert (canvass["last_at"], canvass["last_method"], canvass["last_outcome"]) == (at("22T10"), "phone", "no_answer")


def test_a_canvass_report_that_comes_twice_counts_once() -> None:
    canvass = part(
        "canvass",
        report("21T10", {"report_id": "r", "outcome": "refused"}),
        report("20T10", {"report_id": "r"}),
        report("22T10", {"report_id": None}),
        report("23T10"),
    )
    assert (canvass["attempts"], canvass["contacts"], canvass["last_at"]) == (3, 3, at("23T10"))


def test_support_is_the_latest_that_was_given() -> None:
    given = report("21T10", {"support": 2}, id="two")
    canvass = part("canvass", given, report("20T10", {"support": 5}), report("22T10"))
    assert (canvass["support"], canvass["support_at"]) == (2, at("21T10"))
    assert canvass["support_by"] == {"source": "app", "id": "two"}


def test_answers_are_kept_by_question_the_latest_of_each() -> None:
    canvass = part(
        "canvass",
        report("21T10", {"answers": {"van:1": "new", "van:3": None}}),
        report("20T10", {"answers": {"van:1": "old", "van:2": "kept", "van:3": "kept too"}}),
    )
    assert canvass["answers"] == {"van:1": "new", "van:2": "kept", "van:3": "kept too"}


def test_tags_are_on_or_off_by_the_latest_report() -> None:
    profile = of_ann(
        report("22T10", {"tags_added": ["host"], "tags_removed": ["volunteer"]}),
        report("21T10", {"tags_added": ["volunteer", "absentee"]}),
        report("23T10", {"tags_added": ["both"], "tags_removed": ["both"]}),
    )
    assert profile["tags"] == ["absentee", "host"]


def test_a_ballot_is_known_by_election() -> None:
    ballot = part(
        "ballot",
        sent("ballot.reported", "22T10", {"election": "primary", "status": "voted"}, id="v"),
        sent("ballot.reported", "20T10", {"election": "primary", "status": "sent"}),
        sent("ballot.reported", "21T10", {"election": "general", "status": "requested"}, id="r"),
    )
    assert ballot == {
        "primary": {"status": "voted", "at": at("22T10"), "source": "app", "id": "v"},
        "general": {"status": "requested", "at": at("21T10"), "source": "app", "id": "r"},
    }
