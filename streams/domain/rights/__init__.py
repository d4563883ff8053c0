"""The rights desk: requests of access, rectification, objection, erasure and portability, and the clock of each."""
