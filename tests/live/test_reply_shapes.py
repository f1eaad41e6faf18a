"""Every shape of reply, over all three APIs and both channel layers: from the API to the page and the row."""

from typing import NamedTuple

import pytest

from tests.support.api_server import ApiServer
from tests.support.database import execute, row
from tests.support.sites import Site

APIS = ("chat", "responses", "completions")
# How a model has begun its last answer is remembered, so one without opening tags is a model of its own.
MODELS = "\n".join(
    f'["{name} {api}"]\nmodel = "{name}-{api}"\napi = "{api}"\n'
    for api in APIS
    for name in ("usual", "unmarked")
)
URL, TITLE = "https://example.org/sky", "The sky"


@pytest.fixture(scope="module", params=["in memory", "Redis"])
def three_apis(request, tmp_path_factory):
    """A site that offers one model for each API."""
    folder = tmp_path_factory.mktemp("shapes")
    (folder / "models.toml").write_text(MODELS)
    environment = {
        "ASKME_MODEL": "",
        "ASKME_MODELS_FILE": str(folder / "models.toml"),
        "ASKME_CHECK_MODELS": "false",
    }
    if request.param == "Redis":
        environment["REDIS_URL"] = request.getfixturevalue("redis_url")
    with ApiServer() as api:
        site = Site(folder, api, **environment)
        try:
            yield site.start()
        finally:
            site.stop()


class Shape(NamedTuple):
    """What the API sends, and what it must become. `texts` are cut as the server cuts them."""

    texts: tuple[str, ...] = ()
    reasoning: tuple[str, ...] = ()
    finish: str = "stop"
    ending: str = "finish"  # or "cut", "error"
    shown: str = "Yes."
    thought: str = ""
    edition: int = 0
    status: str = "complete"
    code: str = ""
    finish_reason: str = "stop"
    apis: tuple[str, ...] = APIS
    model: str = "usual"


SHAPES = {
    "text": Shape(("Y", "es", ".")),
    "think tags": Shape(("<th", "ink>Hm", ". </thi", "nk>\n\nYes."), thought="Hm. "),
    "only a closing tag": Shape(
        ("Hm.", "\n</think>\n", "Yes."), thought="Hm.\n", edition=1, model="unmarked"
    ),
    "reasoning": Shape(("Yes.",), ("Hm", ". "), thought="Hm. ", apis=("chat", "responses")),
    "length": Shape(("Yes.",), finish="length", finish_reason="length"),
    "content filter": Shape(
        ("Yes.",),
        finish="content_filter",
        status="failed",
        code="filtered",
        finish_reason="content_filter",
        apis=("chat", "responses"),
    ),
    "only reasoning until the limit": Shape(
        (),
        ("Hm. ",),
        finish="length",
        shown="",
        thought="Hm. ",
        status="failed",
        code="bad_response",
        finish_reason="length",
        apis=("chat", "responses"),
    ),
    "cut": Shape(("Yes.",), ending="cut", status="failed", code="connection", finish_reason=""),
    "cut in the reasoning": Shape(
        (),
        ("Hm. ",),
        ending="cut",
        shown="",
        thought="Hm. \n\nHm. \n\nHm. ",  # of all attempts, since it was shown
        status="failed",
        code="connection",
        finish_reason="",
        apis=("chat", "responses"),
    ),
    "error": Shape(("Yes.",), ending="error", status="failed", code="bad_response", finish_reason=""),
}


def behaviour(shape):
    def reply(exchange):
        exchange.head()
        for text in shape.reasoning:
            exchange.chunk({"reasoning_content": text})
        for text in shape.texts:
            exchange.chunk(text)
        if shape.ending == "cut":
            exchange.cut()
        elif shape.ending == "error" and exchange.speaks_responses:
            exchange.responses.error("server_error", "The server had an error.")
            exchange.end()
        elif shape.ending == "error":
            exchange.event({"error": {"message": "The server had an error.", "code": "server_error"}})
            exchange.end()
        else:
            exchange.finish(shape.finish)

    return reply


CASES = [(api, name) for name, shape in SHAPES.items() for api in shape.apis]


