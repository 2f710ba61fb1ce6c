"""Several processes that serve one port: a parent that keeps workers alive, and what they say."""
