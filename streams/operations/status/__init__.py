"""Status: shows whoever is on call whether everything flows, from one observation of Kafka and Redis."""
