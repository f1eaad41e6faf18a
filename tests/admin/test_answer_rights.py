"""Who sees what of the answers in the admin. The rights are apart from each other."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from accounts.models import User
from answers.models import Action, Answer, AuditEntry, Share, Status
from tests.support.answers import make_answer
from tests.support.staff import staff

pytestmark = pytest.mark.django_db

LIST = "/admin/answers/answer/"
SECRETS = {
    "question": "Secretquestion?",
    "text": "Secrettext.",
    "reasoning": "Secretreasoning",
    "sources": [{"url": "https://secretsource.example/", "title": "Secrettitle"}],
    "error_detail": "HTTP 400: Secretdetail",
    "rating_note": "Secretnote",
}
WORDS = ["Secret", "secret"]


@pytest.fixture
def alice():
    return User.objects.create_user("alice", "alice@example.org")


@pytest.fixture
def answer(alice):
    return make_answer(
        alice, status=Status.FAILED, error_code="refused", rating=-1, completion_tokens=4_217, **SECRETS
    )


def pages(answer):
    page = reverse("admin:answers_answer_change", args=[answer.pk])
    yield from (LIST, page, f"{LIST}?rating=-1", f"{LIST}?q={answer.pk}", f"{LIST}?q=Secrettext")
    yield from (f"{LIST}?user={answer.user_id}", f"{LIST}{answer.pk}/history/", f"{LIST}{answer.pk}/delete/")


def shown(client, address):
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


def test_who_may_only_view_answers_sees_figures_and_no_text_anywhere(answer):
    viewer = staff("view_answer", "delete_answer")
    follow_up = make_answer(answer.user, "Secretfollowup?", text="Secrettext", follows=answer.pk)
    for address in (*pages(answer), *pages(follow_up)):
        html = shown(viewer, address)
        for word in WORDS:
            # What they searched themselves is in the search box, and in links that keep it.
            assert word not in html.replace("Secrettext", "" if "?q=Secrettext" in address else "Secrettext")
        assert "alice" not in html, address
    html = shown(viewer, reverse("admin:answers_answer_change", args=[answer.pk]))
    assert "4,217" in html
    assert "refused" in html
    assert "You don't have permission to read questions and answers." in html


def test_who_may_only_view_answers_cannot_search_texts_or_names(answer):
    viewer = staff("view_answer")
    for query in ("Secrettext", "Secretquestion", "alice", "alice@example.org", "ali"):
        html = shown(viewer, f"{LIST}?q={query}")
        assert "0 answers" in html
        assert "/change/" not in html
    assert "1 answer" in shown(viewer, f"{LIST}?q={answer.pk}")


@pytest.mark.parametrize(
    "query",
    [
        "text__startswith=S",
        "question__contains=Secret",
        "rating_note=Secretnote",
        "user__email=alice@example.org",
        "user__password__startswith=a",
        "error_detail__contains=HTTP",
    ],
)
def test_no_address_of_the_list_asks_about_another_column(answer, query):
    for client in (staff("view_answer"), staff("view_answer", "read_answer")):
        assert client.get(f"{LIST}?{query}").status_code == 400


def test_who_may_only_view_answers_cannot_filter_by_comments(answer):
    assert "0 answers" not in shown(staff("view_answer", "read_answer"), f"{LIST}?rating=bad-commented")
    assert staff("view_answer").get(f"{LIST}?rating=bad-commented").status_code == 302


def test_no_other_view_finds_answers_by_their_texts(answer):
    query = {"app_label": "answers", "model_name": "answer", "field_name": "follows", "term": "Secret"}
    response = staff("view_answer", "read_answer").get("/admin/autocomplete/", query)
    assert response.status_code in (403, 404)


def test_who_may_read_sees_everything(answer):
    reader = staff("view_answer", "read_answer")
    html = shown(reader, reverse("admin:answers_answer_change", args=[answer.pk]))
    for word in ("question?", "text.", "reasoning", "title", "detail", "note"):
        assert f"Secret{word}" in html
    assert "alice" in html
    assert "Secretquestion?" in shown(reader, LIST)
    assert "Secretnote" in shown(reader, LIST)
    assert "1 answer" in shown(reader, f"{LIST}?q=Secrettext")


def test_names_are_for_those_who_may_see_people_or_read(answer):
    assert "alice" in shown(staff("view_answer", "view_user"), LIST)
    assert "alice" in shown(staff("view_answer", "read_answer"), LIST)
    assert f"Person {answer.user_id}" in shown(staff("view_answer"), LIST)


def test_the_right_to_read_alone_opens_nothing(answer):
    reader = staff("read_answer")
    for address in pages(answer):
        assert reader.get(address).status_code == 403, address


def test_the_shared_links_show_questions_only_to_those_who_may_read(answer):
    Share.objects.create(user=answer.user, thread=answer.thread)
    for viewer in (staff("view_share"), staff("view_share", "view_answer")):
        html = shown(viewer, "/admin/answers/share/")
        assert "1 shared link" in html
        assert "Secret" not in html
        assert "alice" not in html
    assert "Secretquestion?" in shown(
        staff("view_share", "view_answer", "read_answer"), "/admin/answers/share/"
    )


def test_nobody_adds_or_changes_an_answer(answer):
    client = staff("view_answer", "read_answer", "delete_answer", "stop_answer", "export_answer")
    address = reverse("admin:answers_answer_change", args=[answer.pk])
    assert client.post(address, {"text": "forged"}).status_code == 403
    assert client.get(f"{LIST}add/").status_code == 403
    assert Answer.objects.get().text == "Secrettext."


def test_reading_and_searching_are_in_the_audit(answer):
    reader, viewer = staff("view_answer", "read_answer"), staff("view_answer")
    shown(viewer, LIST)
    shown(viewer, reverse("admin:answers_answer_change", args=[answer.pk]))
    assert not AuditEntry.objects.exists()  # they saw figures
    shown(reader, LIST)
    shown(reader, f"{LIST}?q=Secrettext&status=failed")
    shown(reader, reverse("admin:answers_answer_change", args=[answer.pk]))
    shown(viewer, f"{LIST}?q=alice")
    found = AuditEntry.objects.order_by("pk").values_list("action", "what", "person", "words", "number")
    assert list(found) == [
        (Action.READ, "list of answers", "", "", 1),
        (Action.SEARCHED, "answers: status=failed", "", "Secrettext", 1),
        (Action.READ, f"answer {answer.pk} and its thread", "alice", "", 1),
        (Action.SEARCHED, "answers", "", "alice", 0),
    ]


def test_the_log_of_django_keeps_no_question(answer):
    client = staff("view_answer", "read_answer", "delete_answer")
    html = client.post(f"{LIST}{answer.pk}/delete/", {"post": "yes"}, follow=True).content.decode()
    assert "deleted successfully" in html
    [entry] = LogEntry.objects.all()
    assert entry.object_repr == f"answer {answer.pk}"
    assert "Secret" not in html
