"""Mappings of dead letters."""

import orjson
import pytest

from events.json_types import JSON
from events.refusal import Reason
from streams.domain.dead_letter_repair.casting import cast
from streams.domain.dead_letter_repair.letters import Letter
from streams.domain.dead_letter_repair.mapping import MappingMistakes, read_mapping
from streams.domain.dead_letter_repair.mapping_application import apply_mapping
from streams.domain.dead_letter_repair.selection import LetterSelection, NamesRead
from streams.operations.requeue.requeue_run import RequeueCounts, RequeueOptions, judged_letters
from tests.unit.domain.dead_letter_repair.writing import Headers, letter, mapping_of, rules, saying

WHOLE = """
topic = "donation-events"
[rename]
data.sum = "data.amount"
"data.donationId" = "data.donation_id"
[values]
type = { "donation.given" = "donation.made" }
data.kind = { void = "refund" }
[default]
data.currency = "USD"
time = 2012-11-06T00:00:00-05:00
[cast]
data.amount = "int"
time = "time@America/New_York"
"""


def test_a_whole_file_is_read_whether_paths_are_quoted_or_not() -> None:
    mapping = mapping_of(WHOLE)
    assert mapping.topic == "donation-events"
    assert mapping.rename == {("data", "sum"): ("data", "amount"), ("data", "donationId"): ("data", "donation_id")}
    assert mapping.values[("type",)] == {"donation.given": "donation.made"}
    assert mapping.values[("data", "kind")] == {"void": "refund"}
    assert mapping.default == {("data", "currency"): "USD", ("time",): "2012-11-06T05:00:00.000Z"}
    assert mapping.cast[("time",)] == "time@America/New_York"


def test_a_version_is_of_what_is_said_and_not_of_how() -> None:
    assert mapping_of("[cast]\ndata.a = 'int'").version == mapping_of("# why\n[cast]\n'data.a' = \"int\"").version
    assert mapping_of("[cast]\ndata.a = 'int'").version != mapping_of("[cast]\ndata.a = 'float'").version


