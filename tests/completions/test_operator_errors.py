"""Errors that only the operator can fix: the person need not rephrase, and the operator reads what to do."""

import json
import socket
import threading
import traceback
from typing import Any

import pytest

from answers.engine.remedies import SENTENCES, remedy_sentence
from completions import Prompt
from completions.api_errors import api_error
from completions.errors import REMEDIES, NotConfigured
from tests.support.api_behaviours import Exchange
from tests.support.api_server import ApiServer, ClientFor
from tests.support.completion_reader import failure_of

HTML = "<!DOCTYPE html><html><title>404</title><p>The model was not found</p></html>"
RESPONSES_ONLY = "This model is only supported in v1/responses and not in v1/chat/completions."
VERIFY = "Your organization must be verified to stream this model. Please go to the settings."


BAD = "invalid_request_error"
NO_MODEL = "model_not_found"


def openai(message: str, code: Any = None, type_: Any = None, param: Any = None) -> dict[str, Any]:
    return {"error": {"message": message, "code": code, "type": type_, "param": param}}


CASES = [
    # OpenAI
    (400, openai(VERIFY, "unsupported_value", BAD, "stream"), "verify_organization"),
    (400, openai(RESPONSES_ONLY, None, BAD, "model"), "use_responses"),
    (404, openai(RESPONSES_ONLY, None, BAD, "model"), "use_responses"),
    (
        404,
        openai("This is a chat model and not supported in the v1/completions endpoint. "
               "Did you mean to use v1/chat/completions?", None, BAD, "model"),
        "use_chat",
    ),
    (404, openai("The model `x` does not exist or you have no access to it.", NO_MODEL), "choose_model"),
    (404, openai("The model `gpt-4-32k` has been deprecated, learn more here:", NO_MODEL), "choose_model"),
    (403, openai("Project `p` does not have access to model `x`", NO_MODEL), "choose_model"),
    (404, openai("Invalid URL (POST /v1/foo/chat/completions)", None, BAD), "check_address"),
    (401, openai("Incorrect API key provided: sk-1", "invalid_api_key", BAD), "check_key"),
    (429, openai("You exceeded your quota", "insufficient_quota", "insufficient_quota"), "renew_quota"),
    (403, openai("Country not supported", "unsupported_country_region_territory", "request_forbidden"), ""),
    # Gone
    (410, openai("Sonar is now the Agent API", 410, "gone"), "use_responses"),
    (410, "", "choose_model"),
    (400, openai("The model `llama3` has been decommissioned", "model_decommissioned"), "choose_model"),
    # Gemini
    (
        400,
        [{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key.",
                    "status": "INVALID_ARGUMENT"}}],
        "check_key",
    ),
    (
        404,
        [{"error": {"code": 404, "message": "models/x is not found for API version v1main",
                    "status": "NOT_FOUND"}}],
        "choose_model",
    ),
    # Anthropic, DeepSeek, Azure, Ollama, vLLM, OpenRouter, LiteLLM
    (404, openai("model: claude-0", None, "not_found_error"), "choose_model"),
    (400, openai("Your credit balance is too low to access the API.", None, BAD), "renew_quota"),
    (402, openai("Insufficient Balance"), "renew_quota"),
    (400, openai("Model Not Exist", BAD), "choose_model"),
    (404, openai("The API deployment does not exist.", "DeploymentNotFound"), "choose_model"),
    (404, {"error": {"code": "404", "message": "Resource not found"}}, "check_address"),
    (404, {"error": "model 'x' not found"}, "choose_model"),
    (404, {"object": "error", "message": "The model `x` does not exist.", "code": 404}, "choose_model"),
    (400, openai("x/y is not a valid model ID", 400), "choose_model"),
    (400, openai("/responses: Invalid model name passed in model=x. Call `/v1/models`", BAD), "choose_model"),
    (400, openai("No connected db.", "400", "no_db_connection"), "check_key"),
    # Addresses and proxies
    (404, {"detail": "Not Found"}, "check_address"),
    (404, "404 page not found", "check_address"),
    (404, HTML, "check_address"),
    (403, HTML, "check_address"),
    (400, HTML, "check_address"),
    (405, "", "check_address"),
    (302, "", "check_address"),
    (0, HTML, "check_address"),
    (0, {"error": "Unexpected endpoint or method. (POST /chat/completions)"}, "check_address"),
    (401, HTML, "check_key"),
    (403, "", "check_key"),
    (407, HTML, "check_proxy"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "remedy"), CASES)
def test_the_operator_must_act_and_knows_how(status: int, body: Any, remedy: str) -> None:
    error = api_error(body, status=status, api="chat")
    assert error.code == ("quota" if remedy == "renew_quota" else "not_configured")
    assert error.remedy == remedy
    assert not error.retryable
    assert "operator" in error.message
    assert "ask" not in error.message.lower().split()
    assert "rephrase" not in error.message


