"""The contacts agent: folds interactions, fragments and changes of identity into states and profiles."""
