"""What every process needs: settings, clients, logs, health, topics, errors."""
