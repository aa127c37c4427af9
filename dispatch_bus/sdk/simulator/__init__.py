"""Simulated control rooms: real HTTP servers whose people work on seeded, invented cases."""
