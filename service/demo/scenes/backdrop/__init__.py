"""Landscapes: what is behind the figures, and the weather in front of them."""

from service.demo.scenes.backdrop.paint import paint_backdrop
from service.demo.scenes.backdrop.stage import STAGES, Stage
from service.demo.scenes.backdrop.weather import paint_weather

__all__ = ["STAGES", "Stage", "paint_backdrop", "paint_weather"]
