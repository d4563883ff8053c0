"""What other topics are told when a contact's state has changed."""
