"""What was refused of whom, and what is held of whom: for the screens of whoever is on call and of the morning."""
