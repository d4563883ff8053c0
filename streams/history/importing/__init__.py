"""Imports export files of other tools: reads them item by item, maps each by its adapter, and publishes the result."""
