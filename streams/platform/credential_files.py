"""Secrets, certificates and keys in files that settings name, checked before anything connects with them.

Orchestrators mount secrets as files, in place of environment variables.
"""

import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Files for TLS with a server: by which it is known (`ca`; none: the system's), and what this process shows to it.

    `of`: the prefix of the names of these settings, for messages about mistakes in them.
    """

    of: str
    ca: Path | None
    certificate: Path | None
    key: Path | None
    key_password: str = field(repr=False)

    @property
    def given(self) -> str | None:
        """The name of the first of these settings that is given; None: none is."""
        parts = {"CA": self.ca, "CERTIFICATE": self.certificate, "KEY": self.key, "KEY_PASSWORD": self.key_password}
        return next((f"{self.of}_{name}" for name, part in parts.items() if part), None)


def tls_context_of(files: TlsFiles) -> ssl.SSLContext:
    """The TLS context of clients, which checks the server's certificate and name.

    Raises `ValueError` that names the setting that is wrong, and nothing of what is in it.
    """
    for name, file in (("CA", files.ca), ("CERTIFICATE", files.certificate), ("KEY", files.key)):
        if file is not None:
            _require_readable(f"{files.of}_{name}", file)
    if files.key and not files.certificate:
        raise ValueError(f"{files.of}_KEY is set, and {files.of}_CERTIFICATE is not: set both or none")
    if files.key_password and not files.certificate:
        raise ValueError(f"{files.of}_KEY_PASSWORD is set, and {files.of}_CERTIFICATE is not: set both or none")
    context = _trusting(files)
    if files.certificate is not None:
        _show_in(context, files)
    return context


def _require_readable(name: str, file: Path) -> None:
    try:
        file.open("rb").close()
    except OSError as error:
        raise ValueError(f"{name} cannot be read: {error.strerror}") from None


def _trusting(files: TlsFiles) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=files.ca)
    except ssl.SSLError:
        raise ValueError(f"{files.of}_CA holds no certificate in PEM") from None


def _show_in(context: ssl.SSLContext, files: TlsFiles) -> None:
    # Without a password, even an empty one, OpenSSL would ask the terminal for that of a key that has one.
    try:
        context.load_cert_chain(str(files.certificate), files.key, files.key_password)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise ValueError(f"{files.of}_KEY does not belong to {files.of}_CERTIFICATE") from None
        raise ValueError(
            f"{files.of}_CERTIFICATE and {files.of}_KEY hold no certificate and key in PEM that "
            f"{files.of}_KEY_PASSWORD opens"
        ) from None


_FILE = "_file"


def read_secret_files(given: dict[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    """The given settings, with each field `x` whose `x_file` was given read from that file.

    White space around it does not count. Raises `ValueError` that names the variable and shows no value, for a
    secret may have been put there by mistake.
    """
    read = dict(given)
    for setting in fields:
        file = given.get(setting + _FILE)
        if file:
            name = f"HARMONIA_{setting.upper()}"
            if given.get(setting):
                raise ValueError(f"{name} and {name}_FILE are both set: leave one")
            read[setting] = _content(f"{name}_FILE", Path(file))
    return read


def _content(name: str, file: Path) -> str:
    try:
        text = file.read_text().strip()
    except OSError as error:
        raise ValueError(f"{name} cannot be read: {error.strerror}{_shown_path(file)}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{name} is not text") from None
    if not text:
        raise ValueError(f"{name} is empty")
    return text


def _shown_path(file: Path) -> str:
    """The path, where it begins with a folder that is there; else it may be the secret itself, put in its place."""
    place = file.absolute()
    folder = Path(*place.parts[:2]) if file.is_absolute() else Path(file.parts[0]).absolute()
    return f": {file}" if len(file.parts) > 1 and folder.is_dir() else f"; it was looked for in {Path.cwd()}"
