"""Records of the largest size, and a person about whom more is said than a state can hold."""

from random import Random

import orjson

from events.fields import MAX_RECORD_BYTES, MAX_TEXT
from streams.demo.encoding import attributes, body, encode, key
from streams.demo.script import Script
from streams.demo.truth import ContactFields, Fields, Publication, Sent

TALKER: ContactFields = {"external": {"fec": "talks-without-end"}}
_REPORTS = 60
_NOES = 25
_ANSWERS = 30
"""In one report: some 30 KB of them, so 35 reports are 1 MiB."""


def with_the_largest(script: Script, rng: Random, count: int) -> Script:
    """The same with so many records of exactly the largest size, and as many of one byte more, which are refused."""
    found = list(script.publications)
    good = [one.sent for one in found if one.kind == "first"]
    for number in range(count):
        sent = _renamed(rng.choice(good), f"largest-{number}")
        found.insert(rng.randrange(len(found)), _of_size(sent, MAX_RECORD_BYTES, None))
        beyond = _renamed(sent, f"beyond-{number}")
        found.insert(rng.randrange(len(found)), _of_size(beyond, MAX_RECORD_BYTES + 1, "too_large"))
    return Script(found, script.refused_rows)


def with_a_talker(script: Script, rng: Random) -> Script:
    """The same with a person who gives more long answers than there is room, and then says no more often still."""
    found = list(script.publications)
    said = [_report(number, "contacted", rng) for number in range(_REPORTS)]
    noes = [_report(_REPORTS + number, "do_not_contact", rng) for number in range(_NOES)]
    places = sorted(rng.sample(range(len(found)), _REPORTS + _NOES))
    for place, one in reversed(list(zip(places, [*said, *noes], strict=True))):
        found.insert(place, one)
    return Script(found, script.refused_rows)


def _renamed(sent: Sent, id_: str) -> Sent:
    return Sent("email-events", "email.opened", "digital/sendgrid", id_, sent.time, sent.contact, {"message_id": id_})


def _of_size(sent: Sent, size: int, reason: str | None) -> Publication:
    value = orjson.dumps({**attributes(sent), "data": body(sent)})
    return Publication(sent.topic, None, value.ljust(size), [], sent, "bad" if reason else "first", False, reason)


def _report(number: int, outcome: str, rng: Random) -> Publication:
    answers: dict[str, str | None] = {
        f"survey:{number}-{question}": rng.choice("abcdefgh") * MAX_TEXT for question in range(_ANSWERS)
    }
    fields: Fields = {"method": "phone", "outcome": outcome, "answers": answers}
    time = f"2012-03-01T{number // 60:02d}:{number % 60:02d}:00Z"
    sent = Sent("canvass-events", "canvass.reported", "field/van", f"long-{number}", time, TALKER, fields)
    value, headers = encode(attributes(sent), body(sent), rng)
    return Publication(sent.topic, key(sent, rng), value, headers, sent, "first", False, None)
