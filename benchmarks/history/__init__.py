"""How long it takes to fold history again: a lake of as many interactions as one likes, invented and folded."""
