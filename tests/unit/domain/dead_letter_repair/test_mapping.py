import pytest

from streams.domain.dead_letter_repair.mapping import MappingMistakes, read_mapping
from tests.unit.domain.dead_letter_repair.writing import mapping_of

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
