"""Webhooks of campaign tools, and events of producers without Kafka, taken over HTTP into the input topics."""
