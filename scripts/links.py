"""Sees that what the Markdown files of this repository point at is there: the files and headings of
links, and the paths that stand in backticks."""

import re
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

KINDS = ("dict", "json", "md", "py", "rs", "sh", "svg", "toml", "txt")


def git(*arguments):
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout.splitlines()


FILES = git("ls-files", "--cached", "--others", "--exclude-standard")
PATHS = set(FILES) | {str(folder) for file in FILES for folder in PurePosixPath(file).parents}
TOP = {path for path in PATHS if "/" not in path}


def without_code_blocks(text):
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(text):
    """What GitHub calls the headings."""
    headings = re.findall(r"^#+ +(.*)$", without_code_blocks(text), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def joined(folder, path):
    parts = []
    for part in (folder / path).parts:
        parts = parts[:-1] if part == ".." else [*parts, part]
    return "/".join(parts)


def is_link_good(file, target):
    path, _, anchor = target.partition("#")
    path = joined(PurePosixPath(file).parent, path) if path else file
    return path in PATHS and (not anchor or anchor in anchors(open(path).read()))


def looks_like_a_path(word):
    """A file by its ending, or whatever begins like a folder of ours; but no address of a server."""
    first, slash, _ = word.partition("/")
    if slash and "." in first.lstrip(".") or not re.fullmatch(r"[\w./*{},-]+", word):
        return False
    return word.rpartition(".")[2] in KINDS and not word.startswith(".") or bool(slash) and first in TOP


def expanded(word):
    """`{a,b}` as a shell reads it."""
    match = re.search(r"\{([^{}]*)\}", word)
    if not match:
        return [word]
    choices = match[1].split(",")
    return [path for choice in choices for path in expanded(word.replace(match[0], choice, 1))]


def is_path_good(path):
    """Also the end of a path, as in a table about one folder; and what git is told to ignore."""
    path = path.rstrip("/")
    if any(fnmatchcase(known, path) or fnmatchcase(known, f"*/{path}") for known in PATHS):
        return True
    return subprocess.run(["git", "check-ignore", "--quiet", path]).returncode == 0


def main():
    links, paths = [], []
    for file in FILES:
        if not file.endswith(".md"):
            continue
        text = without_code_blocks(open(file).read())
        for code in re.findall(r"`([^`\n]+)`", text):
            words = filter(looks_like_a_path, code.split())
            paths += [(file, path) for word in words for path in expanded(word)]
        targets = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]+`", "", text))
        links += [(file, target) for target in targets if not re.match(r"[a-z]+:", target)]
    missing = [f"{file}: {target}" for file, target in links if not is_link_good(file, target)]
    missing += [f"{file}: {path}" for file, path in paths if not is_path_good(path)]
    if missing or not links or not paths:
        sys.exit("\n".join(["not there:", *missing]))
    print(f"{len(links)} links and {len(paths)} paths")


main()
