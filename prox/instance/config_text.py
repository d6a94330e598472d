"""Read the text of prox.yaml and ``prox.override.yaml``, and its digest. Cheap to import, for client commands."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from prox.core.errors import ConfigError
from prox.instance.finding import NAMES
from prox.instance.text_files import is_stream, problem, read_text, shown_path

OVERRIDE = "prox.override.yaml"


def config_texts(file: Path) -> list[tuple[str, str]]:
    """Return the texts of the configuration, each with its name in messages. Raises ConfigError."""
    texts = [(_read(file), shown_path(file))]
    override = file.with_name(OVERRIDE)
    if file.name in NAMES and override.exists():
        texts.append((_read(override), shown_path(override)))
    return texts


def digest_of(texts: list[tuple[str, str]]) -> str:
    """Return the digest of texts, regardless of their names."""
    return sha256("\0".join(text for text, _ in texts).encode()).hexdigest()[:16]


def current_digest(file: str) -> str | None:
    """Return the digest of the current configuration; None if it cannot be read, or only once."""
    if is_stream(Path(file)):
        return None
    try:
        return digest_of(config_texts(Path(file)))
    except ConfigError:
        return None


def _read(file: Path) -> str:
    """Return the text of a configuration. Raises ConfigError, also if everyone can write to it."""
    shown = shown_path(file)
    try:
        return read_text(file, shown=shown, trusted=True)
    except FileNotFoundError:
        raise problem(shown, 0, "not found; `prox init` writes one") from None
