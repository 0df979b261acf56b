#!/usr/bin/env python3
"""Files that a document names exist, and its relative links and anchors are alive: check_documents.py ROOT

Looked at: every Markdown file. A link is [text](target); a named file is `like/this.cpp`, a word in back quotes with a
slash that begins with a folder of the project, or one of the files at its root.
"""
import pathlib
import re
import sys
import tempfile

from project_files import project_files

LINK = re.compile(r'\[[^\]\n]*\]\(([^)\s]+)\)')
NAMED = re.compile(r'`([^`\n]+)`')
FENCE = re.compile(r'^( *)(```|~~~).*?^ *\2 *$', re.M | re.S)
TOP = ('core/', 'sdk/', 'plugins/', 'cli/', 'examples/', 'tests/', 'packaging/', '.ci/', './examples/', './tests/')
# What a build makes is named in documents and is not in the tree.
MADE = ('build/',)


def anchors_of(text):
    found = set()
    for title in re.findall(r'^#+ +(.*?) *$', text, re.M):
        words = re.sub(r'[^\w\- ]', '', title.lower(), flags=re.UNICODE)
        found.add(words.replace(' ', '-'))
    return found


def expand(pattern):
    """`a.{hpp,cpp}` names two files."""
    match = re.search(r'\{([^{}]*,[^{}]*)\}', pattern)
    if not match:
        return [pattern]
    return [one for part in match[1].split(',')
            for one in expand(pattern[:match.start()] + part + pattern[match.end():])]


def named_exists(root, folder, name):
    name = name.rstrip('/')
    if re.search(r'[A-Z]{3,}|<|>|\$|\s', name.split('/')[-1]) and not (root / name).exists():
        return True  # a placeholder: `plugins/executors/NAME`
    for one in expand(name):
        wildcard = any(sign in one for sign in '*?[')
        places = [root, folder]
        if not any(list(place.glob(one)) if wildcard else (place / one).exists() for place in places):
            return False
    return True


def check(root):
    root = pathlib.Path(root).resolve()
    faults, looked = [], 0
    for file in project_files(root):
        if file.suffix != '.md':
            continue
        text = file.read_text(encoding='utf-8')
        path = file.relative_to(root)
        prose = FENCE.sub(lambda match: '\n' * match[0].count('\n'), text)
        for match in LINK.finditer(prose):
            target = match[1]
            if re.match(r'[a-z+]+:', target):
                continue
            looked += 1
            place, _, anchor = target.partition('#')
            aim = (file.parent / place).resolve() if place else file
            line = prose.count('\n', 0, match.start()) + 1
            if not aim.exists():
                faults.append(f'{path}:{line}: dead link {target}')
            elif anchor and aim.suffix == '.md' and anchor not in anchors_of(aim.read_text(encoding='utf-8')):
                faults.append(f'{path}:{line}: {target} has no heading of that name')
        for match in NAMED.finditer(prose):
            name = match[1].split(' ')[0].removeprefix('./').split(':')[0]
            if not (name + '/').startswith(tuple(top.removeprefix('./') for top in TOP)) or name.startswith(MADE):
                continue
            if '/' not in match[1]:
                continue
            looked += 1
            if not named_exists(root, file.parent, name):
                line = prose.count('\n', 0, match.start()) + 1
                faults.append(f'{path}:{line}: no file {name}')
    return faults, looked


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / 'core').mkdir()
        (root / 'core/a.hpp').write_text('', encoding='utf-8')
        (root / 'A.md').write_text('# One title\n[a](core/a.hpp) [b](gone.md) [c](#one-title) [d](#two)\n'
                                   '`core/a.hpp` `core/b.hpp` `core/a.{hpp,cpp}` `core/NAME`\n```\n`core/c.hpp`\n```\n',
                                   encoding='utf-8')
        faults, looked = check(root)
    if len(faults) != 4 or looked != 8:
        raise SystemExit(f'self-test: {looked} looked at, {faults}')


def main():
    self_test()
    faults, looked = check(sys.argv[1])
    print(*faults, f'{looked} links and names of files, {len(faults)} dead', sep='\n')
    return 1 if faults or not looked else 0


if __name__ == '__main__':
    sys.exit(main())
