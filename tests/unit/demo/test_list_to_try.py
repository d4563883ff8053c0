"""The list of the demo's people that `/send` offers is made of what the demo's teams have sent."""

import csv

from streams.demo.list_to_try import MOST, list_to_try
from streams.demo.script import write_script


def test_the_list_names_people_whom_the_demo_has_written_to_each_once_and_not_too_many() -> None:
    sent = write_script(3, 0.1).accepted()
    head, *rows = csv.reader(list_to_try(sent).splitlines())
    assert head == ["voter_id", "external.fec", "email", "region"]
    written_to = {one.contact.get("email", "").strip() for one in sent if one.type == "email.sent"}
    assert {row[2] for row in rows} <= written_to - {""}
    assert 100 < len(rows) == len({tuple(row[:2]) for row in rows}) <= MOST


def test_a_script_without_mails_makes_a_list_without_rows() -> None:
    assert list_to_try([]) == "voter_id,external.fec,email,region\n"
