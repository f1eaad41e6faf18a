"""Finds the field, or the limit, without which an API would accept a request that it refuses. No network."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from completions.dialects import LIMIT_FIELDS, NEWER_LIMIT_FIELDS, sent_optional_fields
from completions.error_bodies import error_fields, error_words, named_fields

REFUSED_STATUSES = (400, 422)
REFUSED = re.compile(
    r"support|unrecogni|unknown|unexpected|extra|forbidden|permitted|allowed|deprecated|verified", re.I
)
# These fields take one of several words, and some servers do not know all of them.
CHOICES = ("reasoning.effort", "reasoning.summary", "reasoning_effort")
WRONG_CHOICE = re.compile(r"invalid|input should be|must be|one of", re.I)
# "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead": only the first was refused.
SENTENCE_END = re.compile(r"(?<=[.!?;}])\s+|\n|\}, *\{")

TOO_LARGE = re.compile(
    # OpenAI, vLLM; Anthropic: "max_tokens: 99999 > 64000, which is the maximum"; DeepSeek: "valid range"
    r"\bmax_(completion_|output_)?tokens\b.{0,80}(too large|> *\d|(greater|less) than|exceed|valid range)"
    # vLLM and OpenRouter: "you requested 8212 tokens (20 in the messages, 8192 in the completion)"
    r"|\d+ (tokens )?(in|of) the (completion|output)\b",
    re.I | re.S,
)


def refused_field(body: Any, sent: Mapping[str, Any], echoes: Iterable[str] = ()) -> str | None:
    """The optional field of the request that this error (400 or 422) is about, or None.

    A field whose value is merely too large does not count. If `param` or `loc` names a field, it is that one.
    """
    optional = sent_optional_fields(sent)
    words = error_words(body, echoes)
    if not REFUSED.search(f"{words} {error_fields(body).get('code')} {error_fields(body).get('type')}"):
        optional = [name for name in optional if name in CHOICES and WRONG_CHOICE.search(words)]
    param = error_fields(body).get("param")
    if param and isinstance(param, str) and param.lower() not in ("none", "null"):  # LiteLLM: "None"
        # If `param` names only the outer field, the words show which inner field is meant.
        inner = [name for name in optional if name.startswith(f"{param}.") and _names(name, words)]
        return next((name for name in [*inner, *optional] if _is_within(param, name) or name in inner), None)
    if fields := list(named_fields(body)):
        return next((name for name in optional if any(_is_within(one, name) for one in fields)), None)
    sentences = [one for one in SENTENCE_END.split(words) if REFUSED.search(one) or WRONG_CHOICE.search(one)]
    return next((name for name in optional if any(_names(name, one) for one in sentences)), None)


def limit_is_too_large(body: Any, sent: Mapping[str, Any], echoes: Iterable[str] = ()) -> bool:
    """Whether this refusal is about the size of the limit on the answer, not about the field itself."""
    limits = {*LIMIT_FIELDS.values(), *NEWER_LIMIT_FIELDS.values()}
    return not limits.isdisjoint(sent) and bool(TOO_LARGE.search(error_words(body, echoes)))


def _is_within(path: str, name: str) -> bool:
    """Whether the path is this field or inside it: "tools[0].type" is within "tools"."""
    return re.match(rf"{re.escape(name)}(\W|$)", path) is not None


def _names(name: str, words: str) -> bool:
    """Whether the words name this field, such as reasoning.summary, ('reasoning', 'summary') or
    "reasoning summaries"."""
    pattern = r"[\W_]{1,4}".join(re.split(r"[._]", name)).replace("summary", "summar(y|ies)")
    return re.search(rf"(?<!\w){pattern}(?!\w)", words, re.I) is not None
