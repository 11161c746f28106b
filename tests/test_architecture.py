"""The layer rule, read from the imports, and the limits of the house style."""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "eventstudy"
MODULES = sorted(PACKAGE.rglob("*.py"))

#: From low to high. A file imports from lines above its own (in this list), or from its own package.
LAYERS = (
    ("errors", "_typing"),
    ("toml_file",),
    ("kernels",),
    ("domain", "catalog", "data"),
    ("results",),
    ("engines",),
    ("models", "sources"),
    ("abnormal",),
    ("volatility",),
    ("inference",),
    ("pairs", "provenance"),
    ("donors",),
    ("controls",),
    ("counterfactual",),
    ("measure",),
    ("study_design",),
    ("study",),
    ("volatility_spec",),
    ("spec",),
    ("calibration",),
    ("verdict",),
    ("verbs",),
    ("claims",),
    ("report",),
    ("cli",),
    ("__main__",),
    ("__init__",),
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
#: Result methods that draw or round: the one written exception. (importing module, package) -> only inside a function.
UPWARD = {("verbs", "report"), ("results", "report"), ("study", "report"), ("claims", "report")}
#: Heavy and optional at import time: the modules that may import them, and only inside a function where True.
GUARDED = {
    "arch": ("engines", True),
    "yfinance": ("sources", True),
    "matplotlib": ("report", False),
    "numba": ("kernels", False),
}
#: A subclass of arch's own class has to import it; whoever uses the module imports it inside a function.
DOORS = {"engines.event_process": "arch"}
LONGEST_FUNCTION = 60
LONGEST_MODULE = 450


@dataclass(frozen=True)
class Import:
    """One import statement: who, what (dotted), the line, and whether it sits inside a function."""

    importer: str
    target: str
    line: int
    deferred: bool


def docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function's docstring: numpydoc on a public function is long, and no code."""
    first = node.body[0]
    if ast.get_docstring(node) is None or first.end_lineno is None:
        return 0
    return first.end_lineno - first.lineno + 1


def dotted(path: Path) -> str:
    """``domain.events`` for ``eventstudy/domain/events.py``; packages by their name."""
    parts = list(path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def tree(path: Path) -> ast.Module:
    """Parsed source."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports(path: Path) -> Iterator[Import]:
    """Every import of a file, the deferred ones marked. A relative import keeps its dots."""
    module = tree(path)
    inside = {
        id(node)
        for function in ast.walk(module)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            targets = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (Import(dotted(path), t, node.lineno, id(node) in inside) for t in targets)


def own(target: str) -> str | None:
    """``eventstudy.domain.events.Event`` -> ``domain.events``: the module inside the package, longest match."""
    if target.split(".")[0] != "eventstudy":
        return None
    names = {dotted(p) for p in MODULES}
    parts = target.split(".")[1:]
    while parts and ".".join(parts) not in names:
        parts = parts[:-1]
    return ".".join(parts) or "__init__"


def names(paths: list[Path]) -> list[str]:
    """Readable test ids."""
    return [dotted(p) for p in paths]


@pytest.mark.parametrize("path", MODULES, ids=names(MODULES))
def test_imports_go_down_only(path: Path) -> None:
    top = dotted(path).split(".")[0]
    assert top in LEVEL, f"give {top!r} a place in LAYERS"
    if top == "__init__":
        return  # the facade names everything, by design lazily; see test_public_api
    wrong = []
    for found in imports(path):
        module = own(found.target)
        if module is None:
            continue
        target = module.split(".")[0]
        if target == top and (PACKAGE / top).is_dir():
            continue  # a sibling in the same package
        if (top, target) in UPWARD and found.deferred:
            continue
        if LEVEL[target] >= LEVEL[top]:
            wrong.append(f"{dotted(path)}:{found.line} imports {module}")
    assert not wrong


@pytest.mark.parametrize("path", MODULES, ids=names(MODULES))
def test_no_relative_import_and_no_import_of_the_facade(path: Path) -> None:
    wrong = []
    for found in imports(path):
        if found.target.startswith("."):
            wrong.append(f"line {found.line}: relative import {found.target}")
        if own(found.target) == "__init__":
            wrong.append(f"line {found.line}: imports the facade ({found.target})")
    assert not wrong


def test_no_import_cycles() -> None:
    # A deferred import runs when both modules are complete; a cycle of the others would depend on the order.
    graph: dict[str, set[str]] = {dotted(p): set() for p in MODULES if dotted(p) != "__init__"}
    for path in MODULES:
        for found in imports(path):
            target = own(found.target)
            if dotted(path) == "__init__" or target in (None, "__init__") or found.deferred:
                continue
            assert target is not None
            # A package and its parts may name each other: `models/__init__` imports `models.regression`.
            if target != dotted(path) and not dotted(path).startswith(f"{target}."):
                graph[dotted(path)].add(target)
    assert len(list(graphlib.TopologicalSorter(graph).static_order())) == len(graph)


@pytest.mark.parametrize("path", MODULES, ids=names(MODULES))
def test_heavy_packages_stay_behind_their_door(path: Path) -> None:
    wrong = []
    for found in imports(path):
        guarded = GUARDED.get(found.target.split(".")[0])
        if guarded is None:
            continue
        where, inside_functions = guarded
        if DOORS.get(dotted(path)) == found.target.split(".")[0]:
            continue
        if dotted(path).split(".")[0] != where or (inside_functions and not found.deferred):
            wrong.append(f"line {found.line}: {found.target}")
    if dotted(path) != "__init__":  # its imports are for type checkers
        wrong += [f"line {f.line}: {f.target}" for f in imports(path) if own(f.target) in DOORS and not f.deferred]
    assert not wrong


def test_kernels_know_arrays_only() -> None:
    allowed = {"__future__", "dataclasses", "collections", "typing", "math", "numpy", "scipy", "numba", "eventstudy"}
    used = {f.target.split(".")[0] for p in MODULES if dotted(p).startswith("kernels") for f in imports(p)}
    assert used <= allowed


def test_compiled_functions_call_compiled_functions_of_their_own_file_only() -> None:
    # numba's cache knows the time of the function's own file: a caller elsewhere would keep the old machine code.
    compiled = {
        f"eventstudy.{dotted(path)}.{node.name}"
        for path in MODULES
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(d, ast.Name) and d.id == "jit" for d in node.decorator_list)
    }
    homes = {name.rpartition(".")[0] for name in compiled}
    assert len(homes) > 1
    assert not [
        f"{i.importer} imports {i.target}"
        for p in MODULES
        for i in imports(p)
        if f"eventstudy.{i.importer}" in homes and (i.target in compiled or i.target in homes)
    ]


def test_no_module_called_utils() -> None:
    banned = {"utils", "util", "helpers", "common", "misc"}
    assert not [dotted(p) for p in MODULES if banned & set(dotted(p).split("."))]


@pytest.mark.parametrize("path", MODULES, ids=names(MODULES))
def test_errors_are_caught_by_name(path: Path) -> None:
    wrong = []
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = [] if node.type is None else node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        broad = [c for c in caught if isinstance(c, ast.Name) and c.id in ("Exception", "BaseException")]
        if node.type is None or broad:
            wrong.append(f"line {node.lineno}")
    assert not wrong, "catch the errors you expect, by name"


@pytest.mark.parametrize("path", [p for p in MODULES if dotted(p).split(".")[0] != "cli"], ids=dotted)
def test_only_the_command_line_prints(path: Path) -> None:
    calls = [n for n in ast.walk(tree(path)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    assert not [n.lineno for n in calls if isinstance(n.func, ast.Name) and n.func.id == "print"]


@pytest.mark.parametrize("path", MODULES, ids=names(MODULES))
def test_a_function_fits_a_screen_and_a_module_a_head(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST_MODULE, f"{lines} lines"
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 - docstring_lines(node) > LONGEST_FUNCTION
    ]
    assert not long
