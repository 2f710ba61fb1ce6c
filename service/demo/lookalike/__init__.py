"""A look-alike of the Pixabay API: drawn scenes or a folder of photos, with bad days on demand."""

from service.demo.lookalike.app import lookalike

__all__ = ["lookalike"]
