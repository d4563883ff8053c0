"""How long a mailing waits for leave: an audience judged by the command itself."""
