"""What happens to reasoning when a page, a process, a person or the API goes away in the middle of it."""

import pytest

from tests.support.database import row, wait_for_row
from tests.support.measurements import within
from tests.support.processes import kill

STOP_SECONDS = 1
SWEPT_SECONDS = 40  # from kill -9 to `interrupted`: twice what is promised, and tested elsewhere


def thinking(exchange):
    """Reason until the test releases the API, then answer."""
    exchange.head()
    exchange.chunk({"reasoning_content": "Let me "})
    exchange.chunk({"reasoning_content": "see. "})
    exchange.stall()
    exchange.chunk({"reasoning_content": "Yes, "})
    exchange.chunk("It is.")
    exchange.finish()


def misled(exchange):
    """Reason as if it were the answer, wait, and then close the reasoning with only a closing tag."""
    exchange.head()
    exchange.chunk("Let me see.")
    exchange.stall()
    exchange.chunk("\n</think>\n")
    exchange.chunk("It is.")
    exchange.finish()


def test_pages_that_reload_and_reconnect_in_the_middle_of_reasoning_get_both_parts_whole(
    any_layer_site, meet
):
    any_layer_site.api.behaviour = thinking
    person = meet(any_layer_site.url)
    first = person.connect()
    id = first.ask("Is it?")
    first.read_reasoning(id, "see. ")
    first.close()
    reloaded, reconnected = person.connect(), person.connect()
    reloaded.follow(id)
    assert reloaded.read_until("answer.activity")["activity"] == "thinking"
    reloaded.read_reasoning(id, "Let me see. ")
    reconnected.follow_on(id, first)
    any_layer_site.api.release()
    for page in (reloaded, reconnected):
        end = page.finish(id)
        assert (page.reasoning[id], page.texts[id]) == ("Let me see. Yes, ", "It is.")
        assert (end["reasoning_length"], end["edition"]) == (17, 0)
    assert row(any_layer_site, id).reasoning == "Let me see. Yes, "


def ask_near(pair, person, behaviour):
    """Ask in the first process. Returns a page of each, and the answer's id."""
    pair.api.released.clear()
    pair.api.behaviour = behaviour
    near, far = person.connect(), person.connect(pair.urls[1])
    return near, far, near.ask("Is it?")


def test_another_process_follows_reasoning_live(pair, meet):
    near, far, id = ask_near(pair, meet(pair.urls[0]), thinking)
    near.read_reasoning(id, "see. ")
    far.follow(id)
    far.read_reasoning(id, "Let me see. ")
    pair.api.release()
    for page in (near, far):
        assert page.finish(id)["status"] == "complete"
        assert (page.reasoning[id], page.texts[id]) == ("Let me see. Yes, ", "It is.")


def test_text_that_was_reasoning_begins_anew_here_and_in_another_process(pair, meet):
    person = meet(pair.urls[0])
    near, far, id = ask_near(pair, person, misled)
    near.read_text(id, "Let me see.")
    far.follow(id)
    far.read_text(id, "Let me see.")
    pair.api.release()
    for page in (near, far):
        assert page.finish(id)["edition"] == 1
        assert (page.reasoning[id], page.texts[id]) == ("Let me see.\n", "It is.")
    late = person.connect(pair.urls[1])
    late.follow_on(id, near)
    assert late.finish(id)["edition"] == 1
    assert [event["type"] for event in late.events] == ["answer.started", "answer.finished"]


@pytest.mark.measures
@pytest.mark.parametrize("process", [0, 1], ids=["own process", "another process"])
def test_stop_in_the_middle_of_reasoning_closes_the_connection_and_keeps_the_reasoning(pair, meet, process):
    pair.api.released.clear()
    pair.api.behaviour = thinking
    person = meet(pair.urls[0])
    near, page = person.connect(), person.connect(pair.urls[process])
    id = near.ask("Is it?")
    near.read_reasoning(id, "see. ")
    exchange = pair.api.requests[-1]
    with within(STOP_SECONDS):
        page.stop(id)
        assert exchange.closed.wait(20)
    end = near.finish(id)
    assert (end["status"], end["length"], end["reasoning_length"]) == ("stopped", 0, 12)
    estimate = {"prompt_tokens": 2, "completion_tokens": 3, "estimated": True}
    assert end["usage"] == estimate | {"reasoning_tokens": None, "cached_tokens": None}
    stored = row(pair, id)
    assert (stored.status, stored.text, stored.reasoning) == ("stopped", "", "Let me see. ")
    assert stored.model == "stand-in"  # the API had told its name


def test_a_deadline_in_the_middle_of_reasoning_ends_the_answer_and_keeps_the_reasoning(
    make_site, api_server, meet
):
    # Long enough for the reasoning to arrive before it, from a stand-in for the API that is slow as well.
    site = make_site(api_server, ASKME_SILENCE_SECONDS="5", ASKME_FIRST_TEXT_SECONDS="5").start()
    api_server.behaviour = thinking
    socket = meet(site.url).connect()
    id = socket.ask("Is it?")
    end = socket.finish(id)
    assert (end["status"], end["error"]["code"]) == ("failed", "timeout")
    assert socket.reasoning[id].startswith("Let me see. ")
    assert row(site, id).reasoning == socket.reasoning[id]
    assert api_server.requests[-1].closed.wait(20)


def test_after_kill_9_the_reasoning_is_kept(make_site, api_server, meet):
    site = make_site(api_server).start()
    api_server.behaviour = thinking
    person = meet(site.url)
    page = person.connect()
    id = page.ask("Is it?")
    page.read_reasoning(id, "see. ")
    wait_for_row(site, id, 20, reasoning="Let me see. ")  # within a second; the machine may be slow
    kill(site, 0)
    site.start()
    wait_for_row(site, id, SWEPT_SECONDS, status="interrupted")
    fresh = person.connect()
    fresh.follow(id)
    end = fresh.finish(id)
    assert (end["status"], fresh.reasoning[id], fresh.texts[id]) == ("interrupted", "Let me see. ", "")


def test_a_reader_of_a_shared_link_gets_no_reasoning(site, meet):
    site.api.behaviour = thinking
    alice, bob = meet(site.url), meet(site.url)
    mine = alice.connect()
    id = mine.ask("Is it?")
    mine.read_reasoning(id, "see. ")
    site.api.release()
    mine.finish(id)
    address = f"{site.url}/a/{id}/share/"
    token = alice.http.get(f"{site.url}/a/{id}/").cookies.get("csrftoken", "")
    token = token or alice.http.cookies["csrftoken"]
    shared = alice.http.post(address, {"csrfmiddlewaretoken": token})
    shared.raise_for_status()
    [link] = [part for part in shared.text.split('"') if "/s/" in part][:1]
    page = bob.connect()
    page.follow(id, share=link.rstrip("/").rsplit("/", 1)[1])
    end = page.read_until("answer.finished", id)
    assert (page.texts[id], page.reasoning[id], end["reasoning_length"]) == ("It is.", "", 0)
    assert "see" not in str(page.events)
