"""What can happen to a PostgreSQL, and to those who write to it and read it."""

import asyncio
import logging

import asyncpg
import orjson
import pytest

from events.adapters.values import _NO_DECIMALS, _THREE_DECIMALS, decimals
from events.topics import CONTACT_LINKS, CONTACT_STATE, CONTACT_SUPPRESSIONS
from sinks.base import Completeness, ContactChange, Position, SinkUnavailable
from sinks.postgres.database import NewerSchema, OtherPartitions, PostgresDatabase, migrations
from sinks.postgres.rows import RecordChange
from sinks.postgres.sink import PostgresContacts, PostgresRecords
from streams.local.postgres import USER, PostgresServer
from tests.contract.contact_sink import STALE_AFTER, TOPIC, at, erased, forgotten, living
from tests.contract.lossy_proxy import LossyProxy

WHOLE = Completeness(0, 1)


async def shown(reader: asyncpg.Connection) -> dict[str, int]:
    return {row[0]: int(row[1]) for row in await reader.fetch("SELECT contact_id, version FROM harmonia.contacts")}


async def fill_whole(sink: PostgresContacts, changes: list[ContactChange], offset: int) -> None:
    """Write a partition from its start until it is complete in both topics."""
    assert await sink.write(0, changes, None, at(offset))
    links = sink.reading(CONTACT_LINKS)
    assert await links.write(0, [], None, at(0))
    assert await links.whole(0, at(0), WHOLE)
    assert await sink.whole(0, at(offset), WHOLE)


async def test_a_reader_sees_no_fewer_contacts_at_any_step_of_a_refill(
    contacts: PostgresContacts, reader: asyncpg.Connection
) -> None:
    everybody = [living(f"c-{n}", n + 1) for n in range(40)]
    await fill_whole(contacts, everybody, 40)
    seen = []
    await contacts.clear(0, 1)
    seen.append(await shown(reader))
    links, position = contacts.reading(CONTACT_LINKS), None
    assert await links.write(0, [], None, at(0))
    for offset in range(0, 40, 10):
        assert await contacts.write(0, everybody[offset : offset + 10], position, at(offset + 10))
        position = at(offset + 10)
        seen.append(await shown(reader))
    assert await contacts.whole(0, at(40), WHOLE)
    seen.append(await shown(reader))
    assert await links.whole(0, at(0), WHOLE)
    seen.append(await shown(reader))
    assert seen == [{f"c-{n}": n + 1 for n in range(40)}] * len(seen)
    assert await reader.fetchval("SELECT count(*) FROM harmonia.contact_records") == 40


async def test_whoever_is_gone_from_the_topic_goes_with_the_refill(
    contacts: PostgresContacts, reader: asyncpg.Connection
) -> None:
    await fill_whole(contacts, [living("ada", 5), living("gone", 5), living("bob", 9)], 3)
    await contacts.clear(0, 1)
    await fill_whole(contacts, [living("ada", 2), erased("bob", 10)], 2)
    assert await shown(reader) == {"ada": 2}
    assert await reader.fetchval("SELECT count(*) FROM harmonia.contact_records") == 2


async def test_a_refill_that_is_given_up_leaves_nothing_behind(
    contacts: PostgresContacts, reader: asyncpg.Connection
) -> None:
    await fill_whole(contacts, [living("ada", 1)], 1)
    for _ in range(3):
        await contacts.clear(0, 1)
        assert await contacts.write(0, [living("half", 1)], None, at(1))
    await contacts.clear(0, 1)
    assert await shown(reader) == {"ada": 1}
    assert await reader.fetchval("SELECT count(*) FROM harmonia.contact_records") == 1


async def test_an_owner_from_before_a_refill_writes_nothing_into_it(
    contacts: PostgresContacts, database: PostgresDatabase, reader: asyncpg.Connection
) -> None:
    frozen = PostgresContacts(database, stale_after=STALE_AFTER)
    await fill_whole(contacts, [living("ada", 1)], 1)
    await contacts.clear(0, 1)
    assert not await frozen.write(0, [living("ada", 7)], at(1), at(2))
    assert not await frozen.whole(0, at(1), WHOLE)
    assert await shown(reader) == {"ada": 1}


async def test_of_two_owners_at_one_position_one_moves_it(
    contacts: PostgresContacts, postgres: PostgresServer, reader: asyncpg.Connection
) -> None:
    rival_database = PostgresDatabase(postgres.url)
    rival = PostgresContacts(rival_database, stale_after=STALE_AFTER)
    position = None
    for offset in range(1, 16):
        change = [living("ada", offset)]
        moved = await asyncio.gather(*(each.write(0, change, position, at(offset)) for each in (contacts, rival)))
        assert sorted(moved) == [False, True]
        position = at(offset)
    assert await shown(reader) == {"ada": 15}
    await rival.close()


