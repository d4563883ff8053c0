"""The error of taking or restoring a backup. Its text says what to do about it."""


class BackupError(Exception):
    """A backup cannot be taken or restored; nothing that counts was written."""
