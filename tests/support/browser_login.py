"""Logging in through the browser, as an operator and others of the staff do to read the admin."""

from playwright.sync_api import Page, expect

from tests.support.forms import PASSWORD
from tests.support.sites import Site


def log_in(page: Page, name: str) -> None:
    """Fill in the form that the admin shows to strangers, and wait for the page that was asked for."""
    page.get_by_label("Email or username").fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password", exact=True).press("Enter")
    expect(page.locator("#content-main")).to_be_visible()
    page.wait_for_load_state()  # with its style, and all of its links


def log_in_operator(site: Site, page: Page, path: str) -> None:
    """Open a page of the admin as somebody who may do everything."""
    site.environment["DJANGO_SUPERUSER_PASSWORD"] = PASSWORD
    site.manage("createsuperuser", "--noinput", "--username=op", "--email=op@example.org")  # exists, perhaps
    page.goto(f"{site.url}/{path}")
    log_in(page, "op")
