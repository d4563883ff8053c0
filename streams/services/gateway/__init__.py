"""The gateway: takes webhooks of campaign tools, and events of producers without Kafka, over HTTP into input topics."""