async def test_a_lost_answer_is_found_again_by_the_position(
    contacts: PostgresContacts, postgres: PostgresServer, reader: asyncpg.Connection
) -> None:
    async with LossyProxy(postgres.port) as proxy:
        sink = PostgresContacts(PostgresDatabase(postgres.url_of("postgres", proxy.port)), stale_after=STALE_AFTER)
        assert await sink.write(0, [living("ada", 1)], None, at(1))
        lost = 0
        proxy.lose_answers()
        for version in range(2, 8):  # the first answer that is lost may be to what comes before the statement
            try:
                await sink.write(0, [living("ada", version)], at(version - 1), at(version))
            except SinkUnavailable:
                lost += 1
                proxy.lose_answers(False)
                stands = await sink.position(0)
                assert stands in {at(version - 1), at(version)}
                assert await shown(reader) == {"ada": stands.offset}
                if stands == at(version - 1):
                    assert await sink.write(0, [living("ada", version)], stands, at(version))
                else:
                    assert not await sink.write(0, [living("ada", version)], at(version - 1), at(version))
            proxy.lose_answers()
        assert lost == 6
        await sink.close()
    assert await shown(reader) == {"ada": 7}


async def test_a_killed_server_goes_on_where_it_was(contacts: PostgresContacts, postgres: PostgresServer) -> None:
    assert await contacts.write(0, [living("ada", 1)], None, at(1))
    postgres.kill()
    with pytest.raises(SinkUnavailable):
        await contacts.write(0, [living("ada", 2)], at(1), at(2))
    postgres.start()
    assert await contacts.position(0) == at(1)
    assert await contacts.write(0, [living("ada", 2)], at(1), at(2))


async def test_a_frozen_server_is_unavailable_within_the_limit(
    contacts: PostgresContacts, postgres: PostgresServer
) -> None:
    hasty = PostgresContacts(PostgresDatabase(postgres.url, timeout=1.0), stale_after=STALE_AFTER)
    assert await hasty.write(0, [living("ada", 1)], None, at(1))
    postgres.freeze()
    try:
        async with asyncio.timeout(60):
            with pytest.raises(SinkUnavailable):
                await hasty.write(0, [living("ada", 2)], at(1), at(2))
    finally:
        postgres.thaw()
    assert await contacts.position(0) in {at(1), at(2)}
    await hasty.close()


async def test_a_dump_that_is_behind_goes_on_from_its_own_position(
    contacts: PostgresContacts, reader: asyncpg.Connection
) -> None:
    """The dump is a copy of the tables at one moment, put back later."""
    tables = "stores", "positions", "contact_records", "topic_records"
    await fill_whole(contacts, [living("ada", 1), living("bob", 1)], 2)
    await reader.execute("".join(f"CREATE TEMP TABLE {name} AS TABLE harmonia.{name};" for name in tables))
    assert await contacts.write(0, [living("ada", 2), forgotten("bob", 2)], at(2), at(4))
    for name in tables:
        await reader.execute(f"DELETE FROM harmonia.{name}; INSERT INTO harmonia.{name} SELECT * FROM pg_temp.{name}")
    assert await shown(reader) == {"ada": 1, "bob": 1}
    assert not await contacts.touch(0, at(4))
    assert await contacts.position(0) == at(2)
    assert await contacts.write(0, [living("ada", 2), forgotten("bob", 2)], at(2), at(4))
    assert await shown(reader) == {"ada": 2}


