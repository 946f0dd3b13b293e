"""Check that a tag may be released: python tools/check_release.py v0.1.0

It must be the version of pyproject.toml, and CHANGELOG.md must say under that version, with its date, what is new. The
section is printed.
"""

import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1]


def main():
    if len(sys.argv) != 2:
        sys.exit("Give one tag, such as v0.1.0")
    try:
        print(section_of(sys.argv[1], PROJECT))
    except ValueError as error:
        sys.exit(str(error))


def section_of(tag, project):
    """Return what the changelog says of the version that is tagged; ValueError if it must not be released."""
    version = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    if tag != f"v{version}":
        raise ValueError(f"The tag is {tag}, but the version in pyproject.toml is {version}; tag v{version}")
    changes = (project / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.split(r"^## ", changes, flags=re.MULTILINE)[1:]
    found = [section for section in sections if section.startswith(f"[{version}]")]
    if not found:
        raise ValueError(f'CHANGELOG.md has no section "## [{version}] - <date>"; give what is unreleased this title')
    title, _, text = found[0].partition("\n")
    if not re.fullmatch(r"\[[^\]]+\] - \d{4}-\d\d-\d\d", title.strip()):
        raise ValueError(f'CHANGELOG.md calls its section "{title.strip()}"; write "[{version}] - 2026-01-31"')
    if not text.strip():
        raise ValueError(f"CHANGELOG.md says nothing about {version}; write what users notice")
    return text.strip()


if __name__ == "__main__":
    main()
