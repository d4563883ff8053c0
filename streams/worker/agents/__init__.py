"""The agents of a worker, one package for each subject; `app.AGENT_SPECS` lists them.

An agent decodes records, calls the pure core, writes what follows and counts; none of them decides anything.
"""
