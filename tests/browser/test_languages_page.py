"""A German browser: every page and every event is in German."""

from playwright.sync_api import expect

from tests.support.api_server import refuse


def test_a_german_browser_gets_german_everywhere(shared_site, open_tab):
    shared_site.api.when("Warum?", refuse(401, "Incorrect API key provided"))
    tab = open_tab(shared_site.url, locale="de-DE")
    expect(tab.button).to_have_text("Fragen", use_inner_text=True)
    tab.ask("Warum?")
    sentence = "Das Modell dieser Website ist nicht richtig eingerichtet"
    expect(tab.ending).to_contain_text(sentence, use_inner_text=True)  # over the websocket
    expect(tab.announcement).to_contain_text(sentence)
    tab.page.reload()
    expect(tab.ending).to_contain_text(sentence, use_inner_text=True)  # from the page
    tab.page.get_by_role("link", name="Verlauf").click()
    expect(tab.page.get_by_role("listitem")).to_contain_text("Fehlgeschlagen")
    tab.page.get_by_role("link", name="Warum?", exact=True).click()
    tab.page.get_by_role("link", name="Teilen").click()
    tab.page.get_by_role("button", name="Link erstellen").click()
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.page.wait_for_load_state()  # and the script of the button
    tab.page.get_by_role("button", name="Kopieren").click()
    expect(tab.page.get_by_role("status").filter(has_text="Kopiert.")).to_be_visible()
