"""Which models a server lacks or shuts down soon, with no false alarm for another form of a name."""

from datetime import date, timedelta

import pytest

from answers.engine.model_names import NOTICE, problems
from completions import ListedModel

TODAY = date(2026, 11, 27)


def found(names, *listed):
    """`listed`: ids, or pairs of an id and a date."""
    pairs = [one if isinstance(one, tuple) else (one, None) for one in listed]
    return problems(names, [ListedModel(*pair) for pair in pairs], TODAY, "ASKME_MODEL")


def test_a_model_that_is_not_listed_is_a_problem_that_says_what_to_do():
    assert found(["old"], "new", "newer") == [
        "The API does not list the model “old”, so it may refuse questions. "
        "Set ASKME_MODEL to a model that manage.py check_api lists."
    ]


def test_each_model_is_named_once():
    assert len(found(["a", "a", "b", "c"], "c", "d")) == 2


def test_a_model_that_ends_soon_is_a_problem():
    assert found(["m"], ("m", date(2027, 1, 14))) == [
        "The model “m” will be shut down on 2027-01-14. Set ASKME_MODEL to another model before that."
    ]


@pytest.mark.parametrize(("days", "is_problem"), [(NOTICE.days, True), (NOTICE.days + 1, False), (0, True)])
def test_the_notice_is_ninety_days(days, is_problem):
    assert NOTICE.days == 90
    assert bool(found(["m"], ("m", TODAY + timedelta(days)))) == is_problem


def test_a_model_that_has_ended_is_a_problem():
    assert found(["m"], ("m", date(2026, 10, 23))) == [
        "The model “m” was shut down on 2026-10-23. Set ASKME_MODEL to another model."
    ]


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("llama", "llama:latest"),  # Ollama
        ("llama:latest", "llama"),
        ("Llama", "llama"),
        ("gemini-flash", "models/gemini-flash"),  # Gemini
        ("org/model:online", "org/model"),  # OpenRouter
        ("org/model:free", "org/model"),
        ("claude-x", "claude-x-20250929"),  # Anthropic
        ("claude-x-latest", "claude-x-20250929"),
        ("m", "m-2025-08-07"),
        ("mistral-small-latest", "mistral-small-2506"),
        ("openai/m", "openai/*"),  # LiteLLM
    ],
)
def test_another_form_of_the_name_is_no_problem(name, listed):
    assert found([name], "other", listed) == []


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("llama:1b", "llama:latest"),
        ("m", "m-mini"),
        ("m-mini", "m"),
        ("m", "m-mini-2025-08-07"),
        ("m.1", "m-1-2025-08-07"),
    ],
)
def test_another_model_is_not_taken_for_a_form_of_the_name(name, listed):
    assert len(found([name], "other", listed)) == 1


def test_the_end_of_a_dated_version_says_nothing_about_the_name_without_a_date():
    assert found(["m"], ("m-2025-08-07", TODAY), ("m-2026-08-07", None)) == []


def test_lists_that_say_nothing_are_no_problem():
    assert found(["m"]) == []
    assert found(["m"], "/models/tiny-Q4.gguf") == []  # llama.cpp answers under any name
