"""What the real API has not: counters to look at, and faults to switch on."""

import ipaddress
from collections import Counter

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from service.demo.lookalike.faults import Faults
from service.demo.lookalike.switches import WrongSwitch, described, switch

__all__ = ["Operating"]


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
        try:
            switch(self._faults, await request.body())
        except WrongSwitch as exc:
            return PlainTextResponse(f"[ERROR 400] {exc}", 400)
        return JSONResponse(described(self._faults))


def _is_near(request: Request) -> bool:
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
