"""What a question is sent with, as the settings and the chosen model say."""

import re
import uuid

import pytest

from accounts.models import User
from answers.engine.prompts import _prompt
from answers.engine.provider import _endpoint
from answers.models import Answer

pytestmark = pytest.mark.django_db


@pytest.fixture
def question():
    def question(user, **fields):
        return Answer.objects.ask(user, uuid.uuid4(), "What?", **fields)

    return question


@pytest.fixture
def alice():
    return User.objects.create_user("alice")


@pytest.fixture
def at_openai(settings):
    settings.ASKME_DEMO, settings.OPENAI_BASE_URL = False, ""


@pytest.mark.parametrize(
    ("url", "setting", "sent"),
    [
        ("", None, True),
        ("https://api.openai.com/v1", None, True),
        ("https://eu.api.openai.com/v1", None, True),
        ("https://api.example/v1", None, False),
        ("https://api.openai.com.example/v1", None, False),
        ("https://api.example/v1", True, True),
        ("", False, False),
    ],
)
def test_pseudonyms_go_to_openai_and_elsewhere_if_the_setting_says_so(
    settings, at_openai, alice, question, url, setting, sent
):
    settings.OPENAI_BASE_URL, settings.ASKME_IDENTIFIERS = url, setting
    prompt = _prompt(question(alice))
    assert bool(prompt.safety_identifier) == bool(prompt.cache_key) == sent


def test_a_pseudonym_is_the_same_each_time_and_tells_nothing(settings, at_openai, alice, question):
    first = question(alice)
    one, two = _prompt(first), _prompt(question(alice, follows=first.pk))
    other = _prompt(question(User.objects.create_user("bob")))
    assert one.safety_identifier == two.safety_identifier != other.safety_identifier
    assert one.cache_key == two.cache_key != other.cache_key
    assert _prompt(question(alice)).cache_key != one.cache_key
    for pseudonym in (one.safety_identifier, one.cache_key):
        assert re.fullmatch("[0-9a-f]{32}", pseudonym)
    assert one.cache_key != first.thread.hex
    settings.SECRET_KEY = "another"
    assert _prompt(first).safety_identifier != one.safety_identifier


@pytest.mark.parametrize(
    ("api", "setting", "limit"),
    [("chat", 0, 8192), ("responses", 0, 8192), ("completions", 0, 1024), ("chat", 5, 5)],
)
def test_the_limit_of_tokens_suits_the_api(settings, alice, question, api, setting, limit):
    settings.ASKME_API, settings.ASKME_MAX_TOKENS, settings.ASKME_DEMO = api, setting, False
    prompt = _prompt(question(alice))
    assert (prompt.api, prompt.max_tokens, _endpoint("").max_tokens) == (api, limit, limit)


def test_the_demo_model_is_never_asked_over_an_api_that_it_does_not_have(settings, alice, question):
    settings.ASKME_DEMO, settings.ASKME_API = True, "responses"
    assert _prompt(question(alice)).api == "chat"


def test_the_effort_is_sent_apart_from_the_name(alice, question):
    prompt = _prompt(question(alice, model="gpt-6-luna@high+search"))
    assert (prompt.model, prompt.effort, prompt.web_search) == ("gpt-6-luna", "high", True)


@pytest.mark.parametrize(
    ("setting", "proxy"),
    [
        ("", ""),
        ("http://proxy.example:3128", "http://proxy.example:3128"),
        ("environment", "http://env.example:1"),
    ],
)
def test_the_proxy_is_the_settings_or_that_of_the_environment(settings, monkeypatch, setting, proxy):
    monkeypatch.setenv("HTTPS_PROXY", "http://env.example:1")
    settings.ASKME_API_PROXY = setting
    assert _endpoint("https://api.example/v1").proxy == proxy


def test_an_invalid_address_fails_its_questions_but_not_the_queue(settings, at_openai, alice, question):
    settings.OPENAI_BASE_URL = "http://[::1"
    prompt = _prompt(question(alice))
    assert (prompt.api, prompt.safety_identifier) == ("chat", "")
