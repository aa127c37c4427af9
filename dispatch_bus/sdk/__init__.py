"""All that an adapter's author imports."""
