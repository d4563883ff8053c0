"""The register of processing: what a controller has to be able to show, as far as the deployment itself knows it."""
