from tests.live.far_page import page, source

__all__ = ["page", "source"]
