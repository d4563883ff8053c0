"""The page that a strategist reads every morning: yesterday, beside the same day of the week before."""
