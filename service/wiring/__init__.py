"""The composition root: only this package knows every part."""
