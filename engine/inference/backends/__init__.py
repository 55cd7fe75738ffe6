"""The libraries that run networks, one module each."""
