"""What a contact's state knows of its identity cluster: edges told, the canonical id, erasure."""
