"""`manage.py prune`: what is out of date goes, and nothing else. On SQLite and PostgreSQL."""

import re

import pytest

# Everything that a prune deletes, and beside each thing one that has to stay.
FILL = """
import uuid
from datetime import timedelta
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone
from allauth.usersessions.models import UserSession
from accounts.models import GuestKey, Invitation, User
from answers.models import Answer, QuestionLog, Share
now = timezone.now()

def days(number):
    return now - timedelta(days=number)

def session(left=300):
    store = SessionStore()
    store.create()
    Session.objects.filter(pk=store.session_key).update(expire_date=now + timedelta(days=left))
    return store.session_key

def person(name, joined, *asked, is_guest=True, left=None):
    user = User.objects.create_user(name, is_guest=is_guest)
    User.objects.filter(pk=user.pk).update(date_joined=days(joined))
    for ago in asked:
        answer = Answer.objects.ask(user, uuid.uuid4(), f"{name}?")
        Answer.objects.filter(pk=answer.pk).update(asked_at=days(ago), status="complete")
    if left is not None:
        GuestKey.objects.create(key=name, user=user, expires_at=now + timedelta(days=left))
    return user

person("guest-gone", 500, 480, 400, left=-35)
person("guest-lost-cookie", 500, 400)
person("guest-reads", 500, 400, left=20)
person("guest-asks", 500, 400, 3)
person("guest-new", 0, 0)
person("guest-empty", 3)
person("guest-just-emptied", 0)
old = person("alice", 900, 800, is_guest=False)
person("helper", 900, is_guest=False)

for key in (session(), "gone"):
    UserSession.objects.create(user=old, session_key=key, ip="192.0.2.7", user_agent="?")
for _ in range(3):
    session(left=-1)
GuestKey.objects.create(key="ended, long ago", expires_at=days(1))
GuestKey.objects.create(key="ended", expires_at=days(-1))
for ago in (0.5, 1.5, 2):
    one = QuestionLog.objects.create(user=old)
    QuestionLog.objects.filter(pk=one.pk).update(asked_at=days(ago))
Share.objects.create(user=old, thread=Answer.objects.get(user=old).thread)
Share.objects.create(user=old, thread=uuid.uuid4())
INVITATIONS = [("new", 0, None), ("used", 100, 90), ("expired", 100, None), ("just expired", 20, None)]
for for_whom, ago, used in INVITATIONS:
    Invitation.objects.create(
        for_whom=for_whom, expires_at=days(ago), used_at=used and days(used), used_by=used and old
    )
"""
LEFT = """
from django.contrib.sessions.models import Session
from allauth.usersessions.models import UserSession
from accounts.models import GuestKey, Invitation, User
from answers.models import Answer, QuestionLog, Share
print("left:", sorted(User.objects.values_list("username", flat=True)))
print("left:", sorted(Answer.objects.values_list("question", flat=True)))
print("left:", sorted(Invitation.objects.values_list("for_whom", flat=True)))
rows = (Session, UserSession, GuestKey, QuestionLog, Share)
print("left:", *[model.objects.count() for model in rows])
"""
ALL_USERS = [
    *("alice", "guest-asks", "guest-empty", "guest-gone", "guest-just-emptied", "guest-lost-cookie"),
    *("guest-new", "guest-reads", "helper"),
]
GONE = {"guest-gone", "guest-lost-cookie", "guest-empty"}


def run(site, code):
    done = site.manage("shell", "-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout


def left(site):
    return re.findall(r"^left: (.*)$", run(site, LEFT), re.MULTILINE)


@pytest.fixture
def full_site(any_database_site):
    any_database_site.stop()  # what a process deletes by itself is another test
    run(any_database_site, FILL)
    return any_database_site


def test_a_dry_run_shows_what_would_go_and_deletes_nothing(full_site):
    before = left(full_site)
    assert before[0] == str(ALL_USERS)
    done = full_site.manage("prune", "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "question log entries: 2",
        "links to deleted threads: 1",
        "expired sessions: 3",
        "records of sessions that have ended: 1",
        "answers of guests who never came back: 3",
        "guests who never came back: 3",
        "expired guest keys: 2",
        "expired invitations: 1",
        "Nothing was deleted.",
    ]
    assert left(full_site) == before


def test_it_deletes_what_is_out_of_date_and_nothing_else(full_site):
    done = full_site.manage("prune")
    assert (done.returncode, done.stderr) == (0, "")
    assert "guests who never came back: 3" in done.stdout
    users, answers, invitations, counts = left(full_site)
    assert users == str([name for name in ALL_USERS if name not in GONE])
    assert answers == str(["alice?", *["guest-asks?"] * 2, "guest-new?", "guest-reads?"])
    assert invitations == str(["just expired", "new", "used"])
    assert counts == "1 1 2 1 1"
    assert full_site.manage("prune").stdout == "There was nothing to delete.\n"
    assert full_site.manage("prune", "--dry-run").stdout == "There is nothing to delete.\n"


def test_guests_stay_if_the_operator_wants_that(full_site):
    full_site.environment["ASKME_GUEST_DAYS"] = "0"
    assert "guests" not in full_site.manage("prune").stdout
    assert left(full_site)[0] == str(ALL_USERS)


def test_a_guest_who_visited_lately_stays_however_short_the_time_is(full_site):
    """A cookie with more than 300 days left may have been used today: only then is it renewed."""
    full_site.environment["ASKME_GUEST_DAYS"] = "30"
    run(
        full_site,
        "from datetime import timedelta; from django.utils import timezone;"
        "from accounts.models import GuestKey; expires_at = timezone.now() + timedelta(days=301);"
        "GuestKey.objects.filter(pk='guest-reads').update(expires_at=expires_at)",
    )
    assert full_site.manage("prune").returncode == 0
    assert "guest-reads" in left(full_site)[0]


def test_old_threads_are_rehearsed_and_deleted_and_the_last_prune_is_recorded(full_site):
    full_site.environment["ASKME_KEEP_DAYS"] = "700"
    line = "answers older than ASKME_KEEP_DAYS: 1"
    assert line in full_site.manage("prune", "--dry-run").stdout.splitlines()
    assert "alice?" in left(full_site)[1]
    assert line in full_site.manage("prune").stdout.splitlines()
    assert "alice?" not in left(full_site)[1]
    shown = (
        "from answers.models import PruneRun; run = PruneRun.objects.get(); print(run.ended_at, run.deleted)"
    )
    last = run(full_site, shown)
    assert "'answers older than ASKME_KEEP_DAYS': 1" in last
    assert "'guests who never came back': 3" in last
