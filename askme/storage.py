"""Static files with hashed names, also in the imports of our JavaScript modules. Comments in ours are cut.

Without the hashes, a page could run a new askme.js with an old connection.js from the browser's cache.
Django's own option, `support_js_module_import_aggregation`, would rewrite every script of the admin at each
collectstatic.
"""

from pathlib import PurePath
from typing import Any

from django.core.files.base import ContentFile
from rcssmin import cssmin  # type: ignore[import-untyped]
from rjsmin import jsmin  # type: ignore[import-untyped]
from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]

IMPORTS = (
    (r"""(?P<matched>from ?"(?P<url>\./\w+\.js)")""", 'from"%(url)s"'),
    (r"""(?P<matched>import\("(?P<url>\./\w+\.js)"\))""", 'import("%(url)s")'),
)
MINIFIERS = {".js": jsmin, ".css": cssmin}


class StaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("answers/*.js", IMPORTS))

    def save(self, name: str, content: Any, max_length: int | None = None) -> str:
        """Removes the comments and blanks of our own scripts and style sheets."""
        path = PurePath(name)
        if path.parts[0] == "answers" and (minify := MINIFIERS.get(path.suffix)):
            content = ContentFile(minify(content.read().decode()).encode())
        return str(super().save(name, content, max_length))
