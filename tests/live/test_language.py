"""Each socket is answered in the language of its page."""

import uuid

import pytest

from answers.live.language import language_of
from completions.errors import ConnectionFailed
from tests.support.forms import share
from tests.support.languages import FRENCH, GERMAN, SPANISH

NO_SUCH_ANSWER = {
    "": "There is no such answer, or it is not yours.",
    "de": "Diese Antwort gibt es nicht, oder sie gehört Ihnen nicht.",
    "fr": "Cette réponse n’existe pas ou ne vous appartient pas.",
    "es": "Esa respuesta no existe o no es suya.",
}


@pytest.mark.parametrize(
    ("query", "cookies", "headers", "language"),
    [
        ("language=fr", {"django_language": "es"}, [(b"accept-language", b"de")], "fr"),
        ("language=de-ch", {}, [], "de"),
        ("language=sv", {}, [(b"accept-language", b"de")], "de"),
        ("language=", {"django_language": "es"}, [(b"accept-language", b"de")], "es"),
        ("language=%ff../&language", {}, [(b"accept-language", b"de")], "de"),
        ("language=" + "x" * 10_000, {}, [(b"accept-language", b"es")], "es"),
        ("", {}, [(b"accept-language", b"de-CH, fr;q=0.5")], "de"),
        ("", {}, [(b"accept-language", b"sv"), (b"accept-language", b"es;q=0.9")], "es"),
        ("", {"django_language": "fr"}, [(b"accept-language", b"de")], "fr"),
        ("", {"django_language": "../../etc"}, [(b"accept-language", b"de")], "de"),
        ("", {}, [(b"accept-language", b"\xff\xfe;q=\x00")], "en"),
        ("", {}, [], "en"),
    ],
)
def test_a_socket_uses_the_language_of_its_page_or_else_of_its_handshake(query, cookies, headers, language):
    scope = {"cookies": cookies, "headers": headers, "query_string": query.encode()}
    assert language_of(scope) == language


def test_each_socket_is_refused_in_its_own_language(site, meet):
    people = {
        name: meet(site.url, **({"Accept-Language": name} if name else {})).connect()
        for name in NO_SUCH_ANSWER
    }
    for socket in people.values():
        socket.stop(str(uuid.uuid4()))
    for name, socket in people.items():
        assert socket.read()["message"] == NO_SUCH_ANSWER[name]
    german = people["de"]
    german.ask(" ")
    assert german.read()["message"] == "Bitte geben Sie zuerst eine Frage ein."
    german.ask("x" * 8_001)
    assert german.read()["message"] == "Ihre Frage hat 8.001 Zeichen; höchstens 8.000 sind möglich."
    german.send("no JSON")
    assert german.read()["message"] == "Dieser Frame ist kein JSON."


def test_a_limit_is_explained_in_the_readers_language(make_site, api_server, meet):
    site = make_site(api_server, ASKME_QUESTIONS_PER_MINUTE="1").start()
    for headers, beginning in (
        (GERMAN, "Sie haben das Limit von 1 Frage pro Minute erreicht. Bitte fragen Sie in "),
        ({}, "You've reached the limit of 1 question per minute. Please ask again in "),
    ):
        socket = meet(site.url, **headers).connect()
        socket.finish(socket.ask("Why?"))
        socket.ask("Why?")
        assert socket.read_until("error")["message"].startswith(beginning)


def test_each_follower_of_an_answer_gets_the_error_in_their_own_language(site, meet):
    """One reader asked, two follow the shared answer live, and one comes after the end."""

    def break_off(exchange):
        exchange.head()
        exchange.chunk("So far. ")
        exchange.stall()
        exchange.cut()

    site.api.when("Warum?", break_off)
    alice = meet(site.url, **GERMAN)
    asking = alice.connect()
    id = asking.ask("Warum?")
    asking.read_text(id, "So far. ")
    token = share(alice, id)
    readers = {name: meet(site.url, **headers).connect() for name, headers in (("fr", FRENCH), ("en", {}))}
    for socket in readers.values():
        socket.say("answer.follow", answer=id, position=0, share=token)
        socket.read_text(id, "So far. ")
    site.api.release()
    ends = {"de": asking.finish(id)} | {name: socket.finish(id) for name, socket in readers.items()}
    late = meet(site.url, **SPANISH).connect()
    late.say("answer.follow", answer=id, position=0, share=token)
    ends["es"] = late.finish(id)
    assert {end["status"] for end in ends.values()} == {"failed"}
    assert {end["error"]["code"] for end in ends.values()} == {"connection"}
    assert ends["en"]["error"]["message"] == ConnectionFailed.default_message
    beginnings = {
        "de": "Die Verbindung zum Modell ist fehlgeschlagen.",
        "fr": "La connexion au modèle a échoué.",
        "es": "Falló la conexión con el modelo.",
    }
    for name, beginning in beginnings.items():
        assert ends[name]["error"]["message"].startswith(beginning)
    exported = alice.http.get(f"{site.url}/history/answers.json").json()
    assert (
        exported["answers"][0]["error_message"] == ConnectionFailed.default_message
    )  # for programs, in English
    exported = alice.http.get(f"{site.url}/history/answers.md").text
    assert "Exportiert am " in exported
    assert " · fehlgeschlagen · " in exported
    assert beginnings["de"] in exported