@pytest.mark.parametrize(
    "body", [{"detail": "Not Found"}, "404 page not found", HTML, openai("File Not Found")]
)
def test_a_server_without_responses_is_told_from_one_without_the_model(body: Any) -> None:
    assert api_error(body, status=404, api="responses").remedy == "use_chat"
    missing = openai("The model `x` does not exist", "model_not_found")
    assert api_error(missing, status=404, api="responses").remedy == "choose_model"
    unsupported = openai("The requested model is not supported with the Responses API.")
    assert api_error(unsupported, status=400, api="responses").remedy == "use_chat"
    assert api_error("", status=302, api="responses").code == "not_configured"


def test_the_detail_has_the_words_the_parameter_and_the_code_of_the_api() -> None:
    error = api_error(CASES[0][1], status=400)
    assert error.detail == (f"HTTP 400: {VERIFY} invalid_request_error unsupported_value (param: stream)")


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        # What people can do something about stays with them.
        (400, openai("Invalid value for 'content'", None, "invalid_request_error"), "bad_request"),
        (403, openai("This model requires moderation and your input was flagged for violence"), "filtered"),
        (400, openai("Your prompt was flagged as violating our usage policy", "invalid_prompt"), "filtered"),
        (400, openai("prompt is too long: 210000 tokens > 200000 maximum"), "bad_request"),
        # What passes by itself is asked again.
        (503, openai("The model is not available right now"), "busy"),
        (503, HTML, "busy"),
        (502, HTML, "bad_response"),
        (429, HTML, "busy"),
        (500, openai("The model 'x' was not found on this worker"), "bad_response"),
    ],
)
def test_other_errors_are_not_taken_for_the_operators(status: int, body: Any, code: str) -> None:
    assert api_error(body, status=status).code == code


@pytest.mark.parametrize("words", [VERIFY, RESPONSES_ONLY, "API key not valid", "the model does not exist"])
def test_a_question_that_an_error_repeats_does_not_change_it(
    api_server: ApiServer, client_for: ClientFor, words: str
) -> None:
    question = f'Why does it say "{words}"?\nPlease tell me.'
    echo = json.dumps(question)
    api_server.behaviour = lambda exchange: exchange.reply(400, openai(f"Invalid content: {echo}", None))
    completion = client_for(api_server).ask(Prompt(question))
    with pytest.raises(Exception, match="did not accept this question"):
        list(completion)
    assert api_error(openai(f"Invalid content: {echo}"), status=400).code == "not_configured"  # if not known


def test_a_stream_is_never_replaced_by_a_whole_reply(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.behaviour = lambda exchange: exchange.reply(400, CASES[0][1])
    error = failure_of(client_for(api_server))
    assert (error.code, error.remedy) == ("not_configured", "verify_organization")
    assert [request.body["stream"] for request in api_server.requests] == [True]


def test_a_page_in_place_of_an_answer_is_a_wrong_address(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    def page(exchange: Exchange) -> None:
        exchange.reply(200, HTML, {"Content-Type": "text/html"})

    api_server.behaviour = page
    error = failure_of(client_for(api_server))
    assert (error.code, error.remedy) == ("not_configured", "check_address")


# Connections


def test_a_host_that_does_not_exist_is_named(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(host: Any, *_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("completions.call.RETRIES", 0)
    monkeypatch.setattr("socket.getaddrinfo", unknown)
    error = failure_of(client_for(api_server, base_url="http://api.wrong.example/v1"))
    assert (error.code, error.remedy) == ("connection", "check_address")
    assert error.detail.startswith("no host has this name")
    assert "api.wrong.example" in error.detail


def test_https_at_a_server_without_tls_is_a_wrong_address(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def reply() -> None:
            sock, _ = listener.accept()
            with sock:
                sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                sock.recv(65_536)

        server = threading.Thread(target=reply)
        server.start()
        error = failure_of(
            client_for(api_server, base_url=f"https://127.0.0.1:{listener.getsockname()[1]}/v1")
        )
        server.join(10)
    assert (error.code, error.remedy) == ("not_configured", "check_address")
    assert "does not speak TLS" in error.detail


def test_a_key_in_the_traceback_is_not_shown(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.behaviour = lambda exchange: exchange.reply(401, openai("Wrong key: the-key"))
    error = failure_of(client_for(api_server, api_key="the-key"))
    assert "the-key" not in "".join(traceback.format_exception(error))


# Remedies


def test_every_remedy_is_a_sentence_that_names_what_to_change() -> None:
    assert tuple(sorted(SENTENCES)) == REMEDIES == tuple(sorted(REMEDIES))
    for remedy in REMEDIES:
        sentence = remedy_sentence(remedy)
        assert sentence.endswith((".", "?"))
        assert "ASKME_" in sentence or "OPENAI_" in sentence
    assert remedy_sentence("") == ""
    assert NotConfigured().message == "This site's model is not set up correctly; its operator needs to act."
