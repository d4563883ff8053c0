"""One look at a deployment for whoever is on call: is everything flowing? From Kafka and Redis alone."""
