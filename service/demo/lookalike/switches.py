"""Faults as JSON, to be looked at and set from outside."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.demo.lookalike.faults import ApiFault, Faults, PhotoFault

__all__ = ["WrongSwitch", "described", "switch"]

_LONGEST_MS = 600_000
_Latency = Annotated[float, Field(ge=0, le=_LONGEST_MS, allow_inf_nan=False)]


class WrongSwitch(ValueError):
    """The faults cannot be set like this; the text is a sentence that says why."""


class _Switches(BaseModel):
    model_config = ConfigDict(extra="forbid")

    api: ApiFault | None = None
    photos: dict[int, PhotoFault] = {}
    others: PhotoFault | None = None
    share: Annotated[float, Field(ge=0, le=1)] = 0.0
    api_latency_ms: _Latency = 0.0
    photo_latency_ms: _Latency = 0.0


def described(faults: Faults) -> dict[str, object]:
    """Return the faults as `switch` takes them."""
    return _Switches(
        api=faults.api,
        photos=dict(faults.photos),
        others=faults.others,
        share=faults.share,
        api_latency_ms=faults.api_latency_s * 1000,
        photo_latency_ms=faults.photo_latency_s * 1000,
    ).model_dump(mode="json")


def switch(faults: Faults, body: bytes) -> None:
    """
    Set the faults a JSON object names; the others stay as they are.

    Raises:
        WrongSwitch: If there is no such fault or value; nothing is set then.
    """
    try:
        switches = _Switches.model_validate_json(body)
    except ValidationError as exc:
        raise WrongSwitch(_sentence(exc)) from exc
    for name in switches.model_fields_set:
        value = getattr(switches, name)
        if name.endswith("_ms"):
            setattr(faults, f"{name.removesuffix('_ms')}_s", value / 1000)
        else:
            setattr(faults, name, value)


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}." if where else f"{first['msg']}."
