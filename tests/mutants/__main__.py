"""`python -m tests.mutants [id or room ...]`: each listed fault is put into a copy of the tree, and tests look for it.

The working tree is only read. The end is 1 where a mutant survives that the list says is caught.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path

from tests.mutants.mutants import LIST, ROOT, Mutant, listed

EVERYTHING = ("tests/unit", "tests/property")
LEFT_OUT = ("tests/unit/mutants", "tests/unit/packaging")
"""The former would notice every mutant by its text; the latter ask git, and the copy is no repository."""

NOT_COPIED = shutil.ignore_patterns(".git", ".venv*", ".env", ".harmonia", ".hypothesis", ".*_cache", "dist", "target")
PACKAGES = ("events", "sinks", "streams", "tests.mutants.mutants")
TIMEOUT_S = 300
_first_failure = re.compile(r"^(?:FAILED|ERROR) (tests/.+?)(?:\[.*| - .*)?$", re.MULTILINE).search
_PASSED, _FAILED, _INTERRUPTED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of the tree, whose packages come before those that are installed."""

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        """`CI`: property tests take the same examples every time, so that nothing is noticed by luck."""
        return {**os.environ, "PYTHONPATH": str(self.root), "CI": "1"}

    def origins(self) -> list[Path]:
        """The files from which a process of the copy imports Harmonia's packages."""
        ask = "import importlib.util as u, sys; [print(u.find_spec(name).origin) for name in sys.argv[1:]]"
        command = [sys.executable, "-c", ask, *PACKAGES]
        ran = subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True, check=True)
        return [Path(line) for line in ran.stdout.split()]

    def failing(self, tests: Sequence[str]) -> str | None:
        """The first of these tests that fails; None: all pass. Raises `RuntimeError` where pytest could not run."""
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--timeout", str(TIMEOUT_S)]
        command += [*(f"--ignore={path}" for path in LEFT_OUT), *tests]
        ran = subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True, check=False)
        found = _first_failure(ran.stdout)
        if ran.returncode in (_FAILED, _INTERRUPTED) and found is not None:
            return found[1]
        if ran.returncode != _PASSED:
            raise RuntimeError(f"pytest ended with {ran.returncode}:\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
        return None

    def write(self, file: str, text: str) -> None:
        """Give a file another text, and take away what Python has compiled of the former one."""
        path = self.root / file
        path.write_text(text)
        Path(cache_from_source(str(path))).unlink(missing_ok=True)


def copy_of_tree(place: Path) -> Copy:
    """Copy the tree to a place. Raises `RuntimeError` where processes of the copy would import another tree."""
    copy = Copy(Path(shutil.copytree(ROOT, place / "tree", ignore=NOT_COPIED)).resolve())
    elsewhere = [str(origin) for origin in copy.origins() if not origin.resolve().is_relative_to(copy.root)]
    if elsewhere:
        raise RuntimeError(f"the copy imports what is not in it: {', '.join(elsewhere)}")
    return copy


def catching_test(copy: Copy, mutant: Mutant, *, everything: bool) -> str | None:
    """The test that fails with the mutant in the copy; None: none does."""
    text = (copy.root / mutant.file).read_text()
    copy.write(mutant.file, mutant.applied_to(text))
    try:
        return next(filter(None, map(copy.failing, _steps(copy, mutant, everything=everything))), None)
    finally:
        copy.write(mutant.file, text)


def _steps(copy: Copy, mutant: Mutant, *, everything: bool) -> Iterator[list[str]]:
    known = mutant.caught_by
    if known is not None and is_there(copy.root, known):
        yield [known]
    if named := [path for path in mutant.tests if (copy.root / path).exists()]:
        yield named
    if everything:
        yield [*EVERYTHING]


def is_there(root: Path, test: str) -> bool:
    """Whether a tree has a test; one of a class may be inherited from a class of a file beside it."""
    path, name = root / test.partition("::")[0], test.rpartition("::")[2]
    return path.is_file() and any(f"def {name}(" in each.read_text() for each in path.parent.glob("*.py"))


def chosen(words: Sequence[str]) -> list[Mutant]:
    """The mutants of these ids and rooms; all, if none is named. Raises `LookupError` for a word that names none."""
    mutants = listed()
    known = {word for mutant in mutants for word in (mutant.id, mutant.room)}
    if unknown := sorted({*words} - known):
        raise LookupError(f"no mutant and no room: {', '.join(unknown)}; {LIST} has {', '.join(sorted(known))}")
    return [mutant for mutant in mutants if not words or mutant.id in words or mutant.room in words]


def try_out(copy: Copy, mutants: Sequence[Mutant], named: Sequence[str]) -> bool:
    """Tell of each mutant what became of it; whether all are caught that the list says are."""
    is_good, noticed = True, dict[str, None]()
    for mutant in mutants:
        began = time.monotonic()
        try:
            # Nobody waits for all tests to pass once more, unless they ask for this survivor.
            test = catching_test(copy, mutant, everything=mutant.caught_by is not None or mutant.id in named)
        except (LookupError, RuntimeError) as error:
            is_good = False
            _tell(str(error))
            continue
        if test is None:
            is_good = is_good and mutant.caught_by is None
            told = "survives" if mutant.caught_by is None else f"SURVIVES; {mutant.caught_by} caught it before"
        else:
            noticed[test] = None
            told = f"caught by {test}"
            if test != mutant.caught_by:
                told += ", which the list does not say: give it as caught_by"
        _tell(f"{mutant.id}: {told} ({time.monotonic() - began:.0f} s)")
    if noticed and (test := copy.failing([*noticed])) is not None:
        is_good = False
        _tell(f"{test} fails without any mutant, too")
    return is_good


def main(words: Sequence[str]) -> int:
    """Try the mutants that are named, or all; how the process ends."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as place:
        try:
            mutants, copy = chosen(words), copy_of_tree(Path(place))
        except (LookupError, RuntimeError) as error:
            _tell(str(error))
            return 1
        return 0 if try_out(copy, mutants, words) else 1


def _tell(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - for whoever waits


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
