"""Statistics of experiments that hold at every look: intervals, p- and e-values, splits, false discoveries."""
