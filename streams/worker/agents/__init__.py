"""The agents: intake, contacts, Redis.

Each decodes, calls the pure core, writes and counts; none of them decides anything.
"""
