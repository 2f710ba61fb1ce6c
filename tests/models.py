"""
Tiny models of the real architectures, with random weights, in the hub's own file layout.

Each builder writes a folder that `AutoModel`, `AutoProcessor` and
`SentenceTransformer` load like a hub model's. Weights are drawn so wide that
different texts and different pictures get clearly different vectors.
"""

import json
import string
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizer,
    CLIPConfig,
    CLIPModel,
    CLIPProcessor,
    CLIPTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Siglip2Config,
    Siglip2Model,
    Siglip2Processor,
    Siglip2Tokenizer,
    SiglipConfig,
    SiglipModel,
    SiglipProcessor,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
from transformers.models.siglip2.image_processing_pil_siglip2 import Siglip2ImageProcessorPil

__all__ = [
    "tiny_bert",
    "tiny_clip",
    "tiny_sentence_encoder",
    "tiny_siglip",
    "tiny_siglip2",
]

DIMENSION = 32
PIXELS = 32

_TOWER = {
    "hidden_size": DIMENSION,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
_LETTERS = string.ascii_lowercase + string.digits + string.punctuation


def tiny_clip(folder: Path, *, seed: int = 0) -> Path:
    """Write a CLIP: texts of up to 77 tokens, a token a letter; photos cropped to the middle."""
    # The alphabet of byte-level BPE; a letter that ends a word is another token
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*alphabet, *(f"{letter}</w>" for letter in alphabet)]
    vocab = _numbered([*tokens, "<|startoftext|>", "<|endoftext|>"])
    tokenizer = CLIPTokenizer(vocab=vocab, merges=[], model_max_length=77)
    config = CLIPConfig(
        text_config=_TOWER
        | {
            "vocab_size": len(vocab),
            "max_position_embeddings": 77,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
        vision_config=_TOWER | {"image_size": PIXELS, "patch_size": 8},
        projection_dim=DIMENSION,
    )
    images = CLIPImageProcessorPil(
        size={"shortest_edge": PIXELS}, crop_size={"height": PIXELS, "width": PIXELS}
    )
    CLIPProcessor(image_processor=images, tokenizer=tokenizer).save_pretrained(folder)
    return _write(CLIPModel, config, folder, seed)


def tiny_siglip(folder: Path, *, seed: int = 0) -> Path:
    """Write a SigLIP: texts padded to 24 tokens, photos squeezed to a square."""
    vocab = _numbered(["<pad>", "</s>", "<unk>", *_LETTERS])
    backend = Tokenizer(models.WordLevel(vocab, unk_token="<unk>"))
    backend.normalizer = normalizers.Lowercase()
    backend.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    backend.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", vocab["</s>"])]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=24,
        model_input_names=["input_ids"],
    )
    config = SiglipConfig(
        text_config=_TOWER
        | {"vocab_size": len(vocab), "max_position_embeddings": 24}
        | {"bos_token_id": None, "eos_token_id": vocab["</s>"], "pad_token_id": vocab["<pad>"]},
        vision_config=_TOWER | {"image_size": PIXELS, "patch_size": 8},
    )
    images = SiglipImageProcessorPil(size={"height": PIXELS, "width": PIXELS})
    SiglipProcessor(image_processor=images, tokenizer=tokenizer).save_pretrained(folder)
    return _write(SiglipModel, config, folder, seed)


def tiny_siglip2(folder: Path, *, seed: int = 0) -> Path:
    """Write a SigLIP 2 that keeps a photo's own shape (NaFlex): patches of 16, at most 256."""
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    raw = [f"<0x{byte:02X}>" for byte in range(256)]
    vocab = _numbered([*special, *raw, "▁", *_LETTERS])
    tokenizer = Siglip2Tokenizer(
        vocab=vocab, merges=[], model_max_length=64, model_input_names=["input_ids"]
    )
    config = Siglip2Config(
        text_config=_TOWER
        | {"vocab_size": len(vocab), "max_position_embeddings": 64}
        | {"bos_token_id": None, "eos_token_id": vocab["<eos>"], "pad_token_id": vocab["<pad>"]},
        vision_config=_TOWER | {"num_patches": 256, "patch_size": 16},
    )
    Siglip2Processor(
        image_processor=Siglip2ImageProcessorPil(), tokenizer=tokenizer
    ).save_pretrained(folder)
    return _write(Siglip2Model, config, folder, seed)


def tiny_bert(folder: Path, *, seed: int = 0) -> Path:
    """Write a plain BERT, no sentence encoder yet: a token a letter, at most 128."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocab = _numbered([*special, *_LETTERS, *(f"##{letter}" for letter in _LETTERS)])
    tokenizer = BertTokenizer(vocab=vocab, model_max_length=128)
    tokenizer.save_pretrained(folder)
    config = BertConfig(**_TOWER, vocab_size=len(vocab), max_position_embeddings=128)
    return _write(BertModel, config, folder, seed)


def tiny_sentence_encoder(folder: Path, *, seed: int = 0) -> Path:
    """Write a sentence encoder: the mean of BERT's tokens, at most 64, to unit length."""
    tiny_bert(folder, seed=seed)
    steps = {"": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(steps.items())
    ]
    _write_json(folder / "modules.json", modules)
    _write_json(folder / "sentence_bert_config.json", {"max_seq_length": 64})
    pooling = {"word_embedding_dimension": DIMENSION, "pooling_mode_mean_tokens": True}
    _write_json(folder / "1_Pooling" / "config.json", pooling)
    return folder


def _numbered(tokens: list[str]) -> dict[str, int]:
    return {token: number for number, token in enumerate(tokens)}


def _write(kind: type[PreTrainedModel], config: object, folder: Path, seed: int) -> Path:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = kind(config)
        for parameter in model.parameters():
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=1.5 / parameter[0].numel() ** 0.5)
    model.save_pretrained(folder)
    return folder


def _write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2))
