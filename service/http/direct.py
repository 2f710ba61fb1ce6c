"""Routes that read their parameters themselves: what is asked most often must cost least."""

from collections.abc import Callable, Coroutine
from typing import Any, get_type_hints
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from service.http.running import running

__all__ = ["DirectRoute"]


class DirectRoute(APIRoute):
    """
    A route over the running service, whose `parameters` are one model of the query string.

    Its endpoint takes `parameters`, `service` and `request`, declared as for any route, and is
    described as any is. FastAPI's own way to such a call takes longer than an exact hit, as it
    works out anew for every request what has to be read from where. Dependencies and a status of
    its own, which would not be heeded, such a route may not have.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        assert not self.dependencies, "nothing would call them"
        assert self.status_code is None, "the endpoint's own response has one"
        endpoint = self.endpoint
        model: type[BaseModel] = get_type_hints(endpoint)["parameters"]

        async def answer(request: Request) -> Response:
            service = await running(request)
            parameters = _read(model, request.scope["query_string"])
            response: Response = await endpoint(
                parameters=parameters, service=service, request=request
            )
            return response

        return answer


def _read(model: type[BaseModel], query: bytes) -> BaseModel:
    """
    Return what a query string says; of a parameter that comes twice the last.

    Raises:
        RequestValidationError: If it is not as the model has it.
    """
    given = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    try:
        return model.model_validate(given)
    except ValidationError as exc:
        wrong = [error | {"loc": ("query", *error["loc"])} for error in exc.errors()]
        raise RequestValidationError(wrong) from exc
