"""Finds events of one file that have the same source and id but other content: workers count only the first."""

from hashlib import blake2b

MOST_REMEMBERED = 2_000_000
"""Ids that are kept, of about 150 bytes each; what repeats one of a longer file's later ids is not noticed."""
MOST_SHOWN = 20


class RepeatedIds:
    """Finds events of a file that repeat an id with other content; `shown`: the first remarks; `count`: of all."""

    def __init__(self) -> None:
        self._first: dict[bytes, tuple[int, bytes]] = {}
        self.shown: list[str] = []
        self.count = 0

    def see(self, line: int, source: str, id_: str, content: bytes) -> None:
        """Compare the next event with those before it. An equal copy is no loss, and is not remarked."""
        name, digest = _digest(f"{source}\0{id_}".encode()), _digest(content)
        first = self._first.get(name)
        if first is None:
            if len(self._first) < MOST_REMEMBERED:
                self._first[name] = (line, digest)
        elif first[1] != digest:
            self.count += 1
            if len(self.shown) < MOST_SHOWN:
                self.shown.append(
                    f"line {line} repeats the id of line {first[0]} with other content: only the first counts"
                )

    def told(self) -> list[str]:
        """The remarks, for people."""
        more = self.count - len(self.shown)
        return [*self.shown, *([f"and {more:,} more lines that repeat an id with other content"] if more else [])]


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()
