"""Numbered migrations: each is added once and never changed."""
