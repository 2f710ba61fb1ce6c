"""Where the look-alike answers searches."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from service.demo.lookalike.faults import Faults, broken_answer
from service.demo.lookalike.hits import hit
from service.demo.lookalike.question import MAX_HITS, Question, Refusal
from service.demo.lookalike.stock import Stock, StockPhoto
from service.demo.lookalike.tokens import Tokens
from service.demo.lookalike.window import Window

__all__ = ["Desk"]


class Desk:
    """
    Answers calls of the API and counts them by outcome.

    Args:
        stock: What can be found.
        tokens: Make the addresses that expire.
        window: Grants calls.
        faults: What goes wrong now.
        key: The only key taken.
    """

    def __init__(
        self, stock: Stock, tokens: Tokens, window: Window, faults: Faults, *, key: str
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._stock = stock
        self._tokens = tokens
        self._window = window
        self._faults = faults
        self._key = key

    async def search(self, request: Request) -> Response:
        """Answer a search as the API does."""
        outcome, answer = await self._answer(request)
        self.counts[outcome] += 1
        return answer

    async def _answer(self, request: Request) -> tuple[str, Response]:
        await asyncio.sleep(self._faults.api_latency_s)
        if self._faults.api is not None:
            return "fault", broken_answer(self._faults.api)
        if request.query_params.get("key") != self._key:
            return "wrong_key", _error(
                "Invalid or missing API key (https://pixabay.com/api/docs/)."
            )
        granted, headers = self._window.take()
        if not granted:
            return "limited", PlainTextResponse("API rate limit exceeded", 429, headers)
        try:
            question = Question.read(request.query_params)
            photos = await asyncio.to_thread(self._find, question)
            page = _page(photos, question)
        except Refusal as refusal:
            return "refused", _error(str(refusal), headers)
        base = str(request.base_url)
        answer = {
            "total": len(photos),
            "totalHits": min(len(photos), MAX_HITS),
            "hits": [hit(photo, base, self._tokens) for photo in page],
        }
        return "answered", _written(answer, question, headers)

    def _find(self, question: Question) -> list[StockPhoto]:
        if question.id is None:
            return list(self._stock.search(question.tag, question.filters))
        photo = self._stock.by_id(question.id)
        return [photo] if photo else []


def _page(photos: list[StockPhoto], question: Question) -> list[StockPhoto]:
    start = (question.page - 1) * question.per_page
    within = photos[:MAX_HITS]
    if start and start >= len(within):
        raise Refusal.of("page")
    return within[start : start + question.per_page]


def _written(answer: object, question: Question, headers: Mapping[str, str]) -> Response:
    # ASCII alone, so that the answer is JavaScript as well.
    if question.pretty:
        text = json.dumps(answer, indent=4)
    else:
        text = json.dumps(answer, separators=(",", ":"))
    if question.callback is None:
        return Response(text, headers=headers, media_type="application/json")
    script = f"{question.callback}({text})"
    return Response(script, headers=headers, media_type="application/javascript")


def _error(sentence: str, headers: Mapping[str, str] | None = None) -> Response:
    return PlainTextResponse(f"[ERROR 400] {sentence}", 400, headers)
