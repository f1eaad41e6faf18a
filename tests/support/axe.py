"""axe-core: what it finds on a page that would stop somebody with a disability."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

# WCAG 2.2 AA, and the best practices of axe: landmarks, one first heading, headings in order.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
# Called from outside the page's own scripts, so its content security policy does not apply.
# In forced colours, a person's own palette decides on the contrast. Chromium still reports our colour of the
# text (`-webkit-text-fill-color`) to axe, beside the palette's background.
RUN = """([tags, within]) => axe.run(within, {
  runOnly: { type: "tag", values: tags },
  rules: { "color-contrast": { enabled: !matchMedia("(forced-colors: active)").matches } },
  resultTypes: ["violations"],
})"""


def assert_accessible(page: Page, within: str = "html") -> None:
    """Fail with what axe finds on the page as it looks now: each rule, and the elements that break it.

    `within` is a selector, for a part of a page that is not ours.

    Transitions that still run are finished first, since colours on their way have other contrasts.
    """
    page.wait_for_load_state()  # with its style
    page.evaluate("document.getAnimations().forEach((one) => one instanceof CSSTransition && one.finish())")
    page.evaluate(AXE_SCRIPT)
    violations = page.evaluate(RUN, [RULES, within])["violations"]
    assert not violations, f"axe on {page.url}:\n" + "\n".join(map(_described, violations))


def _described(violation: dict[str, Any]) -> str:
    lines = [f"- {violation['id']} ({violation['impact']}): {violation['help']}"]
    for node in violation["nodes"]:
        reasons = [check["message"] for kind in ("any", "all", "none") for check in node[kind]]
        lines.append(f"    {' '.join(map(str, node['target']))}: {'; '.join(reasons)}")
        lines.append(f"        {' '.join(node['html'].split())[:200]}")
    return "\n".join(lines)
