"""Which fields each model accepts. Servers differ, and their refusals show what to leave out.

OpenAI's newer models refuse `max_tokens` and `temperature`, models that do not reason refuse `reasoning`, and
some servers refuse every field that they do not know.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from completions.thinking import UnmarkedModels

LIMIT_FIELDS = {"chat": "max_tokens", "completions": "max_tokens", "responses": "max_output_tokens"}
NEWER_LIMIT_FIELDS = {"max_tokens": "max_completion_tokens"}

# A nested field comes before the field that contains it: a refusal that names both means the nested one.
# `store` is not optional: without it, some providers keep every question.
OPTIONAL_FIELDS = (
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "temperature",
    "stream_options",
    "reasoning.summary",
    "reasoning.effort",
    "reasoning",
    "reasoning_effort",
    "safety_identifier",
    "prompt_cache_key",
    "tools",
)

REMEMBERED_MODELS = 100  # a site that offers more models has to learn some dialects again


@dataclass(frozen=True, slots=True)
class Dialect:
    """The optional fields that a model refuses. A value, so that threads can replace it without a lock."""

    refused: frozenset[str] = frozenset()  # of OPTIONAL_FIELDS
    limit_field: str = ""  # the newer name for the limit, once the model has refused the usual one

    def without(self, field: str) -> Self:
        """The dialect to try after the server has refused `field`."""
        limit_field = NEWER_LIMIT_FIELDS.get(field, self.limit_field)
        return replace(self, refused=self.refused | {field}, limit_field=limit_field)

    def without_refused(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The body without the refused fields, and without objects that are empty then."""
        if not self.refused:
            return dict(body)
        accepted = {}
        for name, value in body.items():
            if name in self.refused:
                continue
            if isinstance(value, dict):
                value = {key: one for key, one in value.items() if f"{name}.{key}" not in self.refused}
                if not value:
                    continue
            accepted[name] = value
        return accepted


class Dialects:
    """The dialect of each model at each API, learned from refusals. A server's models may differ."""

    def __init__(self) -> None:
        self._learned: dict[tuple[str, str], Dialect] = {}
        self.unmarked = UnmarkedModels()

    def of(self, api: str, model: str) -> Dialect:
        return self._learned.get((api, model), Dialect())

    def learn(self, api: str, model: str, dialect: Dialect) -> None:
        if dialect == self.of(api, model):
            return
        if len(self._learned) >= REMEMBERED_MODELS:
            self._learned.clear()
        self._learned[api, model] = dialect


def sent_optional_fields(body: Mapping[str, Any]) -> list[str]:
    """Which of OPTIONAL_FIELDS are in this body."""
    return [name for name in OPTIONAL_FIELDS if _contains(body, name)]


def sent_limit(body: Mapping[str, Any]) -> int:
    """The limit on the tokens of the answer in this body; 0: none."""
    names = (*LIMIT_FIELDS.values(), *NEWER_LIMIT_FIELDS.values())
    return next((int(body[name]) for name in names if name in body), 0)


def _contains(body: Mapping[str, Any], name: str) -> bool:
    outer, _, inner = name.partition(".")
    return outer in body and (not inner or inner in body[outer])
