"""
What can go wrong in the service, as one tree.

ServiceError
├── BadRequest              the request cannot be answered as it stands
│   ├── UnknownFilter       the source cannot apply a filter
│   └── BodyTooLarge        its body has more bytes than it can need
├── AdminTokenRejected      an admin's call brings no token, or not the right one
├── AdminTokenUnset         an admin's call, and the service has no token to compare
├── AlreadyWarming          another warm-up is under way here
├── NotReady                models are still loading
├── PhotoNotFound           no such photo is known
├── SourceError
│   ├── SourceUnavailable   the source does not answer, or not sensibly
│   ├── SourceRefused       the source rejects our request or key
│   └── QuotaExhausted      the source asks us to wait
├── PhotoError              one photo cannot be used
│   ├── PhotoUnavailable    its bytes cannot be had now
│   └── PhotoRejected       it is gone, or no photo within our limits
├── EncoderError
│   ├── Overloaded          the encoder's queue is full
│   ├── EncoderFailed       an item could not be encoded
│   └── EncoderClosed       the encoder is shutting down
├── DeadlineExceeded        the search took longer than it may
└── SetupError              the service cannot start as configured
    └── ModelNotFound       a model is neither on disk nor to be fetched
"""

__all__ = [
    "AdminTokenRejected",
    "AdminTokenUnset",
    "AlreadyWarming",
    "BadRequest",
    "BodyTooLarge",
    "DeadlineExceeded",
    "EncoderClosed",
    "EncoderError",
    "EncoderFailed",
    "ModelNotFound",
    "NotReady",
    "Overloaded",
    "PhotoError",
    "PhotoNotFound",
    "PhotoRejected",
    "PhotoUnavailable",
    "QuotaExhausted",
    "ServiceError",
    "SetupError",
    "SourceError",
    "SourceRefused",
    "SourceUnavailable",
    "UnknownFilter",
]


class ServiceError(Exception):
    """
    Base of all errors of the service; its text is a sentence for the user.

    Args:
        sentence: What happened and, where it helps, what to do.
        retry_after_s: Seconds after which trying again may help; None where
            waiting does not help.
    """

    def __init__(self, sentence: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after_s = retry_after_s


class BadRequest(ServiceError):
    """The request cannot be answered as it stands."""


class UnknownFilter(BadRequest):
    """The source cannot apply a filter that was asked for."""


class BodyTooLarge(BadRequest):
    """The request's body has more bytes than such a request can need."""


class AdminTokenRejected(ServiceError):
    """A call for admins brings no token, or not the right one."""


class AdminTokenUnset(ServiceError):
    """A call for admins, and the service has no token to compare one with."""


class AlreadyWarming(ServiceError):
    """Another warm-up is under way on this replica."""


class NotReady(ServiceError):
    """Models are still loading."""


class PhotoNotFound(ServiceError):
    """No photo with this id is known."""


class SourceError(ServiceError):
    """The photo source did not give what was asked."""


class SourceUnavailable(SourceError):
    """The source does not answer, or not sensibly."""


class SourceRefused(SourceError):
    """The source rejects our request or key; trying again does not help."""


class QuotaExhausted(SourceError):
    """The source asks us to wait before the next call."""


class PhotoError(ServiceError):
    """One photo cannot be used."""


class PhotoUnavailable(PhotoError):
    """A photo's bytes cannot be had now; later they might."""


class PhotoRejected(PhotoError):
    """A photo is gone for good, or its bytes are no photo within our limits."""


class EncoderError(ServiceError):
    """An encoder did not return embeddings."""


class Overloaded(EncoderError):
    """The encoder's queue is full."""


class EncoderFailed(EncoderError):
    """A text or photo could not be encoded."""


class EncoderClosed(EncoderError):
    """The encoder is shutting down."""


class DeadlineExceeded(ServiceError):
    """The search took longer than it may; its fetch goes on."""


class SetupError(ServiceError):
    """The service cannot start as configured."""


class ModelNotFound(SetupError):
    """A model is neither on disk nor to be fetched."""
