"""`answers` in another Django site, under uvicorn: docs/embed.md, tried as its reader would."""

import re
import signal
import uuid

import pytest
from playwright.sync_api import expect

from answers.formatting import formatted_html
from tests.embedding.site import PASSWORD, make_embedding_site
from tests.support.api_server import answer, stall
from tests.support.services import stop_process, wait_for
from tests.support.sites import ROOT

__all__ = ["make_embedding_site"]


@pytest.fixture
def embedding_site(make_embedding_site):
    return make_embedding_site().start()


@pytest.fixture
def log_in(embedding_site):
    readers = []

    def log_in(name):
        readers.append(embedding_site.log_in(name))
        return readers[-1]

    yield log_in
    for reader in readers:
        reader.close()


def code_blocks(text):
    return re.findall(r"```(?:python|html)\n(.*?)```", text, re.DOTALL)


def without_indentation(text):
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_the_example_in_the_documentation_is_this_site():
    """Each block of docs/embed.md stands in a file here, line by line."""
    folder = ROOT / "tests" / "embedding"
    files = [*folder.glob("*.py"), *folder.glob("templates/*.html")]
    sources = ["\n".join(without_indentation(path.read_text())) for path in files]
    blocks = [
        block for block in code_blocks((ROOT / "docs/embed.md").read_text()) if "RedisLayer" not in block
    ]
    assert len(blocks) == 7
    for block in blocks:
        if "with_answers" in block:  # its one difference serves static files, which a proxy does elsewhere
            assert "from answers.live.asgi import with_answers" in block
            continue
        wanted = "\n".join(without_indentation(block))
        assert any(wanted in source for source in sources), block


def test_the_twenty_lines_are_at_most_twenty():
    setup, _, _ = (ROOT / "docs/embed.md").read_text().partition("## What your site decides")
    lines = [line for block in code_blocks(setup) for line in block.splitlines()]
    assert 10 < len(lines) <= 20


def test_a_person_asks_and_the_answer_streams_survives_a_reload_and_is_stopped(embedding_site, browser):
    api = embedding_site.api
    api.behaviour = stall(["So far. "])
    page = browser.new_page()
    page.goto(f"{embedding_site.url}/ask/")
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Ask our documentation")).to_be_visible()
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    page.get_by_label("Question").fill("Why?")
    page.get_by_role("button", name="Ask").click()
    output, form = page.locator("output"), page.locator("form")
    expect(output).to_have_text("So far.")
    expect(form).to_have_attribute("data-status", "running")
    expect(page).to_have_url(re.compile(r"/ask/[0-9a-f-]{36}/$"))
    page.reload()
    expect(output).to_have_text("So far.")
    api.requests[0].chunk("<b>And more</b>. ")
    expect(output).to_have_text("So far. <b>And more</b>.")  # as text
    page.get_by_role("button", name="Stop").click()
    expect(form).to_have_attribute("data-status", "stopped")
    assert api.requests[0].closed.wait(20)
    page.reload()
    expect(output).to_have_text("So far. <b>And more</b>.")
    expect(form).to_have_attribute("data-status", "stopped")
    assert api.requests[0].question == "Why?\n\nAnswer for alice."  # the hook `prompt`


def test_bob_follows_nothing_of_alices_and_carol_may_not_ask(embedding_site, log_in):
    embedding_site.api.behaviour = stall(["Secret. "])
    alice, bob, carol, operator = (log_in(name) for name in ("alice", "bob", "carol", "operator"))
    page = alice.connect()
    id = page.ask("Mine?")
    page.read_text(id, "Secret. ")
    for other in (bob, carol):
        socket = other.connect()
        for frame in ("answer.follow", "answer.stop"):
            socket.say(frame, answer=id)
            assert socket.read_until("error")["code"] == "not_found"
    assert bob.http.get(f"{embedding_site.url}/ask/{id}/").status_code == 404
    socket = carol.connect()
    socket.ask("Mine too?", refused := str(uuid.uuid4()))
    error = socket.read_until("error")
    assert (error["code"], error["answer"]) == ("login_required", refused)
    staff = operator.connect()  # the hook `may_read`
    staff.follow(id)
    staff.read_text(id, "Secret. ")
    embedding_site.api.release()
    assert page.finish(id)["status"] == staff.finish(id)["status"] == "complete"


def test_nobody_asks_or_reads_without_a_login(embedding_site, log_in):
    alice = log_in("alice")
    socket = alice.connect()
    id = socket.ask("Why?")
    socket.finish(id)
    stranger = log_in("bob")
    stranger.http.cookies.clear()
    nobody = stranger.connect()
    nobody.say("answer.follow", answer=id)
    assert nobody.read_until("error")["code"] == "no_session"
    nobody.ask("Why?")
    assert nobody.read_until("error")["code"] == "login_required"


