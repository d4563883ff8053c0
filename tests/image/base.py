"""Makes a base for the image out of Debian's packages: Python and no more, as `python:3.12-slim` has it.

No registry of images is reached everywhere, but a machine with apt reaches its packages. The release is this machine's.
"""

import os
import platform
import tarfile
from pathlib import Path

from tests.image.commands import run

_PACKAGES = "python3,python3-venv,ca-certificates"
_LEFT_OUT = (
    "./dev",
    "./proc",
    "./sys",
    "./var/cache/apt",
    "./var/lib/apt/lists",
    "./usr/share/doc",
    "./usr/share/locale",
)
_PATIENCE_S = 600


def make_base(folder: Path) -> Path:
    """A tar file of the base, in `folder`."""
    root, packed = folder / "base", folder / "base.tar"
    release = platform.freedesktop_os_release()["VERSION_CODENAME"]
    site, components = _mirror(release)
    options = ("--variant=minbase", f"--include={_PACKAGES}", f"--components={components}")
    run("debootstrap", *options, release, root, site, patience_s=_PATIENCE_S, environment=_environment())
    (root / "usr/bin/python").symlink_to("python3")
    # Debian's own Python refuses pip; that of the image that this one stands for does not.
    for note in root.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
        note.unlink()
    with tarfile.open(packed, "w") as tar:
        tar.add(root, ".", filter=_kept)
    return packed


def _kept(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if member.name.startswith(_LEFT_OUT) else member


def _mirror(release: str) -> tuple[str, str]:
    """Where this machine has the packages of a release from, and of which components."""
    said = run(
        "apt-get",
        "indextargets",
        "--format",
        "$(SITE) $(COMPONENT)",
        "Created-By: Packages",
        f"Release: {release}",
        patience_s=30,
    )
    targets = [line.split() for line in said.splitlines()]
    assert targets, f"apt has no list of {release}: run apt-get update"
    site = targets[0][0]
    return site, ",".join(dict.fromkeys(component for each, component in targets if each == site))


def _environment() -> dict[str, str]:
    """This process's, with the proxy that apt was told of."""
    said = run("apt-config", "dump", "--format", "%v%n", "Acquire::http::Proxy", patience_s=30).strip()
    return {**os.environ, **({"http_proxy": said} if said else {})}
