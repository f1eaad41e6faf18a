"""Settings of the API and its models: what is wrong, or has no effect, is said in a fresh process."""

import pytest

from tests.support.settings import assert_is_error, check


def models_file(tmp_path, text: str) -> dict[str, str]:
    file = tmp_path / "models.toml"
    file.write_text(text)
    return {"OPENAI_API_KEY": "sk-test", "ASKME_MODELS_FILE": str(file)}


WRONG = [
    ({"ASKME_MODELS": "Fast=small,,large"}, "E001", "Fast=gpt-6-luna@low"),
    ({"ASKME_MODELS": "small, "}, "E001", "an empty part"),
    ({"ASKME_MODELS": "Fast="}, "E001", "an empty part"),
    ({"ASKME_MODELS": "=small"}, "E001", "an empty part"),
    ({"ASKME_MODELS": "Fast=small, Quick=small"}, "E001", "repeats a name: 'small'"),
    ({"ASKME_MODELS": "Fast=small@low, Quick=small@low"}, "E001", "repeats a name: 'small@low'"),
    ({"ASKME_MODELS": "Fast=small, Fast=large"}, "E001", "repeats a name: 'Fast'"),
    ({"ASKME_MODELS": "Fast=small@hihg"}, "E001", "Use none, minimal, low, medium, high, xhigh or max."),
    ({"ASKME_MODELS": "Fast=@low"}, "E001", "the name of a model"),
    ({"ASKME_MODEL": "small@hihg"}, "E001", "ASKME_MODELS as TOML"),
    ({"ASKME_MODEL": "+search"}, "E001", "the name of a model"),
    ({"ASKME_MODELS": "Fast=" + "x" * 201}, "E015", "at most 200"),
    ({"ASKME_MODELS": "Fast=" + "x" * 190 + "@low+search"}, "E015", "at most 200"),
    ({"ASKME_MODEL": "x" * 201}, "E015", "at most 200"),
]


@pytest.mark.parametrize(("environment", "id", "hint"), WRONG)
def test_a_wrong_model_is_an_error_that_says_what_to_write(tmp_path, environment, id, hint):
    assert_is_error(check(tmp_path, **environment), id, hint)


def test_a_mistake_in_a_file_of_models_is_an_error_too(tmp_path):
    done = check(tmp_path, **models_file(tmp_path, '[Fast]\nmodel = "small"\nefort = "low"\n'))
    assert done.returncode == 1
    assert "ASKME_MODELS: [Fast] has the unknown key 'efort'." in done.stderr
    assert "Did you mean effort?" in done.stderr
    assert "E005" not in done.stderr  # it has models, even if they cannot be read


def test_a_key_without_a_model_does_not_start(tmp_path):
    """A default would soon be outdated, and a server's list shows neither quality nor price."""
    done = check(tmp_path, OPENAI_API_KEY="sk-test")
    assert done.returncode == 1
    assert "OPENAI_API_KEY is set, but ASKME_MODEL is not." in done.stderr
    assert "a model that api.openai.com serves" in done.stderr
    assert check(tmp_path, OPENAI_API_KEY="sk-test", ASKME_MODEL="m").returncode == 0


@pytest.mark.parametrize(
    "environment",
    [
        {"ASKME_MODELS": " Fast = llama:1b ,Thorough=a=b, qwen:32b", "ASKME_CONTEXT_TOKENS": "0"},
        {"ASKME_MODELS": "Fast=a@low, Thorough=a@high, claude@20250929, @cf/meta/llama"},
        {"ASKME_MODEL": "a@high"},
        {"ASKME_MODEL": "a@high+search", "ASKME_API": "responses"},
        {"ASKME_MODEL": "a", "ASKME_SYSTEM_PROMPT": "Be brief."},
    ],
)
def test_models_that_another_server_may_have_pass_silently(tmp_path, environment):
    done = check(tmp_path, OPENAI_BASE_URL="http://localhost:11434/v1", **environment)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_file_of_models_passes_silently(tmp_path):
    text = """
        [Fast]
        model = "small"
        effort = "low"

        ["Very thorough"]
        model = "large@latest"
        web_search = true
        price = { input = 1.25, output = 10 }
    """
    done = check(tmp_path, **models_file(tmp_path, text))
    assert (done.returncode, done.stderr) == (0, "")


