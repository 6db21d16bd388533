"""Python functions written at load time: straight-line code in which every intermediate result is computed once."""

from __future__ import annotations

import linecache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Code:
    """The body of a function under construction."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._names: dict[str, str] = {}
        self._objects: dict[str, tuple[str, Any]] = {}
        self._count = 0

    def let(self, value: str) -> str:
        """Return the name of a variable that holds ``value``, an expression of Python; equal ones share it."""
        if value.isidentifier():
            return value
        name = self._names.get(value)
        if name is None:
            name = self._names[value] = self.name()
            self.lines.append(f"{name} = {value}")
        return name

    def name(self) -> str:
        """Return the name of a variable that is used nowhere else."""
        self._count += 1
        return f"v{self._count}"

    def hold(self, value: Any, key: str | None = None) -> str:
        """Return the name under which the code finds an object; those with the same ``key`` share it."""
        key = key or f"#{len(self._objects)}"
        return self._objects.setdefault(key, (f"k{len(self._objects)}", value))[0]

    def line(self, statement: str) -> None:
        """Add a statement."""
        self.lines.append(statement)

    def function(self, name: str, parameters: str, namespace: Mapping[str, Any]) -> Callable[..., Any]:
        """Return the function; tracebacks show its source."""
        source = f"def {name}({parameters}):\n" + "".join(f"    {line}\n" for line in self.lines)
        file = f"<features/{name}/{id(self):x}>"
        linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
        variables = {**namespace, **dict(self._objects.values())}
        exec(compile(source, file, "exec"), variables)  # noqa: S102  # written from the definitions alone
        function: Callable[..., Any] = variables[name]
        return function
