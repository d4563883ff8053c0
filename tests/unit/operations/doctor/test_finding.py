"""What `harmonia doctor` has to say of one setting is one line."""

from streams.operations.doctor.finding import fail, gravest_of_each_setting, ok, warn


def test_of_one_setting_only_the_gravest_finding_is_told() -> None:
    default = warn("HARMONIA_IDENTITY_KEY", "the public default", "set a secret")
    other = fail("HARMONIA_IDENTITY_KEY", "is another one than the workers'", "set the workers' key")
    disk, clock = ok("disk", "there is room"), ok("clock", "right")

    assert gravest_of_each_setting([default, disk, other, clock]) == [other, disk, clock]
    assert gravest_of_each_setting([other, disk, default, clock]) == [other, disk, clock]


def test_several_findings_that_are_about_no_setting_all_stay() -> None:
    topics = [fail("topics", "one is missing", "make it"), fail("topics", "another is missing", "make it")]

    assert gravest_of_each_setting(topics) == topics
