"""The journal, pure: what an entry is, how it is hashed and signed, and how anyone verifies it."""
