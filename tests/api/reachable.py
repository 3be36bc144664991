"""Which refusals the code behind a route can raise, read from the code itself.

From the route's function it follows every call, property and callback whose receiver the annotations tell, through
`api`, `actions`, `wire` and `model`, and collects the reasons of the refusals that are made on the way.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final, NamedTuple

from derailed.wire.error_codes import ERROR_CODES
from tests.test_tidy import Module, modules

ROOMS: Final = {"api", "actions", "wire", "model", "blobs"}
_ERRORS: Final = "model.errors"
_WRAPPERS: Final = {"Annotated", "NamedDependency", "SkipValidation", "Awaitable", "Response", "FromPath", "JSONBody"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Named(NamedTuple):
    """Something that a name stands for: a module, a class, a function, or a value of a class."""

    kind: str
    name: str


class Code:
    """Every class and function of the rooms, by `module.name` or `module.Class.name`."""

    def __init__(self) -> None:
        self.modules = {module.name: module for module in modules() if module.room in ROOMS}
        self.functions: dict[str, Function] = {}
        self.classes: dict[str, ast.ClassDef] = {}
        self.globals: dict[str, dict[str, ast.AST | str]] = {}
        self._raised: dict[str, frozenset[str]] = {}
        for module in self.modules.values():
            self.globals[module.name] = dict(self._globals(module))
        self.defaults = {name: _default(self.functions.get(f"{name}.__init__")) for name in self.classes}

    def raised_by(self, function: str) -> frozenset[str]:
        """The reasons that the function, or whatever it calls, can refuse for."""
        pending, seen, reasons = [function], set[str](), set[str]()
        while pending:
            name = pending.pop()
            if name not in seen:
                seen.add(name)
                walk = _Walk(self, name)
                walk.through()
                reasons |= walk.reasons
                pending += walk.calls
        return frozenset(reasons)

    def module_of(self, name: str) -> str:
        """The module that a class or function stands in."""
        while name not in self.modules:
            name = name.rpartition(".")[0]
        return name

    def lookup(self, module: str, name: str) -> Named | None:
        """What a name means in a module."""
        found = self.globals[module].get(name)
        if isinstance(found, str):
            source, _, inner = found.rpartition(".")
            known = source in self.modules and source != module
            return self._named(found) or (self.lookup(source, inner) if known else None)
        if isinstance(found, ast.Subscript | ast.BinOp):
            return self.annotated(module, found)
        return None

    def annotated(self, module: str, hint: ast.expr | None) -> Named | None:
        """The value that an annotation promises."""
        match hint:
            case ast.Constant(value=str(text)):
                return self.annotated(module, ast.parse(text, mode="eval").body)
            case ast.Name(id=name):
                found = self.lookup(module, name)
                return Named("value", found.name) if found and found.kind in ("class", "value") else None
            case ast.BinOp(left=left, right=right):
                return self.annotated(module, left) or self.annotated(module, right)
            case ast.Subscript(value=ast.Name(id=name), slice=inner) if name in _WRAPPERS:
                return self.annotated(module, inner.elts[0] if isinstance(inner, ast.Tuple) else inner)
        return None

    def attribute(self, of: Named, name: str) -> Named | None:
        """What `of.name` is."""
        if of.kind == "module":
            return self.lookup(of.name, name)
        node = self.classes.get(of.name)
        if node is None:
            return None
        if f"{of.name}.{name}" in self.functions:
            return Named("function", f"{of.name}.{name}")
        module = self.module_of(of.name)
        hints = [each for each in node.body if isinstance(each, ast.AnnAssign)]
        for each in hints:
            if isinstance(each.target, ast.Name) and each.target.id == name:
                return self.annotated(module, each.annotation)
        return self._assigned(of.name, name) or self._inherited(node, module, name)

    def returned(self, function: str) -> Named | None:
        """What calling it gives."""
        return self.annotated(self.module_of(function), self.functions[function].returns)

    def _assigned(self, of: str, name: str) -> Named | None:
        """`self.name`, as `__init__` sets it."""
        begin = self.functions.get(f"{of}.__init__")
        if begin is None:
            return None
        for node in ast.walk(begin):
            match node:
                case ast.Assign(targets=[ast.Attribute(attr=attr)], value=value) if attr == name:
                    return _Walk(self, f"{of}.__init__").type_of(value)
                case ast.AnnAssign(target=ast.Attribute(attr=attr), annotation=hint) if attr == name:
                    return self.annotated(self.module_of(of), hint)
        return None

    def _inherited(self, node: ast.ClassDef, module: str, name: str) -> Named | None:
        for base in node.bases:
            parent = self.annotated(module, base)
            if parent is not None and (found := self.attribute(parent, name)) is not None:
                return found
        return None

    def _named(self, full: str) -> Named | None:
        if full in self.modules:
            return Named("module", full)
        if full in self.classes:
            return Named("class", full)
        return Named("function", full) if full in self.functions else None

    def _globals(self, module: Module) -> Iterator[tuple[str, ast.AST | str]]:
        for node in module.tree.body:
            match node:
                case ast.ImportFrom(module=str(source), names=names) if source.startswith("derailed."):
                    for alias in names:
                        yield alias.asname or alias.name, f"{source.removeprefix('derailed.')}.{alias.name}"
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self.functions[f"{module.name}.{node.name}"] = node
                    yield node.name, f"{module.name}.{node.name}"
                case ast.ClassDef():
                    self.classes[f"{module.name}.{node.name}"] = node
                    for each in node.body:
                        if isinstance(each, Function):
                            self.functions[f"{module.name}.{node.name}.{each.name}"] = each
                    yield node.name, f"{module.name}.{node.name}"
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    yield name, value


class _Walk:
    """One function: what it refuses for by itself, and what it calls."""

    def __init__(self, code: Code, name: str) -> None:
        self._code = code
        self._module = code.module_of(name)
        self._known: dict[str, Named | None] = {}
        self.reasons: set[str] = set()
        self.calls: list[str] = []
        self._function = function = code.functions[name]
        owner = name.rpartition(".")[0]
        if owner in code.classes:
            self._known["self"] = self._known["cls"] = Named("value", owner)
        self._words = _words(function)
        self._learn_parameters()

    def through(self) -> None:
        """Go through the function, and all that stand inside it."""
        for node in sorted(_body(self._function), key=lambda node: getattr(node, "lineno", 0)):
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                self._assign(node.targets[0], node.value)
        for node in _body(self._function):
            self._visit(node)

    def type_of(self, node: ast.expr) -> Named | None:
        """What an expression is worth."""
        match node:
            case ast.Await(value=inner):
                return self.type_of(inner)
            case ast.Name(id=name):
                return self._known[name] if name in self._known else self._code.lookup(self._module, name)
            case ast.Attribute(value=inner, attr=name):
                of = self.type_of(inner)
                found = None if of is None else self._code.attribute(of, name)
                if found is not None and found.kind == "function" and self._is_property(found.name):
                    return self._code.returned(found.name)
                return found
            case ast.Call(func=called):
                found = self.type_of(called)
                if found is None:
                    return None
                if found.kind == "class":
                    return Named("value", found.name)
                return self._code.returned(found.name) if found.kind == "function" else None
            case ast.IfExp(body=one, orelse=other):
                return self.type_of(one) or self.type_of(other)
        return None

    def _learn_parameters(self) -> None:
        for node in ast.walk(self._function):
            if isinstance(node, Function):
                for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
                    if each.annotation is not None:
                        self._known[each.arg] = self._code.annotated(self._module, each.annotation)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self._known[target.id] = self.type_of(value) or self._known.get(target.id)
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, other in zip(target.elts, value.elts, strict=False):
                self._assign(one, other)
        elif isinstance(target, ast.Tuple):
            self._unpack(target, value.value if isinstance(value, ast.Await) else value)

    def _unpack(self, target: ast.Tuple, value: ast.expr) -> None:
        called = self.type_of(value.func) if isinstance(value, ast.Call) else None
        if called is None or called.kind != "function":
            return
        hint = self._code.functions[called.name].returns
        if isinstance(hint, ast.Subscript) and isinstance(hint.slice, ast.Tuple):
            for one, other in zip(target.elts, hint.slice.elts, strict=False):
                if isinstance(one, ast.Name):
                    self._known[one.id] = self._code.annotated(self._code.module_of(called.name), other)

    def _visit(self, node: ast.AST) -> None:
        match node:
            case ast.Raise(exc=ast.Name() as bare):
                self._refuse(bare, None)
            case ast.Call(func=called, args=[first, *_]):
                self._refuse(called, first)
            case ast.Call(func=called):
                self._refuse(called, None)
        if isinstance(node, ast.Name | ast.Attribute):
            found = self._resolve(node)
            if found is not None and found.kind == "function":
                self.calls.append(found.name)
            elif found is not None and found.kind == "class" and f"{found.name}.__init__" in self._code.functions:
                self.calls.append(f"{found.name}.__init__")

    def _resolve(self, node: ast.Name | ast.Attribute) -> Named | None:
        """The function itself, also when it is a property."""
        if isinstance(node, ast.Attribute):
            of = self.type_of(node.value)
            return None if of is None else self._code.attribute(of, node.attr)
        return self.type_of(node)

    def _refuse(self, called: ast.expr, first: ast.expr | None) -> None:
        found = self.type_of(called)
        if found is None or found.kind != "class" or not found.name.startswith(f"{_ERRORS}."):
            return
        prefix = "unknown_" if found.name == f"{_ERRORS}.Unknown" else ""
        words = self._words if isinstance(first, ast.Name) else _words(first)
        told = {f"{prefix}{word}" for word in words} & ERROR_CODES.keys()
        default = self._code.defaults[found.name]
        self.reasons |= told or ({default} if first is None and default else set())

    def _is_property(self, function: str) -> bool:
        return any(ast.unparse(each) == "property" for each in self._code.functions[function].decorator_list)


def _body(function: Function) -> Iterator[ast.AST]:
    for statement in function.body:
        yield from ast.walk(statement)


def _words(node: ast.AST | None) -> set[str]:
    constants = (each.value for each in ast.walk(node) if isinstance(each, ast.Constant)) if node else ()
    return {value for value in constants if isinstance(value, str)}


def _default(begin: Function | None) -> str | None:
    """The reason that a refusal has when it is given none."""
    for default in () if begin is None else begin.args.defaults:
        if isinstance(default, ast.Constant) and default.value in ERROR_CODES:
            return str(default.value)
    return None
