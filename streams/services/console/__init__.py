"""The console: pages in a browser for people who do not type commands, each with live figures and its own rights."""
