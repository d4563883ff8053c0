"""What this machine needs to reach its package index, for steps of a build that run in another root.

The certificates that it trusts, pip's settings and the proxy: whatever is set here, and nothing that is known by name.
"""

import ast
import configparser
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.image.commands import run

_CERTIFICATES = Path("/etc/ssl/certs")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_SETTINGS = frozenset(
    {"cert", "client-cert", "default-timeout", "extra-index-url", "find-links", "index-url", "no-index", "proxy"}
    | {"retries", "timeout", "trusted-host"}
)
_PATHS = frozenset({"cert", "client-cert", "find-links"})


def build_options(folder: Path) -> Iterator[str]:
    """Options of `buildah bud`; a file of settings for pip is made in `folder`."""
    settings = _pip_settings()
    wanted = [_CERTIFICATES, *(Path(value) for name, value in settings.items() if name in _PATHS)]
    for path in dict.fromkeys(path for path in wanted if path.is_absolute() and path.exists()):
        if path == _CERTIFICATES or _CERTIFICATES not in path.parents:
            yield f"--volume={path}:{path}:ro"
    written = configparser.RawConfigParser()
    written["global"] = settings
    with (folder / "pip.conf").open("w") as file:
        written.write(file)
    yield f"--volume={folder / 'pip.conf'}:/etc/pip.conf:ro"
    for name in _PROXIES:
        if name in os.environ:
            yield f"--build-arg={name}"  # buildah takes its value from the environment; a word of a command is printed


def _pip_settings() -> dict[str, str]:
    """Those about where packages come from; what the environment says stands last, and above the files."""
    found: dict[str, str] = {}
    for line in run(sys.executable, "-m", "pip", "config", "list", patience_s=60).splitlines():
        name, _, value = line.partition("=")
        if (short := name.rpartition(".")[2]) in _SETTINGS:
            found[short] = "\n".join(str(ast.literal_eval(value)).split())
    return found
