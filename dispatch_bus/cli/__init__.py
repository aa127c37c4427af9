"""The dispatch-bus command."""
