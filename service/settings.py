"""Every setting of the service: one frozen class, read where it is built."""

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["QueryBackend", "Settings"]

QueryBackend = Literal["torch", "torch-bf16", "onnx", "onnx-int8"]
"""What may run the query model."""

_GIB = 1024**3
_MIB = 1024**2
_TOKEN = re.compile(r"[!-~]{16,}")


class Settings(BaseSettings):
    """Settings from the environment, each with the prefix `NEARHIT_`; `.env` is read too."""

    model_config = SettingsConfigDict(
        env_prefix="NEARHIT_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,  # a value may be a secret
    )

    # What is searched
    source: Literal["auto", "pixabay", "folder", "demo"] = Field(
        "auto",
        description="Where photos come from. `auto`: Pixabay where a key is set, else the folder "
        "where one is, else the built-in demo.",
    )
    pixabay_api_key: SecretStr | None = Field(
        None, description="Key of the Pixabay API; free at https://pixabay.com/api/docs/."
    )
    pixabay_url: str = Field(
        "https://pixabay.com/api/",
        description="Address of the Pixabay API, so that a look-alike can stand in.",
    )
    photo_hosts: list[str] = Field(
        ["pixabay.com", "cdn.pixabay.com"],
        description="The only hosts photos are fetched from (JSON list). Plain http is taken "
        "only from loopback hosts in it.",
    )
    folder: Path | None = Field(
        None, description="Folder of your own photos, searched when the source is `folder`."
    )
    demo_port: int = Field(
        8090,
        ge=0,
        le=65535,
        description="Port of loopback at which the demo's photo source listens; where it is taken, "
        "another one.",
    )
    pool_size: int = Field(
        100, ge=3, le=200, description="Photos asked of the source for one tag, at most."
    )

    # Models
    clip_model: str = Field(
        "openai/clip-vit-base-patch32",
        description="Model that ranks photos: a hub name or a local folder. The demo brings one of "
        "its own, which is used there unless this is set.",
    )
    query_model: str = Field(
        "sentence-transformers/all-MiniLM-L6-v2",
        description="Model that compares queries: a hub name or a local folder. The default is "
        "taken from the extra `offline` where that is installed.",
    )
    model_folder: Path = Field(
        Path(".cache/models"),
        description="Where the demo's model is put together, and the query model's graph is kept.",
    )
    query_backend: QueryBackend = Field(
        "onnx-int8",
        description="What runs the query model, in which precision; one for the whole deployment.",
    )
    device: str = Field(
        "auto", description="Where models run: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`."
    )
    encoder_threads: int = Field(
        0,
        ge=0,
        description="Threads of one model call; 0 is one, and photos are encoded in as many "
        "batches side by side as there are cores for a worker.",
    )
    clip_precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        "auto",
        description="What the ranking model computes in. `auto`: fp16 on a GPU; on a CPU bf16 for "
        "layers where it is quicker and as good, else fp32.",
    )
    image_batch: int = Field(
        0,
        ge=0,
        le=512,
        description="Photos encoded in one batch, at most; 0 takes what suits the model.",
    )
    text_batch: int = Field(32, ge=1, le=1024, description="Texts encoded in one batch, at most.")
    encoder_queue: int = Field(
        1024,
        ge=1,
        description="Texts that may wait for a model; more are refused. Photos of a fetch wait.",
    )

    # Cache
    store: str = Field(
        "sqlite:///.cache/nearhit.db",
        repr=False,  # it may hold a password
        description="Where everything learnt is kept.",
    )
    store_timeout_s: float = Field(2.0, gt=0, description="Longest wait for the store.")
    max_entries: int = Field(
        100_000,
        ge=100,
        description="Remembered queries, at most; those that will be missed least go.",
    )
    max_pools: int = Field(
        1000, ge=10, description="Pools kept, at most; those that will be missed least go."
    )
    min_similarity: float = Field(
        0.90,
        ge=-1,
        le=1,
        description="Cosine a remembered query must reach to be served, until a certificate "
        "says otherwise.",
    )
    prefer: Literal["quick", "exact"] = Field(
        "quick",
        description="`quick` serves a semantic hit before ranking a warm pool; `exact` ranks the "
        "warm pool while the encoder is idle.",
    )
    photo_folder: Path = Field(Path(".cache/photos"), description="Where photo files are kept.")
    photo_budget_bytes: int = Field(
        2 * _GIB, ge=_MIB, description="Bytes of photo files kept; the least recently used go."
    )

    # Limits and time-outs
    api_timeout_s: float = Field(10.0, gt=0, description="Longest wait for one API answer.")
    photo_timeout_s: float = Field(10.0, gt=0, description="Longest wait for one photo, in all.")
    photo_max_bytes: int = Field(10 * _MIB, ge=1024, description="Largest photo file taken.")
    photo_max_pixels: int = Field(
        40_000_000, ge=1, description="Most pixels a photo may have before it is decoded."
    )
    downloads: int = Field(
        32, ge=1, le=128, description="Photos downloaded at the same time, of all fetches together."
    )
    downloads_per_host: int = Field(
        16, ge=1, le=128, description="Photos downloaded from one host at the same time."
    )
    fetches: int = Field(4, ge=1, le=64, description="Pools fetched at the same time.")
    waiting_fetches: int = Field(
        64, ge=0, description="Pools that may wait to be fetched; more are refused."
    )
    search_timeout_s: float = Field(
        60.0, gt=0, description="Longest a search may take; its fetch goes on after that."
    )

    # Serving
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on.")
    workers: int = Field(
        1, ge=1, le=64, description="Processes that share the port; each loads the models."
    )
    cors_origins: list[str] = Field(
        ["*"], description="Origins whose pages may call the API (JSON list)."
    )
    admin_token: SecretStr | None = Field(
        None,
        description="What deleting and warming ask for, as `Authorization: Bearer`; they are "
        "closed while it is unset.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least level logged; query texts appear at DEBUG only."
    )

    @field_validator("admin_token")
    @classmethod
    def _is_hard_to_guess(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not _TOKEN.fullmatch(token.get_secret_value()):
            raise PydanticCustomError(
                "admin_token", "It must have at least 16 characters, all ASCII and none a space"
            )
        return token

    @property
    def chosen_source(self) -> Literal["pixabay", "folder", "demo"]:
        """The source that is searched: the one named, or what `auto` comes to."""
        if self.source != "auto":
            return self.source
        if self.pixabay_api_key:
            return "pixabay"
        return "folder" if self.folder else "demo"

    @property
    def ranks_with_demo_model(self) -> bool:
        """Whether the demo's own model ranks: in the demo, unless another was asked for."""
        return self.chosen_source == "demo" and "clip_model" not in self.model_fields_set
