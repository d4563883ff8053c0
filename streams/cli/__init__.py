"""The command `harmonia`: each module here is one group of its commands."""
