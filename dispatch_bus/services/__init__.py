"""Thin nameko services, one file each, over the functions of the application room."""
