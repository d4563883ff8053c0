"""The process `harmonia sink postgres`: gives PostgreSQL what output topics say."""
