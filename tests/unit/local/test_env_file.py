from pathlib import Path

import pytest

from streams.local.env_file import MergedEnvFile, merge_env, write_env

SERVERS = {"KAFKA_BOOTSTRAP": "127.0.0.1:4711", "REDIS_URL": "redis://127.0.0.1:4712/0"}
BOTH = "KAFKA_BOOTSTRAP=127.0.0.1:4711\nREDIS_URL=redis://127.0.0.1:4712/0\n"


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        ("", BOTH, []),
        ("HARMONIA_IDENTITY_KEY=k=1\n", f"HARMONIA_IDENTITY_KEY=k=1\n{BOTH}", ["HARMONIA_IDENTITY_KEY"]),
        ("# REDIS_URL=\n\nA=1", f"# REDIS_URL=\n\nA=1\n{BOTH}", ["A"]),
        ("export kafka_bootstrap = x:1\nA=1\nREDIS_URL=y\n", BOTH.replace("\n", "\nA=1\n", 1), ["A"]),
        ("A='x\x85y\x0cz\u2028'\n", f"A='x\x85y\x0cz\u2028'\n{BOTH}", ["A"]),
        ('A="a\nREDIS_URL=zz\nb" # "\n\nB=it\'s\n', f'A="a\nREDIS_URL=zz\nb" # "\n\nB=it\'s\n{BOTH}', ["A", "B"]),
        ("\n  REDIS_URL='a\nKAFKA_BOOTSTRAP=c'\n# it's\n", "\nREDIS_URL={1}\n# it's\nKAFKA_BOOTSTRAP={0}\n", []),
        ("A='open\nREDIS_URL=a\n", "A='open\nREDIS_URL={1}\nKAFKA_BOOTSTRAP={0}\n", []),
        ("REDIS_URL=a\nREDIS_URL=b\nKAFKA_BOOTSTRAP=c\n", "\n".join([*BOTH.split()[::-1], ""]), []),
    ],
)
def test_values_replace_older_ones_in_an_env_file_and_all_else_stays(before: str, after: str, kept: list[str]) -> None:
    assert merge_env(before, SERVERS) == MergedEnvFile(
        after.replace("{0}", SERVERS["KAFKA_BOOTSTRAP"]).replace("{1}", SERVERS["REDIS_URL"]), kept
    )


def test_an_env_file_keeps_its_permissions_and_a_link_its_target(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / ".env"
    real.write_text("HARMONIA_IDENTITY_KEY=secret\n")
    real.chmod(0o640)
    link.symlink_to(real)

    assert write_env(link, SERVERS) == ["HARMONIA_IDENTITY_KEY"]

    assert link.is_symlink()
    assert real.read_text() == f"HARMONIA_IDENTITY_KEY=secret\n{BOTH}"
    assert real.stat().st_mode & 0o777 == 0o640
    assert {each.name for each in tmp_path.iterdir()} == {"real", ".env"}


def test_a_new_env_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    assert write_env(tmp_path / ".env", SERVERS) == []
    assert (tmp_path / ".env").read_text() == BOTH
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600


def test_an_env_file_that_is_no_text_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xff\n")
    with pytest.raises(UnicodeDecodeError):
        write_env(tmp_path / ".env", SERVERS)
    assert (tmp_path / ".env").read_bytes() == b"A=\xff\n"
