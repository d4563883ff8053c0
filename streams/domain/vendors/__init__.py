"""What is to be changed in a vendor's list, from what is known of its people: plain decisions, nothing is sent."""
