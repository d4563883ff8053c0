"""What the engine costs, beside its peers, on the machine at hand: `make bench`.

Nothing here is part of the distribution. A suite measures, a section holds its figures; the rest prints and keeps them.
"""
