"""Follow-up questions and other versions, on whole sites: what is really sent."""

import uuid

from tests.support.api_server import answer, refuse, stall
from tests.support.conversations import ask, error, rows, said, turn

TOO_LONG = {"message": "This model's maximum context length is 40 tokens.", "code": "context_length_exceeded"}


# -- What is sent


def test_a_follow_up_is_sent_with_earlier_turns(any_database_site, page):
    socket = page(any_database_site)
    first = ask(socket, "Why is it blue? 🎈", "Because of “scattering”.\n")
    second = ask(socket, "And at sunset?", "Red.", follows=first)
    ask(socket, "Why?", "Dust.", follows=second)
    earlier = turn("Why is it blue? 🎈", "Because of “scattering”.\n")
    assert [said(exchange) for exchange in any_database_site.api.requests] == [
        [("user", "Why is it blue? 🎈")],
        [*earlier, ("user", "And at sunset?")],
        [*earlier, *turn("And at sunset?", "Red."), ("user", "Why?")],
    ]


def test_turns_beyond_the_limit_are_not_sent_but_the_end_of_a_long_answer_is(any_database_site, page):
    any_database_site.stop()
    any_database_site.environment["ASKME_CONTEXT_TOKENS"] = "10"
    any_database_site.start()
    socket = page(any_database_site)
    first = ask(socket, "1?", "One.")
    second = ask(socket, "2?", "T" * 33, follows=first)
    third = ask(socket, "3?", "H" * 1_000 + " The end.", follows=second)
    ask(socket, "A question is always sent, " + "however long it is. " * 10, "Four.", follows=third)
    sent = [said(exchange)[:-1] for exchange in any_database_site.api.requests]
    assert sent[2] == turn("2?", "T" * 33)
    assert sent[3] == turn("3?", "…" + "H" * 28 + " The end.")
    assert any_database_site.api.requests[3].question.endswith("long it is. ")


def test_another_version_is_sent_with_the_same_turns_as_the_original(any_database_site, page):
    socket = page(any_database_site)
    first = ask(socket, "1?", "One.")
    second = ask(socket, "2?", "Two.", follows=first)
    version = ask(socket, "2, in other words?", "Zwei.", revises=second)
    ask(socket, "3?", "Three.", follows=version)
    requests = any_database_site.api.requests
    assert said(requests[1])[:-1] == said(requests[2])[:-1] == turn("1?", "One.")
    assert said(requests[3])[:-1] == [*turn("1?", "One."), *turn("2, in other words?", "Zwei.")]


def test_the_system_prompt_stays_first(make_site, api_server, page):
    site = make_site(api_server, ASKME_SYSTEM_PROMPT="Be brief.").start()
    socket = page(site)
    ask(socket, "2?", "Two.", follows=ask(socket, "1?", "One."))
    assert said(api_server.requests[1])[0] == ("system", "Be brief.")
    assert said(api_server.requests[1])[1:] == [*turn("1?", "One."), ("user", "2?")]


def test_the_older_api_gets_earlier_turns_in_the_form_of_its_prompt(make_site, api_server, page):
    site = make_site(api_server, ASKME_API="completions").start()
    socket = page(site)
    ask(socket, "2?", "Two.", follows=ask(socket, "1?", " One.\n"))
    instruction = "Answer the following question.\n"
    assert [exchange.question for exchange in api_server.requests] == [
        f"{instruction}Question: 1?\nAnswer:",
        f"{instruction}Question: 1?\nAnswer: One.\n\nQuestion: 2?\nAnswer:",
    ]


def test_a_deleted_answer_is_not_sent_but_its_follow_up_is(site, meet, page):
    person = meet(site.url)
    socket = page(site, person)
    first = ask(socket, "1?", "One.")
    second = ask(socket, "2?", "Two.", follows=first)
    third = ask(socket, "3?", "Three.", follows=second)
    address = f"{site.url}/a/{second}/delete/"
    person.http.get(address)
    token = person.http.cookies["csrftoken"]
    person.http.post(address, {"csrfmiddlewaretoken": token}).raise_for_status()
    ask(socket, "4?", "Four.", follows=third)
    assert said(site.api.requests[3])[:-1] == [*turn("1?", "One."), *turn("3?", "Three.")]


def test_a_failed_answer_is_not_sent_but_a_stopped_one_is(site, page):
    socket = page(site)
    site.api.script(refuse(401))
    failed = socket.ask("1?")
    assert socket.finish(failed)["status"] == "failed"
    site.api.script(stall(["So far"]))
    stopped = socket.ask("2?", follows=failed)
    socket.read_text(stopped, "So far")
    socket.stop(stopped)
    assert socket.finish(stopped)["status"] == "stopped"
    ask(socket, "3?", "Three.", follows=stopped)
    assert said(site.api.requests[2]) == [*turn("2?", "So far"), ("user", "3?")]


