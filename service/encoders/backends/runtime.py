"""A sentence encoder run by ONNX Runtime, on the CPU."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as errors
from tokenizers import Encoding, Tokenizer
from transformers import AutoTokenizer

from service.encoders.models import ModelFiles

__all__ = ["INPUTS", "MAX_TOKENS", "OnnxSentences"]

Rows = NDArray[np.float32]

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
"""What a graph may ask for: int64, shape (texts, tokens) each; the last one not every model has."""

MAX_TOKENS = "nearhit.max_tokens"
"""Name under which a graph says how many tokens of a text it takes."""

_REFUSALS = (
    errors.Fail,
    errors.InvalidGraph,
    errors.InvalidProtobuf,
    errors.NotImplemented,
    errors.RuntimeException,
)
# About what starting a run costs, in tokens
_WASTE = 16


class OnnxSentences:
    """
    A `SentenceModel` run by ONNX Runtime.

    Args:
        session: A graph as `graph.export` makes it.
        tokenizer: Cuts at the graph's limit, and pads nothing.
        padding: The token that means none.
        identity: Its fingerprint.
    """

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        tokenizer: Tokenizer,
        padding: int,
        identity: str,
    ) -> None:
        self._session = session
        self._inputs = [node.name for node in session.get_inputs()]
        self._tokenizer = tokenizer
        self._padding = padding
        self.fingerprint = identity
        self.dimension = int(self._run(tokenizer.encode_batch_fast(["photo"])).shape[1])

    @classmethod
    def load(cls, files: ModelFiles, graph: Path, identity: str, threads: int) -> Self:
        """
        Load a graph and the tokenizer of the model it was made from.

        Raises:
            ValueError: If the graph cannot be run, or the model has no tokenizer
                that does without Python.
        """
        try:
            session = onnxruntime.InferenceSession(
                graph, _options(threads), providers=["CPUExecutionProvider"]
            )
        except _REFUSALS as exc:
            raise ValueError("ONNX Runtime does not take its graph") from exc
        limit = int(session.get_modelmeta().custom_metadata_map[MAX_TOKENS])
        named = AutoTokenizer.from_pretrained(files.folder, local_files_only=True)
        if not named.is_fast or named.pad_token_id is None:
            raise ValueError("its tokenizer is none that can be run without Python")
        tokenizer = named.backend_tokenizer
        tokenizer.enable_truncation(limit)
        tokenizer.no_padding()
        return cls(session, tokenizer, named.pad_token_id, identity)

    def encode(self, texts: Sequence[str]) -> Rows:
        """Return unit vectors, float32, shape (len(texts), dimension)."""
        encodings = self._tokenizer.encode_batch_fast([*texts])
        rows = np.empty((len(texts), self.dimension), np.float32)
        for places in _alike([len(encoding.ids) for encoding in encodings]):
            rows[places] = self._run([encodings[place] for place in places])
        return rows

    def _run(self, encodings: Sequence[Encoding]) -> Rows:
        """Run texts of about one length, padded to the longest."""
        shape = (len(encodings), max(len(encoding.ids) for encoding in encodings))
        fillings = dict(zip(INPUTS, (self._padding, 0, 0), strict=True))
        feed = {name: np.full(shape, fillings[name], np.int64) for name in self._inputs}
        for place, encoding in enumerate(encodings):
            values = (encoding.ids, encoding.attention_mask, encoding.type_ids)
            for name, value in zip(INPUTS, values, strict=True):
                if name in feed:
                    feed[name][place, : len(value)] = value
        rows: Rows = self._session.run(None, feed)[0]
        return rows


def _options(threads: int) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    # Threads that spin while they wait take the core from whatever else runs
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4  # what is wrong is raised, too
    return options


def _alike(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Give the places of all lengths in groups, each of which is cheaper to run as one."""
    group: list[int] = []
    longest = 0
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        if group and len(group) * (lengths[place] - longest) > _WASTE:
            yield group
            group = []
        group.append(place)
        longest = lengths[place]
    if group:
        yield group
