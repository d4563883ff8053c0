"""Processes around the lake: the writer fed by Kafka, daily snapshots, erasure and the import of old files."""
