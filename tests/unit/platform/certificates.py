"""Certificates of a test's own authority, as files."""

from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)


class Authority:
    """Signs certificates and writes them into a folder, keys in PKCS #8, which Java reads too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = trustme.CA()
        self.file = folder / "ca.pem"
        self._authority.cert_pem.write_to_path(str(self.file))

    def issue(self, name: str, password: str = "") -> tuple[Path, Path]:
        """Certificate and key of somebody on this machine; the key is encrypted if there is a password."""
        issued = self._authority.issue_cert("127.0.0.1", "localhost", common_name=name)
        certificate, key = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        certificate.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
        how = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        plain = load_pem_private_key(issued.private_key_pem.bytes(), None)
        key.write_bytes(plain.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how))
        return certificate, key
