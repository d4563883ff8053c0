"""The command `harmonia segments explain`: why a person is in a segment or not, condition by condition.

The state of the person is read from the changelog of contacts, which is what workers judge by.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import orjson
import typer

from events.times import render_time
from events.topics import CONTACT_SEGMENTS
from streams.cli.failures import failing_plainly, load_settings, refuse
from streams.cli.output import print_lines, print_table
from streams.cli.person import HELP, METAVAR, look_up_person, nobody_known_message, require_workers_key
from streams.cli.time_options import now_ms
from streams.domain.display_names import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streams.domain.contact import ContactState
    from streams.domain.segments.explanation import Explanation
    from streams.domain.segments.person import Person
    from streams.domain.segments.resolution import Segment
    from streams.platform.settings import Settings


def explain(
    segment: Annotated[str, typer.Argument(metavar="ID", help="The segment's id.")],
    person: Annotated[str, typer.Argument(metavar=METAVAR, help=HELP)],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show each condition of a segment with its answer about a person, and what was found.

    Reads the partition of the person from the changelog of contacts, which takes as long as reading it whole. With
    `--json`, `coded` is the explanation once more, as codes with fields.
    Exit code 1 when the segment is not defined, or nobody is known by that name.
    """
    from sinks.lookup import ErasedContact, UnknownContact
    from streams.domain.segments.explanation import explain as explained

    settings = load_settings()
    with failing_plainly():
        require_workers_key(settings)
        meant = _segment(settings, segment)
        found = look_up_person(settings, person)
        if isinstance(found, UnknownContact):
            refuse(nobody_known_message(person))
        if isinstance(found, ErasedContact):
            refuse(f"{found.contact_id} has been erased, and is in no segment")
        whole = read_whole_person(settings, found.contact_id)
        told = _told(settings, found.contact_id)
    if whole is None:
        refuse(f"{found.contact_id}: the workers hold no state of this person; does one run? See `harmonia status`")
    at = max(now_ms(), whole.known.state.clock)
    explanation = explained(meant, whole, at)
    since = None if told is None else told["segments"].get(segment)
    if as_json:
        said = {"segment": segment, "contact_id": found.contact_id, "at": render_time(at), "member": since}
        coded = orjson.Fragment(msgspec.json.encode(explanation))
        typer.echo(orjson.dumps({**said, "explanation": _as_json(explanation), "coded": coded}))
        return
    answer = "would be in" if explanation.answer else "would not be in"
    print_lines([f"{found.contact_id} {answer} {segment}, judged at {render_time(at)}"])
    print_lines([_said(since, told)])
    print_table(("", "condition", "found"), list(_rows(explanation, 0)))


def read_whole_person(settings: Settings, contact_id: str) -> Person | None:
    """The person of a canonical id, of all fragments that count; None where nobody is shown under it.

    Raises `MissingTopic`, and Kafka's errors.
    """
    from streams.domain.contact.identity.erasure import place_of
    from streams.domain.contact.identity.identity_assignment import counting
    from streams.domain.segments.person import whole_person

    states = _states(settings, contact_id)
    state = states.pop(contact_id, None)
    if state is None:
        return None
    return whole_person(contact_id, {contact_id: state, **counting(states, place_of(state))})


def _states(settings: Settings, contact_id: str) -> dict[str, ContactState]:
    """By name the states of the canonical id, and of the fragments that are part of it now."""
    from sinks.keys import partition_of
    from streams.domain.contact import decode
    from streams.domain.contact.identity.erasure import place_of
    from streams.domain.contact.identity.identity_assignment import part_key
    from streams.platform.clients import KafkaClients
    from streams.platform.topic_reading import records_of
    from streams.platform.topics import CONTACTS_TABLE, changelog_name

    own, parts = contact_id.encode(), part_key(contact_id, "")
    held: dict[bytes, bytes] = {}
    partition = partition_of(contact_id, settings.partitions)
    with closing(KafkaClients(settings).tool_consumer()) as consumer:
        for record in records_of(consumer, changelog_name(settings, CONTACTS_TABLE), [partition]):
            if record.key is None or not (record.key == own or record.key.startswith(parts)):
                continue
            if record.value is None:
                held.pop(record.key, None)
            else:
                held[record.key] = record.value
    if own not in held:
        return {}
    state = decode(held[own])
    names = {name: part_key(contact_id, name) for name in place_of(state).parts}
    return {contact_id: state, **{name: decode(held[key]) for name, key in names.items() if key in held}}


def _segment(settings: Settings, name: str) -> Segment:
    from events.spelling import did_you_mean
    from streams.cli.segments import read_defined
    from streams.domain.pressure.closures import channel_rules
    from streams.domain.segments.resolution import resolve
    from streams.platform.policy_file import policy_of

    there = read_defined(settings)
    resolved = resolve(there.definitions.values(), channel_rules(policy_of(settings.policy, settings.regime)))
    if name not in there.unreadable and name not in there.definitions:
        near = did_you_mean(name, there.definitions)
        refuse(f"{printable(name)}: no such segment{near}; see `harmonia segments list`")
    if name not in resolved.segments:
        mistakes = (str(each) for each in resolved.mistakes if each.key.startswith(name))
        why = there.unreadable.get(name) or next(mistakes, "it refers to another segment that cannot be judged")
        refuse(f"{printable(name)}: cannot be judged: {printable(why)}; define it anew")
    return resolved.segments[name]


def _told(settings: Settings, contact_id: str) -> Any:
    """What `contact-segments` says of the person; None: nothing."""
    from sinks.keys import partition_of
    from streams.platform.clients import KafkaClients
    from streams.platform.topic_reading import records_of

    last = None
    with closing(KafkaClients(settings).tool_consumer()) as consumer:
        for record in records_of(consumer, CONTACT_SEGMENTS, [partition_of(contact_id, settings.partitions)]):
            if record.key == contact_id.encode():
                last = record.value
    return None if last is None else orjson.loads(last)


def _said(since: Any, told: Any) -> str:
    if since is not None:
        return f"the workers have said: a member since {since['since']}, by edition {since['edition']}"
    when = "" if told is None else f", as of {told['as_of']}"
    return f"the workers have said: no member{when}"


def _rows(explanation: Explanation, depth: int) -> Iterator[tuple[str, str, str]]:
    from streams.domain.messages import english

    found = "" if explanation.found is None else english(explanation.found)
    mark = "yes" if explanation.answer else "no"
    yield mark, "  " * depth + english(explanation.told), found
    for part in explanation.parts:
        yield from _rows(part, depth + 1)


def _as_json(explanation: Explanation) -> dict[str, Any]:
    from streams.domain.messages import english

    said: dict[str, Any] = {"condition": english(explanation.told), "answer": explanation.answer}
    if explanation.found is not None:
        said["found"] = english(explanation.found)
    if explanation.parts:
        said["parts"] = [_as_json(part) for part in explanation.parts]
    return said if explanation.is_wanted else {**said, "wanted": False}
