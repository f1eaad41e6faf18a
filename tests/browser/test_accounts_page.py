"""Accounts in a real browser: from a guest's first question to an account, and how the pages look."""

import re
import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from playwright.sync_api import Page, expect

from tests.support.forms import PASSWORD
from tests.support.oidc_provider import OidcProvider
from tests.support.services import wait_for
from tests.support.sites import Site

PERIOD_SECONDS = 30  # of a one-time code


@pytest.fixture(scope="module")
def provider():
    with OidcProvider() as provider:
        yield provider


@pytest.fixture(scope="module")
def team_site(provider, tmp_path_factory):
    """A site with every feature of accounts. The demo model answers."""
    site = Site(tmp_path_factory.mktemp("site"), **provider.environment)
    try:
        yield site.start()
    finally:
        site.stop()


def sign_up(page: Page, email: str) -> None:
    page.get_by_role("link", name="Sign up", exact=True).click()
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("link", name=email)).to_be_visible()


def log_out(page: Page) -> None:
    page.get_by_role("link", name="Log out").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("link", name="Log in")).to_be_visible()


def test_a_guest_asks_signs_up_and_finds_the_answer_again(team_site, open_tab):
    tab = open_tab(team_site.url, may_log="404")
    tab.ask("What is a websocket?")
    tab.is_ready()
    expect(tab.text).not_to_be_empty()
    address, text = tab.page.url, tab.text.inner_text()
    sign_up(tab.page, "alice@example.org")
    expect(tab.page).to_have_url(address)  # back at the page before
    expect(tab.text).to_have_text(text, use_inner_text=True)
    log_out(tab.page)
    tab.page.goto(address)
    expect(tab.page.get_by_text("Page not found")).to_be_visible()
    tab.page.get_by_role("link", name="Log in").click()
    tab.page.get_by_label("Email or username").fill("alice@example.org")
    tab.page.get_by_label("Password").fill(PASSWORD)
    tab.page.get_by_role("button", name="Log in").click()
    expect(tab.page).to_have_url(address)
    expect(tab.text).to_have_text(text, use_inner_text=True)


def test_a_tab_opened_before_the_sign_up_asks_for_a_reload_and_keeps_the_typed_text(team_site, open_tab):
    tab = open_tab(team_site.url)
    tab.ask("What is a thread?")
    tab.is_ready()
    other = open_tab(team_site.url, beside=tab)
    sign_up(other.page, "bob@example.org")
    tab.ask("And a process?")
    expect(tab.alert).to_contain_text("session has ended")
    tab.page.get_by_role("button", name="Reload").click()
    expect(tab.box).to_have_value("And a process?")
    expect(tab.page.get_by_role("link", name="bob@example.org")).to_be_visible()


def test_a_guest_who_may_not_ask_keeps_the_question_through_the_login(make_site, api_server, open_tab):
    site = make_site(api_server, ASKME_GUESTS="false").start()
    tab = open_tab(site.url)
    tab.ask("May I?")
    expect(tab.alert).to_contain_text("Please log in")
    expect(tab.box).to_have_value("May I?")
    sign_up(tab.page, "carol@example.org")
    expect(tab.box).to_have_value("May I?")
    tab.box.press("Enter")
    tab.shows("Hello, world")


def test_with_a_mail_server_a_new_address_is_verified_by_a_code(make_site, api_server, open_tab, tmp_path):
    mails = tmp_path / "mails"
    site = make_site(
        api_server, EMAIL_URL=f"filemail:///{mails}", DEFAULT_FROM_EMAIL="ask@example.org"
    ).start()
    tab = open_tab(site.url, **LOOKS["phone"])
    tab.ask("As a guest?")
    tab.shows("Hello, world")
    address = tab.page.url
    tab.page.get_by_role("link", name="Sign up", exact=True).click()
    tab.page.get_by_label("Email").fill("erin@example.org")
    tab.page.get_by_label("Password").fill(PASSWORD)
    tab.page.get_by_role("button", name="Sign up").click()
    code_field = tab.page.get_by_label("Code")
    expect(code_field).to_be_visible()
    looks_right(tab.page)
    tab.page.screenshot(path=tmp_path / "code.png", full_page=True)
    [mail] = [path.read_text() for path in mails.iterdir()]
    assert "From: ask@example.org" in mail
    assert "To: erin@example.org" in mail
    code_field.fill(re.search(r"^([A-Z0-9-]{6,12})$", mail, re.MULTILINE)[1])
    tab.page.get_by_role("button", name="Confirm").click()
    expect(tab.page).to_have_url(address)
    tab.shows("Hello, world")


