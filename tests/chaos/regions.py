"""What a fold has wrong, and what the mended one says: apart, since nobody may import the other fold by mistake."""

WRONG, RIGHT = "US-NJ", "US-PA"
