"""Kafka and Redis servers on this machine, so that two commands are enough on a machine without Docker, Java or Redis.

Needs the extra `local` of the distribution; a deployed worker never imports this package.
"""
