"""Parse texts into a configuration, and list every problem in the order of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from prox.core.config.check import check_config
from prox.core.config.document import Mapping, Place, merge, parse_document
from prox.core.config.read import read_config

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prox.core.config.model import Config
    from prox.core.errors import Problem


class Parsed(Struct, frozen=True):
    """``config`` is None if the texts are not readable, and valid only if there are no ``problems``."""

    config: Config | None
    problems: tuple[Problem, ...]
    document: Mapping


def parse(texts: Sequence[tuple[str, str]], *, folder: str, file: str | None) -> Parsed:
    """Parse the text of prox.yaml and its overrides, each given with its name in messages."""
    documents: list[Mapping] = []
    problems: list[Problem] = []
    for text, name in texts:
        document, wrong = parse_document(text, name)
        problems += wrong
        if document is not None:
            documents.append(document)
    if not documents or len(documents) < len(texts):
        return Parsed(None, in_order(problems, texts), Mapping({}, Place("", 0, 0)))
    whole = documents[0]
    for document in documents[1:]:
        whole = merge(whole, document)
    config, wrong, unread = read_config(whole, folder=folder, file=file)
    problems += check_config(config, whole, unread | {problem.path for problem in problems}) + wrong
    return Parsed(config, in_order(problems, texts), whole)


def in_order(problems: Iterable[Problem], texts: Sequence[tuple[str, str]]) -> tuple[Problem, ...]:
    """Return problems in the order of the files and lines; those of other files come last."""
    places = {name: number for number, (_, name) in enumerate(texts)}
    return tuple(sorted(dict.fromkeys(problems), key=lambda each: (places.get(each.file, len(places)), each)))
