"""Each reader gets the site in the language of their browser: pages, refusals, and how an answer failed."""

import re
import uuid

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation
from django.views.defaults import server_error
from playwright.sync_api import expect

from answers import outcome
from answers.completions import CompletionError
from answers.completions.draft import CUT
from answers.completions.errors import ConnectionFailed
from answers.journal import UNSAVED
from answers.language import language_of
from answers.models import Share, Status, User
from tests.api_server import refuse
from tests.catalogues import extracted
from tests.test_history import make_answer
from tests.test_sharing import share

GERMAN, FRENCH, SPANISH = ({"Accept-Language": name} for name in ("de-AT,de;q=0.9,en;q=0.8", "fr", "es-MX"))
NO_SUCH_ANSWER = {
    "": "There is no such answer, or it is not yours.",
    "de": "Diese Antwort gibt es nicht, oder sie gehört Ihnen nicht.",
    "fr": "Cette réponse n’existe pas, ou n’est pas la vôtre.",
    "es": "Esa respuesta no existe o no es suya.",
}


@pytest.fixture
def alice(db):
    return User.objects.create_user("alice")


@pytest.fixture
def alices(alice):
    """Alice's browser, which is a German one."""
    client = Client(headers=GERMAN)
    client.force_login(alice)
    return client


# -- Pages


@pytest.mark.parametrize(
    ("accepted", "language", "heading"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de", "Verlauf"),
        ("fr-CA", "fr", "Historique"),
        ("es-MX, en;q=0.5", "es", "Historial"),
        ("en-GB", "en", "History"),
        ("sv, fi;q=0.9", "en", "History"),  # there are no such catalogues
        ("sv, fr;q=0.5, de;q=0.4", "fr", "Historique"),
        ("*", "en", "History"),
        ("", "en", "History"),
        ("de;q=x,,;=%00é" + "x" * 10_000, "en", "History"),
    ],
)
@pytest.mark.django_db
def test_a_page_is_in_the_first_language_of_the_browser_that_there_is(client, accepted, language, heading):
    page = client.get("/history/", headers={"Accept-Language": accepted})
    html = page.content.decode()
    assert f"<h1>{heading}</h1>" in html
    assert f'<html lang="{language}" dir="ltr"' in html
    assert page.headers["Content-Language"] == language
    assert "Accept-Language" in page.headers["Vary"]


@pytest.mark.django_db
def test_djangos_cookie_goes_before_the_browser(client):
    client.cookies["django_language"] = "fr"
    page = client.get("/history/", headers=GERMAN)
    assert page.headers["Content-Language"] == "fr"
    assert {"Accept-Language", "Cookie"} <= {name.strip() for name in page.headers["Vary"].split(",")}


def test_the_history_says_how_each_answer_ended_in_german(alices, alice):
    make_answer(alice, "Warum?", status=Status.INTERRUPTED)
    html = alices.get("/history/").content.decode()
    assert '<span class="status">Unterbrochen</span>' in html
    assert (
        '<option value="interrupted">Unterbrochen</option>' in html
    )  # the value is not a word of a language
    assert 'aria-label="Löschen: Warum?"' in html
    assert "1. März 2026, 12:00 UTC</time>" in html


@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        ({"since": "2026-03-02", "until": "2026-03-01"}, "Der letzte Tag liegt vor dem ersten."),
        ({"q": "x" * 201}, "Bitte suchen Sie nach höchstens 200 Zeichen."),
        ({"since": "gestern"}, "Bitte ein gültiges Datum eingeben."),  # Django's own
    ],
)
def test_what_is_wrong_with_a_form_is_said_in_german(alices, filters, sentence):
    assert sentence in alices.get("/history/", filters).content.decode()


def test_a_day_may_be_typed_as_one_does_there(alices, alice):
    make_answer(alice, "Warum?")
    assert len(alices.get("/history/", {"since": "2.3.2026"}).context["page"].answers) == 0
    assert len(alices.get("/history/", {"since": "1.3.2026"}).context["page"].answers) == 1


def test_a_rating_is_refused_in_german(alices, alice):
    address = f"/a/{make_answer(alice, 'Warum?', status=Status.RUNNING).pk}/rate/"
    wants_json = {"Accept": "application/json"}
    refused = alices.post(address, {"rating": "7"}, headers=wants_json)
    assert refused.json() == {"problem": "Bitte wählen Sie Daumen hoch oder Daumen runter."}
    refused = alices.post(address, {"rating": "1"}, headers=wants_json)
    assert refused.json() == {"problem": "Sie können eine Antwort bewerten, sobald sie fertig ist."}


@pytest.mark.parametrize(
    ("headers", "none", "one", "three"),
    [
        ({}, "All your 0 questions", "Your 1 question and its answer are", "All your 3 questions"),
        (GERMAN, "Alle Ihre 0 Fragen", "Ihre 1 Frage und die Antwort darauf werden", "Alle Ihre 3 Fragen"),
        (FRENCH, "0 question et", "1 question et", "Vos 3 questions et"),
        (SPANISH, "Sus 0 preguntas", "1 pregunta y su", "Sus 3 preguntas"),
    ],
)
def test_numbers_go_with_their_words(alice, headers, none, one, three):
    browser = Client(headers=headers)
    browser.force_login(alice)
    for more, words in ((0, none), (1, one), (2, three)):
        for _ in range(more):
            make_answer(alice, "Why?")
        assert f"<p>{words}" in browser.get("/history/delete/").content.decode()


@pytest.mark.django_db
def test_accounts_are_in_german_too(client):
    page = client.post("/accounts/login/", {"login": "nobody", "password": "x"}, headers=GERMAN)
    html = page.content.decode()
    assert "<h1>Anmelden</h1>" in html
    assert "E-Mail-Adresse oder Benutzername" in html  # our label
    assert "Passwort" in html  # and allauth's


