"""Where Kafka does not take it, nothing may be reserved."""

import pytest
from aiokafka import AIOKafkaProducer

from streams.services.permission.reservation_log import ReservationLog, ReservationLogUnavailable

NOBODY_LISTENS = "127.0.0.1:1"


async def test_without_kafka_the_end_of_reservations_is_not_recorded_and_tried_anew_each_time() -> None:
    made: list[AIOKafkaProducer] = []

    def producer() -> AIOKafkaProducer:
        made.append(AIOKafkaProducer(bootstrap_servers=NOBODY_LISTENS))
        return made[-1]

    keeping = ReservationLog(producer)
    for _ in range(2):
        with pytest.raises(ReservationLogUnavailable):
            await keeping.keep(1_770_224_400_000)
    assert len(made) == 2
    await keeping.close()
