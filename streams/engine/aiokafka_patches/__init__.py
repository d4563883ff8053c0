"""Reading of Kafka's record batches where aiokafka is slow, or fails on what a broker accepts."""
