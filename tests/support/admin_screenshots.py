"""The pictures of the admin in docs/: what an operator of a site with some weeks behind it sees."""

from collections.abc import Callable

from playwright.sync_api import Page

from tests.support import browser_login
from tests.support.api_behaviours import Dictation, answer
from tests.support.forms import PASSWORD
from tests.support.sites import Site

QUESTION = "How do glaciers move?"
TEXT = """\
A glacier moves in **two ways** at once:

1. The ice itself deforms under its own weight, a little more each day.
2. At the bottom, meltwater lets the whole glacier slide.

| Glacier | Speed |
|---|---:|
| Aletsch, Switzerland | 200 m a year |
| Jakobshavn, Greenland | 17 km a year |
"""
# Figures of 30 days, answers of some people, and what the staff did, with the same numbers in each picture.
FILL = """
import math, random, uuid
from datetime import timedelta
from django.utils import timezone
from accounts.models import User
from answers.models import Answer, AuditEntry, DailyUsage, PersonalUsage, Process

chance, now = random.Random(7), timezone.now()
op = User.objects.create_superuser("op", "op@example.org", {password!r})
names = ["alice", "bela", "carla", "dmitri", "emma", "farid"]
Process.objects.update(host="askme-web-1", pid=7)
people = [User.objects.create_user(name, f"{{name}}@example.org") for name in names]
for ago in range(30):
    day = (now - timedelta(days=ago)).date()
    level = (1 - ago / 60) * (0.45 if day.weekday() > 4 else 1)
    for model, share, price in (("gpt-6-luna", 0.7, 0.004), ("gpt-6-sol", 0.3, 0.02)):
        for status, code, part in (
            ("complete", "", 0.92), ("stopped", "", 0.04), ("failed", "timeout", 0.015),
            ("failed", "rate_limit", 0.02 if ago != 9 else 0.3), ("interrupted", "", 0.005),
        ):
            number = max(1, round(900 * level * share * part * chance.uniform(0.9, 1.1)))
            DailyUsage.objects.create(
                day=day, status=status, model=model, error_code=code, answers=number,
                prompt_tokens=number * 900, completion_tokens=number * 420, cached_tokens=number * 300,
                reasoning_tokens=number * 150, cost=round(number * price, 4),
                first_text={{"46": number // 2, "52": number // 3, "63": number // 20}},
                good=number // 12, bad=number // 60, tokens_estimated=number // 50,
            )
    DailyUsage.objects.create(day=day, people=round(140 * level))
    for place, person in enumerate(people):
        PersonalUsage.objects.create(
            user=person, day=day, answers=40 // (place + 1), prompt_tokens=30_000 // (place + 1),
            completion_tokens=12_000 // (place + 1), cost=round(0.4 / (place + 1), 4),
        )
questions = ["Why is the sky blue?", "Translate this letter into Spanish", "What is a leap second?",
    "Write a test for this function", "Explain the Doppler effect", "How do I repot an orchid?"]
for number in range(40):
    person, failed = chance.choice(people), number % 9 == 4
    answer = Answer.objects.ask(person, uuid.uuid4(), chance.choice(questions))
    Answer.objects.filter(pk=answer.pk).update(
        status="failed" if failed else "stopped" if number % 13 == 6 else "complete",
        error_code="rate_limit" if failed else "", text="" if failed else "...", model="gpt-6-luna",
        prompt_tokens=chance.randrange(300, 2_000), completion_tokens=chance.randrange(80, 900),
        cost=round(chance.uniform(0.001, 0.02), 5), seconds=chance.uniform(2, 9), first_text_seconds=0.8,
        rating={{3: 1, 11: -1, 20: 1}}.get(number), rating_note="Too long." if number == 11 else "",
        asked_at=now - timedelta(minutes=17 * number + 5), finished_at=now - timedelta(minutes=17 * number),
    )
answers = list(Answer.objects.values_list("pk", flat=True))
done = [("read", "answer {{}} and its thread", ""), ("searched", "answers", "leap second"),
    ("exported", "JSON Lines: status=failed", ""), ("stopped", "answer {{}}", ""),
    ("deleted", "shared link of a thread", ""), ("changed", "user farid: Changed Active.", "")]
for number in range(60):
    action, what, words = done[0] if chance.random() < 0.6 else chance.choice(done)
    entry = AuditEntry.objects.create(
        staff=op, staff_name=chance.choice(["op", "sue"]), action=action, words=words,
        what=what.format(answers[number % len(answers)]),
        person={{"read": chance.choice(names), "stopped": "emma", "changed": "farid"}}.get(action, ""),
        number={{"exported": 134, "searched": 3}}.get(action),
    )
    AuditEntry.objects.filter(pk=entry.pk).update(at=now - timedelta(minutes=41 * number + 3))
"""


def log_in(page: Page, site: Site, path: str) -> None:
    done = site.manage("shell", "-v0", "-c", FILL.format(password=PASSWORD))
    assert done.returncode == 0, done.stderr
    page.add_init_script("localStorage.setItem('django.admin.navSidebarIsOpen', 'false')")  # more room
    page.goto(f"{site.url}/admin/{path}")
    browser_login.log_in(page, "op")


def usage(page: Page, site: Site) -> None:
    log_in(page, site, "answers/dailyusage/")


def plots(page: Page, site: Site) -> None:
    usage(page, site)
    page.locator(".sections").evaluate("(one) => one.scrollIntoView()")


def now(page: Page, site: Site) -> None:
    browser = page.context.browser
    assert browser is not None
    for question in ("How does a heat pump work?", "Summarize this report"):
        site.api.when(question, slow := Dictation())
        visitor = browser.new_context()
        tab = visitor.new_page()
        tab.goto(site.url)
        tab.locator("#question-box").fill(question)
        tab.locator("#ask").click()
        slow.say("A heat pump ")
        tab.locator("article .text").get_by_text("A heat pump").wait_for()
        visitor.close()  # the answers go on
    log_in(page, site, "answers/process/")


def answers(page: Page, site: Site) -> None:
    log_in(page, site, "answers/answer/")


def one_answer(page: Page, site: Site) -> None:
    usage = {"prompt_tokens": 812, "completion_tokens": 240, "cost": 0.0041}
    site.api.when(QUESTION, answer([TEXT], usage=usage))
    page.goto(site.url)
    page.locator("#question-box").fill(QUESTION)
    page.locator("#ask").click()
    page.locator("article[data-status=complete]").wait_for()
    id = page.locator("article").get_attribute("data-answer")
    page.context.clear_cookies()  # of the person who asked
    log_in(page, site, f"answers/answer/{id}/change/")


def person(page: Page, site: Site) -> None:
    log_in(page, site, "accounts/user/")
    page.locator("#result_list a", has_text="alice").first.click()
    page.locator(".person-usage").scroll_into_view_if_needed()


def audit(page: Page, site: Site) -> None:
    log_in(page, site, "answers/auditentry/")


STATES: dict[str, Callable[[Page, Site], None]] = {
    "admin-usage": usage,
    "admin-plots": plots,
    "admin-now": now,
    "admin-answers": answers,
    "admin-answer": one_answer,
    "admin-person": person,
    "admin-audit": audit,
}
SETTINGS = {"ASKME_COST_PER_DAY": "2", "ASKME_TOKENS_PER_DAY": "100000"}
