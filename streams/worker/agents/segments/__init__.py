"""What the contacts agent does for segments: who is in which, told in the transaction in which it changes."""
