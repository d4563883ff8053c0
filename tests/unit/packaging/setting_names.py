"""Names of the variables that a deployment may set."""

from streams.settings import Settings

SETTINGS = {str(field.validation_alias or f"HARMONIA_{name.upper()}") for name, field in Settings.model_fields.items()}
SECURE_SERVERS = {
    "HARMONIA_API_TOKENS_FILE",
    "HARMONIA_IDENTITY_KEY_FILE",
    "HARMONIA_KAFKA_CA",
    "HARMONIA_KAFKA_PASSWORD_FILE",
    "HARMONIA_KAFKA_SASL_MECHANISM",
    "HARMONIA_KAFKA_SECURITY",
    "HARMONIA_KAFKA_USERNAME",
    "HARMONIA_REDIS_CA",
    "HARMONIA_REDIS_PASSWORD_FILE",
}
"""Settings of TLS and users."""