MISTAKES = {
    "x = 1": "x: is not known; a mapping has topic, rename, values, default and cast",
    "[cast": "the file is no TOML: Expected ']'",
    'topic = "contact-commands"': "topic: give 'email-events'",
    '[rename]\ndata.sum = "amount"': "rename.data.sum: is no field of an interaction; give data.…",
    '[rename]\n"data." = "data.amount"': "rename.data.: is no path; give names with dots between them",
    "[rename]\ndata.sum = 5": "rename.data.sum: is no path",
    '[cast]\ndata.amount = "integer"': "cast.data.amount: is no kind; give one of int, float, bool",
    '[cast]\ntime = "time@Mars"': "cast.time: is no kind",
    '[default]\nid = "1"': "default.id: would be the same for all dead letters",
    '[default]\ndata.contact.email = "a@example.org"': "default.data.contact.email: would be the same for all",
    '[default]\ndata.contact.external.van = "1"': "default.data.contact.external.van: would be the same",
    '[default]\ndata.donation_id = "a:1"': "default.data.donation_id: would be the same for all dead letters",
    '[values]\ndata.donation_id = { "a:1" = "a:2" }': "values.data.donation_id: tells dead letters apart; two would",
    '[values]\ndata.contact.external.van = { "1" = "2" }': "values.data.contact.external.van: tells dead letters apart",
    "[default]\ndata.granted = true": "default.data.granted is not false; nobody said yes: leave it out",
    '[default]\ndata.granted = "yes"\n[cast]\ndata.granted = "bool"': "default.data.granted is not false",
    "[default]\ndata.granted = 1\n[cast]\ndata.granted = 'bool'": "default.data.granted is not false",
    "rename = 5": "rename: ",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_told_with_its_key_and_its_cure(text: str) -> None:
    found = read_mapping(text)
    assert isinstance(found, MappingMistakes)
    assert MISTAKES[text] in str(found)


def test_no_mistake_repeats_what_was_written() -> None:
    """It may be somebody's address."""
    found = read_mapping('[default]\ndata.contact.email = "ada@example.org"\n[cast]\ndata.a = "ada@example.org"')
    assert isinstance(found, MappingMistakes)
    assert "ada" not in str(found)


BINARY: Headers = [
    ("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_source", b"s"), ("ce_type", b"old"), ("trace", b"\xff"),
]  # fmt: skip


def mended(event: dict[str, JSON], mapping: str) -> JSON:
    value, headers = apply_mapping(orjson.dumps(event), (), mapping_of(mapping))
    assert headers == ()
    found: JSON = orjson.loads(value or b"")
    return found


def test_a_field_gets_its_name_with_the_objects_on_the_way() -> None:
    event: dict[str, JSON] = {"payload": {"sum": 5}, "when": "now"}
    renamed = mended(event, '[rename]\npayload.sum = "data.a.b"\nwhen = "time"')
    assert renamed == {"payload": {}, "time": "now", "data": {"a": {"b": 5}}}


def test_what_is_there_is_never_overwritten() -> None:
    event: dict[str, JSON] = {"data": {"sum": 5, "amount": 7, "kind": None}}
    mapping = '[rename]\ndata.sum = "data.amount"\n[default]\ndata.amount = 9\ndata.kind = "void"'
    assert mended(event, mapping) == {"data": {"sum": 5, "amount": 7, "kind": "void"}}


def test_words_are_said_anew_only_as_a_whole() -> None:
    event: dict[str, JSON] = {"type": "email.open", "data": {"kind": "email.open.twice"}}
    mapping = '[values]\ntype = {"email.open" = "email.opened"}\n"data.kind" = {"email.open" = "x"}'
    assert mended(event, mapping) == {"type": "email.opened", "data": {"kind": "email.open.twice"}}


def test_a_record_in_binary_mode_stays_in_it() -> None:
    mapping = mapping_of('[values]\ntype = {old = "new"}\n[default]\ntime = "t"\n[cast]\ndata.n = "int"')
    value, headers = apply_mapping(b'{"n": "5"}', BINARY, mapping)
    assert value == b'{"n":5}'
    assert headers == [
        ("trace", b"\xff"), ("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_source", b"s"), ("ce_type", b"new"),
        ("ce_time", b"t"),
    ]  # fmt: skip


@pytest.mark.parametrize("value", [b"{", None, b"[]", b'{"data":  [1]}', b'{"data":{"n": "x"}}'])
def test_what_nothing_is_changed_in_stays_byte_for_byte(value: bytes | None) -> None:
    mapping = mapping_of('[rename]\ndata.a.b = "data.c"\n[values]\ndata.d = {x = "y"}\n[cast]\ndata.n = "int"')
    assert apply_mapping(value, BINARY[4:], mapping) == (value, BINARY[4:])


CASTS: list[tuple[str, JSON, JSON]] = [
    ("int", " 2500 ", 2500),
    ("int", "-3", -3),
    ("int", 5.0, 5),
    ("float", "2.5", 2.5),
    ("float", 2, 2.0),
    ("bool", "Yes", True),
    ("bool", 0, False),
    ("str", 17, "17"),
    ("time", "2012-11-06 10:00:00Z", "2012-11-06T10:00:00.000Z"),
    ("time@America/New_York", "2012-11-06 10:00", "2012-11-06T15:00:00.000Z"),
    ("time@America/New_York", "2012-11-06T10:00:00Z", "2012-11-06T10:00:00.000Z"),
    ("time_s", "1352160000", "2012-11-06T00:00:00.000Z"),
    ("time_ms", 1_352_160_000_000, "2012-11-06T00:00:00.000Z"),
]
GUESSES: list[tuple[str, JSON]] = [
    *(("int", "25.00"), ("int", "1_000"), ("int", "٣"), ("int", 2.5), ("int", True), ("int", 1e300)),
    *(("float", "nan"), ("float", "1e999"), ("bool", "perhaps"), ("bool", 2), ("str", 2.5), ("str", True)),
    *(("time", "2012-11-06 10:00"), ("time", "11/06/2012"), ("time@America/New_York", "2012-11-06")),
    *(("time_s", "soon"), ("time_s", 1e300), ("time_ms", None), ("int", "9" * 5000)),
]


@pytest.mark.parametrize(("kind", "value", "made"), CASTS)
def test_a_value_is_read_as_what_it_means(kind: str, value: JSON, made: JSON) -> None:
    assert (cast(value, kind), type(cast(value, kind))) == (made, type(made))


@pytest.mark.parametrize(("kind", "value"), GUESSES)
def test_nothing_is_guessed(kind: str, value: JSON) -> None:
    assert cast(value, kind) is value


def missed(choice: LetterSelection, *letters: Letter) -> list[str]:
    names = NamesRead()
    for one in letters:
        names.takes(choice, one)
    return names.missed(choice)


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (
            LetterSelection(source="digital/mialer"),
            ["no dead letter is of source digital/mialer; did you mean digital/mailer?"],
        ),
        (LetterSelection(source="field/app"), ["no dead letter is of source field/app"]),
        (LetterSelection(type="email.opend"), ["no dead letter is of type email.opend; did you mean email.opened?"]),
        (LetterSelection(topic="gift.csv"), ["no dead letter is of topic gift.csv; did you mean gifts.csv?"]),
        (LetterSelection(source="ada@example.org"), ["no dead letter is of source *"]),
    ],
    ids=str,
)
def test_a_misspelled_name_is_told_with_the_one_that_was_meant(choice: LetterSelection, told: list[str]) -> None:
    assert missed(choice, letter(saying()), letter(None, topic="gifts.csv", stage="import")) == told


@pytest.mark.parametrize(
    "choice",
    [
        LetterSelection(source="digital/mailer", reason=Reason.NO_TIME),
        LetterSelection(type="donation.made"),
        LetterSelection(topic="donation-events"),
        LetterSelection(reason=Reason.NO_TIME),
    ],
    ids=str,
)
def test_a_name_that_is_right_is_not_missed_where_nothing_is_chosen(choice: LetterSelection) -> None:
    assert missed(choice, letter(saying())) == []


def test_no_name_is_missed_where_something_is_chosen() -> None:
    assert missed(LetterSelection(source="digital/mailer"), letter(b"{"), letter(saying()), letter(b"[")) == []


def test_a_source_that_is_an_address_is_not_told_as_the_one_that_was_meant() -> None:
    one = letter(saying().replace(b"digital/mailer", b"ada@example.org"))
    assert missed(LetterSelection(source="ada.example.org"), one) == ["no dead letter is of source ada.example.org"]


def test_a_requeue_notes_the_names_that_it_reads() -> None:
    account, order = RequeueCounts(), RequeueOptions(LetterSelection(source="digital/flod"), rules())
    held = letter(saying().replace(b"digital/mailer", b"digital/flood"))

    assert list(judged_letters([held], order, set(), account)) == []
    assert account.names.missed(order.choice, "held record") == [
        "no held record is of source digital/flod; did you mean digital/flood?"
    ]


def test_a_source_in_quarantine_of_which_nothing_is_held_is_known() -> None:
    names, quarantined = NamesRead(), ["digital/flood"]

    assert names.missed(LetterSelection(source="digital/flood"), sources=quarantined) == []
    [told] = names.missed(LetterSelection(source="digital/flod"), sources=quarantined)
    assert told.endswith("; did you mean digital/flood?")
