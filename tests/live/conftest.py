from tests.live.far_html_page import open_page
from tests.live.far_page import page, source

__all__ = ["open_page", "page", "source"]
