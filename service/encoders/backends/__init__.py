"""What may run the query model, each behind one blocking interface."""

from service.encoders.backends.load import load_sentences
from service.encoders.backends.protocol import SentenceModel

__all__ = ["SentenceModel", "load_sentences"]
