"""The catalogues in locale/ are complete: every sentence of the sources, in every language, compiled."""

import pytest
from babel.messages.catalog import Message
from django.conf import settings

from tests.support.catalogues import LANGUAGES, compiled, extracted, faults, path_of, read

IN_STEP = "Run `make translations`, fill in what it names, and run it again."


@pytest.fixture(scope="module")
def sources():
    return extracted()


def sentences(catalog):
    return {(message.id, message.context): message.string for message in catalog if message.id}


def test_every_language_has_a_catalogue():
    assert {code for code, _ in settings.LANGUAGES} == {*LANGUAGES, "en"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_exactly_the_sentences_of_the_sources(language, sources):
    assert sentences(read(language)).keys() == sentences(sources).keys(), IN_STEP


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated_with_the_same_placeholders(language):
    assert [fault for message in read(language) if message.id for fault in faults(message)] == [], IN_STEP


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_is_up_to_date(language):
    assert path_of(language, "mo").read_bytes() == compiled(read(language)), IN_STEP


def test_sentences_of_all_kinds_are_found(sources):
    found = {message.id: dict(message.locations) for message in sources}
    assert "answers/protocol.py" in found["This frame is not JSON."]  # from Python
    assert "answers/asking/duration.py" in found["%(number)d hour", "%(number)d hours"]  # with a plural
    assert "answers/models/status.py" in found["Interrupted"]  # lazy
    assert (
        "completions/draft.py" in found["A content filter cut this answer short."]
    )  # only marked for translation
    assert "templates/answers/history.html" in found["Your questions, newest first."]
    assert "templates/answers/history.html" in found["Delete: %(question)s"]


@pytest.mark.parametrize(
    ("said", "translated", "fault"),
    [
        ("%(number)d days", "", "not translated"),
        ("%(number)d days", "Tage", "placeholders"),
        ("%(number)d days", "%(nummer)d Tage", "placeholders"),
        ('<a href="%(back)s">Back</a>', "Zurück", "placeholders"),
        ("Back", '"Zurück"', "placeholders"),  # it would end an attribute of HTML
        (("%(number)d day", "%(number)d days"), ("%(number)d Tag", ""), "not translated"),
        (("%(number)d day", "%(number)d days"), ("ein Tag", "%(number)d Tage"), "placeholders"),
    ],
)
def test_a_fault_in_a_translation_is_named(said, translated, fault):
    [found] = faults(Message(said, translated))
    assert fault in found


def test_a_fuzzy_translation_is_a_fault():
    assert "fuzzy" in faults(Message("Back", "Vor", flags=["fuzzy"]))[0]


def test_a_good_translation_has_no_fault():
    assert faults(Message("%(number)d of %(count)d", "%(number)d von %(count)d")) == []
