"""What can go wrong with the local stack; apart from the rest, which needs the extra `local`."""


class LocalStackError(Exception):
    """The local stack cannot do what was asked; the text is for the person at the terminal."""


class PortLost(Exception):
    """Somebody else took a port between the choice and the start; another choice may do."""
