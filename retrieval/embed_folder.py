"""Embedding models from a folder in sentence-transformers format, run by transformers on torch.

Reads ``modules.json`` and understands the parts that such models are made of in practice: a transformer,
one pooling (mean, first or last token) and a normalisation. Anything else is refused rather than guessed. It
never reaches for a network.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.encoder import Vectors, cut
from retrieval.errors import EmbeddingFailed

_POOLINGS = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "first",
    "pooling_mode_lasttoken": "last",
}
_KNOWN_PARTS = ("Transformer", "Pooling", "Normalize")


class FolderEncoder:
    """A sentence-transformers model in ``folder``.

    Raises:
        EmbeddingFailed: the folder's description is broken, or names a part that is not understood.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._loading = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None
        try:
            parts = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
            paths = {part["type"].rsplit(".", 1)[-1]: folder / part["path"] for part in parts}
            unknown = [name for name in paths if name not in _KNOWN_PARTS]
            pooling = json.loads((paths["Pooling"] / "config.json").read_text(encoding="utf-8"))
            self._model_folder = paths["Transformer"]
            self.dimension = int(pooling["word_embedding_dimension"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise EmbeddingFailed(
                f"{folder}: not a usable sentence-transformers model ({type(error).__name__}: {error})"
            ) from error
        chosen = [
            mode for mode, is_on in pooling.items() if mode.startswith("pooling_mode") and is_on is True
        ]
        if unknown or len(chosen) != 1 or chosen[0] not in _POOLINGS:
            raise EmbeddingFailed(
                f"{folder}: parts {', '.join(paths)} with pooling {', '.join(chosen) or 'none'}; "
                f"understood are {', '.join(_KNOWN_PARTS)} with one of {', '.join(_POOLINGS)}"
            )
        self._pooling = _POOLINGS[chosen[0]]
        self._prompts = _prompts(folder / "config_sentence_transformers.json")
        # The folder opens the model again; the digest tells another model in the same place apart.
        self.name = f"{self._folder}@{_digest(self._folder)}"

    def embed(self, texts: Sequence[str], *, as_question: bool = False) -> Vectors:
        """See :class:`retrieval.embed.Embedder`."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        import torch

        tokenizer, model = self._load()
        prompt = self._prompts["query" if as_question else "document"]
        batch = tokenizer(
            [prompt + cut(text) for text in texts], padding=True, truncation=True, return_tensors="pt"
        )
        with torch.inference_mode():
            states = model(**batch).last_hidden_state
            mask = batch["attention_mask"]
            if self._pooling == "mean":
                pooled = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
            elif self._pooling == "first":
                pooled = states[:, 0]
            else:
                # The last token that counts, whichever side is padded.
                last = (mask * torch.arange(1, mask.shape[1] + 1)).argmax(1)
                pooled = states[torch.arange(len(texts)), last]
            vectors = torch.nn.functional.normalize(pooled.float(), dim=1)
        return np.asarray(vectors.numpy(), dtype=np.float32)

    def _load(self) -> tuple[Any, Any]:
        with self._loading:
            if self._loaded is None:
                from transformers import AutoModel, AutoTokenizer

                try:
                    tokenizer = AutoTokenizer.from_pretrained(self._model_folder, local_files_only=True)
                    model = AutoModel.from_pretrained(self._model_folder, local_files_only=True).eval()
                except (OSError, ValueError) as error:
                    raise EmbeddingFailed(f"{self._folder}: the model cannot be loaded ({error})") from error
                self._loaded = tokenizer, model
            return self._loaded


def _digest(folder: Path) -> str:
    """12 hexadecimal digits of descriptions, file sizes and the end of each weights file, read in no time."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".json", ".safetensors", ".bin"):
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - 1024 * 1024))
                digest.update(f"{path.relative_to(folder)} {path.stat().st_size}".encode() + file.read())
    return digest.hexdigest()[:12]


def _prompts(path: Path) -> dict[str, str]:
    """What the model wants in front of questions and documents; nothing when it does not say."""
    try:
        named = json.loads(path.read_text(encoding="utf-8")).get("prompts") or {}
    except (OSError, ValueError):
        named = {}
    return {
        "query": named.get("query", ""),
        "document": named.get("document", named.get("passage", "")),
    }
