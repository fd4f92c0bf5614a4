# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""Manual pages from the commands' own descriptions, as `--experimental-dump-help` prints them."""


def escaped(text: str) -> str:
    """Text that roff prints as it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in text.split("\n"))


def form(argument: dict, command_line: bool = False) -> str:
    """How an argument is written: `-c, --config <file>`; on a command line `[--config <file>]`."""
    names = ["--" + name["name"] if name["kind"] == "long" else "-" + name["name"] for name in argument.get("names") or []]
    value = "" if argument["kind"] == "flag" else f"<{argument.get('valueName', 'value')}>"
    if not command_line:
        return " ".join(part for part in [", ".join(names), value] if part)
    shown = " ".join(part for part in [names[0] if names else "", value] if part)
    if argument.get("isRepeating"):
        shown += " ..."
    return f"[{shown}]" if argument.get("isOptional", False) else shown


def shown(rows: list[dict]) -> list[dict]:
    return [row for row in rows if row.get("shouldDisplay", True)]


def page(command: dict, path: list[str], version: str, date: str, part: int) -> str:
    """The page of one command, in the macros of man(7)."""
    name = "-".join(path)
    arguments = shown(command.get("arguments") or [])
    inner = [row for row in shown(command.get("subcommands") or []) if row["commandName"] != "help"]
    abstract = command.get("abstract", "").rstrip(".")
    lines = [f'.TH "{escaped(name.upper())}" {part} "{date}" "{path[0]} {version}"', ".SH NAME", f"{escaped(name)} \\- {escaped(abstract)}",
             ".SH SYNOPSIS", f".B {escaped(' '.join(path))}"]
    lines += [escaped(form(argument, command_line=True)) for argument in arguments]
    lines += ["<command>"] if inner else []
    if command.get("discussion"):
        lines.append(".SH DESCRIPTION")
        quoted = False
        for line in command["discussion"].split("\n"):
            if line.startswith("  ") != quoted and line.strip():
                lines.append(".fi" if quoted else ".nf")
                quoted = not quoted
            lines.append(escaped(line) if line.strip() else ".PP")
        lines += [".fi"] if quoted else []
    if arguments:
        lines.append(".SH OPTIONS")
        for argument in arguments:
            text = " ".join((argument.get("abstract", "") + " " + argument.get("discussion", "")).split())
            if argument.get("defaultValue"):
                text += f" Default: {argument['defaultValue']}."
            lines += [".TP", f".B {escaped(form(argument))}", escaped(text) or "\\&"]
    if inner:
        lines.append(".SH COMMANDS")
        for row in inner:
            lines += [".TP", f".BR {escaped('-'.join([*path, row['commandName']]))} ({part})", escaped(row.get("abstract", ""))]
    return "\n".join(lines) + "\n"


def pages(command: dict, version: str, date: str, part: int, above: list[str] | None = None) -> dict[str, str]:
    """The pages of a command and of all below it, by file name, in a part of the manual."""
    path = [*(above or []), command["commandName"]]
    found = {f"{'-'.join(path)}.{part}": page(command, path, version, date, part)}
    for row in shown(command.get("subcommands") or []):
        if row["commandName"] != "help":
            found |= pages(row, version, date, part, path)
    return found
