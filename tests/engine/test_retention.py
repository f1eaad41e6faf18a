"""Retention: threads go as a whole once their newest answer is too old, and nothing else goes."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connections, transaction
from django.utils import timezone

from accounts.models import User
from answers.engine import retention
from answers.engine.pruning import prunables, prune
from answers.models import Answer, AuditEntry, PersonalSettings, PersonalUsage, PruneRun, Share, Status
from tests.support.default_database import migrated


@pytest.fixture(scope="module")
def database(each_database, django_db_blocker):
    with django_db_blocker.unblock(), migrated(each_database.url):
        yield each_database.name


@pytest.fixture
def alice(database):
    yield User.objects.create_user("alice")
    User.objects.all().delete()
    PruneRun.objects.all().delete()


@pytest.fixture
def bob(alice):
    return User.objects.create_user("bob")


def asked(user, question, days, follows=None, **fields):
    """An answer that was asked so many days ago."""
    answer = Answer.objects.ask(user, uuid.uuid4(), question, follows=follows and follows.pk)
    fields = {"status": Status.COMPLETE, "asked_at": timezone.now() - timedelta(days=days)} | fields
    Answer.objects.filter(pk=answer.pk).update(**fields)
    answer.refresh_from_db()
    return answer


def pruned(pause=lambda seconds: None):
    return dict(prune(pause))


def left():
    return sorted(Answer.objects.values_list("question", flat=True))


def rehearsed():
    return {kind.name: kind.total() for kind in prunables() if kind.total()}


def test_nothing_goes_without_the_setting(alice):
    asked(alice, "Ancient?", 5_000)
    assert rehearsed() == pruned() == {}
    assert left() == ["Ancient?"]


def test_a_thread_goes_as_a_whole_once_its_newest_answer_is_too_old(alice, bob, settings):
    settings.ASKME_KEEP_DAYS = 30
    gone = asked(alice, "Gone?", 40)
    asked(alice, "Gone too?", 31, follows=gone)
    kept = asked(alice, "Kept?", 400)
    asked(alice, "Kept too?", 29, follows=kept)
    asked(bob, "Bob's, gone?", 31)
    asked(bob, "Bob's, kept?", 29)
    assert rehearsed() == {"answers older than ASKME_KEEP_DAYS": 3}
    assert len(left()) == 6, "a rehearsal deletes nothing"
    assert pruned() == {"answers older than ASKME_KEEP_DAYS": 3}
    assert left() == ["Bob's, kept?", "Kept too?", "Kept?"]
    assert rehearsed() == pruned() == {}


def test_another_persons_thread_with_the_same_id_is_another_thread(alice, bob, settings):
    settings.ASKME_KEEP_DAYS = 30
    old = asked(alice, "Alice's, old?", 31)
    asked(bob, "Bob's, new?", 1, thread=old.thread)
    mine = asked(bob, "Bob's, old?", 40, thread=uuid.uuid4())
    asked(alice, "Alice's, new?", 2, thread=mine.thread)
    Share.objects.create(user=alice, thread=old.thread)
    kept = Share.objects.create(user=bob, thread=old.thread)
    assert pruned() == {"answers older than ASKME_KEEP_DAYS": 2}
    assert left() == ["Alice's, new?", "Bob's, new?"]
    assert list(Share.objects.all()) == [kept]


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING])
def test_a_thread_with_an_unfinished_answer_stays(alice, settings, status):
    settings.ASKME_KEEP_DAYS = 1
    first = asked(alice, "Before it?", 5)
    running = asked(alice, "Unfinished?", 4, first, status=status, process=uuid.uuid4())
    assert rehearsed() == pruned() == {}
    Answer.objects.filter(pk=running.pk).update(status=Status.INTERRUPTED, process=None)
    assert pruned() == {"answers older than ASKME_KEEP_DAYS": 2}


def test_links_go_with_their_threads(alice, settings):
    settings.ASKME_KEEP_DAYS = 30
    old, new = asked(alice, "Old?", 31), asked(alice, "New?", 29)
    Share.objects.create(user=alice, thread=old.thread)
    kept = Share.objects.create(user=alice, thread=new.thread)
    assert pruned() == {"answers older than ASKME_KEEP_DAYS": 1}
    assert list(Share.objects.all()) == [kept]


def test_people_may_choose_less_time_but_not_more(alice, bob, settings):
    carol = User.objects.create_user("carol")
    for person in (alice, bob, carol):
        for days in (5, 15, 35):
            asked(person, f"{person} {days}", days)
    for person, days in ((alice, 10), (bob, 3_650), (carol, None)):
        PersonalSettings.objects.create(user=person, keep_days=days)
    assert rehearsed() == {"answers that people keep for less time": 2}
    assert [retention.days_kept(days) for days in (10, 0, None)] == [10, 0, 0]
    settings.ASKME_KEEP_DAYS = 30
    assert [retention.days_kept(days) for days in (10, 3_650, 0, None)] == [10, 30, 30, 30]
    assert pruned() == {
        "answers older than ASKME_KEEP_DAYS": 3,
        "answers that people keep for less time": 1,
    }
    assert left() == ["alice 5", "bob 15", "bob 5", "carol 15", "carol 5"]


def test_an_absurd_number_of_days_means_for_ever(alice):
    asked(alice, "Old?", 100)
    PersonalSettings.objects.create(user=alice, keep_days=2_000_000_000)
    assert rehearsed() == pruned() == {}


def test_many_people_with_a_choice_are_all_found(alice, monkeypatch):
    monkeypatch.setattr(retention, "CHUNK", 3)
    for number in range(8):
        person = User.objects.create_user(f"person-{number}")
        PersonalSettings.objects.create(user=person, keep_days=1 + number % 3)
        asked(person, "Old?", 9)
        asked(person, "New?", 0)
    assert rehearsed() == {"answers that people keep for less time": 8}
    assert pruned() == {"answers that people keep for less time": 8}
    assert left() == ["New?"] * 8


def test_it_deletes_few_rows_at_a_time_and_a_long_thread_in_parts(alice, settings, monkeypatch):
    monkeypatch.setattr(retention, "PAGE_ROWS", 7)
    settings.ASKME_KEEP_DAYS = 30
    first = asked(alice, "First?", 60)
    Answer.objects.bulk_create(
        Answer(user=alice, thread=first.thread, question="Long?", status=Status.COMPLETE) for _ in range(24)
    )
    Answer.objects.filter(question="Long?").update(asked_at=timezone.now() - timedelta(days=50))
    for number in range(25):
        kept = asked(alice, "Kept?", 60 - number / 100)
        asked(alice, "Kept?", 1, follows=kept)
        asked(alice, "Short?", 60 - number / 100)
    total = retention.OutdatedThreads(Answer.objects.all(), 30)
    assert total.total() == 50
    assert total.total(most=3) > 3
    numbers, site = [], retention.OutdatedThreads(Answer.objects.all(), 30)
    while (number := site.delete(10)) is not None:
        numbers.append(number)
    assert sum(numbers) == 50
    assert max(numbers) <= 11
    assert left() == ["Kept?"] * 50


def test_what_is_asked_during_the_prune_keeps_its_thread(database, alice, settings, monkeypatch):
    """Between the walk and the deletion."""
    settings.ASKME_KEEP_DAYS = 30
    old = asked(alice, "Old?", 31)
    asked(alice, "Gone?", 32)

    def lock(ids):
        found = original(ids)
        asked(alice, "Asked just now?", 0, follows=old)
        return found

    original = retention._locked
    monkeypatch.setattr(retention, "_locked", lock)
    assert pruned() == {"answers older than ASKME_KEEP_DAYS": 1}
    assert left() == ["Asked just now?", "Old?"]


# SQLite's transactions take turns.
@pytest.mark.parametrize("each_database", ["PostgreSQL"], indirect=True, scope="module")
def test_a_thread_that_another_session_has_locked_is_left_to_the_next_prune(database, alice, settings):
    """As by a rating of one of its answers. Nobody waits for it."""
    settings.ASKME_KEEP_DAYS = 30
    old = asked(alice, "Locked?", 31)
    asked(alice, "In the same thread?", 32, follows=old)
    asked(alice, "Gone?", 33)
    is_locked, may_commit = threading.Event(), threading.Event()
    usual = connections["default"]

    def rate():
        connections["default"] = usual.copy()  # another session
        with transaction.atomic():
            Answer.objects.filter(pk=old.pk).update(rating=1)
            is_locked.set()
            may_commit.wait(20)
        connections["default"].close()

    thread = threading.Thread(target=rate)
    thread.start()
    try:
        assert is_locked.wait(20)
        assert pruned() == {"answers older than ASKME_KEEP_DAYS": 1}
        assert left() == ["In the same thread?", "Locked?"]
    finally:
        may_commit.set()
        thread.join(20)
    assert pruned() == {"answers older than ASKME_KEEP_DAYS": 2}


def test_a_follow_up_of_a_deleted_answer_is_refused(database, alice, settings):
    settings.ASKME_KEEP_DAYS = 30
    old = asked(alice, "Old?", 31)
    pruned()
    with pytest.raises(Answer.DoesNotExist):
        Answer.objects.ask(alice, uuid.uuid4(), "Following?", follows=old.pk)


def test_the_figures_and_the_audit_of_long_ago_go_too(alice, settings):
    today = timezone.localdate()
    for days in (0, 399, 401, 800):
        PersonalUsage.objects.create(user=alice, day=today - timedelta(days=days))
        entry = AuditEntry.objects.create(staff_name="boss", action="read", what="answer")
        AuditEntry.objects.filter(pk=entry.pk).update(at=timezone.now() - timedelta(days=days))
    assert pruned() == {"days of people's usage": 2, "audit entries": 3}
    settings.ASKME_AUDIT_DAYS = 0
    AuditEntry.objects.update(at=timezone.now() - timedelta(days=9_000))
    assert pruned() == {}
    assert AuditEntry.objects.count() == 1
    AuditEntry.objects.all().delete()


def test_the_last_prune_is_recorded_once_it_is_complete(alice, settings):
    settings.ASKME_KEEP_DAYS = 30
    asked(alice, "Old?", 31)
    PruneRun.objects.claim()
    began = PruneRun.objects.get().active_at

    def fail(seconds):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        pruned(fail)
    assert PruneRun.objects.get().ended_at is None
    asked(alice, "Old?", 31)
    pruned()
    run = PruneRun.objects.get()
    assert run.ended_at > run.active_at == began
    assert run.deleted == {"answers older than ASKME_KEEP_DAYS": 1}
    pruned()
    assert PruneRun.objects.get().deleted == {}
