from pathlib import Path

import pytest

from streams.domain.delivery.endpoints import read_endpoints
from streams.domain.file_mistakes import FileMistakes

WHOLE = """
[[endpoint]]
id = "field-app"
kind = "webhook"
url = "https://field.example.org:8443/hook"
secrets = ["env:NEW", "file:old"]
topics = ["segment-changes", "contact-alerts"]
from = "2026-11-01T00:00:00Z"
segments = ["lapsed"]

[[endpoint]]
id = "war-room"
kind = "slack"
url = "file:/run/slack"
topics = ["system-alerts", "experiment-results"]

[[endpoint]]
id = "director"
kind = "email"
url = "smtps://mail.example.org"
user = "harmonia"
secrets = ["file:password"]
sender = "harmonia@example.org"
to = ["director@example.org"]
topics = ["contact-alerts"]
"""


def mistakes(text: str) -> str:
    found = read_endpoints(text)
    assert isinstance(found, FileMistakes)
    return str(found)


def test_a_file_with_each_kind_is_read() -> None:
    found = read_endpoints(WHOLE)
    assert not isinstance(found, FileMistakes)
    assert [each.id for each in found] == ["field-app", "war-room", "director"]
    assert found[0].read_topics == ("segment-changes", "contact-alerts", "contact-state")
    assert [each.is_told_of_contacts for each in found] == [True, False, False]
    assert (found[1].start, found[0].causes) == ("now", ["interaction", "time", "link"])


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ('id = "field-app"', 'id = "Field App"', "endpoint number 1: id"),
        ('id = "war-room"', 'id = "field-app"', "endpoint number 2: id: field-app is there twice; give each a name"),
        ('kind = "slack"', 'kind = "pager"', "endpoint war-room: kind: is 'pager'; give 'webhook', 'slack' or 'email'"),
        (
            "https://field",
            "http://field",
            "endpoint field-app: url: does not begin with https://; give https://HOST/…, or where",
        ),
        ("https://field", "https://me:secret@field", "url: holds a user or a password"),
        (":8443", ":8080", "url: has a port that is none of 443, 8443"),
        ('secrets = ["env:NEW", "file:old"]', "", "secrets is missing; give one or two of env:NAME or file:PATH"),
        (
            '"env:NEW", "file:old"',
            '"whsec_abc"',
            "field-app: secrets: has what names no place; a secret is never in the file: give env:NAME or file:PATH",
        ),
        ('"env:NEW", "file:old"', '"env:A", "env:B", "env:C"', "endpoint field-app: secrets"),
        (
            'from = "2026-11-01T00:00:00Z"',
            'from = "yesterday"',
            'endpoint field-app: from: is no time; give "now", "earliest"',
        ),
        ('"segment-changes", ', '"interactions", ', "endpoint field-app: topics, number 1: is 'interactions'; give"),
        ('"system-alerts", ', '"segment-changes", ', "topics has segment-changes, which kind slack is not told"),
        ("segments = ", "segment = ", "endpoint field-app: segment: is not known; correct its name"),
        ('sender = "harmonia@example.org"', "", "sender or to is missing"),
        (
            "https://field.example.org:8443/hook",
            "http://me:secret@field.example.org:8080/hook#a",
            "does not begin with https:// and holds a user or a password and has a port that is none of 443, 8443 and",
        ),
        ("smtps://mail", "ftp://me@mail", "endpoint director: url: does not begin with smtps:// and holds a user"),
        ('user = "harmonia"', "", "user and secrets belong together"),
    ],
)
def test_a_mistake_is_told_with_its_key_and_the_cure(was: str, becomes: str, told: str) -> None:
    assert was in WHOLE
    assert told in mistakes(WHOLE.replace(was, becomes, 1))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[endpoints]]", "endpoints: is in no endpoint"),
        ("[[endpoint", "the file: is not TOML"),
        ("endpoint = 3", "endpoint: is no table [[endpoint]]; give one for each"),
        ("endpoint = [3]", "endpoint number 1"),
    ],
)
def test_a_file_that_is_none_is_told(text: str, told: str) -> None:
    assert told in mistakes(text)


def test_the_file_that_a_fresh_clone_has_names_nobody() -> None:
    assert read_endpoints((Path(__file__).parents[4] / "deploy/deliver/endpoints.toml").read_text()) == []


def test_every_mistake_of_a_file_is_told_at_once() -> None:
    text = WHOLE.replace('kind = "slack"', "").replace('"now"', "").replace("smtps://", "ftp://")
    assert {"endpoint war-room: kind", "endpoint director: url"} <= {
        ":".join(line.split(":")[:2]) for line in mistakes(text).splitlines()
    }


def test_no_secret_of_a_url_is_in_a_mistake() -> None:
    assert "hunter2" not in mistakes(WHOLE.replace("https://field", "https://me:hunter2@field"))


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('"env:NEW", "file:old"', '"whsec_c2VjcmV0c2VjcmV0"'),
        ('["env:NEW", "file:old"]', '"whsec_c2VjcmV0c2VjcmV0"'),
        ('["env:NEW", "file:old"]', '["env:A", "env:B", "whsec_c2VjcmV0c2VjcmV0"]'),
        ('secrets = ["file:password"]', 'secrets = ["whsec_c2VjcmV0c2VjcmV0"]'),
        ('user = "harmonia"', 'user = ["whsec_c2VjcmV0c2VjcmV0"]'),
        ('to = ["director@example.org"]', 'to = ["whsec_c2VjcmV0c2VjcmV0 <x@y.org>"]'),
        ('to = ["director@example.org"]', 'to = "whsec_c2VjcmV0c2VjcmV0@example.org"'),
        ('sender = "harmonia@example.org"', 'sender = "H <whsec_c2VjcmV0c2VjcmV0@example.org>"'),
        ('url = "file:/run/slack"', 'url = ["whsec_c2VjcmV0c2VjcmV0"]'),
        ('id = "war-room"', 'id = "whsec_c2VjcmV0c2VjcmV0"'),
    ],
)
def test_what_is_secret_or_an_address_is_in_no_mistake_wherever_it_was_written(was: str, becomes: str) -> None:
    assert was in WHOLE
    found = mistakes(WHOLE.replace(was, becomes, 1))
    assert "whsec_c2" not in found
    assert "endpoint " in found


def test_a_secret_in_place_of_a_table_is_in_no_mistake() -> None:
    assert "whsec_c2" not in mistakes('endpoint = ["whsec_c2VjcmV0c2VjcmV0"]')
