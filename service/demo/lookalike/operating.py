"""What the real API has not: counters to look at, and faults to switch on."""

import ipaddress
from collections import Counter

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from service.demo.lookalike.faults import Faults
from service.demo.lookalike.switches import WrongSwitch, described, switch

__all__ = ["Operating"]

_LONGEST = 100_000  # bytes


class Operating:
    """
    Routes for who runs the look-alike.

    Args:
        calls: Calls of the API, by outcome.
        pictures: Pictures asked for, by size.
        faults: What goes wrong now.
    """

    def __init__(self, calls: Counter[str], pictures: Counter[str], faults: Faults) -> None:
        self._calls = calls
        self._pictures = pictures
        self._faults = faults

    async def counters(self, _: Request) -> Response:
        """Tell what was asked so far, and what goes wrong."""
        return JSONResponse(
            {
                "api_calls": self._calls.total(),
                "api_outcomes": dict(self._calls),
                "photo_requests": dict(self._pictures),
                "faults": described(self._faults),
            }
        )

    async def faults(self, _: Request) -> Response:
        """Tell what goes wrong."""
        return JSONResponse(described(self._faults))

    async def set_faults(self, request: Request) -> Response:
        """Set the faults that the body names; only from this machine."""
        if not _is_near(request):
            return PlainTextResponse("Faults are set from this machine alone.", 403)
        if int(request.headers.get("Content-Length", _LONGEST + 1)) > _LONGEST:
            return PlainTextResponse("[ERROR 413] The faults are too long.", 413)
        try:
            switch(self._faults, await request.body())
        except WrongSwitch as exc:
            return PlainTextResponse(f"[ERROR 400] {exc}", 400)
        return JSONResponse(described(self._faults))


def _is_near(request: Request) -> bool:
    """Whether somebody on this machine asks: no page of a browser, by whatever name it came."""
    try:
        asking = request.client is not None and _is_loopback(request.client.host)
        return (
            asking
            and _is_loopback(request.url.hostname or "")
            and not request.headers.get("Origin")
        )
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    return host == "localhost" or ipaddress.ip_address(host).is_loopback
