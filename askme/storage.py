"""Static files with hashed names, also in the imports of our JavaScript modules. Ours are shortened.

Without the hashes, a page could run a new askme.js with an old connection.js from the browser's cache.
Django's own option, `support_js_module_import_aggregation`, would rewrite every script of the admin at each
collectstatic.
"""

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]

IMPORTS = (
    (r"""(?P<matched>from ?"(?P<url>\./\w+\.js)")""", 'from"%(url)s"'),
    (r"""(?P<matched>import\("(?P<url>\./\w+\.js)"\))""", 'import("%(url)s")'),
)
# A constant of a module. The minifier leaves it as it is: in a script that is no module, others could use it.
CONSTANT = re.compile(r"^const ([A-Z][A-Z_]+) =", re.MULTILINE)
MEDIA_TYPES = {".js": "application/javascript", ".css": "text/css"}


class StaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("answers/*.js", IMPORTS))

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        if not dry_run:
            ours = {name for name in paths if PurePath(name).parts[0] == "answers"}
            for name in ours:
                self._shorten(name)
            # Django reads the sources again, unless the shortened files are given as sources.
            paths = {name: (self, name) if name in ours else source for name, source in paths.items()}
        yield from super().post_process(paths, dry_run, **options)

    def _shorten(self, name: str) -> None:
        """Removes comments and blanks, and shortens the names of local variables."""
        media_type = MEDIA_TYPES.get(PurePath(name).suffix)
        if media_type is None:
            return
        try:
            import minify  # not in a server: it starts Go's threads
        except ImportError:  # there is no wheel for every platform, and longer files work too
            return
        with self.open(name) as file:
            source = file.read().decode()
        short = minify.string(media_type, source)
        for number, constant in enumerate(CONSTANT.findall(source)):
            short = re.sub(rf"(?<![\w$.]){constant}(?![\w$])", f"${number}", short)
        self.delete(name)
        self.save(name, ContentFile(short.encode()))
