"""People in the admin: what they used, their limits, their account and their data, each with its right."""

import json
import re
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import SESSION_KEY
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from answers.models import (
    Action,
    Answer,
    AuditEntry,
    PersonalSettings,
    PersonalUsage,
    QuestionLog,
    Status,
    UsageLog,
)
from answers.models.figures import today
from tests.support.forms import PASSWORD
from tests.support.staff import operator as superuser
from tests.support.staff import staff

pytestmark = pytest.mark.django_db
LIST = "/admin/accounts/user/"
DATA_RIGHTS = ("view_user", "read_answer", "export_answer")


def page_of(user, end="change/"):
    return f"{LIST}{user.pk}/{end}"


def audited(action):
    return list(AuditEntry.objects.filter(action=action).values_list("what", "person", "number"))


def messages_of(reply):
    return [str(message) for message in reply.context["messages"]]


@pytest.fixture
def used(alice):
    """Alice used 1,500 tokens today, of which an answer is not in the figures yet, and more before."""
    for days, tokens in ((0, 1_000), (10, 20_000), (100, 300_000)):
        PersonalUsage.objects.create(
            user=alice, day=today() - timedelta(days=days), answers=2, prompt_tokens=tokens, cost=days
        )
    UsageLog.objects.create(
        answer=uuid.uuid4(),
        user=alice,
        asked_at=timezone.now(),
        status=Status.COMPLETE,
        completion_tokens=500,
    )


