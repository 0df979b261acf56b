#!/usr/bin/env python3
"""No text of the project holds words that do not belong there: check_words.py ROOT

Unfinished work, absolute paths of somebody's machine, secrets by their shape, tabs and blanks at line ends.
"""
import pathlib
import re
import sys

from project_files import project_files

# Each with what is wrong with it. Written so that this file does not find itself.
RULES = [
    (re.compile(r'\b(TO' r'DO|FIX' r'ME|XX' r'X|HA' r'CK)\b'), 'unfinished work; an issue is the place for it'),
    (re.compile(r'(?<![\w.])/(wo' r'rk|Users)/\w'), 'a path of one machine'),
    (re.compile(r'/tm' r'p/wt\b'), 'a path of one machine'),
    (re.compile(r'-----BEGIN (RSA |EC |)PRIV' r'ATE KEY-----\n\w'), 'a private key'),
    (re.compile(r'^(<<<<<<<|>>>>>>>) ', re.M), 'a merge conflict'),
    (re.compile(r'[ \t]+$', re.M), 'blanks at the end of a line'),
]
# Exact copies of what others print may end lines with blanks.
BLANKS_ALLOWED = ('.golden', '.txt', '.json', '.jsonl', '.out')
TABS_ALLOWED = {'Makefile', 'rules'}


def faults_of(path, text):
    faults = []
    for pattern, reason in RULES:
        if reason.startswith('blanks') and path.name.endswith(BLANKS_ALLOWED):
            continue
        for match in pattern.finditer(text):
            line = text.count('\n', 0, match.start()) + 1
            faults.append(f'{path}:{line}: {match[0].strip()!r}: {reason}')
    if path.suffix in {'.cpp', '.hpp', '.h', '.c', '.py', '.cmake'} and '\t' in text:
        faults.append(f'{path}: a tab; indent with blanks')
    if text and not text.endswith('\n') and not path.name.endswith(BLANKS_ALLOWED):
        faults.append(f'{path}: no end of line at the end of the file')
    return faults


def self_test():
    for text in ('// TO' 'DO later\n', 'see /Us' 'ers/me/x\n', 'a \n', 'a'):
        if len(faults_of(pathlib.Path('a.cpp'), text)) != 1:
            raise SystemExit(f'self-test: nothing, or too much, found in {text!r}')
    if faults_of(pathlib.Path('a.cpp'), 'int a;\n'):
        raise SystemExit('self-test: a fault found where none is')


def main():
    self_test()
    root = pathlib.Path(sys.argv[1]).resolve()
    files = project_files(root)
    faults = []
    for file in files:
        try:
            text = file.read_text(encoding='utf-8')
        except UnicodeDecodeError:
            if not file.is_relative_to(root / 'tests'):
                faults.append(f'{file.relative_to(root)}: not UTF-8')
            continue
        faults += faults_of(file.relative_to(root), text)
    print(*faults, f'{len(files)} files, {len(faults)} faults', sep='\n')
    return 1 if faults or not files else 0


if __name__ == '__main__':
    sys.exit(main())