async def test_a_value_that_is_no_good_stops_nothing_and_is_told_to_no_log(
    contacts: PostgresContacts, reader: asyncpg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    profiles = {
        "nul": rb'{"tags": ["a\u0000b"], "donations": {"count": 2}}',
        "escaped": rb'{"tags": ["a\\u0000b"]}',
        "huge": b'{"donations": {"count": 1' + b"0" * 400 + b"}}",
        "vast": b'{"n": 1e999999}',
        "late": b'{"last_seen": "9999-12-31T23:59:59.999Z"}',
        "odd time": b'{"last_seen": "99999-12-31T23:59:59Z"}',
        "deep": b"[" * 20_000 + b"]" * 20_000,
        "surrogate": rb'{"tags": ["\ud800"]}',
        "no json": b"Ada Lovelace",
        "good": b'{"donations": {"count": 3}}',
    }
    changes = [living(name, 1, profile) for name, profile in profiles.items()]
    with caplog.at_level(logging.DEBUG):
        assert await contacts.write(0, [*changes, living("key\0with nul", 1)], None, at(11))
    assert await contacts.position(0) == at(11)
    found = {row["contact_id"]: row for row in await reader.fetch("SELECT * FROM harmonia.contacts")}
    assert found.keys() == profiles.keys()
    assert (found["nul"]["gifts"], found["good"]["gifts"], found["huge"]["gifts"]) == (2, 3, None)
    assert orjson.loads(found["nul"]["profile"])["tags"] == ["a\N{REPLACEMENT CHARACTER}b"]
    assert orjson.loads(found["escaped"]["profile"])["tags"] == [r"a\u0000b"]
    assert found["late"]["last_seen"].year == 9999
    kept = await reader.fetch(
        "SELECT contact_id, unreadable FROM harmonia.contact_records WHERE unreadable IS NOT NULL"
    )
    assert {row[0]: row[1] for row in kept} == {
        name: profiles[name] for name in ("vast", "deep", "surrogate", "no json")
    }
    assert "Lovelace" not in caplog.text
    assert "with nul" not in caplog.text


async def test_a_run_larger_than_a_call_is_written_in_parts_and_once(
    contacts: PostgresContacts, reader: asyncpg.Connection
) -> None:
    large = b'{"tags": ["%s"]}' % (b"x" * 1_500_000)
    assert await contacts.write(0, [living(f"c-{n}", 1, large) for n in range(7)], None, at(7))
    assert await contacts.position(0) == at(7)
    assert len(await shown(reader)) == 7


async def test_records_of_a_topic_follow_its_keys(database: PostgresDatabase, reader: asyncpg.Connection) -> None:
    sink = PostgresRecords(database, CONTACT_SUPPRESSIONS, stale_after=STALE_AFTER)
    closed = b'{"email": {"reason": "complained", "since": "2012-01-01T00:00:00.000Z", "source": "s", "id": "1"}}'
    passing = b'{"text": {"reason": "suppressed", "since": "2012-01-01T00:00:00.000Z", "until": "%s"}}'
    over, still = passing % b"2012-02-01T00:00:00.000Z", passing % b"2999-01-01T00:00:00.000Z"
    changes = [RecordChange("ada", b"{}"), RecordChange("ada", closed), RecordChange("bob", over)]
    assert await sink.write(0, [*changes, RecordChange("cyd", still), RecordChange("dan")], None, at(5))
    assert not await sink.write(0, [RecordChange("ada")], None, at(5))
    listed = "SELECT contact_id, channel, reason FROM harmonia.suppressions ORDER BY contact_id"
    assert [tuple(row) for row in await reader.fetch(listed)] == [
        ("ada", "email", "complained"),
        ("cyd", "text", "suppressed"),
    ]
    assert await sink.write(0, [RecordChange("ada")], at(5), at(6))
    assert [row["contact_id"] for row in await reader.fetch(listed)] == ["cyd"]
    assert await sink.whole(0, at(6), WHOLE)
    await sink.clear(0, 1)
    assert [row["contact_id"] for row in await reader.fetch(listed)] == ["cyd"]
    assert await sink.write(0, [], None, Position(TOPIC, 6))
    assert await sink.whole(0, at(6), WHOLE)
    assert await reader.fetchval("SELECT count(*) FROM harmonia.topic_records") == 0


async def test_several_processes_make_the_schema_at_once_and_a_dropped_one_is_made_again(
    postgres: PostgresServer, contacts: PostgresContacts, reader: asyncpg.Connection
) -> None:
    await reader.execute("DROP SCHEMA harmonia CASCADE")
    with pytest.raises(SinkUnavailable):
        await contacts.position(0)
    databases = [PostgresDatabase(postgres.url) for _ in range(4)]
    sinks = [PostgresContacts(database, stale_after=STALE_AFTER) for database in databases]
    assert [*await asyncio.gather(*(sink.position(0) for sink in sinks))] == [None] * 4
    assert await contacts.position(0) is None
    done = await reader.fetch("SELECT number FROM harmonia.migrations ORDER BY number")
    assert [row["number"] for row in done] == [number for number, _ in migrations()]
    for sink in sinks:
        await sink.close()


async def test_a_schema_of_a_later_version_is_left_alone(
    postgres: PostgresServer, database: PostgresDatabase, reader: asyncpg.Connection
) -> None:
    await reader.execute("INSERT INTO harmonia.migrations VALUES (999, now())")
    older = PostgresDatabase(postgres.url)
    try:
        with pytest.raises(NewerSchema, match="999"):
            await older.call("SELECT 1")
    finally:
        await reader.execute("DELETE FROM harmonia.migrations WHERE number = 999")
        await older.close()


@pytest.mark.parametrize("is_kept", [True, False], ids=["kept", "of before they were kept"])
async def test_a_schema_that_was_filled_from_other_partitions_is_left_alone_until_it_is_dropped(
    postgres: PostgresServer, database: PostgresDatabase, reader: asyncpg.Connection, *, is_kept: bool
) -> None:
    """Whoever moved from partition 0 to 4 would be shown in both; who moved from 4 to 0 would stay in 4 for ever."""

    async def started(partitions: int) -> None:
        counts = dict.fromkeys((CONTACT_STATE, CONTACT_SUPPRESSIONS), partitions)
        again = PostgresDatabase(postgres.url, partitions=counts)
        try:
            await again.call("SELECT 1")
        finally:
            await again.close()

    if is_kept:
        await started(4)
    else:
        sink = PostgresContacts(database, stale_after=STALE_AFTER)
        for partition in range(4):
            assert await sink.write(partition, [living(f"c-{partition}", 1)], None, at(1))
        await reader.execute("DROP TABLE harmonia.topic_partitions; DELETE FROM harmonia.migrations WHERE number >= 3")
    for other in (6, 3):
        with pytest.raises(OtherPartitions, match=f"from 4 partitions of contact-state, and there are {other}"):
            await started(other)
    await started(4)
    await reader.execute("DROP SCHEMA harmonia CASCADE")
    await started(6)


async def test_rows_that_are_dead_are_vacuumed(
    contacts: PostgresContacts, database: PostgresDatabase, reader: asyncpg.Connection
) -> None:
    assert await contacts.write(0, [living("ada", 1)], None, at(1))
    assert await contacts.write(0, [erased("ada", 2)], at(1), at(2))
    seen = "SELECT count(*) FROM pg_stat_user_tables WHERE relname LIKE '%_records' AND last_vacuum > $1"
    began = await reader.fetchval("SELECT clock_timestamp()")
    await database.vacuum()
    assert await reader.fetchval(seen, began) == 2
    row = await reader.fetchrow("SELECT profile, unreadable, merged_into, last_seen FROM harmonia.contact_records")
    assert tuple(row) == (None,) * 4


async def test_amounts_are_in_whole_units_of_their_currency(
    database: PostgresDatabase, reader: asyncpg.Connection
) -> None:
    currencies = sorted({*_NO_DECIMALS, *_THREE_DECIMALS, "USD", "EUR", "ZZZ"})
    found = await reader.fetch("SELECT c, harmonia.minor_digits(c) FROM unnest($1::text[]) AS c", currencies)
    assert {row[0]: row[1] for row in found} == {each: decimals(each) for each in currencies}
    amounts = "SELECT harmonia.whole_units(-12345678901234567890, c)::text FROM unnest(ARRAY['USD', 'JPY', 'KWD']) AS c"
    assert [row[0] for row in await reader.fetch(amounts)] == [
        "-123456789012345678.90",
        "-12345678901234567890",
        "-12345678901234567.890",
    ]


async def test_an_outage_is_one_line_of_the_log_with_the_cure(
    postgres: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = postgres.url.replace(USER, "stranger")
    sinks = [
        PostgresContacts(PostgresDatabase(url), stale_after=STALE_AFTER)
        for url in (stranger, postgres.url_of("nowhere"), postgres.url_of("postgres", 1))
    ]
    for sink in sinks:
        for _ in range(5):
            with pytest.raises(SinkUnavailable) as raised:
                await sink.position(0)
            assert raised.value.is_told
        await sink.close()
    assert [each.getMessage().split(";")[0] for each in caplog.records] == [
        "postgres: 28000: this user is not let in",
        "postgres: 3D000: no such database",
        "postgres: ConnectionRefusedError: nothing listens there",
    ]


@pytest.mark.parametrize("wrong", ["?sslmode=verify-full&sslrootcert=/nowhere.pem", "?sslmode=nonsense"])
async def test_an_address_that_cannot_be_used_is_an_outage_and_no_fault_of_a_value(
    postgres: PostgresServer, wrong: str
) -> None:
    sink = PostgresContacts(PostgresDatabase(postgres.url + wrong), stale_after=STALE_AFTER)
    with pytest.raises(SinkUnavailable):
        await sink.write(0, [living("ada", 1)], None, at(1))
    await sink.close()