def test_a_view_streams_an_answer_by_the_python_interface(embedding_site, log_in):
    embedding_site.api.behaviour = stall(["So far. "])
    alice = log_in("alice")
    with alice.http.get(f"{embedding_site.url}/stream/", params={"q": "Why?"}, stream=True) as response:
        chunks = response.iter_content(None)
        assert next(chunks) == b"So far. "  # while the API holds back the rest
        embedding_site.api.requests[0].chunk("And 🎈.")
        embedding_site.api.release()
        assert b"".join(chunks).decode() == "And 🎈."


def test_a_page_that_asks_for_html_gets_it_by_the_rules_of_the_documentation(embedding_site, log_in):
    text = "# Sea 🎈\n\n" + "Water is *wet*. " * 40 + "\n\n```python\nprint(1)\n```\n"
    embedding_site.api.behaviour = answer(list(text), delay=0.001)
    socket = log_in("alice").connect()
    id = socket.ask("Why?", format="html")
    end = socket.finish(id)
    assert shown_html(socket.events, id) == formatted_html(text, f"a{id}-")
    assert end["html_length"] == len(formatted_html(text, f"a{id}-"))
    later = log_in("alice").connect()
    later.follow(id, format="html")
    later.finish(id)
    assert shown_html(later.events, id) == formatted_html(text, f"a{id}-")


def shown_html(events, id):
    """What a page shows that does what docs/embed.md says."""
    blocks = []
    for event in events:
        if event.get("answer") == id and "html" in event:
            for block, keep, html in event["html"]:
                blocks += [""] * (block + 1 - len(blocks))
                blocks[block] = blocks[block][:keep] + html
            del blocks[event["blocks"] :]
    return "".join(blocks)


def test_the_hook_at_the_end_is_called_once_for_a_failure(embedding_site, log_in):
    embedding_site.api.behaviour = lambda exchange: exchange.reply(
        404, {"error": {"message": "no such model"}}
    )
    socket = log_in("alice").connect()
    assert socket.finish(socket.ask("Why?"))["status"] == "failed"
    wait_for(lambda: "no such model" in embedding_site.mails(), 10, "the hook has sent its mail")
    assert embedding_site.mails().count("Subject: An answer failed") == 1


def test_the_operator_reads_answers_in_the_stock_admin(embedding_site, log_in):
    embedding_site.api.behaviour = answer(["Because."])
    socket = log_in("alice").connect()
    id = socket.ask("Why?")
    socket.finish(id)
    operator = log_in("operator").http
    assert "Why?" in operator.get(f"{embedding_site.url}/admin/answers/answer/").text
    assert "Because." in operator.get(f"{embedding_site.url}/admin/answers/answer/{id}/change/").text
    for page in ("dailyusage", "process", "auditentry", "share"):
        assert operator.get(f"{embedding_site.url}/admin/answers/{page}/").status_code == 200


def test_running_answers_finish_when_the_process_is_told_to_end(make_embedding_site, api_server):
    site = make_embedding_site(ASKME_DRAIN_SECONDS="20").start()
    api_server.behaviour = stall(["So far. "])
    alice = site.log_in("alice")
    socket = alice.connect()
    id = socket.ask("Why?")
    socket.read_text(id, "So far. ")
    site.process.terminate()
    wait_for(lambda: "draining: 1 answers" in site.log(), 15, "the process drains")
    api_server.requests[0].chunk("And more.")
    api_server.release()
    assert stop_process(site.process) == -signal.SIGTERM  # uvicorn raises it again, once it has shut down
    alice.close()
    site.start()
    socket = (alice := site.log_in("alice")).connect()
    socket.follow(id)
    assert socket.finish(id)["status"] == "complete"
    assert socket.texts[id] == "So far. And more."
    alice.close()


def test_an_answer_whose_process_was_killed_is_interrupted_by_the_next(embedding_site, log_in):
    embedding_site.api.behaviour = stall(["So far. "])
    socket = log_in("alice").connect()
    id = socket.ask("Why?")
    socket.read_text(id, "So far. ")
    wait_for(lambda: embedding_site.stored_text(id) == "So far. ", 10, "the text is saved")
    embedding_site.process.kill()
    embedding_site.process.wait()
    embedding_site.start()
    socket = log_in("alice").connect()
    socket.follow(id)
    assert socket.finish(id)["status"] == "interrupted"
    assert socket.texts[id] == "So far. "
