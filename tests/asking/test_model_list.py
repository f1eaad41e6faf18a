"""What ASKME_MODELS may contain: a line, or TOML with one table for each label."""

from decimal import Decimal

import pytest

from answers.engine.model_list import BadModels, parse_model, parse_models
from answers.engine.model_options import ModelOption, Price, find_option

FILE = """
# What people may choose
[Fast]
model = "gpt-6-luna"
effort = "low"

["Sehr gründlich"]
model = "gpt-6-luna"
effort = "high"
api = "responses"
web_search = true
price = { input = 1.25, cached_input = 0.125, output = 10 }
"""


def test_a_line_keeps_its_order_and_a_name_is_its_own_label():
    models = parse_models(" Fast = llama:1b ,Thorough=a=b, qwen:32b")
    assert [(one.key, one.label) for one in models] == [
        ("llama:1b", "Fast"),
        ("a=b", "Thorough"),
        ("qwen:32b", "qwen:32b"),
    ]


def test_a_line_may_offer_one_model_with_different_efforts():
    assert parse_models("Fast=m@low, Thorough=m@high+search, Plain=m, News=m+search") == [
        ModelOption(name="m", label="Fast", effort="low"),
        ModelOption(name="m", label="Thorough", effort="high", web_search=True),
        ModelOption(name="m", label="Plain"),
        ModelOption(name="m", label="News", web_search=True),
    ]


@pytest.mark.parametrize(
    "name", ["claude@20250929", "@cf/meta/llama-3.1-8b", "a@b@c/d", "org/model:free", "a=b"]
)
def test_a_name_may_contain_an_at_sign(name):
    assert parse_model(name) == ModelOption(name=name)
    assert parse_model(f"{name}@low") == ModelOption(name=name, effort="low")


def test_a_file_says_more_of_each_model():
    fast, thorough = parse_models(FILE)
    assert fast == ModelOption(name="gpt-6-luna", label="Fast", effort="low")
    assert thorough == ModelOption(
        name="gpt-6-luna",
        label="Sehr gründlich",
        effort="high",
        api="responses",
        web_search=True,
        price=Price(input=Decimal("1.25"), cached_input=Decimal("0.125"), output=Decimal(10)),
    )
    assert [fast.key, thorough.key] == ["gpt-6-luna@low", "gpt-6-luna@high+search"]


def test_cached_tokens_cost_as_much_as_others_unless_the_price_says_so():
    (option,) = parse_models('[A]\nmodel = "m"\nprice = { input = 0.1, output = 0 }')
    assert option.price == Price(input=Decimal("0.1"), cached_input=Decimal("0.1"), output=Decimal(0))


def test_what_a_word_at_the_end_means_is_clear_in_a_file():
    (option,) = parse_models('[A]\nmodel = "claude@latest"\neffort = "ultra"')
    assert (option.name, option.effort) == ("claude@latest", "ultra")


TABLE = '[A]\nmodel = "m"\n'
WRONG = [
    ("", "an empty part", "Write a list"),
    ("# nothing yet", "has no table", "Write a table"),
    ('model = "m"', "has 'model' outside of a table", "Write a table"),
    ('model = "m"\n[A]\nmodel = "m"', "has 'model' outside of a table", "Write a table"),
    ('[[A]]\nmodel = "m"', "has 'A' outside of a table", "Write a table"),
    ("[A]\nmodel = m", "(at line 2, column 9)", "in quotes"),
    ('[Very fast]\nmodel = "m"', "(at line 1, column 7)", '["Very fast"]'),
    (TABLE + 'model = "n"', "Cannot overwrite a value", "Write"),
    (TABLE + '[A]\nmodel = "n"', "(at line 3", "Write"),
    (TABLE + "price = { input = 1e999999999999999999999, output = 1 }", "is not valid TOML", "Write"),
    (TABLE + "price = { input = 1" + "0" * 5_000 + ", output = 1 }", "is not valid TOML", "Write"),
    ("[A]", "[A] has no model", 'model = "'),
    ('[A]\nmodel = " "', "[A] has no model", 'model = "'),
    ("[A]\nmodel = 6", "[A] has the model 6", 'model = "'),
    ('[A]\nmodel = "m\\u0000"', "[A] has the model", 'model = "'),
    ('[A]\nmodel = "m@high"', "[A] has the model 'm@high'", 'effort = "high"'),
    ('[A]\nmodel = "m+search"', "[A] has the model 'm+search'", "web_search = true"),
    ('[" "]\nmodel = "m"', "has the label ' '", "[Fast]"),
    ('["a\\u0000"]\nmodel = "m"', "has the label", "[Fast]"),
    ('[Luna 6.1]\nmodel = "m"', "is not valid TOML", "dots"),
    ('[Luna6.1]\nmodel = "m"', "[Luna6] has the unknown key '1'", '["Luna 6.1"]'),
    (TABLE + "modell = 1", "the unknown key 'modell'", "Did you mean model?"),
    (TABLE + "temperature = 1", "the unknown key 'temperature'", "effort, api, web_search and price"),
    (TABLE + "effort = 7", "has the effort 7", 'effort = "high"'),
    (TABLE + 'effort = "High"', "has the effort 'High'", 'effort = "high"'),
    (TABLE + 'api = "assistants"', "has the API 'assistants'", '"responses", "chat" or "completions"'),
    (TABLE + "api = true", "has the api true", '"responses", "chat" or "completions"'),
    (TABLE + 'web_search = "yes"', "has the web_search 'yes'", "true or false"),
    (TABLE + "price = 10", "has the price 10", "price = { input"),
    (TABLE + "price = { input = -1, output = 10 }", "the input price -1", "from 0 to"),
    (TABLE + "price = { input = 1, output = 10001 }", "the output price 10001", "from 0 to"),
    (TABLE + "price = { input = nan, output = 10 }", "the input price NaN", "from 0 to"),
    (TABLE + "price = { input = true, output = 10 }", "the input price true", "from 0 to"),
    (TABLE + 'price = { input = "1", output = 10 }', "the input price '1'", "from 0 to"),
    (TABLE + "price = { input = 1 }", "has no output price", "price = { input"),
    (TABLE + "price = { output = 1 }", "has no input price", "price = { input"),
    (TABLE + "price = { input = 1, output = 1, cached = 1 }", "the unknown key 'cached'", "cached_input"),
    (TABLE + '[B]\nmodel = "m"', "repeats a name: 'm'", "another effort"),
    (TABLE + '[" A"]\nmodel = "n"', "repeats a name: 'A'", "each label once"),
]


@pytest.mark.parametrize(("text", "problem", "hint"), WRONG)
def test_a_mistake_says_what_to_write(text, problem, hint):
    with pytest.raises(BadModels) as raised:
        parse_models(text)
    assert problem in raised.value.problem
    assert hint in raised.value.hint
    assert raised.value.problem.startswith((" ", ":"))


def test_the_demo_model_answers_under_any_name_with_the_api_that_it_has(settings):
    settings.ASKME_MODELS = parse_models(TABLE + 'api = "responses"')
    settings.ASKME_DEMO = False
    assert find_option("m").api == "responses"
    settings.ASKME_DEMO = True
    assert find_option("m").api == ""
