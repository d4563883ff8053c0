"""The files that pages load: styles, scripts, the font. Their addresses change with their content."""

import hashlib
from functools import cache
from pathlib import Path

from fastapi.staticfiles import StaticFiles
from starlette.applications import Starlette

STATIC = Path(__file__).parent / "static"
PATH = "/static/"
CACHED = "public, max-age=31536000, immutable"
"""How files are cached: what an address gives never changes."""


def digest_of(folder: Path) -> str:
    """Stands for the content of all files of a folder."""
    digest = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        if file.is_file():
            digest.update(f"{file.name}:{hashlib.sha256(file.read_bytes()).hexdigest()};".encode())
    return digest.hexdigest()[:16]


@cache
def version() -> str:
    """Of the files that this console has. One for all of them, as styles name the font by a relative address."""
    return digest_of(STATIC)


def static_url(name: str) -> str:
    """The path of a file, for templates. Raises FileNotFoundError where there is none."""
    if not (STATIC / name).is_file():
        raise FileNotFoundError(name)
    return f"{PATH}{version()}/{name}"


def add_static_files(app: Starlette) -> None:
    """Serve the files, of this version alone: no page is given another one's script."""
    app.mount(f"{PATH}{version()}", StaticFiles(directory=STATIC), name="static")
