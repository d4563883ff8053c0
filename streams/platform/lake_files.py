"""Opens the lake that the settings name, and checks that it is usable before anything is read or written."""

from sinks.lake.files import Files, new_name, open_files
from sinks.lake.manifests import STAGING, is_lake
from streams.platform.errors import LakeStopped, WrongLakeSetting
from streams.platform.settings import Settings


def lake_files_of(settings: Settings) -> Files:
    """The lake that the settings name. Raises `LakeStopped` that names the setting and the cure."""
    files = _opened(lake_place_of(settings), group_reads=settings.lake_group_reads)
    try:
        _require_writable(files)
    except ValueError as error:
        raise LakeStopped(f"HARMONIA_LAKE: {error}") from error
    return files


def lake_place_of(settings: Settings) -> str:
    """Where the lake is, for who only reads it. Raises `LakeStopped`."""
    if settings.lake is None:
        raise WrongLakeSetting("HARMONIA_LAKE is not set: name a folder, or a URI such as s3://bucket/lake")
    return settings.lake


def existing_lake_of(settings: Settings) -> Files:
    """The lake that the settings name, which must exist. Raises `LakeStopped` also where it does not, and OSError."""
    require_lake(lake_place_of(settings))
    return lake_files_of(settings)


def require_lake(place: str) -> Files:
    """The lake at `place`, of HARMONIA_LAKE, to read. Raises `LakeStopped` where none has begun, and OSError."""
    files = _opened(place)
    if not is_lake(files):
        raise LakeStopped(
            f"there is no lake at {files.address('')}: set HARMONIA_LAKE to where it is; `harmonia lake run` begins one"
        )
    return files


def require_files(place: str) -> None:
    """Raise `LakeStopped` where `place` is neither a lake nor a folder with files of one."""
    if not _opened(place).below(""):
        require_lake(place)


def _opened(place: str, *, group_reads: bool = False) -> Files:
    try:
        return open_files(place, group_reads=group_reads)
    except ValueError as error:
        raise WrongLakeSetting(f"HARMONIA_LAKE: {error}") from error


def _require_writable(files: Files) -> None:
    """Create a file as manifests are created, twice, and take it away. Raises ValueError."""
    folder = f"{STAGING}/trials/{new_name()}"
    try:
        made = [files.create(f"{folder}/trial", content, f"{folder}/draft") for content in (b"1", b"2")]
        files.delete_below(folder)
    except Exception as error:  # each store has errors of its own
        why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise ValueError(f"cannot be written to: {why}") from error
    if made != [True, False]:
        raise ValueError("a store is needed that creates a file only where there is none, and this one overwrites it")
