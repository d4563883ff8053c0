"""Names of the variables that a deployment may set."""

from streams.platform.settings import Settings

SETTINGS = {str(field.validation_alias or f"HARMONIA_{name.upper()}") for name, field in Settings.model_fields.items()}
