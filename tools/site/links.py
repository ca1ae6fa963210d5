"""Turns links to files outside docs/ into links to the repository.

On GitHub, a page links to ../examples/nginx/README.md. The site has no such page, and
its strict build would refuse the link.
"""

import posixpath
import re

LINK = re.compile(r"(\]\()((?:\.\./)+[^)#\s]+)((?:#[^)\s]*)?\))")


def on_page_markdown(markdown, page, config, files):
    def replace(match):
        path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page.file.src_uri), match[2]))
        if path.startswith("docs/"):
            return match[0]
        repository = config.extra["repository"]
        return f"{match[1]}{repository}/blob/main/{path}{match[3] or ''}"

    return LINK.sub(replace, markdown)
