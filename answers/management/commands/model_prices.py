"""Print today's prices of the configured models, as TOML for ASKME_MODELS_FILE.

They come from the package genai-prices. A server does not need it, so it is not in requirements.txt.
"""

import importlib
import json
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from answers.engine.model_options import DEMO_MODEL, ModelOption, configured
from answers.engine.provider import OPENAI_URL

PACKAGE = "genai_prices"
MISSING = (
    "The prices come from the package genai-prices, which is not installed. Install it with"
    f" `{sys.executable} -m pip install genai-prices`. askme needs it for nothing else."
)
CURRENCY = "USD"  # of the package
COLUMNS = {"input": "input_mtok", "cached_input": "cache_read_mtok", "output": "output_mtok"}


class Command(BaseCommand):
    help = (
        "Print the prices of the configured models, as TOML for ASKME_MODELS_FILE. They come from the package"
        " genai-prices. Needs no database and no API key. Nothing is sent to your API."
    )
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        models = [one for one in configured() if one.name and one.name != DEMO_MODEL]
        if not models:
            raise CommandError("No model is configured. Set ASKME_MODEL or ASKME_MODELS first.")
        try:
            package = importlib.import_module(PACKAGE)
        except ImportError:
            raise CommandError(MISSING) from None
        self.stdout.write(f"# Per million tokens, according to genai-prices {package.__version__}.")
        if settings.ASKME_CURRENCY != CURRENCY:
            wanted = settings.ASKME_CURRENCY
            self.stdout.write(
                f"# These prices are in {CURRENCY}: convert them, since ASKME_CURRENCY is {wanted}."
            )
        for model in models:
            self.stdout.write("\n" + "\n".join(_table(model, package)))


def _table(model: ModelOption, package: Any) -> Iterator[str]:
    yield f"[{_quoted(model.label or model.name)}]"
    yield f"model = {_quoted(model.name)}"
    if model.effort:
        yield f"effort = {_quoted(model.effort)}"
    if model.api:
        yield f"api = {_quoted(model.api)}"
    if model.web_search:
        yield "web_search = true"
    yield from _price(model.name, package)


def _price(name: str, package: Any) -> Iterator[str]:
    url = settings.OPENAI_BASE_URL or OPENAI_URL
    found = _find(package, name, provider_api_url=url)
    if found is None:
        found = _find(package, name)  # of whoever is known for a model of this name
        if found is not None:
            yield f"# {found.provider.name} charges this. Nothing is known about the prices of {url}"
    prices = (
        {key: getattr(found.model_price, column, None) for key, column in COLUMNS.items()} if found else {}
    )
    if prices.get("input") is None or prices.get("output") is None:
        yield "# Its price is not known: see the price list of your provider."
        return
    tiers = [tier.start for price in prices.values() for tier in getattr(price, "tiers", ())]
    if tiers:
        yield f"# Prompts of more than {min(tiers):,} tokens cost more."
    numbers = {key: getattr(price, "base", price) for key, price in prices.items() if price is not None}
    pairs = ", ".join(f"{key} = {_number(Decimal(value))}" for key, value in numbers.items())
    yield f"price = {{ {pairs} }}"


def _find(package: Any, name: str, **provider: str) -> Any:
    try:
        return package.calc_price(package.Usage(input_tokens=0, output_tokens=0), name, **provider)
    except LookupError:
        return None


def _number(value: Decimal) -> str:
    """Without an exponent and trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # for printable text, TOML's strings are those of JSON
