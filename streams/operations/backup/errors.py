"""Why a backup cannot be taken or restored. The text says what to do about it."""


class BackupError(Exception):
    """Nothing that counts was written."""
