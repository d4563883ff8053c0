"""The same job by the engine and by its peers: fold JSON events per contact, with a changelog and an output topic."""
