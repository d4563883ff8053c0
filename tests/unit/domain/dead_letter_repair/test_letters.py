"""Dead letters: their causes and verdicts."""

import json

import orjson
import pytest
from msgspec.structs import replace

from events.envelope import Interaction, Record, decode
from events.harmonised import harmonise
from events.identifiers import Hasher
from events.refusal import Reason
from events.requeued import REQUEUED, history_of, own_headers, was_requeued, with_history
from streams.domain.dead_letter_repair.causes import SAMPLES, group_by_cause
from streams.domain.dead_letter_repair.letters import DeclaredType, read_declared_type
from streams.domain.dead_letter_repair.profile_effects import fields_added_by
from streams.domain.dead_letter_repair.selection import LetterSelection
from streams.domain.dead_letter_repair.shapes import MOST_FIELDS, field_shapes, kind_of
from tests.unit.domain.dead_letter_repair.writing import HASHER, letter, once, saying
from tests.unit.events.records import NOW

OWN: list[tuple[str, bytes | None]] = [("trace", b"\xff"), ("empty", None), ("trace", b"2")]


def test_a_letter_has_the_headers_of_its_producer_and_no_others() -> None:
    assert letter(headers=OWN).headers == OWN


def test_a_history_travels_behind_the_producers_headers() -> None:
    headers = with_history(None, [*OWN, ("dl_reason", b"no_time")], [once(), once()], HASHER)
    assert headers[:3] == OWN
    assert [name for name, _ in headers[3:]] == [REQUEUED]
    assert [replace(each, proof=None) for each in history_of(headers)] == [once(), once()]
    assert own_headers(headers) == OWN


def test_a_history_that_an_older_version_wrote_is_read_and_proves_nothing() -> None:
    [(name, text)] = with_history(None, [], [once()], HASHER)
    assert text is not None
    [told] = json.loads(text)
    del told["proof"]
    headers = [(name, json.dumps([told]).encode())]
    assert history_of(headers) == (once(),)
    assert not was_requeued(None, headers, HASHER)


def test_what_is_sent_anew_under_one_key_is_known_while_that_key_is_valid() -> None:
    headers = with_history(b"value", OWN, [once()], Hasher([b"older"]))
    assert was_requeued(b"value", headers, Hasher([b"newer", b"older"]))
    assert not was_requeued(b"value", headers, Hasher([b"newer"]))


def test_a_history_that_somebody_made_up_is_none() -> None:
    for text in (b"", b"[", b"{}", b'[{"at":1}]', b"\xff", None):
        assert history_of([(REQUEUED, text)]) == ()


def test_letters_of_one_record_have_one_name_and_those_of_another_topic_of_its_name_have_not() -> None:
    assert letter(b"a").name == letter(b"a", at=7, detail="other").name
    assert letter(b"a").name != letter(b"b").name
    assert letter(b"a").name != letter(b"a", offset=43).name


def test_source_and_type_are_read_in_both_modes_whatever_else_is_wrong() -> None:
    assert read_declared_type(saying(message_id=None), ()) == DeclaredType("digital/mailer", "email.opened")
    binary: list[tuple[str, bytes | None]] = [("ce_id", b"1"), ("ce_source", b"s"), ("ce_type", b"t")]
    assert read_declared_type(b"{", binary) == DeclaredType("s", "t")


def test_what_cannot_be_read_is_not_known() -> None:
    for value in (None, b"", b"{", b"[]", b'{"source": 5, "type": ""}', b" " * 300_000):
        assert read_declared_type(value, ()) == DeclaredType(None, None)


def test_when_it_was_first_refused_is_what_the_history_says() -> None:
    headers = with_history(None, [], [once("2012-02-01T00:00:00.000Z"), once()], HASHER)
    assert letter(headers=headers).first_refused == 1_328_054_400_000
    assert letter().first_refused == letter().time


