"""Each reader gets the pages in their browser's language, and the reason why an answer failed."""

import re
import uuid

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation
from django.views.defaults import server_error

from answers.engine import outcome
from answers.engine.saver import UNSAVED
from answers.models import Share, Status
from completions import CompletionError
from completions.draft import CUT
from tests.support.answers import make_answer
from tests.support.catalogues import extracted
from tests.support.languages import FRENCH, GERMAN, SPANISH


@pytest.fixture
def alices(alice):
    """Alice's browser, which asks for German."""
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
        ("sv, fi;q=0.9", "en", "History"),  # no such catalogues
        ("sv, fr;q=0.5, de;q=0.4", "fr", "Historique"),
        ("*", "en", "History"),
        ("", "en", "History"),
        ("de;q=x,,;=%00é" + "x" * 10_000, "en", "History"),
    ],
)
@pytest.mark.django_db
def test_a_page_is_in_the_browsers_first_available_language(client, accepted, language, heading):
    page = client.get("/history/", headers={"Accept-Language": accepted})
    html = page.content.decode()
    assert f"<h1>{heading}</h1>" in html
    assert f'<html lang="{language}" dir="ltr"' in html
    assert page.headers["Content-Language"] == language
    assert "Accept-Language" in page.headers["Vary"]


@pytest.mark.django_db
def test_djangos_language_cookie_overrides_the_browser(client):
    client.cookies["django_language"] = "fr"
    page = client.get("/history/", headers=GERMAN)
    assert page.headers["Content-Language"] == "fr"
    assert {"Accept-Language", "Cookie"} <= {name.strip() for name in page.headers["Vary"].split(",")}


def test_the_admin_is_in_english_in_every_browser(admin_client):
    for path in ("/admin/", "/admin/nowhere/"):
        page = admin_client.get(path, headers=GERMAN)
        assert page.headers["Content-Language"] == "en"
        assert '<html lang="en' in page.content.decode()
    assert admin_client.get("/history/", headers=GERMAN).headers["Content-Language"] == "de"


def test_the_history_says_how_each_answer_ended_in_german(alices, alice):
    make_answer(alice, "Warum?", status=Status.INTERRUPTED)
    html = alices.get("/history/").content.decode()
    assert '<span class="status">Unterbrochen</span>' in html
    assert '<option value="interrupted">Unterbrochen</option>' in html  # the value is not translated
    assert 'aria-label="Löschen: Warum?"' in html
    assert ">Sonntag, 1. März 2026</h2>" in html


@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        ({"since": "2026-03-02", "until": "2026-03-01"}, "Der letzte Tag liegt vor dem ersten."),
        ({"q": "x" * 201}, "Bitte geben Sie höchstens 200 Zeichen ein."),
        ({"since": "gestern"}, "Bitte ein gültiges Datum eingeben."),  # from Django
    ],
)
def test_errors_in_a_form_are_in_german(alices, filters, sentence):
    assert sentence in alices.get("/history/", filters).content.decode()


def test_a_date_may_be_typed_in_the_german_format(alices, alice):
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
        ({}, "All your 0 questions", "Your 1 question and its answer will be", "All your 3 questions"),
        (GERMAN, "Alle Ihre 0 Fragen", "Ihre 1 Frage und die Antwort darauf werden", "Alle Ihre 3 Fragen"),
        (FRENCH, "0 question et", "1 question et", "Vos 3 questions et"),
        (SPANISH, "Sus 0 preguntas", "1 pregunta y su", "Sus 3 preguntas"),
    ],
)
def test_plurals_match_their_numbers(alice, headers, none, one, three):
    browser = Client(headers=headers)
    browser.force_login(alice)
    for more, words in ((0, none), (1, one), (2, three)):
        for _ in range(more):
            make_answer(alice, "Why?")
        assert f"<p>{words}" in browser.get("/history/delete/").content.decode()


@pytest.mark.django_db
def test_the_login_page_is_in_german_too(client):
    page = client.post("/accounts/login/", {"login": "nobody", "password": "x"}, headers=GERMAN)
    html = page.content.decode()
    assert "<h1>Anmelden</h1>" in html
    assert "E-Mail-Adresse oder Benutzername" in html  # from our label
    assert "Passwort" in html  # from allauth's


def test_the_404_page_is_in_german(alices):
    page = alices.get(f"/a/{uuid.uuid4()}/")
    assert page.status_code == 404
    assert "Seite nicht gefunden" in page.content.decode()


def test_the_400_page_for_a_wrong_host_is_in_german(alices):
    page = alices.get("/", headers={"Host": "evil.example"})
    assert page.status_code == 400
    assert "Diese Anfrage konnte nicht verarbeitet werden" in page.content.decode()


def test_the_500_page_is_in_german():
    with translation.override("de"):
        html = server_error(RequestFactory().get("/")).content.decode()
    assert "Das ist unser Fehler, nicht Ihrer" in html
    assert '<html lang="de"' in html


def test_a_form_without_javascript_is_refused_in_the_readers_language(site, meet):
    """The question is asked on the event loop, from the thread of a view."""
    alice = meet(site.url, **GERMAN)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', alice.http.get(site.url).text)[1]
    fields = {"csrfmiddlewaretoken": token, "answer": str(uuid.uuid4()), "question": " "}
    page = alice.http.post(site.url + reverse("ask"), fields)
    assert page.status_code == 400
    assert "Bitte geben Sie zuerst eine Frage ein." in page.text


# -- Failures of answers


def every_message():
    return [kind.default_message for kind in CompletionError.__subclasses__()] + [
        one.error_message for one in (outcome.INTERNAL, UNSAVED)
    ]


def test_every_error_message_is_in_the_catalogues():
    said = {message.id for message in extracted()}
    assert len(every_message()) > 10
    assert set(every_message()) <= said


@pytest.mark.parametrize(
    ("headers", "words"), [({}, CUT), (GERMAN, "Die Verbindung zum Modell ist abgerissen")]
)
def test_an_error_is_stored_in_english_and_shown_in_the_readers_language(client, alice, headers, words):
    answer = make_answer(alice, "Why?", status=Status.FAILED, error_code="connection", error_message=CUT)
    client.force_login(alice)
    assert words in client.get(answer.get_absolute_url(), headers=headers).content.decode()
    link = Share.objects.create(user=alice, thread=answer.thread)
    assert words in Client().get(link.get_absolute_url(), headers=headers).content.decode()
