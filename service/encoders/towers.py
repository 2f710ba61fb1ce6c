"""The two towers of a CLIP-like model, run by blocking calls."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from transformers import AutoImageProcessor, AutoModel, AutoProcessor

from service.encoders.loading import loading, pick_device
from service.encoders.models import ModelFiles
from service.encoders.preparation import PIXELS, Preparation, Prepared

__all__ = ["Towers"]

Rows = NDArray[np.float32]

# What CLIP's own scale is clipped to in training (Radford et al. 2021, section 2.5)
_CLIP_LOGIT_SCALE = 100.0
# For a text tower that tells no limit
_SOME_TEXT = 512
# Trained with every text padded to the full length, and without a mask
_PADDED = ("siglip",)


class Towers:
    """
    A model with `get_text_features` and `get_image_features`, and its processor.

    Runs in fp32, in fp16 on CUDA. Not for several threads at once.

    Args:
        model: In evaluation mode, on its device.
        processor: With `tokenizer` and a PIL `image_processor`.
    """

    def __init__(self, model: Any, processor: Any) -> None:  # noqa: ANN401 - any architecture
        self._model = model
        self._processor = processor
        self._text_options = {
            "padding": "max_length" if model.config.model_type.startswith(_PADDED) else True,
            "truncation": True,
            "max_length": _text_limit(model, processor),
        }
        self.prepare = Preparation(processor.image_processor)
        self.dimension = self._try()

    @classmethod
    def load(cls, files: ModelFiles, device: str = "auto") -> Self:
        """
        Load a model and run it once; blocking.

        Raises:
            SetupError: If it cannot be loaded, or has no joint space of texts and photos.
        """
        place = pick_device(device)
        with loading(files):
            return cls(_model(files, place), _processor(files))

    @property
    def on_cpu(self) -> bool:
        """Whether the model runs on the CPU."""
        return bool(self._model.device.type == "cpu")

    @property
    def logit_scale(self) -> float:
        """Factor from cosine to score: the model's own, CLIP's usual 100 where it has none."""
        scale = getattr(self._model, "logit_scale", None)
        return _CLIP_LOGIT_SCALE if scale is None else math.exp(scale.item())

    def _try(self) -> int:
        """Run both towers once, so that what cannot work fails now; return a vector's length."""
        texts = self.texts(["photo"])
        images = self.images([self.prepare(Image.new("RGB", (64, 64)))])
        if texts.shape != images.shape:
            raise ValueError("its vectors of texts and of photos differ in length")
        return int(texts.shape[1])

    def texts(self, texts: Sequence[str]) -> Rows:
        """Return unit vectors of texts, float32, shape (len(texts), d); long ones are cut."""
        inputs = self._processor(text=[*texts], return_tensors="pt", **self._text_options)
        return self._encode(
            self._model.get_text_features,
            {name: self._to_device(tensor) for name, tensor in inputs.items()},
        )

    def images(self, photos: Sequence[Prepared]) -> Rows:
        """Return unit vectors of what `prepare` made of photos, float32, shape (len(photos), d)."""
        arrays = {name: np.stack([photo[name] for photo in photos]) for name in photos[0]}
        inputs = {name: self._to_device(torch.from_numpy(array)) for name, array in arrays.items()}
        if inputs[PIXELS].dtype == torch.uint8:
            inputs[PIXELS] = self._normalised(inputs[PIXELS])
        return self._encode(self._model.get_image_features, inputs)

    def _normalised(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return uint8 (n, height, width, 3) as the model takes it, shape (n, 3, height, width)."""
        framing = self.prepare.framing
        if framing is None:
            raise ValueError("pixels of uint8 from a model that has its own way with them")
        factor, shift = (
            torch.from_numpy(row).to(self._model.device).view(1, 3, 1, 1)
            for row in (framing.factor, framing.shift)
        )
        # Channels stay together in memory, as convolutions want them
        return pixels.permute(0, 3, 1, 2).float().mul_(factor).sub_(shift).to(self._model.dtype)

    def _to_device(self, tensor: torch.Tensor) -> torch.Tensor:
        dtype = self._model.dtype if tensor.is_floating_point() else tensor.dtype
        return tensor.to(self._model.device, dtype)

    def _encode(self, features: Callable[..., Any], inputs: Mapping[str, torch.Tensor]) -> Rows:
        with torch.inference_mode():
            output = features(**inputs)
            # An output object in transformers 5, a tensor before
            vectors = getattr(output, "pooler_output", output).float()
            rows: Rows = torch.nn.functional.normalize(vectors, dim=-1).cpu().numpy()
            return rows


def _model(files: ModelFiles, device: torch.device) -> Any:  # noqa: ANN401 - any architecture
    model, report = AutoModel.from_pretrained(
        files.folder,
        dtype=torch.float16 if device.type == "cuda" else torch.float32,
        use_safetensors=files.safe,
        local_files_only=True,
        output_loading_info=True,
    )
    if not hasattr(model, "get_text_features") or not hasattr(model, "get_image_features"):
        raise ValueError("it has no joint space of texts and photos, as CLIP and SigLIP have")
    # Transformers would leave them at random
    if missing := sorted(report["missing_keys"]):
        raise ValueError(f"its weights lack {len(missing)} tensors, {missing[0]} among them")
    _arrange(model)
    return model.to(device).eval()


def _arrange(model: Any) -> None:  # noqa: ANN401 - any architecture
    """Keep a convolutional tower's channels together: a tenth to a third less time on a CPU."""
    tower = getattr(model, "vision_model", None)
    if tower is not None and sum(isinstance(m, torch.nn.Conv2d) for m in tower.modules()) > 1:
        tower.to(memory_format=torch.channels_last)


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