def test_a_context_of_zero_tokens_sends_no_earlier_turns(make_site, api_server, page):
    site = make_site(api_server, ASKME_CONTEXT_TOKENS="0").start()
    socket = page(site)
    ask(socket, "2?", "Two.", follows=ask(socket, "1?", "One."))
    assert said(api_server.requests[1]) == [("user", "2?")]


def test_a_retry_sends_the_same_and_a_refused_length_sends_fewer_turns(site, page):
    socket = page(site)
    id = None
    for number in range(4):
        id = ask(socket, f"{number}?", f"{number}.", **({"follows": id} if id else {}))
    at_once = {"retry-after-ms": "1"}
    site.api.script(refuse(500, "x", at_once), *[refuse(400, TOO_LONG)] * 2, answer(["Short."]))
    id = socket.ask("4?", follows=id)
    assert socket.finish(id)["status"] == "complete"
    earlier = [message for number in range(4) for message in turn(f"{number}?", f"{number}.")]
    assert [said(exchange) for exchange in site.api.requests[4:]] == [
        [*earlier, ("user", "4?")],
        [*earlier, ("user", "4?")],
        [*earlier[4:], ("user", "4?")],
        [*earlier[6:], ("user", "4?")],
    ]


def test_estimated_tokens_include_the_earlier_turns(site, page):
    socket = page(site)
    first = ask(socket, "x" * 100, "y" * 300)
    site.api.script(stall(["So far. "]))
    second = socket.ask("z" * 40, follows=first)
    socket.read_text(second, "So far. ")
    socket.stop(second)
    assert socket.finish(second)["usage"] == {
        "prompt_tokens": 110,
        "completion_tokens": 2,
        "reasoning_tokens": None,
        "cached_tokens": None,
        "estimated": True,
    }


def test_follow_ups_keep_their_first_turn_until_half_are_dropped(any_database_site, page):
    any_database_site.stop()
    any_database_site.environment["ASKME_CONTEXT_TOKENS"] = "10"  # four turns of ten characters
    any_database_site.start()
    socket, id = page(any_database_site), None
    for number in range(8):
        id = ask(socket, f"{number}", "x" * 9, **({"follows": id} if id else {}))
    sent = [
        "".join(text for role, text in said(exchange) if role == "user")
        for exchange in any_database_site.api.requests
    ]
    assert sent == ["0", "01", "012", "0123", "01234", "345", "3456", "34567"]


# -- Whose, and how often


def test_bob_can_neither_follow_up_nor_revise_alices_answer(site, page):
    alice, bob = page(site), page(site)
    id, nowhere = ask(alice, "Mine?", "Secret."), str(uuid.uuid4())
    for field in ("follows", "revises"):
        replies = []
        for target in (id, nowhere):
            question = bob.ask("And?", **{field: target})
            reply = error(bob)
            assert reply.pop("answer") == question
            replies.append(reply)
        assert replies[0] == replies[1]
        assert replies[0]["code"] == "not_found"
    assert len(site.api.requests) == 1
    assert [question for question, *_ in rows(site)] == ["Mine?"]


def test_the_same_follow_up_five_times_over_three_sockets_is_asked_once(any_database_site, meet, page):
    person = meet(any_database_site.url)
    sockets = [page(any_database_site, person) for _ in range(3)]
    first, second = ask(sockets[0], "1?", "One."), str(uuid.uuid4())
    any_database_site.api.behaviour = stall(["Once. "])
    for socket in [*sockets, *sockets[:2]]:
        socket.ask("2?", second, follows=first)
    for socket in sockets:
        socket.read_text(second, "Once. ")
    any_database_site.api.release()
    for socket in sockets:
        assert socket.finish(second)["status"] == "complete"
    [_, exchange] = any_database_site.api.requests
    assert said(exchange) == [*turn("1?", "One."), ("user", "2?")]


def test_the_row_of_a_follow_up_exists_before_the_api_is_asked(model_site, page):
    socket = page(model_site)
    first = ask(socket, "1?", "One.")
    seen = []

    def look(exchange):
        seen.extend(rows(model_site))
        answer(["Two."])(exchange)

    model_site.api.script(look)
    socket.finish(socket.ask("2?", follows=first, model="large"))
    [row] = [row for row in seen if row[0] == "2?"]
    assert row[1] in ("queued", "running")
    assert row[3] == "Thorough"  # the label is known even if the process is killed now
