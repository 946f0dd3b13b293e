"""Who may import whom: the floors of the package, held by reading the code."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import napari_kseg

PACKAGE = Path(napari_kseg.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
OWN = {"napari_kseg"}
STANDARD = set(sys.stdlib_module_names)

# floor -> (floors above it, libraries at module level, libraries inside functions only)
ENGINE = {"numpy", "numba"}
IMAGE_AT_TOP = {"numpy", "skimage"}
IMAGE_INSIDE = {
    "dask", "distributed", "imageio", "matplotlib", "npe2", "numcodecs", "pandas", "scipy", "tifffile", "tqdm",
    "zarr",
}  # fmt: skip
CLI_INSIDE = {"rich", "tifffile"}
VIEWER_AT_TOP = IMAGE_AT_TOP | {"napari", "magicgui", "qtpy", "superqt", "psygnal"}
RULES = {
    "kmeans": ({"kmeans"}, ENGINE, set()),
    "image": ({"kmeans", "image"}, IMAGE_AT_TOP, IMAGE_INSIDE),
    "viewer": ({"kmeans", "image", "viewer"}, VIEWER_AT_TOP, IMAGE_INSIDE),
    "cli": ({"kmeans", "image", "viewer", "cli"}, IMAGE_AT_TOP | {"typer"}, VIEWER_AT_TOP | IMAGE_INSIDE | CLI_INSIDE),
    "__init__": ({"kmeans", "image", "viewer"}, set(), set()),
}
QT = {"qtpy", "superqt", "napari", "magicgui", "PyQt5", "PyQt6", "PySide2", "PySide6"}
HEAVY = QT | {"dask", "zarr", "pandas", "matplotlib", "typer", "skimage"}


def name_of(path):
    return path.relative_to(PACKAGE).as_posix()


def floor_of(path):
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def in_type_checking(tree):
    """The nodes under `if TYPE_CHECKING:`, which never run."""
    blocks = [n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.unparse(n.test)]
    return {id(node) for block in blocks for statement in block.body for node in ast.walk(statement)}


def in_functions(tree):
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)]
    return {id(node) for function in functions for node in ast.walk(function)}


def absolute(path, node):
    """The full names of the modules that an import statement names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if node.level:
        parts = ("napari_kseg", *path.relative_to(PACKAGE).parent.parts)
        base = ".".join((*parts[: len(parts) - node.level + 1], *filter(None, [node.module])))
    else:
        base = node.module
    # `from package import a, b` may name modules
    return [f"{base}.{alias.name}" for alias in node.names] if base == "napari_kseg" else [base]


def imports(path):
    """Yield (module, at module level) for each import that can run."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    never, late = in_type_checking(tree), in_functions(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom) and id(node) not in never:
            for module in absolute(path, node):
                yield module, id(node) not in late


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_only_what_its_floor_may(path):
    floors, at_top, inside = RULES[floor_of(path)]
    for module, is_at_top in imports(path):
        first, *rest = module.split(".")
        if first in OWN:
            assert not rest or rest[0] in floors | {"__version__"}, f"{module} lies below this floor"
        elif first not in STANDARD:
            allowed = at_top if is_at_top else at_top | inside
            where = "at module level" if is_at_top else "in a function"
            assert first in allowed, f"{module} is not for this floor {where}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_module_is_longer_than_400_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_kernel_is_parallel(path):
    # napari runs parallel kernels of its own in the GUI thread; two threads doing so can abort the process
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not (isinstance(node, ast.keyword) and node.arg == "parallel"), f"line {node.value.lineno}"
        assert "prange" not in (getattr(node, "id", ""), getattr(node, "attr", ""), getattr(node, "name", ""))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_module_knows_both_numba_and_qt(path):
    libraries = {module.split(".")[0] for module, _ in imports(path)}
    assert not ("numba" in libraries and libraries & QT)


def test_importing_the_package_loads_no_gui_and_nothing_slow():
    code = "import sys, napari_kseg; print(*{name.split('.')[0] for name in sys.modules})"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(result.stdout.split()) & HEAVY


WITHOUT_QT = {
    "all_levels",
    "controller",
    "crop",
    "extract",
    "history",
    "large",
    "other_level",
    "last_model",
    "layer_parts",
    "python_code",
    "ready",
    "request",
    "result_layers",
    "source",
    "start",
}


@pytest.mark.parametrize("name", sorted(WITHOUT_QT))
def test_what_the_panel_does_knows_no_qt(name):
    path = PACKAGE / "viewer" / f"{name}.py"
    for module, _ in imports(path):
        first, *rest = module.split(".")
        assert first not in {"qtpy", "superqt", "magicgui"}
        if rest[:1] == ["viewer"]:
            assert rest[1] in WITHOUT_QT | {"label_colors", "label_table", "look", "placement"}, f"{module} may know Qt"
