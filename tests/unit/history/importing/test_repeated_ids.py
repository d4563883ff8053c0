"""Two events of one file with one source and id: a copy is nothing, other content is told."""

from streams.history.importing import import_run
from streams.history.importing.import_run import RepeatedIds


def test_a_repeated_id_with_other_content_is_named_with_both_lines() -> None:
    repeated = RepeatedIds()
    for line, source, id_, content in (
        (1, "bank", "g-1", b"25"),
        (2, "bank", "g-1", b"250"),
        (3, "bank", "g-1", b"25"),
        (4, "shop", "g-1", b"250"),
        (5, "bank", "g-2", b"250"),
    ):
        repeated.see(line, source, id_, content)
    assert repeated.remarks() == ["line 2 repeats the id of line 1 with other content: only the first counts"]
    assert repeated.count == 1


def test_the_first_repeated_ids_are_named_and_all_are_counted() -> None:
    repeated = RepeatedIds()
    for line in range(1, import_run.MOST_SHOWN + 7):
        repeated.see(line, "bank", "g", str(line).encode())
    assert repeated.count == import_run.MOST_SHOWN + 5
    assert repeated.remarks()[-1] == "and 5 more lines that repeat an id with other content"
