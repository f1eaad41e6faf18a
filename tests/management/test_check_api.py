"""`manage.py check_api` in a process of its own, against good and bad servers. It needs no database."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.api_behaviours import answer, refuse, stall
from tests.support.sites import ROOT

USAGE = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}


@pytest.fixture
def site(make_site, api_server):
    return make_site(api_server, DATABASE_URL="postgres://nobody@127.0.0.1:1/none")


def listing(models, behaviour):
    """Serve this list, as a body or as a behaviour, and answer questions with the other behaviour."""

    def choose(exchange):
        if exchange.method == "POST":
            behaviour(exchange)
        elif callable(models):
            models(exchange)
        else:
            assert exchange.path == "/v1/models"
            exchange.reply(200, models)

    return choose


def check(site, *, code):
    done = site.manage("check_api", timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "sk-test" not in done.stdout
    return done.stdout


def line(output, subject, sign):
    """The text of the only line about this subject with this sign."""
    found = [one.split(None, 1)[1] for one in output.splitlines() if one.split()[:1] == [sign]]
    (text,) = [one.removeprefix(subject).strip() for one in found if one.startswith(f"{subject} ")]
    return text


def test_a_good_server_is_described_point_by_point(site, api_server):
    # Pieces that come at once after a pause, as of a busy machine, would look as if a proxy held them back.
    pieces = answer(["one, ", "two, ", "three"], delay=0.3, usage=USAGE)
    api_server.behaviour = listing({"data": [{"id": "test"}]}, pieces)
    output = check(site, code=0)
    assert "BAD" not in output
    assert line(output, "address", "ok").startswith(api_server.base_url)
    assert line(output, "key", "ok") == "accepted for the list of models"
    assert line(output, "API", "ok") == "chat completions"
    assert line(output, "answer", "ok") == "“one, two, three”"
    assert "in 3 pieces" in line(output, "streaming", "ok")
    assert line(output, "usage", "ok") == "tokens: 9 in, 4 out"
    assert line(output, "fields", "ok") == "none were refused"
    assert line(output, "request id", "ok") == "req-2"
    assert "first text after" in line(output, "time", "ok")


def test_every_model_is_asked_and_one_failure_is_an_exit_code(site, api_server):
    site.environment |= {"ASKME_MODEL": "", "ASKME_MODELS": "Fast=small, Thorough=large"}

    def only_small(exchange):
        found = exchange.body["model"] == "small"
        (answer(["Hi"]) if found else refuse(404, {"message": "The model `large` does not exist"}))(exchange)

    api_server.behaviour = listing({"data": [{"id": "small"}]}, only_small)
    output = check(site, code=1)
    assert "Model small (Fast)" in output
    assert line(output, "answer", "ok") == "“Hi”"
    assert "needs to act" in line(output, "answer", "BAD")
    assert "The model `large` does not exist" in line(output, "details", "BAD")
    assert "ASKME_MODELS" in line(output, "to do", "BAD")
    assert line(output, "model", "note") == "the server does not list it."
    assert line(output, "models", "note") == "the server offers small"


def test_a_model_is_found_under_another_form_of_its_name(site, api_server):
    api_server.behaviour = listing({"data": [{"id": "test:latest"}]}, answer(["Hi"]))  # as Ollama lists it
    assert line(check(site, code=0), "model", "ok") == "listed by the server"


def test_without_a_model_the_operator_can_choose_from_the_list(site, api_server):
    site.environment["ASKME_MODEL"] = ""
    api_server.behaviour = listing({"data": [{"id": "zeta"}, {"id": "alpha"}]}, answer(["Hi"]))
    output = check(site, code=1)
    assert "none is configured" in line(output, "model", "BAD")
    assert output.index("alpha") < output.index("zeta")
    assert "ASKME_MODEL" in output
    assert [request.method for request in api_server.requests] == ["GET"]


def test_a_long_list_is_shown_whole_and_once(site, api_server):
    site.environment |= {"ASKME_MODEL": "", "ASKME_MODELS": "A=gone, B=lost"}
    ids = [f"model-{number}" for number in range(100)]
    api_server.behaviour = listing({"data": [{"id": id} for id in ids]}, answer(["Hi"]))
    output = check(site, code=0).split()
    assert [output.count(id) for id in ids] == [1] * 100


@pytest.mark.parametrize(("days", "sign"), [(20, "note"), (400, "ok")])
def test_a_model_that_ends_soon_is_noted(site, api_server, days, sign):
    end = datetime.now(UTC).date() + timedelta(days=days)
    models = {"data": [{"id": "test", "shutdown_date": str(end)}]}
    api_server.behaviour = listing(models, answer(["Hi"]))
    assert str(end) in line(check(site, code=0), "model", sign)


def test_a_refused_key_is_bad_and_names_the_setting(site, api_server):
    wrong = refuse(401, {"message": "Incorrect API key provided: sk-test", "code": "invalid_api_key"})
    api_server.behaviour = wrong
    output = check(site, code=1)
    assert "failed" in line(output, "key", "BAD")
    assert "OPENAI_API_KEY" in output
    assert "Incorrect API key provided: [API key]" in output


def test_a_server_without_a_list_of_models_is_still_asked(site, api_server):
    api_server.behaviour = listing(refuse(404), answer(["Hi"]))
    output = check(site, code=0)
    assert "does not list its models (HTTP 404" in line(output, "models", "note")


def test_an_address_where_nobody_listens_is_bad_and_nothing_more_is_tried(site):
    site.environment["OPENAI_BASE_URL"] = "http://127.0.0.1:1/v1"
    output = check(site, code=1)
    assert "refused" in line(output, "details", "BAD")
    assert "OPENAI_BASE_URL" in line(output, "to do", "BAD")
    assert "Model" not in output


def test_refused_fields_and_text_that_comes_at_once_are_noted(site, api_server):
    site.environment["ASKME_TEMPERATURE"] = "0.5"

    def picky(exchange):
        if "temperature" in exchange.body:
            refuse(400, {"message": "Unsupported parameter: 'temperature'", "param": "temperature"})(exchange)
        else:
            answer(["one two three"])(exchange)

    api_server.behaviour = listing({"data": []}, picky)
    output = check(site, code=0)
    assert line(output, "fields", "note") == "refused, so askme leaves them out: temperature"
    assert "all at once" in line(output, "streaming", "note")


def test_a_server_cannot_write_to_the_terminal_as_it_likes(site, api_server):
    api_server.behaviour = listing({"data": []}, answer(["\x1b[2Jone\r\n", "two"]))
    assert line(check(site, code=0), "answer", "ok") == "“[2Jone two”"


def test_wrong_settings_are_printed_and_the_check_goes_on(site, api_server):
    site.environment["ASKME_TEMPERATURE"] = "hot"
    api_server.behaviour = listing({"data": []}, answer(["Hi"]))
    output = check(site, code=0)
    assert "ASKME_TEMPERATURE is 'hot'" in line(output, "settings", "BAD")
    assert line(output, "answer", "ok") == "“Hi”"


@pytest.mark.parametrize(
    ("name", "value"), [("OPENAI_BASE_URL", "127.0.0.1:8080/v1"), ("ASKME_API_PROXY", "http://")]
)
def test_a_wrong_address_or_proxy_sends_nothing_to_another_server(site, api_server, name, value):
    site.environment[name] = value
    output = check(site, code=1)
    assert name in line(output, "settings", "BAD")
    assert "default" not in output
    assert "nothing was sent" in line(output, "stopped", "BAD")
    assert "Server" not in output
    assert api_server.requests == []


@pytest.mark.parametrize(("api", "limit"), [("completions", 1024), ("chat", 8192)])
def test_a_model_with_an_api_of_its_own_has_the_limit_of_that_api(site, api_server, tmp_path, api, limit):
    file = tmp_path / "models.toml"
    file.write_text(f'[One]\nmodel = "test"\napi = "{api}"\n')
    other = "chat" if api == "completions" else "completions"
    site.environment |= {"ASKME_MODEL": "", "ASKME_MODELS_FILE": str(file), "ASKME_API": other}
    api_server.behaviour = listing({"data": []}, answer(["Hi"]))
    check(site, code=0)
    assert api_server.requests[-1].body["max_tokens"] == limit


def test_after_a_refusal_nothing_is_said_about_fields(site, api_server):
    api_server.behaviour = refuse(404)
    assert "fields" not in check(site, code=1)


def test_a_server_without_a_list_that_may_need_a_key_is_noted(site, api_server):
    """LiteLLM answers requests without a key with status 500 and no word about keys."""
    site.environment["OPENAI_API_KEY"] = ""
    api_server.behaviour = refuse(500)
    assert "OPENAI_API_KEY" in line(check(site, code=1), "key", "note")


def test_the_demo_model_is_checked_too(make_site):
    output = check(make_site(DATABASE_URL="postgres://nobody@127.0.0.1:1/none"), code=0)
    assert "demo model" in line(output, "demo", "note")
    assert "You asked" in line(output, "answer", "ok")


def test_ctrl_c_ends_the_check(site, api_server):
    api_server.behaviour = listing({"data": []}, stall(["So far"]))
    with subprocess.Popen(
        [sys.executable, "manage.py", "check_api"],
        cwd=ROOT,
        env=os.environ | site.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        request = api_server.wait_for_requests(2)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert process.stderr.read() == "Stopped.\n"
    assert request.closed.wait(5)


def test_the_password_in_an_address_is_not_printed(site, api_server):
    api_server.behaviour = listing({"data": [{"id": "test"}]}, answer(["One"]))
    site.environment["OPENAI_BASE_URL"] = api_server.base_url.replace("://", "://me:hidden@")
    output = check(site, code=0)
    assert "hidden" not in output
    assert "[password]@127.0.0.1" in line(output, "address", "ok")


def test_the_request_is_the_one_that_a_question_would_be(site, api_server):
    api_server.behaviour = listing({"data": [{"id": "test"}]}, answer(["One"]))
    site.environment |= {
        "ASKME_MODEL": "",
        "ASKME_MODELS": "",
        "ASKME_MODELS_FILE": f"{site.folder}/models.toml",
    }
    (site.folder / "models.toml").write_text('[Old]\nmodel = "test"\napi = "completions"\n')
    check(site, code=0)
    [request] = [one for one in api_server.requests if one.method == "POST"]
    assert (request.path, request.body["max_tokens"]) == ("/v1/completions", 1024)
