"""The lake's processes: what fills it from Kafka, and what keeps it in order."""
