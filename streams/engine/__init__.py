"""Runs Faust agents over chunks of records, one Kafka transaction a chunk.

Stock Faust handles, acknowledges and change-logs every record by itself, which is slow and loses state when rebalances
overlap. This package keeps Faust's agents, assignment and commands and replaces what is between them and the broker:
runs instead of records (`transport`), one chunk in flight for each partition (`partition_workers`), state and outputs
that appear together or not at all (`table_partition`, `writer`), and a recovery of its own (`recovery`, `changelog`).
`app` is built of these, and what they need of it is in `ports`.
"""