def text_of(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_the_page_of_a_person_shows_usage_and_budget(alice, used, settings):
    settings.ASKME_TOKENS_PER_DAY, settings.ASKME_CURRENCY = 6_000, "EUR"
    PersonalSettings.objects.create(user=alice, cost_per_day=Decimal("0.50"))
    text = text_of(staff("view_user").get(page_of(alice)).content.decode())
    assert "Today 3 1,500 –" in text
    assert "“–” means that no cost is known." in text
    assert "30 days 5 21,500 10.00 EUR" in text
    assert "365 days 7 321,500 110.00 EUR" in text
    assert "Questions in 24 hours 0 no limit" in text
    assert "Tokens today 1,500 6,000 25% 25%" in text
    assert "Cost today 0.00 EUR 0.5000 EUR 0% 0%" in text
    assert "Threads are kept until they are deleted." in text


@pytest.mark.parametrize(("limit", "shown"), [(0, "10 no limit"), (3, "10 3 100% 100%")])
def test_all_questions_of_a_day_are_counted_whatever_the_limit(alice, limit, shown):
    PersonalSettings.objects.create(user=alice, questions_per_day=limit)
    QuestionLog.objects.bulk_create(QuestionLog(user=alice, answer=uuid.uuid4()) for _ in range(10))
    text = text_of(staff("view_user").get(page_of(alice)).content.decode())
    assert f"Questions in 24 hours {shown}" in text


def test_the_page_says_how_long_this_persons_threads_are_kept(alice, settings):
    settings.ASKME_KEEP_DAYS = 30
    client = staff("view_user")
    assert "deleted 30 days after their newest answer" in text_of(client.get(page_of(alice)).content.decode())
    PersonalSettings.objects.create(user=alice, keep_days=1)
    assert "deleted 1 day after their newest answer" in text_of(client.get(page_of(alice)).content.decode())


def test_the_list_shows_what_each_used_lately(alice, used, django_assert_num_queries):
    client = staff("view_user")
    client.get(LIST)
    with CaptureQueriesContext(connection) as queries:
        client.get(LIST)
    others = [User.objects.create_user(f"other-{number}") for number in range(40)]
    with django_assert_num_queries(len(queries)):
        page = client.get(LIST)
    rows = re.findall(r"<tr>.*?</tr>", page.content.decode(), re.DOTALL)
    [row] = [text_of(row) for row in rows if "alice@example.org" in row]
    assert "5 answers, 10.00 USD" in row
    assert page.context["cl"].result_count == len(others) + 2


def fields_of(client, user):
    """What the form of the page sends if nothing is changed."""
    form = client.get(page_of(user)).context["adminform"].form
    fields = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    fields = {name: value for name, value in fields.items() if name not in ("password", "last_login")}
    prefix = "personal_settings-"
    rows = PersonalSettings.objects.filter(user=user).count()
    fields |= {f"{prefix}TOTAL_FORMS": 1, f"{prefix}INITIAL_FORMS": rows, f"{prefix}0-user": user.pk}
    return fields


def test_an_operator_gives_a_person_limits_of_their_own(alice):
    client = superuser()
    fields = fields_of(client, alice)
    limits = {"questions_per_day": 5, "tokens_per_day": "", "cost_per_day": "1.50", "keep_days": 3}
    limits = {f"personal_settings-0-{name}": value for name, value in limits.items()}
    assert client.post(page_of(alice), fields | limits).status_code == 302
    own = PersonalSettings.objects.get()
    assert (own.questions_per_day, own.tokens_per_day, own.cost_per_day) == (5, None, Decimal("1.50"))
    assert own.keep_days is None, "the person chooses"
    PersonalSettings.objects.update(keep_days=7)
    limits["personal_settings-0-questions_per_day"] = ""
    assert client.post(page_of(alice), fields_of(client, alice) | limits).status_code == 302
    own = PersonalSettings.objects.get()
    assert (own.questions_per_day, own.cost_per_day, own.keep_days) == (None, Decimal("1.50"), 7)
    [first, second] = audited(Action.CHANGED)[::-1]
    assert "limits of this person" in first[0]
    assert second[1] == "alice"


def test_without_the_right_to_change_limits_they_are_only_shown(alice):
    PersonalSettings.objects.create(user=alice, questions_per_day=77)
    page = staff("change_user", "view_personalsettings").get(page_of(alice))
    assert "77" in page.content.decode()
    assert 'name="personal_settings-0-questions_per_day"' not in page.content.decode()
    page = staff("change_user").get(page_of(alice))
    assert "personal_settings" not in page.content.decode()


def test_deactivating_ends_sessions_and_answers_and_activating_brings_all_back(alice, client):
    client.force_login(alice)
    client.get("/history/")
    waiting = Answer.objects.ask(alice, uuid.uuid4(), "Waiting?")
    running = Answer.objects.ask(alice, uuid.uuid4(), "Running?", process_id=uuid.uuid4())
    Answer.objects.filter(pk=running.pk).update(status=Status.RUNNING)
    operator = staff("change_user")
    done = operator.post(page_of(alice, "deactivate/"), follow=True)
    [message] = messages_of(done)
    assert message.startswith("1 person was deactivated. 2 answers were stopped.")
    alice.refresh_from_db()
    assert not alice.is_active
    assert SESSION_KEY not in client.session
    for answer in (waiting, running):
        answer.refresh_from_db()
    assert waiting.status == Status.STOPPED
    assert running.stop_requested_at is not None
    assert audited(Action.CHANGED) == [("user alice: deactivated", "alice", None)]
    assert not client.login(username="alice", password=PASSWORD)
    assert messages_of(operator.post(page_of(alice, "activate/"), follow=True)) == ["1 person was activated."]
    assert client.login(username="alice", password=PASSWORD)
    assert Answer.objects.filter(user=alice).count() == 2


def test_unticking_the_box_does_the_same(alice, client, django_capture_on_commit_callbacks):
    client.force_login(alice)
    client.get("/history/")
    operator = superuser()
    fields = fields_of(operator, alice)
    del fields["is_active"]
    with django_capture_on_commit_callbacks(execute=True):
        assert operator.post(page_of(alice), fields).status_code == 302
    assert not User.objects.get(pk=alice.pk).is_active
    assert SESSION_KEY not in client.session


def test_nobody_deactivates_themselves_or_without_the_right(alice):
    operator = superuser()
    me = User.objects.get(username="operator")
    done = operator.post(LIST, {"action": "deactivate", "_selected_action": [me.pk]}, follow=True)
    assert messages_of(done) == ["You cannot deactivate yourself."]
    me.refresh_from_db()
    assert me.is_active
    looker = staff("view_user")
    assert looker.post(page_of(alice, "deactivate/")).status_code == 403
    looker.post(LIST, {"action": "deactivate", "_selected_action": [alice.pk]})
    assert operator.get(page_of(alice, "deactivate/")).status_code == 403, "a link must not do it"
    alice.refresh_from_db()
    assert alice.is_active


def test_who_may_change_people_can_neither_take_rights_nor_the_accounts_of_staff(alice):
    helper = staff("change_user", "delete_user", "delete_answer")
    boss = User.objects.create_superuser("boss", password=PASSWORD)
    me = User.objects.get(is_staff=True, is_superuser=False)
    fields = fields_of(helper, me) | {"is_superuser": "on", "user_permissions": [1]}
    helper.post(page_of(me), fields)
    me.refresh_from_db()
    assert not me.is_superuser
    assert me.user_permissions.count() == 3
    assert helper.post(page_of(boss), {"username": "mine"}).status_code == 403
    password = reverse("admin:auth_user_password_change", args=[boss.pk])
    new = {"password1": "another horse", "password2": "another horse", "usable_password": "true"}
    assert helper.post(password, new).status_code == 403
    assert helper.post(page_of(boss, "delete/"), {"post": "yes"}).status_code == 403
    done = helper.post(LIST, {"action": "deactivate", "_selected_action": [boss.pk]}, follow=True)
    assert messages_of(done) == ["Only superusers can change other members of the staff."]
    chosen = {"action": "delete_selected", "_selected_action": [boss.pk], "post": "yes"}
    assert "would require deleting the following protected" in helper.post(LIST, chosen).content.decode()
    boss.refresh_from_db()
    assert boss.is_active
    assert boss.check_password(PASSWORD)


@async_to_sync
async def read(reply):
    return b"".join([part async for part in reply.streaming_content]).decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("suffix", ["json", "md"])
def test_an_operator_downloads_what_the_person_would_get(alice, client, suffix):
    for number in range(12):
        answer = Answer.objects.ask(alice, uuid.uuid4(), f"Question {number}?")
        fields = {"text": "Because.", "error_detail": "secret", "reasoning": "Hm.", "cost": 3}
        Answer.objects.filter(pk=answer.pk).update(status=Status.COMPLETE, **fields)
    Answer.objects.ask(User.objects.create_user("bob"), uuid.uuid4(), "Bob's?")
    client.force_login(alice)
    reply = staff(*DATA_RIGHTS).get(page_of(alice, f"data.{suffix}"))
    own = client.get(f"/history/answers.{suffix}")
    assert reply.headers["Content-Disposition"] == own.headers["Content-Disposition"]
    theirs, own = read(reply), read(own)
    assert theirs.count("Question ") == 12
    assert "Bob's?" not in theirs
    if suffix == "json":
        assert json.loads(theirs)["answers"] == json.loads(own)["answers"]
    else:
        assert theirs.splitlines()[4:] == own.splitlines()[4:]  # without the time
    assert audited(Action.EXPORTED) == [(f"all answers of user alice ({suffix})", "alice", 12)]


@pytest.mark.parametrize("missing", DATA_RIGHTS)
def test_a_download_needs_all_three_rights(alice, missing):
    client = staff(*[right for right in DATA_RIGHTS if right != missing])
    assert client.get(page_of(alice, "data.json")).status_code == 403
    page = client.get(page_of(alice))
    assert "data.json" not in page.content.decode()
    assert AuditEntry.objects.count() == 0


def test_deleting_a_person_is_in_the_audit_after_they_are_gone(alice, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        assert superuser().post(page_of(alice, "delete/"), {"post": "yes"}).status_code == 302
    assert not User.objects.filter(username="alice").exists()
    assert audited(Action.DELETED) == [("user alice", "alice", 1)]


def test_the_page_before_a_deletion_counts_only_so_far(alice, monkeypatch):
    monkeypatch.setattr("accounts.person_actions.MOST_COUNTED", 3)
    for number in range(5):
        Answer.objects.ask(alice, uuid.uuid4(), f"Question {number}?")
    page = superuser().get(page_of(alice, "delete/")).content.decode()
    assert "Answers: more than 3" in page
    assert "Running answers: 5" in page
