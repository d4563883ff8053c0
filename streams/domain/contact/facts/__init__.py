"""Facts of a contact: read from interactions, kept in order, and which of them count."""
