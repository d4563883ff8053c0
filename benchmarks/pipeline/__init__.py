"""What the whole of Harmonia does under load: worker processes on a real Kafka and Redis, measured from outside."""
