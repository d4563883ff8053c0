"""How much the gateway takes."""
