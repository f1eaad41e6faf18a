"""A wrong setting ends the start and says what to write, in a fresh process as an operator sees it."""

import os
import subprocess
import sys

import pytest

from tests.support.sites import ROOT, Site


def check(tmp_path, **environment):
    return Site(tmp_path, **environment).manage("check")


OIDC = {
    "ASKME_OIDC_ISSUER": "https://id.example",
    "ASKME_OIDC_CLIENT_ID": "a",
    "ASKME_OIDC_CLIENT_SECRET": "b",
}
WRONG = [
    ({"ASKME_MAX_TOKENS": "many"}, "E001", "whole number"),
    ({"ASKME_MAX_TOKENS": "0"}, "E002", "ASKME_MAX_TOKENS"),
    ({"ASKME_THREADS": "-1"}, "E002", "ASKME_THREADS"),
    ({"ASKME_SILENCE_SECONDS": "-1"}, "E002", "ASKME_SILENCE_SECONDS"),
    ({"ASKME_SILENCE_SECONDS": "inf"}, "E001", "number"),
    ({"OPENAI_API_KEY_FILE": "/nowhere/key"}, "E001", "OPENAI_API_KEY_FILE"),
    ({"ASKME_API": "responses"}, "E003", "“chat”"),
    ({"OPENAI_BASE_URL": "localhost:11434/v1", "ASKME_MODEL": "m"}, "E004", "https://api.openai.com/v1"),
    ({"OPENAI_BASE_URL": "http://localhost:11434/v1"}, "E005", "ASKME_MODEL"),
    ({"OPENAI_API_KEY": "sk-1 sk-2"}, "E006", "OPENAI_API_KEY"),
    ({"OPENAI_API_KEY": "sk-é"}, "E006", "OPENAI_API_KEY"),
    ({"ASKME_PROMPT_TEMPLATE": "Answer."}, "E007", "{question}"),
    ({"ASKME_CA_BUNDLE": "/nowhere/ca.pem"}, "E008", "ASKME_CA_BUNDLE"),
    ({"REDIS_URL": "localhost"}, "E009", "redis://"),
    ({"REDIS_URL": "redis://localhost", "SECRET_KEY": ""}, "E010", "SECRET_KEY"),
    ({"SECRET_KEY": "new", "SECRET_KEY_FALLBACKS": "old, new"}, "E017", "SECRET_KEY"),
    ({"ASKME_SIGNUP": "friends"}, "E011", "“invited”"),
    ({"ASKME_VERIFY_EMAIL": "true"}, "E012", "EMAIL_URL"),
    ({"EMAIL_URL": "mail.example:587"}, "E001", "smtp+tls://"),
    ({"ASKME_PROXIES": "-1"}, "E002", "ASKME_PROXIES"),
    (
        {"ASKME_OIDC_ISSUER": "https://id.example"},
        "E013",
        "ASKME_OIDC_CLIENT_ID and ASKME_OIDC_CLIENT_SECRET",
    ),
    ({"ASKME_MODELS": "Fast=small,,large"}, "E001", "Fast=gpt-4.1-mini"),
    ({"ASKME_MODELS": "small, "}, "E001", "one of its parts is empty"),
    ({"ASKME_MODELS": "Fast="}, "E001", "one of its parts is empty"),
    ({"ASKME_MODELS": "=small"}, "E001", "one of its parts is empty"),
    ({"ASKME_MODELS": "Fast=small, Quick=small"}, "E001", "'Quick=small' repeats"),
    ({"ASKME_MODELS": "Fast=small, Fast=large"}, "E001", "'Fast=large' repeats"),
    ({"ASKME_MODELS": "small, large, small"}, "E001", "'small' repeats"),
    ({"ASKME_MODELS": "Fast=" + "x" * 201}, "E015", "at most 200"),
    ({"ASKME_CONTEXT_TOKENS": "-1"}, "E002", "ASKME_CONTEXT_TOKENS"),
    ({"ASKME_CONTEXT_TOKENS": "10000000000"}, "E016", "at most 10000000"),
    (OIDC | {"ASKME_OIDC_ISSUER": "http://id.example"}, "E014", "https://login.example.org"),
]


@pytest.mark.parametrize(("environment", "id", "hint"), WRONG)
def test_a_wrong_setting_is_an_error_that_says_what_to_write(tmp_path, environment, id, hint):
    done = check(tmp_path, **environment)
    assert done.returncode == 1
    assert f"askme.{id}" in done.stderr
    assert hint in done.stderr
    assert "Traceback" not in done.stderr
    assert "sk-1" not in done.stderr


def test_an_unknown_setting_is_named_with_the_likely_correct_one(tmp_path):
    done = check(tmp_path, ASKME_MAX_TOKEN="5")
    assert done.returncode == 0
    assert "askme.W001" in done.stderr
    assert "Did you mean ASKME_MAX_TOKENS?" in done.stderr


def test_an_open_login_provider_is_a_warning(tmp_path):
    google = OIDC | {"ASKME_OIDC_ISSUER": "https://accounts.google.com"}
    assert "askme.W002" in check(tmp_path, **google).stderr
    assert "askme.W002" not in check(tmp_path, **google, ASKME_OIDC_DOMAINS="example.org").stderr


def test_both_a_model_and_a_choice_of_models_is_a_warning(tmp_path):
    done = check(tmp_path, ASKME_MODEL="small", ASKME_MODELS="Fast=small, large")
    assert done.returncode == 0
    assert "askme.W003" in done.stderr


def test_a_choice_of_models_is_enough_for_another_server(tmp_path):
    done = check(
        tmp_path,
        OPENAI_BASE_URL="http://localhost:11434/v1",
        ASKME_MODELS=" Fast = llama3.2:1b ,Thorough=a=b, qwen3:32b",
        ASKME_CONTEXT_TOKENS="0",
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_correct_settings_pass_silently(tmp_path):
    key = tmp_path / "key"
    key.write_text("sk-from-a-file\n")
    done = check(
        tmp_path,
        OPENAI_API_KEY_FILE=str(key),
        OPENAI_BASE_URL="https://api.example/v1",
        ASKME_MODEL="m",
        ASKME_API="completions",
        ASKME_PROMPT_TEMPLATE=r"Q: {question}\nA:",
        ASKME_TEMPERATURE="0.5",
        ASKME_MAX_TOKENS="",
        EMAIL_URL="smtp+tls://user:p%40ss@mail.example:587",
        SECRET_KEY_FALLBACKS="old, older,",
        **OIDC,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_server_does_not_start_on_a_wrong_setting(tmp_path):
    command = [sys.executable, "-m", "daphne", "-p", "1", "askme.asgi:application"]
    environment = os.environ | {"ASKME_API": "nonsense"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "askme.E003" in done.stderr
    assert "Traceback" not in done.stderr
