"""`canvass`, `tags` and `ballot`: the latest report says how things stand."""

from tests.unit.domain.contact.said import HOUR, NOON, by, profile_of, report, retracted, said


def test_all_reports_are_attempts_and_those_contacted_are_contacts() -> None:
    seen = profile_of(report("1"), report("2", NOON + 1, outcome="not_home"), report("3", NOON + 2))["canvass"]
    assert (seen["attempts"], seen["contacts"]) == (3, 2)


def test_the_latest_report_is_the_last() -> None:
    seen = profile_of(report("1", method="phone", outcome="busy"), report("2", NOON - HOUR))["canvass"]
    assert (seen["last_at"], seen["last_method"], seen["last_outcome"]) == ("2012-03-01T12:00:00.000Z", "phone", "busy")


def test_at_equal_times_the_larger_source_and_id_is_the_last() -> None:
    small, large = report("2", outcome="busy"), report("3", outcome="moved")
    assert profile_of(small, large)["canvass"]["last_outcome"] == "moved"
    assert profile_of(by("team/b", small), large)["canvass"]["last_outcome"] == "busy"


def test_support_is_that_of_the_latest_report_that_has_any() -> None:
    seen = profile_of(report("1", support=4), report("2", NOON + HOUR, support=2), report("3", NOON + 2 * HOUR))[
        "canvass"
    ]
    assert (seen["support"], seen["support_at"]) == (2, "2012-03-01T13:00:00.000Z")
    assert seen["support_by"] == {"source": "team/a", "id": "2"}


def test_of_one_report_of_support_the_version_that_counts_is_named_and_of_none_nothing() -> None:
    first, second = report("1", report_id="r", support=1), report("2", NOON + 1, report_id="r", support=5)
    assert profile_of(first, second)["canvass"]["support_by"] == {"source": "team/a", "id": "1"}
    assert profile_of(first, second, retracted("1"))["canvass"]["support_by"] == {"source": "team/a", "id": "2"}
    assert profile_of(report("1"))["canvass"]["support_by"] is None


def test_each_answer_is_that_of_the_latest_report_that_has_it() -> None:
    seen = profile_of(
        report("1", answers={"van:17": "jobs", "van:18": 4, "van:19": True}),
        report("2", NOON + HOUR, answers={"van:17": "health", "van:20": 1.5}),
        report("3", NOON + 2 * HOUR, answers={"van:17": None}),
    )["canvass"]
    assert seen["answers"] == {"van:17": "health", "van:18": 4, "van:19": True, "van:20": 1.5}


def test_of_one_report_the_earliest_version_counts() -> None:
    known = profile_of(
        report("1", report_id="r", support=1),
        report("2", NOON + 1, report_id="r", support=5, outcome="moved", answers={"a:b": 1}, tags_added=["x"]),
    )
    assert known["canvass"] == profile_of(report("1", support=1))["canvass"]
    assert (known["tags"], known["counts"]) == ([], {"canvass.reported": 2})


def test_reports_without_an_id_are_each_their_own() -> None:
    assert profile_of(report("1"), report("2"))["canvass"]["attempts"] == 2


def test_when_the_version_that_counts_is_retracted_the_next_report_counts() -> None:
    seen = profile_of(report("1", report_id="r"), report("2", NOON + 1, report_id="r", support=5), retracted("1"))[
        "canvass"
    ]
    assert (seen["attempts"], seen["support"]) == (1, 5)


def test_a_tag_is_held_if_it_was_added_last() -> None:
    assert profile_of(
        report("1", tags_added=["volunteer", "driver", "host"]),
        report("2", NOON + 1, tags_removed=["driver", "host"]),
        report("3", NOON + 2, tags_added=["host", "donor"]),
    )["tags"] == ["donor", "host", "volunteer"]


def test_a_report_that_adds_and_removes_a_tag_removes_it() -> None:
    assert profile_of(report("1", tags_added=["host"], tags_removed=["host"]))["tags"] == []


def test_the_ballot_of_each_election_is_as_it_was_last_reported() -> None:
    known = profile_of(
        said("ballot.reported", "1", NOON, election="2012-general", status="returned"),
        said("ballot.reported", "2", NOON - HOUR, election="2012-general", status="sent"),
        said("ballot.reported", "3", NOON + HOUR, election="2012-primary", status="voted"),
    )
    assert known["ballot"] == {
        "2012-general": {"status": "returned", "at": "2012-03-01T12:00:00.000Z", "source": "team/a", "id": "1"},
        "2012-primary": {"status": "voted", "at": "2012-03-01T13:00:00.000Z", "source": "team/a", "id": "3"},
    }


def test_at_equal_times_the_larger_source_and_id_is_the_ballot() -> None:
    sent = said("ballot.reported", "1", election="e", status="sent")
    voted = said("ballot.reported", "2", election="e", status="voted")
    assert profile_of(sent, voted)["ballot"]["e"]["status"] == "voted"
    assert profile_of(by("team/b", sent), voted)["ballot"]["e"]["status"] == "sent"
