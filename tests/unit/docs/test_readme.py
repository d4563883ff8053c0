"""The README says what the code says."""

import re
import subprocess
from pathlib import Path

from streams.platform.settings import Settings

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text()
SETTING = re.compile(r"^\| `([A-Z_]+)` \| (.+?) \| (.+) \|$", re.MULTILINE)


def test_the_table_of_settings_is_that_of_the_code() -> None:
    said = {name: (default, what) for name, default, what in SETTING.findall(README)}
    meant = {}
    for field, info in Settings.model_fields.items():
        name = str(info.validation_alias or f"HARMONIA_{field.upper()}")
        default = "none" if str(info.default) in ("None", "") else f"`{info.default}`"
        meant[name] = ("a local one" if field == "identity_key" else default, info.description)
    assert said == meant


def test_a_shell_gets_the_variables_of_a_file_with_comments_and_spaces(tmp_path: Path) -> None:
    [line] = re.findall(r"^(.*)\n(?=echo .*\n(?:.*\n)*?.*kcat)", README, re.MULTILINE)
    (tmp_path / ".env").write_text(
        "# it's ours\nHARMONIA_TEAM='one two'\n\nKAFKA_BOOTSTRAP=127.0.0.1:4711 # the local one\n"
    )
    ended = subprocess.run(
        ["/bin/sh", "-c", f"{line}\nprintenv KAFKA_BOOTSTRAP HARMONIA_TEAM"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.stdout, ended.stderr) == ("127.0.0.1:4711\none two\n", "")


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
