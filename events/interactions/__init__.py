"""The models of `data`, a module for each input topic; `events.registry` says which type has which."""
