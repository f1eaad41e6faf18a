"""Logging in to the admin through the browser, as operators and other staff do."""

from typing import Any

from playwright.sync_api import Page, expect

from tests.support.browser import OpenTab
from tests.support.forms import PASSWORD
from tests.support.sites import Site


def log_in(page: Page, name: str) -> None:
    """Fill in the login form, and wait for the page of the admin that was asked for."""
    page.get_by_label("Email or username").fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password", exact=True).press("Enter")
    expect(page.locator("#content-main")).to_be_visible()
    page.wait_for_load_state()  # with its style, and all of its links


def open_as_operator(site: Site, open_tab: OpenTab, path: str, **context: Any) -> Page:
    """Open a tab, and in it a page of the admin."""
    page: Page = open_tab(site.url, **context).page
    log_in_operator(site, page, path)
    return page


def log_in_operator(site: Site, page: Page, path: str) -> None:
    """Open a page of the admin as somebody who may do everything."""
    site.environment["DJANGO_SUPERUSER_PASSWORD"] = PASSWORD
    site.manage("createsuperuser", "--noinput", "--username=op", "--email=op@example.org")  # exists, perhaps
    page.goto(f"{site.url}/{path}")
    log_in(page, "op")
