"""Segments: rules about people; who is in one is a function of what is known of a person and of the time.

Nothing here keeps a list of members. `resolution` makes definitions ready to be judged, `matching` is what they mean,
`matching_plan` gives the same answers for a thousand of them at once, `explanation` says why.
"""
