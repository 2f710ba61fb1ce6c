"""The two towers of a CLIP-like model, run by blocking calls."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Self, TypeVar

import numpy as np
import structlog
import torch
from numpy.typing import NDArray
from PIL import Image
from transformers import AutoImageProcessor, AutoModel, AutoProcessor

from service.encoders.buckets import IMAGE_BATCHES, TEXT_BATCHES, Lengthening, filled
from service.encoders.layers import arrange, is_convolutional
from service.encoders.loading import loading, pick_device
from service.encoders.models import ModelFiles
from service.encoders.precision import (
    Precision,
    has_native_bf16,
    is_better_halved,
    weights_dtype,
)
from service.encoders.preparation import PIXELS, Preparation, Prepared
from service.encoders.replays import Forward, Inputs, Runner, freeing_memory, run_here

__all__ = ["Towers"]

_log = structlog.get_logger(__name__)

_T = TypeVar("_T")
Rows = NDArray[np.float32]

# What CLIP's own scale is clipped to in training (Radford et al. 2021, section 2.5)
_CLIP_LOGIT_SCALE = 100.0
# Photos that cost least each when they run together; docs/encoders.md has the figures
_CONVOLUTIONAL_BATCH = 4
_BATCH = 8
_GPU_BATCH = 256
# What the parts of a tower's names begin with
_VISION, _TEXT = ("vision", "visual"), ("text",)
_USUAL_WORDS = (4, 10, 24)
_TRIAL_TEXTS = ("a photo of a dog",)
# For a text tower that tells no limit
_SOME_TEXT = 512
# Trained with every text padded to the full length, and without a mask
_PADDED = ("siglip",)


class Towers:
    """
    A model with `get_text_features` and `get_image_features`, and its processor.

    Not for several threads at once, but for `prepare` and, on a CPU, `images`.

    Args:
        model: In evaluation mode, on its device.
        processor: With `tokenizer` and a PIL `image_processor`.
    """

    def __init__(self, model: Any, processor: Any) -> None:  # noqa: ANN401 - any architecture
        self._model = model
        self._processor = processor
        self._on_gpu = model.device.type == "cuda"
        limit = _text_limit(model, processor)
        self._text_options = {
            "padding": "max_length" if model.config.model_type.startswith(_PADDED) else True,
            "truncation": True,
            "max_length": limit,
        }
        self._lengthened = Lengthening(processor.tokenizer, limit)
        self.prepare = Preparation(processor.image_processor)
        self._scaling = _scaling(self.prepare, model.device)
        self._run_texts = self._runner(self._text_rows)
        self._run_images = self._runner(self._image_rows)
        self.dimension = self._try()

    @classmethod
    def load(cls, files: ModelFiles, device: str = "auto", precision: Precision = "auto") -> Self:
        """
        Load a model and run it a few times; blocking.

        Raises:
            SetupError: If it cannot be loaded, has no joint space of texts and photos, or if
                the device cannot compute in this precision.
        """
        place = pick_device(device)
        dtype = weights_dtype(precision, place)
        with loading(files):
            towers = cls(_model(files, place, dtype), _processor(files))
            if place.type == "cpu":
                towers.arrange(precision)
            if place.type == "cuda":
                towers.record()
            return towers

    @property
    def on_cpu(self) -> bool:
        """Whether the model runs on the CPU."""
        return bool(self._model.device.type == "cpu")

    @property
    def logit_scale(self) -> float:
        """Factor from cosine to score: the model's own, CLIP's usual 100 where it has none."""
        scale = getattr(self._model, "logit_scale", None)
        return _CLIP_LOGIT_SCALE if scale is None else math.exp(scale.item())

    @property
    def dtype(self) -> torch.dtype:
        """What the model computes in, but for single layers."""
        dtype: torch.dtype = self._model.dtype
        return dtype

    @property
    def image_batch(self) -> int:
        """How many photos at once cost least each, as measured."""
        if self._on_gpu:
            return _GPU_BATCH
        vision = self._parts(_VISION)
        return _CONVOLUTIONAL_BATCH if any(map(is_convolutional, vision)) else _BATCH

    def arrange(self, precision: Precision) -> None:
        """Arrange the towers for a CPU; bf16, if at all, where a tower is not the worse for it."""
        photo = self.prepare(_trial_picture())
        trials: list[tuple[tuple[str, ...], Callable[[], Rows]]] = [
            (_VISION, lambda: self.images([photo])),
            (_TEXT, lambda: self.texts(_TRIAL_TEXTS)),
        ]
        for names, run in trials:
            parts = self._parts(names)
            for part in parts:
                arrange(part, run)
            if precision == "bf16" or (precision == "auto" and has_native_bf16()):
                halved = is_better_halved(parts, run, must_be_quicker=precision == "auto")
                _log.info("precision", tower=names[0], bf16=halved)

    def record(self) -> None:
        """Have recorded what most searches ask for, which takes a GPU a tenth of a second each."""
        for words in _USUAL_WORDS:
            self.texts(["photo " * words])

    def texts(self, texts: Sequence[str]) -> Rows:
        """Return unit vectors of texts, float32, shape (len(texts), d); long ones are cut."""
        parts = self._chunks(texts, TEXT_BATCHES)
        return self._encode(self._run_texts, map(self._tokens, parts), len(texts))

    def images(self, photos: Sequence[Prepared]) -> Rows:
        """Return unit vectors of what `prepare` made of photos, float32, shape (len(photos), d)."""
        parts = self._chunks(photos, IMAGE_BATCHES)
        return self._encode(self._run_images, map(self._stacked, parts), len(photos))

    def _try(self) -> int:
        """Run both towers once, so that what cannot work fails now; return a vector's length."""
        texts = self.texts(["photo"])
        images = self.images([self.prepare(Image.new("RGB", (64, 64)))])
        if texts.shape != images.shape:
            raise ValueError("its vectors of texts and of photos differ in length")
        return int(texts.shape[1])

    def _parts(self, names: tuple[str, ...]) -> list[torch.nn.Module]:
        children = self._model.named_children()
        return [module for name, module in children if name.startswith(names)]

    def _runner(self, forward: Forward) -> Runner:
        if not self._on_gpu:
            return partial(run_here, forward, self._model.device)
        from service.encoders.cuda import CudaRunner  # noqa: PLC0415 - needs a GPU

        return CudaRunner(forward, self._model.device)

    def _chunks(self, items: Sequence[_T], sizes: Sequence[int]) -> Iterator[Sequence[_T]]:
        """Yield what runs at once: all of it, on a GPU parts of its fixed sizes."""
        if not self._on_gpu:
            yield items
            return
        for start in range(0, len(items), sizes[-1]):
            yield filled(items[start : start + sizes[-1]], sizes)

    def _tokens(self, texts: Sequence[str]) -> Inputs:
        tokens = self._processor(text=[*texts], return_tensors="pt", **self._text_options)
        return self._lengthened(tokens) if self._on_gpu else dict(tokens)

    def _stacked(self, photos: Sequence[Prepared]) -> Inputs:
        batch = {}
        for name, first in photos[0].items():
            dtype = torch.from_numpy(np.empty(0, first.dtype)).dtype
            # From pinned memory a GPU fetches by itself
            rows = torch.empty((len(photos), *first.shape), dtype=dtype, pin_memory=self._on_gpu)
            np.stack([photo[name] for photo in photos], out=rows.numpy())
            batch[name] = rows
        return batch

    def _encode(self, run: Runner, batches: Iterable[Inputs], count: int) -> Rows:
        with freeing_memory(self._model.device), torch.inference_mode():
            # Only the last batch is filled up, so what is too much is at the end
            rows: Rows = torch.cat(run(batches))[:count].numpy()
            return rows

    def _text_rows(self, inputs: Inputs) -> torch.Tensor:
        return _unit(self._model.get_text_features(**self._cast(inputs)))

    def _image_rows(self, inputs: Inputs) -> torch.Tensor:
        if inputs[PIXELS].dtype == torch.uint8:
            inputs = {**inputs, PIXELS: self._normalised(inputs[PIXELS])}
        return _unit(self._model.get_image_features(**self._cast(inputs)))

    def _normalised(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return uint8 (n, height, width, 3) as the model takes it, shape (n, 3, height, width)."""
        if self._scaling is None:
            raise ValueError("pixels of uint8 from a model that has its own way with them")
        factor, shift = self._scaling
        # Channels stay together in memory, as convolutions want them
        return pixels.permute(0, 3, 1, 2).float().mul_(factor).sub_(shift)

    def _cast(self, inputs: Inputs) -> Inputs:
        return {n: t.to(self.dtype) if t.is_floating_point() else t for n, t in inputs.items()}


def _unit(output: Any) -> torch.Tensor:  # noqa: ANN401 - an output object in transformers 5
    """Return unit rows of a tower's output, which was a tensor before transformers 5."""
    vectors = getattr(output, "pooler_output", output).float()
    return torch.nn.functional.normalize(vectors, dim=-1)


def _scaling(
    prepare: Preparation, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Return what pixels are multiplied with and what is taken off then, on the device."""
    if prepare.framing is None:
        return None
    rows = (prepare.framing.factor, prepare.framing.shift)
    factor, shift = (torch.from_numpy(row).to(device).view(1, 3, 1, 1) for row in rows)
    return factor, shift


def _trial_picture() -> Image.Image:
    """Return a picture with something in it: constant ones say little of a model's precision."""
    blots = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    return Image.fromarray(blots).resize((256, 256))


def _model(files: ModelFiles, device: torch.device, dtype: torch.dtype) -> Any:  # noqa: ANN401
    model, report = AutoModel.from_pretrained(
        files.folder,
        dtype=dtype,
        use_safetensors=files.safe,
        local_files_only=True,
        output_loading_info=True,
    )
    if not hasattr(model, "get_text_features") or not hasattr(model, "get_image_features"):
        raise ValueError("it has no joint space of texts and photos, as CLIP and SigLIP have")
    # Transformers would leave them at random
    if missing := sorted(report["missing_keys"]):
        raise ValueError(f"its weights lack {len(missing)} tensors, {missing[0]} among them")
    for name, tower in model.named_children():
        # Before anything runs: what a GPU has recorded knows its weights by their place
        if name.startswith(_VISION) and is_convolutional(tower):
            tower.to(memory_format=torch.channels_last)
    return model.to(device).eval()


def _processor(files: ModelFiles) -> Any:  # noqa: ANN401 - any architecture
    processor = AutoProcessor.from_pretrained(  # type: ignore[no-untyped-call]
        files.folder, local_files_only=True
    )
    if not hasattr(processor, "tokenizer") or not hasattr(processor, "image_processor"):
        raise ValueError("it lacks the processor of its texts or of its photos")
    # PIL everywhere: torchvision, where installed, resizes a little differently
    processor.image_processor = AutoImageProcessor.from_pretrained(  # type: ignore[no-untyped-call]
        files.folder, local_files_only=True, backend="pil"
    )
    return processor


def _text_limit(model: Any, processor: Any) -> int:  # noqa: ANN401 - any architecture
    """Tokens a text is cut at; tokenizers without a limit of their own report a huge one."""
    config = getattr(model.config, "text_config", model.config)
    positions = getattr(config, "max_position_embeddings", None)
    return int(min(processor.tokenizer.model_max_length, positions or _SOME_TEXT))
