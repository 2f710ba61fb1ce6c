"""A CLIP of ViT-B/32's size with random weights: as slow as the real one, and as large."""

from collections.abc import Iterable
from pathlib import Path

__all__ = ["write_random_clip"]

_SPECIAL = ("[UNK]", "<|startoftext|>", "<|endoftext|>")


def write_random_clip(folder: Path, texts: Iterable[str]) -> Path:
    """
    Write the model into a folder, in the hub's own layout.

    Args:
        folder: Gets 600 MB.
        texts: Their words get a token each, which is about what CLIP's own tokenizer gives them.
    """
    import torch  # noqa: PLC0415 - slow to import
    from tokenizers import (  # noqa: PLC0415
        Tokenizer,
        models,
        normalizers,
        pre_tokenizers,
        processors,
    )
    from transformers import (  # noqa: PLC0415
        CLIPConfig,
        CLIPModel,
        CLIPProcessor,
        PreTrainedTokenizerFast,
    )
    from transformers.models.clip.image_processing_pil_clip import (  # noqa: PLC0415
        CLIPImageProcessorPil,
    )

    words = {word for text in texts for word in text.lower().split()}
    vocab = {token: number for number, token in enumerate([*_SPECIAL, *sorted(words)])}
    unknown, start, end = _SPECIAL
    backend = Tokenizer(models.WordLevel(vocab, unk_token=unknown))
    backend.normalizer = normalizers.Lowercase()
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    backend.post_processor = processors.TemplateProcessing(
        single=f"{start} $A {end}", special_tokens=[(start, vocab[start]), (end, vocab[end])]
    )
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=backend,
        bos_token=start,
        eos_token=end,
        pad_token=end,
        unk_token=unknown,
        model_max_length=77,
        model_input_names=["input_ids", "attention_mask"],
    )
    tokens = {
        "bos_token_id": vocab[start],
        "eos_token_id": vocab[end],
        "pad_token_id": vocab[end],
    }
    # The configuration's own defaults are ViT-B/32's
    config = CLIPConfig(text_config=tokens)
    CLIPProcessor(image_processor=CLIPImageProcessorPil(), tokenizer=tokenizer).save_pretrained(  # type: ignore[no-untyped-call]
        folder
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        CLIPModel(config).save_pretrained(folder)
    return folder
