"""Words for scenes: what may be said of one, in many ways, and what it asks of a picture."""

from service.demo.captions.captions import Caption, Vocabulary

__all__ = ["Caption", "Vocabulary"]
