"""The campaigns agent: adds up what is counted of each campaign, and alerts."""
