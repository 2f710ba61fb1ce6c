"""Records and blobs that tests of stores write."""

from collections.abc import Sequence

from cache.digest import digest
from cache.journal.protocol import Page
from cache.journal.records import Record
from cache.stores.protocol import Blob, BlobKind

NOW = 1_800_000_000.0
"""Where the tests' clock begins."""


def record(body: bytes = b"body", *, lifetime_s: float = 60, kind: str = "entry") -> Record:
    return Record(kind, body, NOW + lifetime_s)


def blob(
    key: str = "key",
    body: bytes = b"body",
    *,
    lifetime_s: float = 60,
    kind: BlobKind = BlobKind.POOL,
) -> Blob:
    return Blob(kind, key, body, NOW + lifetime_s)


def ranking(key: str = "key", body: bytes = b"ranking", *, lifetime_s: float = 60) -> Blob:
    return blob(key, body, lifetime_s=lifetime_s, kind=BlobKind.RANKING)


def names(count: int) -> list[str]:
    """Return keys as they mostly are: hexadecimal digits of a hash."""
    return [digest(number) for number in range(count)]


def positions(page: Page) -> Sequence[int]:
    return [one.position for one in page.records]


def bodies(page: Page) -> Sequence[bytes]:
    return [one.record.body for one in page.records]
