"""From the text of a TOML file to definitions, or to all that is wrong with it."""

import tomllib

import orjson
from pydantic import ValidationError

from events.experiments import ExperimentDefinition
from streams.domain.experiments.definition_records import REFERENCE
from streams.domain.experiments.file_validation import stricter
from streams.domain.file_mistakes import FileMistake, FileMistakes, mistakes_in

_TABLES = "experiment"
_MISNAMED = f"{_TABLES}s"


def read_definitions(text: str) -> list[ExperimentDefinition] | FileMistakes:
    """The experiments of a file, in its order; each is a table `[[experiment]]`."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return _one("", f"is not TOML: {error}", "correct that place")
    tables = said.pop(_TABLES, None)
    if _MISNAMED in said:
        return _one(_MISNAMED, "is not known", f"rename [[{_MISNAMED}]] to [[{_TABLES}]], wherever it stands")
    if said:
        return _one(next(iter(said)), "is in no experiment", f"put it below a line [[{_TABLES}]]: {REFERENCE}")
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        return _one("", f"has no table [[{_TABLES}]]", f"give one for each experiment: {REFERENCE}")
    return _read(tables)


def _read(tables: list[dict[str, object]]) -> list[ExperimentDefinition] | FileMistakes:
    found: dict[str, ExperimentDefinition] = {}
    mistakes: list[FileMistake] = []
    for number, table in enumerate(tables):
        read = _definition(table, f"{_TABLES}[{number}]")
        if isinstance(read, FileMistakes):
            mistakes += read.found
        elif read.id in found:
            mistakes.append(FileMistake(f"{_TABLES}[{number}].id", f"{read.id} is there twice", "define it once"))
        else:
            found[read.id] = read
    return FileMistakes(tuple(mistakes)) if mistakes else list(found.values())


def _definition(table: dict[str, object], where: str) -> ExperimentDefinition | FileMistakes:
    """By way of JSON, where a list is a list and a date of TOML is the text that it is everywhere else."""
    try:
        said = orjson.dumps(table)
    except orjson.JSONEncodeError:
        return _one(where, "has a number that is too large", "give a smaller one")
    mistakes = [*stricter(table)]
    try:
        definition = ExperimentDefinition.model_validate_json(said)
    except ValidationError as error:
        mistakes[:0] = mistakes_in(error, REFERENCE).found
    else:
        if not mistakes:
            return definition
    return FileMistakes(tuple(each._replace(key=f"{where}.{each.key}" if each.key else where) for each in mistakes))


def _one(key: str, problem: str, cure: str) -> FileMistakes:
    return FileMistakes((FileMistake(key, problem, cure),))
