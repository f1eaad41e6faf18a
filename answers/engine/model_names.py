"""Finds a model in a server's list, although servers write the names in different forms."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from fnmatch import fnmatchcase

from completions import ListedModel

NOTICE = timedelta(days=90)  # before a model is shut down; long enough to try another


def problems(names: Iterable[str], listed: Sequence[ListedModel], today: date, setting: str) -> list[str]:
    """A sentence for the operator about each model that is missing, or that will be shut down soon.

    There are none if the list is empty, or if it has only llama.cpp's model, which answers to any name.
    """
    if not listed or (len(listed) == 1 and "gguf" in listed[0].id.lower()):
        return []
    found = (_problem(name, listed, today, setting) for name in dict.fromkeys(names))
    return [sentence for sentence in found if sentence]


def find(name: str, listed: Sequence[ListedModel]) -> ListedModel | None:
    """The model with this name, or None. The date of one with only a similar name does not count."""
    same = [one for one in listed if _plain(one.id) == _plain(name)]
    if same:
        return next((one for one in same if one.shutdown_date), same[0])
    form = next((one for one in listed if _is_form_of(name, one.id)), None)
    return form and ListedModel(form.id)


def _problem(name: str, listed: Sequence[ListedModel], today: date, setting: str) -> str:
    found = find(name, listed)
    if found is None:
        return (
            f"The API does not list the model “{name}”, so it may refuse questions. "
            f"Set {setting} to a model that manage.py check_api lists."
        )
    end = found.shutdown_date
    if end is None or end - today > NOTICE:
        return ""
    if end <= today:
        return f"The model “{name}” was shut down on {end}. Set {setting} to another model."
    return f"The model “{name}” will be shut down on {end}. Set {setting} to another model before that."


def _plain(name: str) -> str:
    """Ollama lists `name:latest`, and Gemini `models/name`."""
    return name.lower().removeprefix("models/").removesuffix(":latest")


def _is_form_of(name: str, listed: str) -> bool:
    """Whether `name` is another form of a listed name: without its date, with a variant, or by pattern."""
    name, listed = name.lower(), listed.lower()
    base = re.sub(r"[-@]latest$", "", _plain(name))
    is_dated = re.fullmatch(re.escape(base) + r"[-@](\d{4}-\d\d-\d\d|\d{4,8})", _plain(listed)) is not None
    is_variant = ":" in name and listed == name.partition(":")[0]  # OpenRouter: `name:online`
    is_pattern = "*" in listed and fnmatchcase(name, listed)  # LiteLLM: `openai/*`
    return is_dated or is_variant or is_pattern
