"""Use cases: plain functions over a unit of work, and the only way in."""
