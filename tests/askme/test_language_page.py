"""The page on which people choose a language, for pages and sockets, without JavaScript."""

import re

import pytest
from django.test import Client

from tests.support.api_server import refuse
from tests.support.languages import GERMAN


def choose(browser, language: str, next: str = ""):
    return browser.post("/language/", {"language": language, "next": next})


@pytest.mark.django_db
def test_each_page_leads_to_the_choice_and_the_choice_leads_back(client):
    html = client.get("/history/?q=a+b", headers=GERMAN).content.decode()
    [link] = re.findall(r'href="(/language/[^"]*)" aria-label="[^"]*Deutsch">Deutsch</a>', html)
    page = client.get(link).content.decode()
    names = {"de": "Deutsch", "en": "English", "es": "Español", "fr": "Français"}
    for code, name in names.items():
        assert re.search(rf'<button [^>]*value="{code}" lang="{code}"[^>]*>{name}</button>', page)
    assert re.findall(r'value="(\w+)" lang="\w+" aria-current="true"', page) == ["en"]
    [next] = re.findall(r'name="next" value="([^"]*)"', page)
    assert choose(client, "fr", next).url == "/history/?q=a+b"
    html = client.get("/history/", headers=GERMAN).content.decode()
    assert '<html lang="fr"' in html
    assert ">Français</a>" in html


@pytest.mark.django_db
def test_a_long_address_is_not_repeated_in_the_links_of_a_page(client):
    html = client.get("/", {"q": "\N{BALLOON}" * 2_000}).content.decode()
    links = re.findall(r'href="(/[^"]*\?next=[^"]*)"', html)
    assert len(links) > 1
    assert set(links) >= {"/language/?next=%2F"}
    assert max(map(len, links)) < 100


@pytest.mark.django_db
@pytest.mark.parametrize(
    "next", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "", "/\\evil"]
)
def test_the_choice_leads_to_no_other_site(client, next):
    assert choose(client, "de", next).url == "/"


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["xx", "", "de\0", "../de"])
def test_an_unknown_language_changes_nothing(client, language):
    assert "django_language" not in choose(client, language).cookies


@pytest.mark.django_db
def test_the_cookie_is_kept_for_a_year_and_not_for_scripts(client):
    cookie = choose(client, "de").cookies["django_language"]
    assert (cookie["max-age"], cookie["httponly"], cookie["samesite"]) == (365 * 24 * 3600, True, "Lax")


def test_over_https_the_cookie_is_secure(tmp_path, make_site):
    code = "from django.conf import settings; print(settings.LANGUAGE_COOKIE_SECURE)"
    for https in ("true", "false"):
        site = make_site(ASKME_HTTPS=https)
        assert site.manage("shell", "-v0", "-c", code).stdout.split()[-1] == https.capitalize()


@pytest.mark.django_db
def test_a_choice_needs_a_token():
    assert choose(Client(enforce_csrf_checks=True), "de").status_code == 403


def test_the_socket_speaks_the_chosen_language(shared_site, meet):
    shared_site.api.when("Pourquoi ?", refuse(401, "Incorrect API key provided"))
    person = meet(shared_site.url, **GERMAN)
    page = person.http.get(f"{shared_site.url}/language/?next=/").text
    [token] = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    form = {"csrfmiddlewaretoken": token, "language": "fr", "next": "/"}
    person.http.post(f"{shared_site.url}/language/", form).raise_for_status()
    socket = person.connect()
    ended = socket.finish(socket.ask("Pourquoi ?"))
    assert "modèle de ce site" in ended["error"]["message"]
