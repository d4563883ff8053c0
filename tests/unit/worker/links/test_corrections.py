"""What was said wrongly, too early or by two teams, of one person under two names."""

import pytest

from events.topics import CONTACT_LINKS
from tests.unit.worker.links.town import ADA, BY_EMAIL, BY_PHONE, Town


@pytest.fixture
def town() -> Town:
    """crm.ada and the e-mail address are one person, because a form named both."""
    town = Town()
    town.say("form.submitted", {**ADA, **BY_EMAIL})
    return town


def test_one_gift_in_two_feeds_is_one_gift(town: Town) -> None:
    town.say("donation.made", ADA, donation_id="actblue:1", amount=500, time="2012-02-20T10:00:00Z")
    town.say("donation.made", BY_EMAIL, donation_id="actblue:1", amount=500, time="2012-02-21T10:00:00Z")

    profile = town.profile("crm.ada")
    assert isinstance(profile["donations"], dict)
    assert profile["donations"]["gross"] == {"USD": 500}
    assert profile["counts"] == {"form.submitted": 1, "donation.made": 2}


def test_a_refund_under_another_name_may_come_before_its_gift_and_takes_its_committee(town: Town) -> None:
    town.say("donation.refunded", BY_EMAIL, donation_id="actblue:1", refund_id="r", amount=200)
    town.say("donation.made", ADA, donation_id="actblue:1", amount=500, committee="C1")

    profile = town.profile("crm.ada")
    assert isinstance(profile["donations"], dict)
    assert profile["donations"]["net"] == {"USD": 300}
    assert profile["donations"]["by_committee"] == {
        "C1": {"net": {"USD": 300}, "last_at": "2012-02-22T10:00:00.000Z", "elections": {}}
    }


def test_a_visit_is_corrected_by_a_retraction_and_a_new_report_under_another_name(town: Town) -> None:
    wrong = town.say("canvass.reported", ADA, report_id="v1", support=5, tags_added=["host"])
    town.say("canvass.reported", BY_EMAIL, report_id="v1", support=4, time="2012-02-22T10:00:01Z")
    assert canvass(town) == (1, 5)

    town.retract(wrong, BY_EMAIL)
    assert canvass(town) == (1, 4)

    town.say("canvass.reported", BY_EMAIL, report_id="v2", support=1, time="2012-02-22T10:00:02Z")
    assert canvass(town) == (2, 1)
    assert town.profile("crm.ada")["tags"] == []


def canvass(town: Town) -> tuple[object, object]:
    found = town.profile("crm.ada")["canvass"]
    assert isinstance(found, dict)
    return found["attempts"], found["support"]


@pytest.mark.parametrize("before", [True, False])
def test_a_retraction_takes_back_what_was_linked_whenever_it_comes(before: bool) -> None:
    town = Town()
    town.say("email.opened", BY_EMAIL)
    if before:
        town.retract("wrong", ADA)
    town.say("form.submitted", {**ADA, **BY_EMAIL}, "wrong")
    if not before:
        assert town.world.merged() == {town.hashed(BY_EMAIL): "crm.ada"}
        town.retract("wrong", ADA)

    assert town.world.merged() == {}
    assert town.profile("crm.ada")["counts"] == {}
    assert town.profile(town.hashed(BY_EMAIL))["counts"] == {"email.opened": 1}


def test_a_retraction_that_names_both_again_does_not_link_them_again() -> None:
    town = Town()
    wrong = town.say("form.submitted", {**ADA, **BY_EMAIL})
    town.say("email.opened", BY_EMAIL)

    town.retract(wrong, {**ADA, **BY_EMAIL})

    assert town.world.merged() == {}


def test_another_interaction_that_names_both_keeps_them_together() -> None:
    town = Town()
    wrong = town.say("form.submitted", {**ADA, **BY_EMAIL})
    town.say("donation.made", {**ADA, **BY_EMAIL, **BY_PHONE})

    town.retract(wrong, ADA)

    assert town.world.merged() == dict.fromkeys([town.hashed(BY_EMAIL), town.hashed(BY_PHONE)], "crm.ada")


def test_a_retraction_under_another_name_reaches_the_profile_and_parts_nobody(town: Town) -> None:
    """If it took the link back, it would no longer be about this person."""
    town.retract("i1", BY_EMAIL)

    assert town.latest(CONTACT_LINKS, town.hashed(BY_EMAIL)).json == {"merged_into": "crm.ada"}
    assert town.profile("crm.ada")["counts"] == {}
    assert town.profile("crm.ada")["merged_from"] == [town.hashed(BY_EMAIL)]


def test_a_retracted_ruling_leaves_the_one_before_it() -> None:
    town = Town()
    town.say("email.opened", ADA)
    town.say("email.opened", {"contact_id": "crm.bo"})
    town.link("crm.ada", "crm.bo", "2012-02-20T10:00:00Z")
    town.unlink("crm.ada", "crm.bo", "2012-02-21T10:00:00Z")
    assert town.world.merged() == {}

    town.retract(f"i{town.count}", ADA)

    assert town.world.merged() == {"crm.bo": "crm.ada"}
