"""Whom a request is written down for: the id that was named, so that it stays theirs where they are parted later."""

import orjson

from sinks.lookup import ErasedContact, KnownContact, UnknownContact
from streams.services.rights_desk.answering import MeantContact

MERGED = KnownContact("crm.ada", orjson.dumps({"merged_from": ["crm.bo", "email:0123456789abcdef0123456789abcdef"]}))


def test_of_who_was_merged_the_id_that_was_named_is_written_down_and_not_the_survivors() -> None:
    bo = MeantContact("crm.bo", MERGED, "crm.bo")
    assert bo.known_id == "crm.bo"
    assert bo.ids == ["crm.ada", "crm.bo", "email:0123456789abcdef0123456789abcdef"]


def test_an_address_that_no_profile_counts_is_an_id_of_its_person_all_the_same() -> None:
    hashed = "phone:0123456789abcdef0123456789abcdef"
    by_phone = MeantContact("phone:2125550142", MERGED, hashed)
    assert by_phone.known_id == hashed
    assert by_phone.ids[-1] == hashed


def test_nobody_is_known_by_what_names_nobody_or_somebody_who_was_erased() -> None:
    assert MeantContact("crm.bo", UnknownContact("crm.bo"), "crm.bo").known_id is None
    assert MeantContact("crm.bo", ErasedContact("crm.ada"), "crm.bo").known_id is None
