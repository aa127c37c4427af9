"""What is true, independent of how it is stored, sent or shown."""
