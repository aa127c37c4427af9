"""How the bus is watched: logs with one correlation id, metrics per process."""
