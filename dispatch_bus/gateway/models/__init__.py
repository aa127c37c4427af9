"""What the API says and takes, each field described."""