def test_a_page_that_is_not_there_is_so_in_german(alices):
    page = alices.get(f"/a/{uuid.uuid4()}/")
    assert page.status_code == 404
    assert "Hier ist nichts" in page.content.decode()


def test_a_wrong_host_is_refused_in_german_before_anybody_looks_who_is_there(alices):
    page = alices.get("/", headers={"Host": "evil.example"})
    assert page.status_code == 400
    assert "Zu groß oder nicht verstanden" in page.content.decode()


def test_a_fault_of_ours_is_owned_in_german():
    with translation.override("de"):
        html = server_error(RequestFactory().get("/")).content.decode()
    assert "Das ist unser Fehler, nicht Ihrer" in html
    assert '<html lang="de"' in html


# -- Failures of answers


def every_message():
    return [kind.default_message for kind in CompletionError.__subclasses__()] + [
        one.error_message for one in (outcome.INTERNAL, UNSAVED)
    ]


def test_every_kind_of_failure_has_its_sentence_in_the_catalogues():
    said = {message.id for message in extracted()}
    assert len(every_message()) > 10
    assert set(every_message()) <= said


@pytest.mark.parametrize(
    ("headers", "words"), [({}, CUT), (GERMAN, "Die Verbindung zum Modell ist abgerissen")]
)
def test_how_an_answer_failed_is_kept_in_english_and_read_in_ones_own_language(client, alice, headers, words):
    answer = make_answer(alice, "Why?", status=Status.FAILED, error_code="connection", error_message=CUT)
    client.force_login(alice)
    assert words in client.get(answer.get_absolute_url(), headers=headers).content.decode()
    link = Share.objects.create(user=alice, thread=answer.thread)
    assert words in Client().get(link.get_absolute_url(), headers=headers).content.decode()


# -- Sockets


@pytest.mark.parametrize(
    ("cookies", "headers", "language"),
    [
        ({}, [(b"accept-language", b"de-CH, fr;q=0.5")], "de"),
        ({}, [(b"accept-language", b"sv"), (b"accept-language", b"es;q=0.9")], "es"),
        ({"django_language": "fr"}, [(b"accept-language", b"de")], "fr"),
        ({"django_language": "../../etc"}, [(b"accept-language", b"de")], "de"),
        ({}, [(b"accept-language", b"\xff\xfe;q=\x00")], "en"),
        ({}, [], "en"),
    ],
)
def test_a_socket_has_the_language_of_its_handshake(cookies, headers, language):
    assert language_of({"cookies": cookies, "headers": headers}) == language


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
    assert german.read()["message"] == "Ihre Frage hat 8001 Zeichen; höchstens 8000 sind möglich."
    german.send("no JSON")
    assert german.read()["message"] == "Dieser Frame ist kein JSON."


def test_the_plain_form_is_refused_in_ones_own_language(site, meet):
    """It asks on the event loop, from the thread of a view."""
    alice = meet(site.url, **GERMAN)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', alice.http.get(site.url).text)[1]
    fields = {"csrfmiddlewaretoken": token, "answer": str(uuid.uuid4()), "question": " "}
    page = alice.http.post(site.url + reverse("ask"), fields)
    assert page.status_code == 400
    assert "Bitte geben Sie zuerst eine Frage ein." in page.text


def test_a_limit_is_named_in_ones_own_language(make_site, api_server, meet):
    site = make_site(api_server, ASKME_QUESTIONS_PER_MINUTE="1").start()
    for headers, beginning in (
        (GERMAN, "Das war 1 Frage innerhalb einer Minute. Bitte fragen Sie in "),
        ({}, "That was 1 question within a minute. Please ask again in "),
    ):
        socket = meet(site.url, **headers).connect()
        socket.finish(socket.ask("Why?"))
        socket.ask("Why?")
        assert socket.read_until("error")["message"].startswith(beginning)


def test_readers_of_one_answer_each_read_in_their_own_language_how_it_failed(site, meet):
    """The one who asked, others who follow the share live, and one who comes when it is over."""

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
    assert exported["answers"][0]["error_message"] == ConnectionFailed.default_message  # for programs
    exported = alice.http.get(f"{site.url}/history/answers.md").text
    assert "Exportiert am " in exported
    assert " · fehlgeschlagen · " in exported
    assert beginnings["de"] in exported


# -- In a browser


def test_a_german_browser_reads_german_wherever_it_goes(shared_site, open_tab):
    shared_site.api.when("Warum?", refuse(401, "Incorrect API key provided"))
    tab = open_tab(shared_site.url, locale="de-DE")
    expect(tab.button).to_have_text("Fragen", use_inner_text=True)
    tab.ask("Warum?")
    sentence = "Diese Website kann ihr Modell nicht nutzen"
    expect(tab.ending).to_contain_text(sentence, use_inner_text=True)  # over the websocket
    expect(tab.announcement).to_contain_text(sentence)
    tab.page.reload()
    expect(tab.ending).to_contain_text(sentence, use_inner_text=True)  # from the page
    tab.page.get_by_role("link", name="Verlauf").click()
    expect(tab.page.get_by_role("listitem")).to_contain_text("Fehlgeschlagen")
    tab.page.get_by_role("link", name="Warum?", exact=True).click()
    tab.page.get_by_role("link", name="Teilen").click()
    tab.page.get_by_role("button", name="Link erstellen").click()
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.page.get_by_role("button", name="Kopieren").click()
    expect(tab.page.get_by_role("status").filter(has_text="Kopiert.")).to_be_visible()
