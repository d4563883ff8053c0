"""Laws of forgetting people, and of those who are inactive."""

from hypothesis import event, given
from hypothesis import strategies as st
from msgspec import structs

from events.envelope import Interaction
from events.identifiers import Hasher
from events.interactions.base import Provenance
from events.json_types import JSON
from events.registry import types_that
from events.times import render_time
from tests.property.domain.contact.test_time_laws import OWN, is_act
from tests.property.worker.links.hearing import counting, hear
from tests.property.worker.links.sayings import (
    APPENDED,
    TIMES,
    Saying,
    as_they_come,
    contacts,
    happenings,
    interaction,
    retractions,
    rulings,
    stories,
    suppressions,
)
from tests.property.worker.links.test_laws import Shown, shown, tell, truth_of
from tests.property.worker.links.truth import Truth
from tests.property.worker.links.world import World
from tests.unit.domain.contact.said import HOUR
from tests.unit.events.records import NOW

FORGET, FORGET_PURPOSE = "contact.provenance_forgotten", "contact.purpose_forgotten"
TOO_YOUNG = Provenance(kind="self", of_age=False).model_copy(update={"kind": "forgotten"})
STAYS = ("do_not_contact", "refused", "deceased", "wrong_number", "disconnected")


SOURCED = st.sampled_from(["provenance.reported", "form.submitted", "donation.made", "canvass.reported"])


@st.composite
def with_source(draw: st.DrawFn) -> list[Saying]:
    """What is said of a few people, most of it with where it comes from; each thing once, and nobody erased."""
    said: list[Interaction] = []
    for number in range(draw(st.integers(1, 10))):
        id_ = f"i{number}"
        kinds = [*[happenings(id_, types=SOURCED)] * 4, happenings(id_), rulings(id_), suppressions(id_)]
        said.append(draw(st.one_of(*kinds, *([retractions(id_, said)] if said else []))))
    return [Saying(each, draw(APPENDED)) for each in said]


@st.composite
def forgets(draw: st.DrawFn, story: list[Saying]) -> list[Saying]:
    """Commands, most of them about what somebody has said."""
    sourced = [each.interaction for each in story if source_of(each.interaction) is not None]
    found = []
    for number in range(draw(st.integers(1, 3))):
        aims = bool(sourced) and draw(st.integers(0, 4)) > 0
        about = draw(st.sampled_from(sourced)) if aims else None
        contact = draw(contacts()) if about is None else about.data.contact.plain()
        source = {"kind": "self"} if about is None else source_of(about) or {}
        if purpose := source.get("purpose") if draw(st.booleans()) else None:
            said = interaction(
                FORGET_PURPOSE, f"g{number}", draw(TIMES), "office/desk", {"contact": contact, "purpose": purpose}
            )
        else:
            data: dict[str, JSON] = {"contact": contact, "kind": source["kind"]}
            if draw(st.booleans()):
                data["file"] = source.get("file")
            said = interaction(FORGET, f"g{number}", draw(TIMES), "office/desk", data)
        found.append(Saying(said, draw(APPENDED)))
    return found


def source_of(said: Interaction) -> dict[str, JSON] | None:
    source = said.data.plain().get("provenance")
    return source if isinstance(source, dict) else None


def left_of(story: list[Saying], commands: list[Saying], hasher: Hasher) -> list[Saying]:
    """The story with no more than whom they named of what a command covers under the identifier that it went by."""
    found = []
    for saying in story:
        fragment, _ = hear(saying.interaction, hasher, saying.appended_at)
        covered = False
        for command in commands:
            if hear(command.interaction, hasher, command.appended_at)[0] == fragment:
                covered = covered or covers(command.interaction, saying.interaction)
        found.append(Saying(bare(saying.interaction) if covered else saying.interaction, saying.appended_at))
    return found


def covers(command: Interaction, said: Interaction) -> bool:
    wanted, told, source = command.data.plain(), said.data.plain(), source_of(said)
    if said.time > command.time:
        return False
    if "purpose" in wanted:
        purposes = [(source or {}).get("purpose"), told.get("purpose") if told.get("granted") is True else None]
        return str(wanted["purpose"]).lower() in [str(each).lower() for each in purposes if each is not None]
    return source is not None and source["kind"] == wanted["kind"] and wanted.get("file") in (None, source.get("file"))


def bare(said: Interaction) -> Interaction:
    """A no without all else, or a command that forgets nothing: it names the same, and no profile tells of it.

    That they are too young is left of anything, without its source.
    """
    told = said.data.plain()
    too_young = (source_of(said) or {}).get("of_age") is False
    if said.type == "consent.changed" and told["granted"] is False:
        kept = {name: told[name] for name in told if name != "provenance"}
    elif said.type == "canvass.reported" and told["outcome"] in STAYS:
        kept = {name: told[name] for name in told if name in ("method", "outcome", "report_id", "team", "contact")}
    elif too_young:
        kept = {"contact": told["contact"], "provenance": {"kind": "self"}}
    else:
        kept = {"contact": told["contact"], "kind": "vendor"}
    contact = kept["contact"]
    assert isinstance(contact, dict)
    names = {kind: contact[kind] for kind in contact if kind not in ("region", "time_zone", "postal_code")}
    type_ = FORGET if "kind" in kept else "provenance.reported" if "provenance" in kept else said.type
    left = interaction(type_, said.id, said.time, said.source, {**kept, "contact": names})
    return structs.replace(left, data=left.data.model_copy(update={"provenance": TOO_YOUNG})) if too_young else left


