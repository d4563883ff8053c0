"""The demo of the regime `fr`: an invented French campaign, and an oracle of consent, provenance and retention."""
