"""The demo model, without a key."""

import requests


def test_the_demo_model_answers_without_a_key_or_a_network(make_site, meet):
    site = make_site().start()
    socket = meet(site.url).connect()
    id = socket.ask("Why is the sky blue?")
    socket.read_text(id, "Why is the sky blue?")
    socket.read_text(id, "demo model")
    socket.stop(id)
    assert socket.finish(id)["status"] == "stopped"
    assert "OPENAI_API_KEY" in requests.get(site.url).text


def test_the_demo_model_shows_the_earlier_turns_that_it_got(make_site, meet):
    site = make_site(ASKME_MODELS="Fast=small, Thorough=large").start()
    socket = meet(site.url).connect()
    first = socket.ask("Why is the sky blue?")
    socket.read_text(first, "demo model")
    socket.stop(first)
    socket.finish(first)
    second = socket.ask("And at sunset?", follows=first, model="large")
    socket.read_text(second, "1. Why is the sky blue?")
    assert socket.texts[second].startswith("You are talking to “Thorough”.")
    socket.read_text(second, "one turn of our conversation")
    socket.stop(second)
    assert socket.finish(second)["status"] == "stopped"


def test_the_demo_model_tells_efforts_apart_and_says_how_to_connect_a_real_model(make_site, meet):
    site = make_site(ASKME_MODELS="Fast=small@low, Thorough=small@high").start()
    socket = meet(site.url).connect()
    id = socket.ask("Why is the sky blue?", model="small@high")
    socket.read_text(id, "You are talking to “Thorough”.")
    socket.read_text(id, "set OPENAI_API_KEY and ASKME_MODEL")
    socket.stop(id)
    assert socket.finish(id)["status"] == "stopped"
