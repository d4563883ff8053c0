"""Laws of identity."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import event, given
from hypothesis import strategies as st

from events.envelope import Interaction
from events.identifiers import Hasher
from events.json_types import JSON
from events.topics import CONTACT_FRAGMENTS, CONTACT_ROOFS, IDENTITY_LINKS, INTERACTIONS
from tests.property.worker.links.hearing import Heard, binds, hear
from tests.property.worker.links.sayings import Saying, as_they_come, erasure, interaction, stories
from tests.property.worker.links.truth import Truth
from tests.property.worker.links.world import PARTITIONS, World
from tests.unit.domain.contact.said import HOUR
from tests.unit.events.records import NOW


@dataclass(frozen=True)
class Shown:
    """What readers of the topics see, without versions."""

    profiles: dict[str, dict[str, JSON]]
    merged: dict[str, JSON]
    closed: dict[str, JSON]


def shown(world: World) -> Shown:
    return Shown(world.profiles(), world.merged(), world.closed())


def truth_of(sayings: Sequence[Saying], hasher: Hasher) -> Shown:
    truth = Truth()
    for saying in sayings:
        truth.hear(saying.interaction, hasher, saying.appended_at)
    return Shown(truth.profiles(), {**truth.merged()}, truth.closed())


def tell(world: World, sayings: Sequence[Saying]) -> World:
    world.hear(sayings)
    return world


def told(sayings: Sequence[Saying]) -> World:
    world = tell(World(), sayings)
    world.settle()
    return world


@given(stories(), st.data())
def test_law_1_any_order_of_arrival_gives_the_same(story: list[Saying], data: st.DataObject) -> None:
    world = tell(World(), data.draw(st.permutations(story)))
    as_they_come(world, data)
    assert shown(world) == truth_of(story, world.hasher)
    event(f"merged: {bool(world.merged())}")


@given(stories(), st.data())
def test_law_2_what_is_delivered_again_changes_nothing(story: list[Saying], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(story), max_size=8)) if story else []
    world = tell(World(), data.draw(st.permutations([*story, *again])))
    as_they_come(world, data)
    assert shown(world) == truth_of(story, world.hasher)


@given(stories(), st.data())
def test_law_3_what_is_read_again_changes_nothing_and_tells_nobody(story: list[Saying], data: st.DataObject) -> None:
    """As after a lost position: the latest record of each key, and every interaction, once more."""
    world = told(story)
    kept, before = world.table(), shown(world)
    logs = {log: len(records) for log, records in world.logs.items()}
    for partition in range(PARTITIONS):
        world.read[INTERACTIONS, partition] = 0
    for topic in (CONTACT_ROOFS, CONTACT_FRAGMENTS):
        world.repeat_the_latest(topic)
    as_they_come(world, data)
    more = {log: len(records) - logs.get(log, 0) for log, records in world.logs.items()}
    assert world.table() == kept
    assert shown(world) == before
    assert not any(count for (topic, _), count in more.items() if topic == IDENTITY_LINKS)


@given(stories(), st.data())
def test_law_4_what_was_folded_in_parts_is_what_was_folded_at_once(story: list[Saying], data: st.DataObject) -> None:
    """Everything under one identifier, and the same under several that are linked."""
    happened = [saying for saying in story if not saying.interaction.type.startswith("contact.")]
    names = data.draw(st.lists(st.sampled_from(["c1", "c2", "c3"]), min_size=len(happened), max_size=len(happened)))
    apart = [known_as(name, saying) for name, saying in zip(names, happened, strict=True)]
    links = [
        Saying(interaction("contact.linked", f"l{n}", NOW, "desk", {"contact_ids": ["c1", f"c{n}"]}), NOW)
        for n in (2, 3)
    ]
    world = tell(World(), data.draw(st.permutations([*apart, *links])))
    as_they_come(world, data)
    whole = told([known_as("c1", saying) for saying in happened])
    profiles = world.profiles()
    for profile in profiles.values():
        assert profile.pop("merged_from") == sorted({*names} - {"c1"})
    assert profiles == {
        name: {**profile} for name, profile in whole.profiles().items() if profile.pop("merged_from") == []
    }


def known_as(name: str, saying: Saying) -> Saying:
    said = saying.interaction
    plain = said.data.plain() | {"contact": {**said.data.contact.plain(), "contact_id": name}}
    for kind in ("voter_id", "external", "email", "phone"):
        plain["contact"].pop(kind, None)  # type: ignore[union-attr, call-arg, arg-type]
    return Saying(interaction(said.type, said.id, said.time, said.source, plain), saying.appended_at)


@given(stories(), st.data())
def test_law_5_a_link_and_a_later_unlink_are_as_if_there_were_neither(story: list[Saying], data: st.DataObject) -> None:
    """Of two whom nothing else joins; whatever was said of them before, in between or later."""
    left, right = told_apart(story)
    pair = [f"c{side}" for side in (1, 2)]
    link = Saying(interaction("contact.linked", "link", NOW - 1, "desk", {"contact_ids": [*pair]}), NOW)
    unlink = Saying(interaction("contact.unlinked", "unlink", NOW, "desk", {"contact_ids": [*pair]}), NOW)
    world = tell(World(), data.draw(st.permutations([*left, *right, link])))
    as_they_come(world, data)
    tell(world, [unlink])
    as_they_come(world, data)
    neither = told([*left, *right])
    assert shown(world) == shown(neither)


def told_apart(story: Sequence[Saying]) -> tuple[list[Saying], list[Saying]]:
    """The story of two people with no identifier in common: one is c1, the other c2 with other addresses."""
    sides: tuple[list[Saying], list[Saying]] = [], []
    for number, saying in enumerate(story):
        if is_told_of_one(saying):
            sides[number % 2].append(known_as(f"c{number % 2 + 1}", saying))
    return sides


@given(stories(), st.data())
def test_a_rotated_key_splits_nobody(story: list[Saying], data: st.DataObject) -> None:
    """Some of it is said while the old key writes, the rest when the new one does and the old one is still valid.

    But for commands, which name hashes, and for retractions: one under the new key leaves an edge of the old one.
    """
    old, both = Hasher([b"key"]), Hasher([b"new key", b"key"])
    others = ("contact.linked", "contact.unlinked", "interaction.retracted")
    plain = [saying for saying in story if saying.interaction.type not in others]
    cut = data.draw(st.integers(0, len(plain)))
    world = World(hasher=old)
    tell(world, plain[:cut])
    as_they_come(world, data)
    world.hasher = both
    tell(world, plain[cut:])
    as_they_come(world, data)
    whole = told(plain)
    assert without_names(world) == without_names(whole)


def test_a_stop_that_was_heard_before_numbers_overseas_had_their_own_codes_binds_whom_a_list_names() -> None:
    before, now = Hasher([b"key"], "FR"), Hasher([b"key"], "FR", overseas=True)
    number: dict[str, JSON] = {"phone": "0692 12 34 56"}
    stop = Saying(interaction("text.opted_out", "stop", NOW, "sms", {"contact": number}), NOW)
    form = Saying(interaction("form.submitted", "f", NOW, "web", {"contact": number, "form_id": "f"}), NOW)
    world = World(hasher=before)
    tell(world, [stop])
    world.hasher = now
    tell(world, [form])
    world.settle()
    [profile] = world.profiles().values()
    assert profile["counts"] == {"text.opted_out": 1, "form.submitted": 1}


def without_names(world: World) -> list[str]:
    """The profiles, whatever the hashes of those whom they are about."""
    hidden: dict[str, JSON] = {"contact_id": "", "merged_from": []}
    return sorted(
        repr({**profile, **hidden, "addresses": _without_refs(profile["addresses"]), **_origins(profile)})
        for profile in world.profiles().values()
    )


def _origins(profile: dict[str, JSON]) -> dict[str, JSON]:
    """`provenance` with the channels of its addresses alone: they are shown by the key that their hashes had then."""
    items = profile.get("provenance")
    if not isinstance(items, list):
        return {}
    return {"provenance": [_with_channels(each) for each in items if isinstance(each, dict)]}


def _with_channels(item: dict[str, JSON]) -> JSON:
    addresses = item["addresses"]
    assert isinstance(addresses, list)
    channels = sorted({str(each["channel"]) for each in addresses if isinstance(each, dict)})
    return {**item, "addresses": [*channels]}


def _without_refs(addresses: JSON) -> list[str]:
    assert isinstance(addresses, list)
    return sorted(repr((each["channel"], each["status"])) for each in addresses if isinstance(each, dict))


@given(stories(), stories(), st.data())
def test_on_either_side_of_an_erasure_any_order_and_any_repeats_give_the_same(
    before: list[Saying], after: list[Saying], data: st.DataObject
) -> None:
    """Behind it only what binds may come before the new record begins: the rest would not be kept anywhere."""
    named = data.draw(erasure())
    at = NOW - 20 * HOUR
    erased = Saying(interaction("contact.erased", "erasure", at, "desk", named), NOW)
    opening = Saying(interaction("form.submitted", "opening", at + 1, "team/a", {**named, "form_id": "f"}), NOW)
    later = [
        Saying(said_of(named, saying.interaction), saying.appended_at) for saying in after if is_told_of_one(saying)
    ]
    worlds = []
    for _ in range(2):
        world = tell(World(), data.draw(st.permutations([*before, *before[:3]])))
        as_they_come(world, data)
        tell(world, [erased])
        world.settle()
        tell(world, later_first(opening, data.draw(st.permutations([*later, *later[:3]])), data, world.hasher))
        as_they_come(world, data)
        worlds.append(shown(world))
    assert worlds[0] == worlds[1]


def later_first(opening: Saying, later: Sequence[Saying], data: st.DataObject, hasher: Hasher) -> list[Saying]:
    """`later` with the opening before all that does not bind, and anywhere among the rest."""
    lasts = [at for at, saying in enumerate(later) if not binds(hear(saying.interaction, hasher, 0)[1])]
    at = data.draw(st.integers(0, min(lasts, default=len(later))))
    return [*later[:at], opening, *later[at:]]


def is_told_of_one(saying: Saying) -> bool:
    return saying.interaction.type not in ("contact.linked", "contact.unlinked")


def said_of(named: dict[str, JSON], said: Interaction) -> Interaction:
    return interaction(said.type, f"later {said.id}", said.time, said.source, said.data.plain() | named)


@given(stories(), st.data())
def test_each_name_of_an_erased_person_is_closed_by_itself_and_leads_to_no_other(
    story: list[Saying], data: st.DataObject
) -> None:
    """Others may have named one of theirs, and what was said of others is theirs."""
    named = data.draw(erasure())
    story = [*story, Saying(interaction("contact.erased", "erasure", NOW, "desk", named), NOW)]
    world, truth = World(), Truth()
    for saying in story:
        tell(world, [saying])
        world.settle()
        truth.hear(saying.interaction, world.hasher, saying.appended_at)
    left = {name for record in truth.records.values() for heard in record.values() for name in names_in(heard)}
    gone = set(truth.erased) - left
    kept = [(key.decode(), value) for key, value in world.table().items()] + world.compacted()
    assert gone <= world.closed().keys()
    for name in sorted(gone):
        assert {key for key, value in kept if name in key or name.encode() in value} == {name}
        assert world.reasons()[name] == "erased"
    event(f"gone: {len(gone)}")


def names_in(heard: Heard) -> list[str]:
    return [*heard.named, *getattr(heard.said.data, "contact_ids", ())]
