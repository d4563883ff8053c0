"""Addresses and their status as the oracle recounts them, on cases worked out by hand."""

import pytest

from streams.demo.truth import ContactFields, Fields, Sent
from tests.unit.demo.telling import profile, reported, said, taken_back

HOME: ContactFields = {"email": "ann@home.example"}
WORK: ContactFields = {"email": "ann@work.example"}
PHONE: ContactFields = {"phone": "+16505550100"}
HOME_REF, WORK_REF, PHONE_REF = "ann@home.example", "ann@work.example", "+16505550100____"
"""The first 16 characters of what the cases take for a hash."""
HARD: Fields = {"kind": "hard"}
SOFT: Fields = {"kind": "soft"}


def addresses(*these: Sent) -> list[tuple[object, object, object]]:
    found = profile(these)["addresses"]
    assert isinstance(found, list)
    return [(one["channel"], one["ref"], one["status"]) for one in found]


def status(*these: Sent) -> object:
    [(_, _, found)] = addresses(*these)
    return found


def of_email(*these: Sent) -> object:
    found = profile(these)["email"]
    assert isinstance(found, dict)
    return found["status"]


def mailed(what: str, time: str, fields: Fields | None = None, contact: ContactFields = HOME, id_: str = "") -> Sent:
    about: Fields = {"message_id": f"m-{time}", **(fields or {})}
    return said(f"email.{what}", time, about, contact, **({"id": id_} if id_ else {}))


def test_every_address_that_was_named_is_there_by_channel_and_ref() -> None:
    told = [
        said("rsvp.made", "02-20T10:00", {}, PHONE),
        said("form.submitted", "02-20T10:00", {}, {**WORK, **PHONE}),
        said("donation.charge_failed", "02-20T10:00", {"pledge_id": "p"}, HOME),
        said("rsvp.made", "02-20T10:00"),
    ]
    assert addresses(*told) == [
        ("email", HOME_REF, "ok"),
        ("email", WORK_REF, "ok"),
        ("phone", PHONE_REF, "ok"),
    ]
    assert addresses(told[3]) == []


def test_an_address_is_one_in_whatever_spelling() -> None:
    told = [mailed("bounced", "02-20T10:00", HARD), mailed("sent", "02-20T10:00", {}, {"email": " ANN@home.example"})]
    assert addresses(*told) == [("email", HOME_REF, "hard_bounced")]


def test_commands_retractions_and_what_is_retracted_name_no_address() -> None:
    gone = said("rsvp.made", "02-20T10:00", {}, WORK)
    retraction = said(
        "interaction.retracted", "02-21T10:00", {"retracts": {"source": gone.source, "id": gone.id}}, HOME
    )
    assert addresses(gone, retraction, said("contact.suppressed", "02-20T10:00", {}, PHONE)) == []


def test_a_later_version_of_a_report_names_no_address() -> None:
    told = [
        reported("02-20T10:00", "phone", "contacted", PHONE, report_id="r"),
        reported("02-20T10:05", "phone", "wrong_number", {"phone": "+16505550199"}, report_id="r"),
        reported("02-20T10:06", "phone", "wrong_number", PHONE, report_id="r"),
    ]
    assert addresses(*told) == [("phone", PHONE_REF, "ok")]
    assert addresses(*told, *taken_back(told[0])) == [("phone", "+16505550199____", "wrong_number")]


def test_a_complaint_is_the_worst_about_a_list_too() -> None:
    for about in ({}, {"list_id": "news"}):
        complained = mailed("complained", "02-20T10:00", about)  # type: ignore[arg-type]
        bounced = mailed("bounced", "02-21T10:00", HARD)
        assert status(complained, bounced, mailed("delivered", "02-22T10:00")) == "complained"
        assert status(complained, bounced, *taken_back(complained)) == "hard_bounced"


def test_a_hard_bounce_is_never_lifted() -> None:
    yes = said("consent.changed", "02-22T10:00", {"channel": "email", "granted": True}, HOME)
    bounced = mailed("bounced", "02-20T10:00", HARD)
    assert status(bounced, mailed("delivered", "02-21T10:00"), yes) == "hard_bounced"
    assert status(bounced, yes, *taken_back(bounced)) == "ok"


def test_three_soft_bounces_since_the_last_delivery_are_too_many() -> None:
    soft = [mailed("bounced", f"02-2{day}T10:00", SOFT) for day in range(4)]
    assert status(*soft[:2]) == "ok"
    assert status(*soft[:3]) == "soft_bouncing"
    assert status(*soft[:3], mailed("delivered", "02-20T11:00")) == "ok"
    assert status(*soft, mailed("delivered", "02-20T11:00")) == "soft_bouncing"
    assert status(*soft, mailed("delivered", "02-19T11:00"), mailed("delivered", "02-24T11:00")) == "ok"
    assert status(*soft[:3], *taken_back(soft[1])) == "ok"
    assert status(*soft[:3], mailed("bounced", "02-20T10:00", HARD)) == "hard_bounced"


@pytest.mark.parametrize(("id_", "expected"), [("2", "soft_bouncing"), ("4", "ok")])
def test_of_a_bounce_and_a_delivery_at_one_time_the_larger_source_and_id_is_later(id_: str, expected: str) -> None:
    delivered = mailed("delivered", "02-20T10:00", id_=id_)
    soft = [mailed("bounced", time, SOFT, id_="3") for time in ("02-20T10:00",)]
    soft += [mailed("bounced", time, SOFT) for time in ("02-21T10:00", "02-22T10:00")]
    assert status(delivered, *soft) == expected


def test_a_wrong_number_is_that_of_the_number_alone() -> None:
    wrong = reported("02-20T10:00", "phone", "wrong_number", {**PHONE, **HOME})
    assert addresses(wrong) == [("email", HOME_REF, "ok"), ("phone", PHONE_REF, "wrong_number")]
    assert status(wrong, *taken_back(wrong), reported("02-21T10:00", "phone", "contacted", PHONE)) == "ok"


def test_what_becomes_of_an_email_says_nothing_of_the_number_beside_it() -> None:
    told = [mailed("bounced", "02-20T10:00", HARD, {**PHONE, **HOME}), mailed("complained", "02-21T10:00", {}, PHONE)]
    assert addresses(*told) == [("email", HOME_REF, "hard_bounced"), ("phone", PHONE_REF, "ok")]


def test_the_status_of_email_is_that_of_the_best_address() -> None:
    assert of_email(said("rsvp.made", "02-20T10:00", {}, PHONE)) == "ok"
    complained = mailed("complained", "02-20T10:00", {}, HOME)
    assert of_email(complained) == "complained"
    assert of_email(complained, mailed("bounced", "02-20T10:00", HARD, WORK)) == "hard_bounced"
    soft = [mailed("bounced", f"02-2{day}T10:00", SOFT, WORK) for day in range(3)]
    assert of_email(complained, *soft) == "soft_bouncing"
    assert of_email(complained, mailed("sent", "02-20T10:00", {}, WORK)) == "ok"
    wrong = reported("02-20T10:00", "phone", "wrong_number", PHONE)
    assert of_email(complained, wrong) == "complained"