def test_both_a_model_and_a_choice_of_models_is_a_warning(tmp_path):
    done = check(tmp_path, ASKME_MODEL="small", ASKME_MODELS="Fast=small, large")
    assert done.returncode == 0
    assert "askme.W003" in done.stderr


LOCAL = {"OPENAI_BASE_URL": "http://localhost:11434/v1"}
NO_EFFECT = [
    ("W004", {"ASKME_MODEL": "small"}),
    ("W004", {"ASKME_MODELS": "small"}),
    ("W004", {"ASKME_API": "responses"}),
    ("W005", {"ASKME_PROMPT_TEMPLATE": "{question}"}),
    ("W005", {"ASKME_PROMPT_TEMPLATE": "{question}", "ASKME_API": "responses"}),
    ("W005", {"ASKME_API": "completions", "ASKME_SYSTEM_PROMPT": "Be brief."}),
    ("W006", {"ALLOWED_HOSTS": "ask.example, *"}),
    ("W007", LOCAL | {"ASKME_MODEL": "a+search"}),
    ("W007", LOCAL | {"ASKME_MODEL": "a+search", "ASKME_API": "completions"}),
    ("W007", LOCAL | {"ASKME_MODEL": "a@low", "ASKME_API": "completions"}),
    ("W007", {"OPENAI_API_KEY": "sk-test", "ASKME_MODEL": "a+search", "ASKME_API": "chat"}),
]


@pytest.mark.parametrize(("id", "environment"), NO_EFFECT)
def test_what_would_silently_have_no_effect_is_a_warning(tmp_path, id, environment):
    done = check(tmp_path, **environment)
    assert done.returncode == 0
    assert f"askme.{id}" in done.stderr
    tried = environment.keys() - {"OPENAI_BASE_URL", "OPENAI_API_KEY", "ASKME_API"} or environment.keys()
    assert all(name in done.stderr for name in tried)


@pytest.mark.parametrize(
    "environment",
    [
        {"OPENAI_API_KEY": "sk-test"},  # at OpenAI, the API is “responses”
        {"OPENAI_BASE_URL": "https://openrouter.ai/api/v1"},
        LOCAL | {"ASKME_API": "responses"},
    ],
)
def test_web_search_passes_silently_where_there_is_one(tmp_path, environment):
    done = check(tmp_path, ASKME_MODEL="a@low+search", **environment)
    assert (done.returncode, done.stderr) == (0, "")


def test_each_prompt_has_an_effect_if_one_model_uses_it(tmp_path):
    """With models of different APIs, the site needs both."""
    both = {"ASKME_SYSTEM_PROMPT": "Be brief.", "ASKME_PROMPT_TEMPLATE": "{question}"}
    text = '[New]\nmodel = "a"\n[Old]\nmodel = "b"\napi = "completions"\n'
    done = check(tmp_path, **models_file(tmp_path, text), **both)
    assert (done.returncode, done.stderr) == (0, "")
    done = check(tmp_path, **models_file(tmp_path, text.replace("completions", "chat")), **both)
    assert "ASKME_PROMPT_TEMPLATE has no effect" in done.stderr


def test_an_effort_that_askme_does_not_know_is_a_warning(tmp_path):
    """Servers invent new ones, so it is no error; but it may be a typo."""
    text = '[Fast]\nmodel = "a"\neffort = "{}"\n'
    done = check(tmp_path, **models_file(tmp_path, text.format("hihg")))
    assert done.returncode == 0
    assert "askme.W008" in done.stderr
    assert "Did you mean high?" in done.stderr
    assert "If the model accepts it" in check(tmp_path, **models_file(tmp_path, text.format("ultra"))).stderr
