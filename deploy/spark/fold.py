"""Folds history again on a Spark cluster: the lake in, states and profiles of all contacts out.

    spark-submit --archives harmonia.tar.gz#environment deploy/spark/fold.py s3a://bucket/lake s3a://bucket/folded

Spark brings the rows of each contact together, Harmonia's own fold does the rest, on every core of the cluster. Below
the second place come `states/` (contact_id, version, state) and `contact_state/` (contact_id, version, profile), as
`harmonia lake fold` writes them on one machine. Python with Harmonia has to be on the executors, see docs/history.md.
Let `harmonia lake compact` and `erase` rest meanwhile: Spark lists the folders once.
"""

import sys
from collections.abc import Iterable, Iterator

import pyarrow as pa
from pyspark import StorageLevel
from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession

from sinks.lake.erasure_list import ERASURES, Erasure, Erasures
from streams.history.refold.arrow import fold_batches
from streams.history.refold.lake_source import NEEDED

FOLDED = "contact_id string, version long, state binary, profile string"


def fold(spark: SparkSession, lake: str, out: str) -> None:
    """Fold the lake at one place into the other, which is new. Both as Spark writes places."""
    erased = spark.sparkContext.broadcast(_erasures(spark, lake))

    def fold_partition(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return fold_batches(batches, erased.value)

    rows = spark.read.parquet(f"{lake}/interactions").select(*NEEDED)
    # A contact's rows have to be neighbours; their order is the fold's affair.
    by_contact = rows.where("fragment IS NOT NULL").repartition("fragment").sortWithinPartitions("fragment")
    folded = by_contact.mapInArrow(fold_partition, FOLDED).persist(StorageLevel.DISK_ONLY)
    folded.select("contact_id", "version", "state").write.parquet(f"{out}/states")
    profiles = folded.where("profile IS NOT NULL")
    profiles.select("contact_id", "version", "profile").write.parquet(f"{out}/contact_state")


def _erasures(spark: SparkSession, lake: str) -> Erasures:
    """The lake's list of who was erased, if it has one."""
    try:
        known = spark.read.parquet(f"{lake}/{ERASURES}")
    except AnalysisException:  # there is no such folder
        return Erasures()
    rows = known.selectExpr("trace", "fragment_sha256", "unix_millis(until)").collect()
    return Erasures(Erasure(*row) for row in rows)


if __name__ == "__main__":
    session = SparkSession.builder.appName("harmonia fold").getOrCreate()
    try:
        fold(session, *sys.argv[1:3])
    finally:
        session.stop()
