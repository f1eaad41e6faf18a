"""axe finds nothing on any page, in light, dark and forced colours."""

import pytest

from tests.support.axe import assert_accessible

LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced colours": {"forced_colors": "active"},
}


def test_what_breaks_a_rule_is_named(shared_site, open_tab):
    tab = open_tab(shared_site.url)
    tab.page.evaluate("document.body.append(document.createElement('img'))")
    with pytest.raises(AssertionError, match="image-alt"):
        assert_accessible(tab.page)


@pytest.mark.parametrize("look", LOOKS)
def test_home(shared_site, open_tab, look):
    assert_accessible(open_tab(shared_site.url, **LOOKS[look]).page)
