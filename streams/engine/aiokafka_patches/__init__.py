"""Fetching from Kafka where aiokafka is slow, or fails on what a broker accepts."""
