"""`zones`: each the latest that was said, whatever said it."""

from tests.unit.domain.contact.said import HOUR, NOON, by, gift, profile_of, report, retracted, said


def test_each_zone_is_the_latest_that_was_said() -> None:
    known = profile_of(
        said("email.sent", "1", message_id="m", region="US-NY", time_zone="America/New_York"),
        gift("2", 5, NOON + HOUR, region="US-CA", postal_code="90001"),
        report("3", NOON - HOUR, postal_code="10001", time_zone="America/Chicago"),
        said("form.submitted", "4", NOON + 2 * HOUR, form_id="f"),
    )
    assert known["zones"] == {"time_zone": "America/New_York", "region": "US-CA", "postal_code": "90001"}


def test_at_equal_times_the_larger_source_and_id_is_the_zone() -> None:
    east, west = gift("1", 5, region="US-NY"), gift("2", 5, region="US-CA")
    assert profile_of(east, west)["zones"]["region"] == "US-CA"
    assert profile_of(by("team/b", east), west)["zones"]["region"] == "US-NY"


def test_a_retracted_move_never_was() -> None:
    moved = report("2", NOON + HOUR, region="US-CA")
    assert profile_of(gift("1", 5, region="US-NY"), moved, retracted("2"))["zones"]["region"] == "US-NY"
