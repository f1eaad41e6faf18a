"""`manage.py model_prices` prints what can be pasted into the file of models."""

import re
import sys
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from answers.engine.model_list import parse_models
from answers.engine.model_options import Price


def price(**columns):
    return SimpleNamespace(**{name: value and Decimal(value) for name, value in columns.items()})


PRICES = {
    "small": price(input_mtok="0.150", cache_read_mtok="0.075", output_mtok="10"),
    "no-cache": price(input_mtok="1E+1", cache_read_mtok=None, output_mtok="2"),
    "images": price(input_mtok=None, output_mtok=None),
    "long": SimpleNamespace(
        input_mtok=SimpleNamespace(base=Decimal("1.25"), tiers=[SimpleNamespace(start=200_000)]),
        cache_read_mtok=None,
        output_mtok=Decimal(5),
    ),
}


def calc_price(usage, model_ref, *, provider_api_url=None):
    """As that of genai-prices 0.2: it raises LookupError for a provider or a model that it does not know."""
    if model_ref not in PRICES or provider_api_url not in (None, "https://api.openai.com/v1"):
        raise LookupError
    return SimpleNamespace(model_price=PRICES[model_ref], provider=SimpleNamespace(name="OpenAI"))


@pytest.fixture(autouse=True)
def package(monkeypatch, settings):
    settings.ASKME_DEMO, settings.OPENAI_BASE_URL = False, ""
    package = SimpleNamespace(__version__="0.2.3", Usage=SimpleNamespace, calc_price=calc_price)
    monkeypatch.setitem(sys.modules, "genai_prices", package)
    return package


@pytest.fixture
def printed(settings, capsys):
    def printed(models):
        settings.ASKME_MODELS = parse_models(models)
        call_command("model_prices")
        return capsys.readouterr().out

    return printed


def test_what_is_printed_is_the_models_file_with_prices(printed):
    output = printed("Fast=small@low, Öfter=no-cache")
    fast, often = parse_models(output)
    assert (fast.name, fast.label, fast.effort, often.label) == ("small", "Fast", "low", "Öfter")
    assert fast.price == Price(input=Decimal("0.15"), output=Decimal(10), cached_input=Decimal("0.075"))
    assert often.price == Price(input=Decimal(10), output=Decimal(2), cached_input=Decimal(10))
    assert "genai-prices 0.2.3" in output
    assert "USD" not in output


def test_options_of_a_model_are_kept(printed):
    model = '["Very fast"]\nmodel = "small"\napi = "chat"\nweb_search = true\n'
    [option] = parse_models(printed(model))
    assert (option.label, option.api, option.web_search) == ("Very fast", "chat", True)


def test_an_unknown_price_is_said_and_left_out(printed):
    output = printed("New=new, Images=images, Fast=small")
    assert [option.price is None for option in parse_models(output)] == [True, True, False]
    assert output.count("# Its price is not known") == 2


def test_the_price_of_another_server_and_that_of_long_prompts_are_explained(printed, settings):
    settings.OPENAI_BASE_URL = "http://localhost:4000/v1"
    output = printed("Long=long")
    assert "# OpenAI charges this. Nothing is known about the prices of http://localhost:4000/v1" in output
    assert "# Prompts of more than 200,000 tokens cost more." in output
    assert parse_models(output)[0].price.input == Decimal("1.25")


def test_another_currency_has_to_be_converted(printed, settings):
    settings.ASKME_CURRENCY = "EUR"
    assert "# These prices are in USD: convert them, since ASKME_CURRENCY is EUR." in printed("Fast=small")


def test_the_only_model_is_printed_as_a_table_too(settings, capsys):
    settings.ASKME_MODELS, settings.ASKME_MODEL = [], "small"
    call_command("model_prices")
    assert [option.key for option in parse_models(capsys.readouterr().out)] == ["small"]


def test_without_the_package_the_command_says_what_to_install(settings, monkeypatch):
    settings.ASKME_MODEL = "small"
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    with pytest.raises(CommandError, match=re.escape(f"`{sys.executable} -m pip install genai-prices`")):
        call_command("model_prices")


def test_without_a_model_the_command_says_so(settings):
    settings.ASKME_MODELS, settings.ASKME_MODEL, settings.ASKME_DEMO = [], "", True
    with pytest.raises(CommandError, match="ASKME_MODEL"):
        call_command("model_prices")
