"""How quickly the API answers, and how many it can answer about."""