@pytest.mark.parametrize(("api", "name"), CASES)
def test_each_shape_of_reply_reaches_page_and_row(three_apis, meet, api, name):
    site, shape = three_apis, SHAPES[name]
    site.api.behaviour = behaviour(shape)
    person = meet(site.url)
    socket = person.connect()
    id = socket.ask(name, model=f"{shape.model}-{api}")
    end = socket.finish(id)
    assert site.api.requests[-1].path.endswith(
        {"chat": "/chat/completions", "responses": "/responses", "completions": "/completions"}[api]
    )
    assert (end["status"], (end["error"] or {"code": ""})["code"]) == (shape.status, shape.code)
    assert (socket.texts.get(id, ""), socket.reasoning.get(id, "")) == (shape.shown, shape.thought)
    fresh = person.connect()
    fresh.follow(id)
    assert fresh.finish(id) == end
    assert (fresh.texts[id], fresh.reasoning[id]) == (shape.shown, shape.thought)
    stored = row(site, id)
    assert (stored.status, stored.error_code) == (shape.status, shape.code)
    assert stored.edition == end["edition"] == shape.edition
    assert (stored.text, stored.reasoning, stored.finish_reason) == (
        shape.shown,
        shape.thought,
        shape.finish_reason,
    )


def only(site, **columns):
    """The given columns of the latest answer."""
    [found] = execute(site, f"SELECT {', '.join(columns)} FROM answers_answer ORDER BY asked_at DESC LIMIT 1")
    assert dict(zip(columns, found, strict=True)) == columns


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_sources_usage_and_ids_reach_page_and_row(three_apis, meet, api):
    def reply(exchange):
        exchange.head()
        if api == "responses":
            exchange.responses.search()
            exchange.responses.text("Blue.")
            exchange.responses.annotation(URL, TITLE)
            usage = {
                "input_tokens": 100,
                "output_tokens": 50,
                "input_tokens_details": {"cached_tokens": 80},
                "output_tokens_details": {"reasoning_tokens": 40},
            }
            exchange.responses.end(usage=usage)
            return exchange.end()
        citation = {"type": "url_citation", "url_citation": {"url": URL, "title": TITLE}}
        exchange.chunk({"content": "Blue.", "annotations": [citation]})
        details = {"prompt_tokens_details": {"cached_tokens": 80}}
        details["completion_tokens_details"] = {"reasoning_tokens": 40}
        exchange.finish(usage={"prompt_tokens": 100, "completion_tokens": 50} | details)

    three_apis.api.behaviour = reply
    socket = meet(three_apis.url).connect()
    id = socket.ask("Why?", model=f"usual-{api}")
    end = socket.finish(id)
    assert end["sources"] == [{"url": URL, "title": TITLE}]
    counted = {"prompt_tokens": 100, "completion_tokens": 50, "cached_tokens": 80, "reasoning_tokens": 40}
    assert end["usage"] == counted | {"estimated": False}
    assert end["model"] == f"usual {api}"  # the label that was chosen, not the API's own name
    only(three_apis, cached_tokens=80, reasoning_tokens=40, model="stand-in")
    [(response_id, request_id)] = execute(
        three_apis, "SELECT response_id, request_id FROM answers_answer ORDER BY asked_at DESC LIMIT 1"
    )
    assert response_id == {"chat": "c1", "responses": "resp_1"}[api]
    assert request_id.startswith("req-")
    activities = [event["activity"] for event in socket.events if event["type"] == "answer.activity"]
    assert set(activities) <= {"searching", "thinking"}


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_a_refusal_is_the_answer(three_apis, meet, api):
    def reply(exchange):
        exchange.head()
        exchange.chunk({"refusal": "I can't help with that."})
        exchange.finish()

    three_apis.api.behaviour = reply
    socket = meet(three_apis.url).connect()
    id = socket.ask("How?", model=f"usual-{api}")
    assert socket.finish(id)["status"] == "complete"
    assert socket.texts[id] == "I can't help with that."


def test_a_whole_completion_as_json_is_an_answer_with_reasoning(three_apis, meet):
    message = {"role": "assistant", "content": "Yes.", "reasoning": "Hm."}
    whole = {"id": "c1", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    three_apis.api.behaviour = lambda exchange: exchange.reply(200, whole)
    socket = meet(three_apis.url).connect()
    id = socket.ask("Really?", model="usual-chat")
    assert socket.finish(id)["status"] == "complete"
    assert (socket.texts[id], socket.reasoning[id]) == ("Yes.", "Hm.")


def test_what_only_the_operator_can_mend_says_how(three_apis, meet):
    error = {"message": "This model is only supported in v1/responses and not in v1/chat/completions."}
    three_apis.api.behaviour = lambda exchange: exchange.reply(404, {"error": error})
    socket = meet(three_apis.url).connect()
    end = socket.finish(socket.ask("Why?", model="usual-chat"))
    assert end["error"]["code"] == "not_configured"
    [(detail,)] = execute(
        three_apis, "SELECT error_detail FROM answers_answer ORDER BY asked_at DESC LIMIT 1"
    )
    assert error["message"] in detail
    assert "ASKME_API=responses" in detail.splitlines()[-1]
