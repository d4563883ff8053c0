"""What is installed: three packages, whose plain names no other distribution brings, with every file of theirs."""

import importlib
import subprocess
import sys
import zipfile
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
OURS = ("events", "sinks", "streams")


@pytest.mark.parametrize("name", OURS)
def test_each_package_is_ours(name: str) -> None:
    package = importlib.import_module(name)
    assert package.__file__
    assert Path(package.__file__) == ROOT / name / "__init__.py"


def test_no_other_distribution_brings_a_package_of_our_names() -> None:
    clashes = [
        f"{distribution.name}: {file}"
        for distribution in distributions()
        if distribution.name != "harmonia"
        for file in distribution.files or ()
        if file.parts[0].removesuffix(".py") in OURS
    ]
    assert clashes == []


def test_the_wheel_has_every_file_of_ours_templates_too_and_finds_them(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, capture_output=True, check=True)
    [wheel] = tmp_path.glob("*.whl")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *OURS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = [name for name in listed.stdout.split("\0") if (ROOT / name).is_file()]
    templates = [Path(name) for name in files if Path(name).parent.name == "templates"]

    assert {*files} <= {*zipfile.ZipFile(wheel).namelist()}
    assert templates
    there = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(there)
    load = "import sys\nfrom streams.history import page_templates\n"
    load += "assert page_templates.__file__.startswith(sys.argv[1])\n"
    for path in templates:
        load += f"page_templates.environment({'.'.join(path.parts[:-2])!r}).get_template({path.name!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", load, str(there)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(there)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