@given(with_source(), st.data())
def test_people_are_as_if_nothing_of_the_source_had_been_said(story: list[Saying], data: st.DataObject) -> None:
    commands = data.draw(forgets(story))
    again = data.draw(st.lists(st.sampled_from([*story, *commands]), max_size=4))
    world = tell(World(), data.draw(st.permutations([*story, *commands, *again])))
    as_they_come(world, data)
    left = left_of(story, commands, world.hasher)
    event(f"gone: {len(story) - len(left)}")
    assert shown(world) == truth_of([*left, *commands], world.hasher)


def test_what_comes_late_and_alone_of_a_source_leaves_its_key_too() -> None:
    """Else a no under another identifier that it names would not bind, and a copy that says less would count."""
    ada: dict[str, JSON] = {"contact_id": "crm.ada"}
    phone: dict[str, JSON] = {"phone": "212 555 0199"}
    roll: JSON = {"kind": "voter_list"}
    gift: dict[str, JSON] = {"contact": ada, "donation_id": "actblue:1", "amount": 500, "currency": "USD"}
    story = [
        interaction(FORGET, "g", NOW, "office/desk", {"contact": ada, "kind": "voter_list"}),
        interaction("provenance.reported", "1", NOW - 1, "team/a", {"contact": {**ada, **phone}, "provenance": roll}),
        interaction("contact.suppressed", "s", NOW, "office/desk", {"contact": phone}),
        interaction("email.sent", "2", NOW, "team/a", {"contact": ada, "message_id": "m"}),
        interaction("donation.made", "3", NOW - 1, "team/a", {**gift, "provenance": roll}),
        interaction("donation.made", "3", NOW - 1, "team/a", gift),
    ]
    sayings = [Saying(each, NOW + number) for number, each in enumerate(story)]
    world = World()
    for saying in sayings:
        tell(world, [saying]).settle()
    assert shown(world) == truth_of(left_of(sayings[:-1], sayings[:1], world.hasher) + sayings[:1], world.hasher)
    [profile] = world.profiles().values()
    assert (profile["contact_id"], profile["donations"]["count"], "all" in profile["stops"]) == ("crm.ada", 0, True)  # type: ignore[call-overload, index, operator]


def test_a_first_copy_that_comes_late_and_is_forgotten_takes_the_other_one_with_it() -> None:
    ada: dict[str, JSON] = {"contact": {"contact_id": "crm.ada"}}
    gift: dict[str, JSON] = {**ada, "donation_id": "actblue:1", "amount": 500, "currency": "USD"}
    story = [
        Saying(interaction(FORGET, "g", NOW, "office/desk", {**ada, "kind": "voter_list"}), NOW),
        Saying(interaction("email.sent", "2", NOW, "team/a", {**ada, "message_id": "m"}), NOW),
        Saying(interaction("donation.made", "3", NOW - 1, "team/a", gift), NOW + 2),
        Saying(
            interaction("donation.made", "3", NOW - 1, "team/a", {**gift, "provenance": {"kind": "voter_list"}}),
            NOW + 1,
        ),
    ]
    world = World()
    for saying in story:
        tell(world, [saying]).settle()
    assert world.profiles()["crm.ada"]["donations"]["count"] == 0  # type: ignore[call-overload, index]


COMMAND = "contact.erased_if_inactive"
SINCE = st.integers(-41, -1).map(lambda step: NOW + step * HOUR)


def inactive_since(truth: Truth, fragment: str) -> int | None:
    """A plain loop: the last own act of whom this fragment names, else the first word of them; None: another does."""
    roofs = truth.roofs()
    if roofs.get(fragment, fragment) != fragment:
        return None
    record = {}
    for name, heard in truth.records.items():
        if roofs.get(name, name) == fragment:
            record.update(heard)
    told = [each for each in counting(record) if not each.is_command and each.said.type != "interaction.retracted"]
    acts = [each.said.time for each in told if is_act(each.said.type, each.said.data.plain())]
    return max(acts) if acts else min((each.said.time for each in told), default=None)


@given(stories(), contacts(), SINCE, st.data())
def test_nobody_is_erased_who_has_done_something_since_under_any_of_their_names_in_whatever_order_it_came(
    story: list[Saying], whose: dict[str, JSON], since: int, data: st.DataObject
) -> None:
    world, truth = World(), Truth()
    tell(world, data.draw(st.permutations([*story, *story[:3]])))
    as_they_come(world, data)
    for saying in story:
        truth.hear(saying.interaction, world.hasher, saying.appended_at)
    said: dict[str, JSON] = {"contact": whose, "inactive_since": render_time(since)}
    command = Saying(interaction(COMMAND, "command", NOW, "office/desk", said), NOW)
    fragment, _ = hear(command.interaction, world.hasher, NOW)
    last = inactive_since(truth, fragment)
    before = shown(world)
    tell(world, [command])
    as_they_come(world, data)
    if last is None or last > since:
        event("in vain")
        assert shown(world) == before
        return
    event("erased")
    erased = interaction("contact.erased", "command", since, "office/desk", {"contact": whose})
    truth.hear(erased, world.hasher, NOW)
    assert shown(world) == Shown(truth.profiles(), {**truth.merged()}, truth.closed())
    tell(world, [command])
    as_they_come(world, data)
    assert shown(world) == Shown(truth.profiles(), {**truth.merged()}, truth.closed())


def test_all_own_acts_are_those_that_the_loop_knows() -> None:
    assert types_that(lambda spec: spec.is_own_act) == OWN