def test_single_sign_on_works_under_the_content_security_policy(team_site, provider, open_tab):
    provider.person = {"sub": "7", "email": "dave@team.example", "email_verified": True}
    tab = open_tab(team_site.url)
    tab.page.get_by_role("link", name="Log in").click()
    tab.page.get_by_role("link", name="Continue with Team login").click()
    expect(tab.page.get_by_role("link", name="dave@team.example")).to_be_visible()
    assert provider.errors == []


LOOKS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1000, "height": 800}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1000, "height": 800}},
    "phone": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}, "has_touch": True},
}


def looks_right(page: Page) -> None:
    """Check that nothing is wider than the screen, every page has our style, and every field has a label."""
    page.wait_for_load_state()
    width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(width) <= 0, page.url
    assert page.evaluate(
        "[...document.querySelectorAll('a')].every((a) => a.getBoundingClientRect().left >= 0)"
    )
    sheets = page.locator("link[rel=stylesheet]").evaluate_all("links => links.map((link) => link.href)")
    assert {re.search(r"(\w+)\.\w+\.css$", sheet)[1] for sheet in sheets} >= {"base"}
    assert any("/pages." in sheet for sheet in sheets) != any("/answers." in sheet for sheet in sheets)
    assert page.locator("body [style], style, script:not([src]):not([type='application/json'])").count() == 0
    fields = "[...document.querySelectorAll('.account :is(input:not([type=hidden]), textarea)')]"
    assert page.evaluate(f"{fields}.every((one) => one.labels.length)"), page.url
    assert page.get_by_role("heading", level=1).count() == 1


@pytest.mark.parametrize("look", LOOKS)
def test_all_pages_of_an_account_look_right(team_site, open_tab, look, tmp_path):
    tab = open_tab(team_site.url, **LOOKS[look], may_log="404")
    page = tab.page

    def see(path: str) -> None:
        page.goto(team_site.url + path)
        looks_right(page)
        page.screenshot(
            path=tmp_path / f"{re.sub('[^a-z0-9]+', '-', path.strip('/')) or 'home'}.png", full_page=True
        )

    for path in (
        "/",
        "/accounts/login/",
        "/accounts/signup/",
        "/accounts/password/reset/",
        "/accounts/invitation/x/",
    ):
        see(path)
    page.goto(team_site.url)
    sign_up(page, f"{look}-with-a-rather-long-address@department.example.org")
    for path in (
        "/",
        "/accounts/email/",
        "/accounts/password/change/",
        "/accounts/2fa/",
        "/accounts/3rdparty/",
    ):
        see(path)
    page.goto(f"{team_site.url}/accounts/2fa/totp/activate/")
    looks_right(page)
    page.screenshot(path=tmp_path / "reauthenticate.png", full_page=True)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    looks_right(page)
    secret = page.get_by_label("Authenticator secret").input_value()
    page.get_by_label("Authenticator code").fill("000000")
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("Incorrect code")).to_be_visible()
    page.wait_for_load_state()
    assert page.locator("img.qr").evaluate("image => image.naturalWidth") > 0
    page.screenshot(path=tmp_path / "activate.png", full_page=True)
    # A code ends with its half minute. This one lasts for another ten seconds at least.
    wait_for(lambda: time.time() % PERIOD_SECONDS < PERIOD_SECONDS - 10, 20, "another half minute begins")
    code = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
    page.get_by_label("Authenticator code").fill(code)
    page.get_by_role("button", name="Activate").click()
    for path in ("/accounts/2fa/", "/accounts/2fa/recovery-codes/", "/accounts/logout/"):
        see(path)
    log_out(page)
    page.goto(f"{team_site.url}/accounts/login/")
    page.get_by_label("Email or username").fill(f"{look}-with-a-rather-long-address@department.example.org")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("not correct")
    page.screenshot(path=tmp_path / "wrong.png", full_page=True)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Two-factor authentication")).to_be_visible()
    looks_right(page)
    page.screenshot(path=tmp_path / "second-factor.png", full_page=True)
