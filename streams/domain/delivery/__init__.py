"""What endpoints of other teams are told, in which order, when again after a failure, and how it is signed."""
