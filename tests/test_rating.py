"""Rating: thumb up or down and a word, on one's own finished answers, for the operator to read."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from answers.models import NOTE_CHARS, Answer, Status, User
from tests.api_server import answer
from tests.browser import OpenTab
from tests.sites import Site
from tests.test_history import make_answer

JSON = {"accept": "application/json"}


@pytest.fixture
def alice(db):
    return User.objects.create_user("alice")


@pytest.fixture
def alices(client, alice):
    """Alice's browser."""
    client.force_login(alice)
    return client


def test_an_answer_is_rated_and_rated_anew(alices, alice):
    answer = make_answer(alice, "Why?")
    other = make_answer(alice, "Other?")
    address = reverse("rate", args=[answer.pk])
    assert alices.post(address, {"rating": "1"}).headers["Location"] == answer.get_absolute_url()
    answer.refresh_from_db()
    assert (answer.rating, answer.rating_note) == (1, "")
    # As a browser without JavaScript sends it: the button that is pressed comes after what was said before.
    alices.post(address, {"rating": ["1", "-1"], "rating_note": "Too <long>."})
    answer.refresh_from_db()
    assert (answer.rating, answer.rating_note) == (-1, "Too <long>.")
    page = alices.get(answer.get_absolute_url()).content.decode()
    assert "Too &lt;long&gt;." in page
    assert 'aria-label="Bad answer" aria-pressed="true"' in page
    other.refresh_from_db()
    assert other.rating is None


def test_a_page_that_stays_is_replied_to_in_json(alices, alice):
    address = reverse("rate", args=[make_answer(alice, "Why?").pk])
    assert alices.get(address, headers=JSON).json() == {"rating": None, "rating_note": ""}
    said = {"rating": -1, "rating_note": "No."}
    assert alices.post(address, said, headers=JSON).json() == said
    assert alices.get(address, headers=JSON).json() == said
    assert alices.get(address).status_code == 302  # a person who reloads is shown the answer


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"rating_note": "typed"}, "Please choose thumb up or thumb down."),
        ({"rating": "2", "rating_note": "typed"}, "Please choose thumb up or thumb down."),
        ({"rating": "", "rating_note": "typed"}, "Please choose thumb up or thumb down."),
        ({"rating": "1", "rating_note": "x" * (NOTE_CHARS + 1)}, "Please use at most 500 characters."),
        ({"rating": "1", "rating_note": "a\0b"}, "Null characters are not allowed."),
    ],
)
def test_what_is_bad_or_too_long_is_refused_with_a_sentence_and_kept(alices, alice, said, sentence):
    answer = make_answer(alice, "Why?", rating=1, rating_note="before")
    address = reverse("rate", args=[answer.pk])
    page = alices.post(address, said)
    assert page.status_code == 400
    assert sentence in page.content.decode()
    assert f'value="{said["rating_note"]}"' in page.content.decode()
    reply = alices.post(address, said, headers=JSON)
    assert (reply.status_code, reply.json()) == (400, {"problem": sentence})
    answer.refresh_from_db()
    assert (answer.rating, answer.rating_note) == (1, "before")


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING])
def test_an_answer_that_is_not_finished_is_not_rated(alices, alice, status):
    answer = make_answer(alice, "Why?", status=status)
    page = alices.post(reverse("rate", args=[answer.pk]), {"rating": "1"})
    assert page.status_code == 409
    assert "You can rate an answer once it is finished." in page.content.decode()
    assert Answer.objects.get().rating is None


def test_the_operator_finds_answers_by_their_rating(client, alice):
    make_answer(alice, "Good one?", rating=1)
    make_answer(alice, "Bad one?", rating=-1, rating_note="It is wrong.")
    make_answer(alice, "Unrated?")
    client.force_login(User.objects.create_superuser("operator"))
    address = reverse("admin:answers_answer_changelist")
    page = client.get(address, {"rating__exact": -1})
    assert [found.question for found in page.context["cl"].result_list] == ["Bad one?"]
    page = client.get(address, {"q": "wrong"})
    assert page.context["cl"].result_count == 1
    detail = reverse("admin:answers_answer_change", args=[Answer.objects.get(rating=-1).pk])
    assert "It is wrong." in client.get(detail).content.decode()


def test_a_person_rates_without_leaving_the_page(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("Rate me", answer(["Well."]))
    shared_site.api.when("Me too", answer(["Hm."]))
    tab = open_tab(shared_site.url)
    tab.ask("Rate me")
    tab.is_ready()
    good = tab.last.get_by_role("button", name="Good answer")
    bad = tab.last.get_by_role("button", name="Bad answer")
    note = tab.last.get_by_label("Why, in a few words")
    said = tab.last.locator(".said")
    expect(note).to_be_hidden()
    good.click()
    expect(good).to_have_attribute("aria-pressed", "true")
    note.fill("Short.")
    note.press("Enter")  # keeps the thumb
    expect(said).to_have_text("Thank you.")
    expect(good).to_have_attribute("aria-pressed", "true")
    tab.shows("Well.")

    tab.ask("Me too")
    tab.shows("Hm.")
    expect(good).to_have_attribute("aria-pressed", "false")
    expect(note).to_be_hidden()
    bad.click()
    expect(bad).to_have_attribute("aria-pressed", "true")
    note.fill("Not so short.")
    note.press("Enter")
    expect(said).to_have_text("Thank you.")
    expect(bad).to_have_attribute("aria-pressed", "true")
    for _ in ("as it is", "reloaded"):
        first = tab.exchanges.first
        expect(first.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
        expect(first.get_by_label("Why, in a few words")).to_have_value("Short.")
        expect(bad).to_have_attribute("aria-pressed", "true")
        expect(note).to_have_value("Not so short.")
        tab.page.reload()


def test_a_rating_that_cannot_be_saved_is_told_and_kept(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("Keep it", answer(["Kept."]))
    tab = open_tab(shared_site.url, may_log="ERR_INTERNET_DISCONNECTED|Failed to load resource|WebSocket")
    tab.ask("Keep it")
    tab.is_ready()
    tab.page.get_by_role("button", name="Bad answer").click()
    note = tab.page.get_by_label("Why, in a few words")
    note.fill("All of this")
    tab.page.context.set_offline(True)
    note.press("Enter")
    expect(tab.last.locator(".said")).to_have_text("This could not be saved. Please try again.")
    expect(note).to_have_value("All of this")


def test_rating_works_without_javascript(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("Plainly", answer(["Plain."]))
    tab = open_tab(shared_site.url)
    tab.ask("Plainly")
    tab.is_ready()
    cookies = tab.page.context.storage_state()
    plain = open_tab(tab.page.url, java_script_enabled=False, storage_state=cookies)
    plain.page.get_by_label("Why, in a few words").fill("Even so.")
    plain.page.get_by_role("button", name="Good answer").click()
    expect(plain.page.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
    expect(plain.page.get_by_label("Why, in a few words")).to_have_value("Even so.")
