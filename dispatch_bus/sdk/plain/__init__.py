"""The plain format: records and messages as JSON, whatever carries them (docs/integrator.md)."""
