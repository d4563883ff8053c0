"""Errors of the local stack; in a module of their own, since the rest needs the extra `local`."""


class LocalStackError(Exception):
    """The local stack cannot do what was asked; the text is for the person at the terminal."""


class PortLost(Exception):
    """Another program took a port between its choice and the start of the server; another port may do."""
