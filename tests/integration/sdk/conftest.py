"""Fixtures for tests about rooms."""

from rooms.simulated import simulated_room

__all__ = ["simulated_room"]
