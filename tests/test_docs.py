"""The pages that are read on the code host: links, headings and pictures that they point to are there."""

import re
from pathlib import Path

import pytest

import napari_kseg

PROJECT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "examples/*.md", "examples/*.py", "benchmarks/**/*.md")
    for path in PROJECT.glob(pattern)
)
IMAGES = PROJECT / "docs" / "images"


def name_of(path):
    return path.relative_to(PROJECT).as_posix()


def without_code(text):
    return re.sub(r"^```.*?^```|`[^`\n]*`", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(path):
    """The anchors that the code host and the site give to headings."""
    headings = re.findall(r"^(?:# )?#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(path):
    """Yield (file, anchor) of each link to something in the repository."""
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(path.read_text(encoding="utf-8"))):
        if not re.match(r"[a-z]+:", target):
            file, _, anchor = target.partition("#")
            yield (path.parent / file).resolve() if file else path, anchor


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_of_a_page_lead_somewhere(page):
    for file, anchor in links(page):
        assert file.is_file(), f"{file} is no file"  # a folder is a page on the code host, but not on the site
        assert not anchor or anchor in anchors(file), f"{name_of(file)} has no heading #{anchor}"


def test_every_picture_is_shown_and_made_by_a_script():
    shown = {file for page in PAGES for file, _ in links(page)}
    table = re.findall(r"^\| (`.*?) \| `?([\w/.]+)", (IMAGES / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    makers = {name: PROJECT / maker for names, maker in table for name in re.findall(r"`([^`]+)`", names)}
    assert all(maker.is_file() for maker in makers.values())
    for picture in IMAGES.iterdir():
        if picture.name != "README.md":
            assert picture in shown, f"no page shows {picture.name}"
            (maker,) = {
                maker
                for name, maker in makers.items()
                if re.fullmatch(re.escape(name).replace("…", ".+"), picture.name)
            }
            start = picture.name.split("-")[0] + "-" if maker.name == "recipe_pictures.py" else picture.name
            made = maker.read_text(encoding="utf-8") + (PROJECT / "docs" / "recipes.md").read_text(encoding="utf-8")
            assert start in made, f"{maker.name} does not make {picture.name}"


def test_the_api_reference_lists_all_public_names():
    page = (PROJECT / "docs" / "api.rst").read_text(encoding="utf-8")
    listed = re.findall(r"^\.\. auto(?:function|class|exception):: (\w+)", page, re.MULTILINE)
    assert sorted(listed) == sorted(napari_kseg.__all__)
    for name, members in re.findall(r"^\.\. autoclass:: (\w+)\(\)\n +:members: (.+)$", page, re.MULTILINE):
        kind = getattr(napari_kseg, name)
        known = {*dir(kind), *getattr(kind, "__dataclass_fields__", ())}
        assert set(members.split(", ")) <= known


def test_methods_of_a_result_are_in_the_api_reference():
    page = (PROJECT / "docs" / "api.rst").read_text(encoding="utf-8")
    (members,) = re.findall(r"^\.\. autoclass:: Segmentation\(\)\n +:members: (.+)$", page, re.MULTILINE)
    public = {name for name in dir(napari_kseg.Segmentation) if not name.startswith("_")}
    assert set(members.split(", ")) == public - {"of"}  # how the library itself makes one


def test_every_page_has_a_place_in_the_side_bar():
    """Sphinx would warn as well, but builds only where it is installed."""
    conf = (PROJECT / "docs" / "conf.py").read_text(encoding="utf-8")
    for page in (PROJECT / "docs").glob("*.md"):
        assert f'"docs/{page.stem}"' in conf


def test_the_code_of_the_start_page_runs(capsys):
    page = (PROJECT / "docs" / "index.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    names = {}
    exec(compile(code, "index.md", "exec"), names)
    assert "cluster 5" in capsys.readouterr().out
    assert names["figure"].axes
