"""Reads `ASKME_MODELS`: one line such as `Fast=gpt-6-luna@low, Thorough=gpt-6-luna@high`, or TOML.

The line is enough for names and efforts. TOML, with one table for each label, also allows prices and an API.
"""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from answers.engine.model_options import APIS, EFFORTS, ModelOption, Price, parse_option

MAX_PRICE = 10_000  # per million tokens; the cost of an answer must fit into its column
SHOWN_CHARS = 40  # of a wrong value, in the message

LINE_HINT = "Write a list such as “Fast=gpt-6-luna@low, Thorough=gpt-6-luna@high”."
TABLE_HINT = 'Write a table for each label: a line [Fast], and below it model = "gpt-6-luna".'
SYNTAX_HINT = (
    'Write text in quotes, such as model = "gpt-6-luna", and a label with spaces or dots too: ["Very fast"].'
)
PRICE_HINT = "Write price = { input = 1.25, cached_input = 0.125, output = 10 }, per million tokens."
PRICE_KEYS = ("input", "cached_input", "output")


class BadModels(ValueError):
    """`problem` follows the name of the setting and begins with a space; `hint` says what to write."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(f"{problem.strip()}. {hint}")
        self.problem, self.hint = problem, hint


def parse_models(text: str) -> list[ModelOption]:
    """The models, in order. Raises BadModels if there are none, or if one of them is wrong."""
    options: dict[str, ModelOption] = {}
    # Names contain no quotation marks, so text with one is TOML, perhaps without its tables.
    is_toml = re.search(r'^\s*[\[#]|"', text, re.MULTILINE)
    for option in _tables(text) if is_toml else _words(text):
        if option.key in options:
            hint = "Write each model once, or give it another effort or web search."
            raise BadModels(f" repeats a name: {_shown(option.key)}", hint)
        if option.label in (one.label for one in options.values()):
            raise BadModels(f" repeats a name: {_shown(option.label)}", "Write each label once.")
        options[option.key] = option
    return list(options.values())


def parse_model(text: str) -> ModelOption:
    """One model of a line: `name`, `name@effort` or either with `+search`. Raises BadModels."""
    option = parse_option(text)
    if not option.name or not option.name.isprintable():
        raise BadModels(f" is {_shown(text)}", "Write the name of a model, such as gpt-6-luna.")
    # Names may contain an @ too, as in `model@20250929`. A single word after it is more likely a typo.
    if not option.effort and (found := re.search(r"@([a-z]+)$", option.name)):
        known = f"{', '.join(EFFORTS[:-1])} or {EFFORTS[-1]}"
        hint = f"Use {known}. If it is part of the name, write the models as TOML, as .env.example shows."
        raise BadModels(f" has an unknown effort: {_shown(found[1])}", hint)
    return option


def _words(text: str) -> Iterator[ModelOption]:
    for part in text.split(","):
        label, equals, value = (word.strip() for word in part.partition("="))
        value = value if equals else label
        if not label or not value:
            raise BadModels(" has an empty part", LINE_HINT)
        if not label.isprintable():
            raise BadModels(f" has the label {_shown(label)}", LINE_HINT)
        yield replace(parse_model(value), label=label)


def _tables(text: str) -> Iterator[ModelOption]:
    try:
        tables = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:  # of tomllib, int and Decimal
        raise BadModels(f" is not valid TOML: {error}", SYNTAX_HINT) from None
    if not tables:
        raise BadModels(" has no table", TABLE_HINT)
    for label, table in tables.items():
        if not isinstance(table, dict):
            raise BadModels(f" has {_shown(label)} outside of a table", TABLE_HINT)
        if not label.strip() or not label.isprintable():
            raise BadModels(f" has the label {_shown(label)}", "Write a label that people can read: [Fast].")
        yield _Table(label.strip(), table).option()


class _Table:
    def __init__(self, label: str, table: Mapping[str, Any]) -> None:
        self.label, self._table = label, table

    def option(self) -> ModelOption:
        keys = ("model", "effort", "api", "web_search", "price")
        for key, value in self._table.items():
            if key not in keys:
                near = difflib.get_close_matches(key, keys, n=1)
                hint = f"Did you mean {near[0]}? " if near else ""
                hint = f"{hint}Use the keys {', '.join(keys[:-1])} and {keys[-1]}."
                if isinstance(value, dict):
                    hint = 'Write a label with dots in quotes: ["Luna 6.1"].'
                raise self._bad(f"the unknown key {_shown(key)}", hint)
        name = self._text("model", 'Write model = "gpt-6-luna", with the name of your model.')
        if not name:
            raise self._bad("no model", 'Write model = "gpt-6-luna", with the name of your model.')
        if parse_option(name).name != name:
            hint = 'Here, write effort = "high" and web_search = true as lines of their own.'
            raise self._bad(f"the model {_shown(name)}", hint)
        return ModelOption(
            name=name,
            label=self.label,
            effort=self._effort(),
            api=self._api(),
            web_search=self._web_search(),
            price=self._price() if "price" in self._table else None,
        )

    def _effort(self) -> str:
        """Any word, because servers add new ones. A system check warns of words that are not in EFFORTS."""
        hint = f'Write effort = "high", or another of {", ".join(EFFORTS)}.'
        effort = self._text("effort", hint)
        if not re.fullmatch("[a-z]*", effort):
            raise self._bad(f"the effort {_shown(effort)}", hint)
        return effort

    def _api(self) -> str:
        hint = f'Write api = "{APIS[0]}", "{APIS[1]}" or "{APIS[2]}", or leave it out for that of ASKME_API.'
        api = self._text("api", hint)
        if api and api not in APIS:
            raise self._bad(f"the API {_shown(api)}", hint)
        return api

    def _web_search(self) -> bool:
        value = self._table.get("web_search", False)
        if not isinstance(value, bool):
            raise self._bad(f"the web_search {_shown(value)}", "Write web_search = true or false.")
        return value

    def _price(self) -> Price:
        price = self._table["price"]
        if not isinstance(price, dict):
            raise self._bad(f"the price {_shown(price)}", PRICE_HINT)
        for key, value in price.items():
            if key not in PRICE_KEYS:
                raise self._bad(f"the unknown key {_shown(key)} in its price", PRICE_HINT)
            is_number = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
            if not is_number or not Decimal(value).is_finite() or not 0 <= value <= MAX_PRICE:
                hint = f"{PRICE_HINT[:-1]}, each from 0 to {MAX_PRICE}."
                raise self._bad(f"the {key} price {_shown(value)}", hint)
        for key in ("input", "output"):
            if key not in price:
                raise self._bad(f"no {key} price", PRICE_HINT)
        numbers = {key: Decimal(value) for key, value in price.items()}
        return Price(**{"cached_input": numbers["input"]} | numbers)

    def _text(self, key: str, hint: str) -> str:
        value = self._table.get(key, "")
        if not isinstance(value, str) or not value.isprintable():
            raise self._bad(f"the {key} {_shown(value)}", hint)
        return value.strip()

    def _bad(self, problem: str, hint: str) -> BadModels:
        """`[Fast] has the effort 7`."""
        return BadModels(f": [{self.label[:SHOWN_CHARS]}] has {problem}", hint)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()  # as TOML writes it
    return repr(value[:SHOWN_CHARS]) if isinstance(value, str) else str(value)[:SHOWN_CHARS]
