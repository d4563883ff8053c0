"""A Kafka and a Redis of one's own, so that two commands are enough on a machine without Docker, Java or Redis.

Needs the extra `local` of the distribution; a deployed worker never imports this package.
"""