def test_letters_are_counted_by_cause_the_most_frequent_first() -> None:
    many = [letter(saying(id=str(number)), at=number, offset=number) for number in range(5)]
    few = [letter(b"{", detail="value: send JSON")]
    first, second = group_by_cause([*few, *many])
    assert (first.count, second.count) == (5, 1)
    assert (first.first, first.last) == (0, 4)
    assert [place.offset for place in first.samples] == [2, 3, 4]
    assert len(first.samples) == SAMPLES
    assert first.cause.source == "digital/mailer"
    assert second.cause.source is None


def test_the_place_in_a_list_is_no_cause_of_its_own() -> None:
    details = ("data.tags_added.3: too long", "data.tags_added.14: too long", "data.answers.*: 3.5 is too much")
    groups = group_by_cause(letter(saying(), detail=detail) for detail in details)
    assert {group.cause.detail: group.count for group in groups} == {
        "data.tags_added.*: too long": 2,
        "data.answers.*: 3.5 is too much": 1,
    }


def test_what_came_back_is_counted_in_its_group() -> None:
    [group] = group_by_cause([letter(), letter(headers=with_history(None, [], [once()], HASHER))])
    assert (group.count, group.came_back) == (2, 1)


def test_what_was_requeued_is_told_from_what_is_open_and_gives_no_samples() -> None:
    one, other, last = (letter(saying(), offset=offset) for offset in (1, 2, 3))
    [group] = group_by_cause([one, other, last], {last.name})
    assert (group.open, group.requeued, group.count) == (2, 1, 3)
    assert [place.offset for place in group.samples] == [1, 2]
    [group] = group_by_cause([last, one], {last.name})
    assert [place.offset for place in group.samples] == [1]


def test_groups_with_open_letters_come_first_and_one_that_is_all_requeued_still_shows_where_it_was() -> None:
    mended = [letter(b"{", offset=offset) for offset in range(9)]
    groups = group_by_cause(
        [*mended, letter(saying(), detail="data.amount: Field required")], {one.name for one in mended}
    )
    assert [(group.open, group.requeued) for group in groups] == [(1, 0), (0, 9)]
    assert len(groups[1].samples) == SAMPLES


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "null"),
        (True, "true or false"),
        (7, "whole number"),
        (7.5, "decimal number"),
        ("", "empty text"),
        ("25", "text: whole number"),
        ("25.00", "text: decimal number"),
        ("Yes", "text: true or false"),
        ("2012-11-06T23:10:01Z", "text: time"),
        ("ada@example.org", "text"),
        ([], "list"),
        ({}, "object"),
    ],
)
def test_a_text_says_what_it_could_be_read_as(value: object, kind: str) -> None:
    assert kind_of(value) == kind


def test_fields_are_told_by_path_and_kind_in_either_mode_and_lists_by_what_is_in_them() -> None:
    structured = letter(saying("donation.made", sum="25", amount=None, tags=["a", 1]))
    headers: list[tuple[str, bytes | None]] = [("ce_specversion", b"1.0"), ("ce_id", b"x"), ("ce_time", b"yesterday")]
    binary = letter(orjson.dumps({"sum": 25}), headers=headers)
    shapes = field_shapes([structured, binary, letter(b"{")])
    assert shapes.kinds["data.sum"] == {"text: whole number": 1, "whole number": 1}
    assert shapes.kinds["data.tags[]"] == {"text": 1, "whole number": 1}
    assert shapes.kinds["time"]["text"] == 1
    assert (shapes.letters, shapes.unreadable) == (3, 1)


def test_no_value_and_no_name_that_may_be_an_address_is_in_what_is_told() -> None:
    one = letter(saying(**{"ada@example.org": "secret word", "note": "call 6145550123"}))
    told = repr(field_shapes([one]))
    assert not [word for word in ("ada@", "secret", "6145550123") if word in told]
    assert "data.*" in field_shapes([one]).kinds


