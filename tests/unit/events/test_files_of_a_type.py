"""Each type of interaction stands in every file that has to know of it, and the recipe names them all."""

from collections.abc import Iterable, Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from events.fields import Id
from events.interactions.base import InteractionData
from events.producer_structs import data_struct_of
from events.registry import OUTREACH, SPECS, TypeSpec
from streams.demo.recount import OWN_ACTS
from streams.domain.messages.texts.sources import SOURCES
from streams.services.console.names import TYPES

ROOT = Path(__file__).parents[3]
STRUCTS = "events/producer_structs.py"
NAMES = "streams/services/console/names.py"
FRENCH = "streams/services/console/locale/fr/LC_MESSAGES"
FRENCH_NAMES = f"{FRENCH}/console.po"
RECORDS = "streams/domain/messages/texts/sources.py"
FRENCH_RECORDS = f"{FRENCH}/messages.po"
ORACLE = "streams/demo/recount.py"

WITHOUT_STRUCT = {"contact.erased_if_inactive", "contact.linked", "contact.unlinked", "interaction.retracted"}
LEFT_TO_THE_MODEL = {"starts_at", "until"}
"""Times, which may have to be rewritten."""


class PetMet(InteractionData):
    """Somebody's dog was there too."""

    pet_id: Id
    dogs: int | None = None


NEW = TypeSpec(name="pet.met", model=PetMet, topics=OUTREACH, is_own_act=True, is_bare=True)


def missing_places(specs: Iterable[TypeSpec]) -> list[str]:
    """A line for each place that does not know a type: its file, and what it lacks."""
    return [line for spec in specs for line in (*_unread(spec), *_unnamed(spec), *_without_records(spec), *_own(spec))]


def _unread(spec: TypeSpec) -> Iterator[str]:
    if spec.name in WITHOUT_STRUCT:
        return
    struct = data_struct_of(spec.model)
    known = set() if struct is None else {*struct.__struct_fields__}
    for field in sorted(spec.model.model_fields.keys() - known - LEFT_TO_THE_MODEL):
        yield f"{STRUCTS}: _FIELDS has no accepted values of the field {field} of {spec.name}"


def _unnamed(spec: TypeSpec) -> Iterator[str]:
    name = TYPES.get(spec.name)
    if name is None:
        yield f"{NAMES}: TYPES does not say what pages call {spec.name}"
    if not _is_french(name):
        yield f"{FRENCH_NAMES}: no French for that name of {spec.name}"


def _without_records(spec: TypeSpec) -> Iterator[str]:
    code = f"records_of.{spec.name}"
    records = SOURCES.get(code)
    if records is None:
        yield f"{RECORDS}: _RECORDS does not say what several {spec.name} are called"
    if not _is_french(records, code):
        yield f"{FRENCH_RECORDS}: no French for {code}"


def _own(spec: TypeSpec) -> Iterator[str]:
    if spec.is_own_act != (spec.name in OWN_ACTS):
        yield f"{ORACLE}: OWN_ACTS of the oracle and is_own_act of {spec.name} do not agree"


def _is_french(text: object, context: str | None = None) -> bool:
    """Whether some catalogue translates a text; names of one part of the console are in that part's own."""
    found = [each.get(text, context) for each in _catalogues()] if isinstance(text, str) else []
    return any(entry is not None and entry.string for entry in found)


@cache
def _catalogues() -> list[Catalog]:
    return [read_po(BytesIO(file.read_bytes()), locale="fr") for file in (ROOT / FRENCH).glob("*.po")]


def test_a_type_that_a_file_does_not_know_is_found_with_that_file() -> None:
    assert missing_places(SPECS) == []


def test_a_new_type_lacks_every_file_of_the_recipe() -> None:
    lacking = [line.partition(":")[0] for line in missing_places([NEW])]

    assert lacking == [STRUCTS, NAMES, FRENCH_NAMES, RECORDS, FRENCH_RECORDS, ORACLE]


def test_the_recipe_for_a_type_names_every_file_that_lacks_a_new_one() -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    recipe = page.partition("**A type of interaction.**")[2].partition("\n\n**A sink.**")[0]

    named = ("events/interactions/", "events/registry.py", STRUCTS, NAMES, RECORDS, ORACLE)
    assert [file for file in (*named, "console.po", "messages.po", "CHANGELOG.md") if f"`{file}`" not in recipe] == []
    assert all((ROOT / file).exists() for file in named)
