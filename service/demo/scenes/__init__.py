"""A small world of drawn pictures, each made from its number alone, that knows what it shows."""