def test_of_names_that_are_made_up_only_so_many_are_told_apart() -> None:
    shapes = field_shapes([letter(orjson.dumps({f"n{number}": 1 for number in range(MOST_FIELDS + 3)}))])
    assert (len(shapes.kinds), shapes.left_out) == (MOST_FIELDS, 3)


def test_a_detail_chooses_letters_as_a_cause_has_it_without_positions_in_lists() -> None:
    one = letter(saying(), detail="data.answers.3.text: is too long")
    assert LetterSelection(detail="data.answers.*.text: is too long").takes(one)
    assert LetterSelection(detail="answers.3").takes(one)
    assert not LetterSelection(detail="answers.4").takes(one)


def taken(value: bytes, topic: str) -> bytes:
    read = decode(Record(topic, value, (), NOW))
    assert isinstance(read, Interaction)
    return harmonise(read, HASHER)[1]


def test_what_letters_say_is_shown_field_by_field() -> None:
    gift = taken(saying("donation.made"), "donation-events")
    added = {each.field: each.value for each in fields_added_by("c1", [gift], NOW)}
    assert added["donations.net.USD"] == 5000
    assert added["counts.donation.made"] == 1
    assert "version" not in added
    assert "canvass.attempts" not in added


def test_two_letters_of_one_interaction_say_it_once() -> None:
    gift = taken(saying("donation.made"), "donation-events")
    assert fields_added_by("c1", [gift, gift], NOW) == fields_added_by("c1", [gift], NOW)


def test_of_lists_the_length_is_shown_and_of_addresses_nothing() -> None:
    sent = taken(saying("email.sent", contact={"contact_id": "c1", "email": "a@example.org"}), "email-events")
    added = {each.field: each.value for each in fields_added_by("c1", [sent], NOW)}
    assert added["touches"] == 1
    assert not any(name.startswith("addresses") for name in added)


def test_nothing_asked_for_takes_every_letter() -> None:
    assert LetterSelection().is_everything
    assert LetterSelection().takes(letter())
    assert not LetterSelection(stage="intake").is_everything


def test_each_wish_takes_what_it_names_and_nothing_else() -> None:
    one = letter(saying(), headers=with_history(None, [], [once()], HASHER))
    right = [
        LetterSelection(reason=Reason.INVALID_DATA),
        LetterSelection(topic="email-events"),
        LetterSelection(stage="intake"),
        LetterSelection(source="digital/mailer"),
        LetterSelection(type="email.opened"),
        LetterSelection(since=NOW),
        LetterSelection(until=NOW + 1),
        LetterSelection(detail="message_id"),
        LetterSelection(came_back=True),
    ]
    wrong = [
        LetterSelection(reason=Reason.NO_TIME),
        LetterSelection(topic="donation-events"),
        LetterSelection(stage="contacts"),
        LetterSelection(source="digital"),
        LetterSelection(type="email.sent"),
        LetterSelection(since=NOW + 1),
        LetterSelection(until=NOW),
        LetterSelection(detail="amount"),
    ]
    assert [choice for choice in right if not choice.takes(one)] == []
    assert [choice for choice in wrong if choice.takes(one)] == []
    assert not LetterSelection(came_back=True).takes(letter())


def test_of_a_letter_that_cannot_be_read_nobody_knows_the_source() -> None:
    assert not LetterSelection(source="digital/mailer").takes(letter(b"{"))


def test_sources_and_types_that_are_never_shown_are_chosen_by_the_sign_that_stands_for_them() -> None:
    """A source that is an address is listed as `*`, and nobody could have said which is meant."""
    said = {**orjson.loads(saying()), "source": "ada@example.org/app", "type": "ada@example.org"}
    hidden = letter(orjson.dumps(said))

    assert LetterSelection(source="*", type="*").takes(hidden)
    assert LetterSelection(source="ada@example.org/app").takes(hidden)
    assert not LetterSelection(source="*").takes(letter(saying()))
    assert not LetterSelection(type="*").takes(letter(saying()))
    assert not LetterSelection(source="*").takes(letter(b"{"))
