#!/usr/bin/env python3
"""Compares every #include of the project with the edges of floors.txt.

check_floors.py ROOT [FLOORS]     exit code 1 when an include points where it may not
check_floors.py --self-test       shows that a wrong include is found
"""
import pathlib
import re
import sys
import tempfile

SOURCES = {'.h', '.hpp', '.c', '.cpp', '.ipp'}
TOP = ('core', 'plugin_check', 'runner', 'sdk', 'plugins', 'cli', 'examples')
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def read_floors(text):
    edges, only = {}, []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split('#')[0].strip()
        if not line:
            continue
        name, colon, targets = line.partition(':')
        if not colon:
            raise SystemExit(f'floors.txt:{number}: expected "FOLDER: FOLDER..."')
        if name.startswith('only '):
            only.append((name[5:].strip(), targets.split()))
        else:
            edges[name.strip()] = targets.split()
    return edges, only


def folder_of(path):
    """The unit of the floors: core/NAME, else the top-level folder."""
    parts = path.split('/')
    return '/'.join(parts[:2]) if parts[0] == 'core' else parts[0]


def target_of(root, file, quoted, name):
    """The folder that an include points into, or None for what is not ours."""
    if quoted and (file.parent / name).is_file():
        return folder_of(str((file.parent / name).resolve().relative_to(root)))
    if name.startswith('storm/'):
        return 'sdk'
    if name.split('/')[0] in TOP and '/' in name:
        return folder_of(name)
    return None


def check(root, edges, only):
    root = root.resolve()
    faults, count, seen = [], 0, set()
    for top in TOP:
        for file in sorted((root / top).rglob('*')):
            if file.suffix not in SOURCES or not file.is_file():
                continue
            path = str(file.relative_to(root))
            folder = folder_of(path)
            seen.add(folder)
            if folder not in edges:
                faults.append(f'{path}: folder {folder} has no line in floors.txt')
                continue
            for number, line in enumerate(file.read_text(encoding='utf-8').splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                count += 1
                name = match[2]
                target = target_of(root, file, match[1] == '"', name)
                if target and target != folder and target not in edges[folder]:
                    faults.append(f'{path}:{number}: {folder} may not include {target} ({name})')
                for prefix, folders in only:
                    allowed = any(path.startswith(allowed + '/') for allowed in folders)
                    if name.startswith(prefix) and not allowed:
                        faults.append(f'{path}:{number}: {prefix} is only for {", ".join(folders)}')
    return faults, count, seen


def cycle_of(edges):
    """A ring of folders, or nothing: floors only go down."""
    def visit(folder, path):
        if folder in path:
            return path[path.index(folder):] + [folder]
        for target in edges.get(folder, []):
            ring = visit(target, path + [folder])
            if ring:
                return ring
        return None
    for folder in edges:
        ring = visit(folder, [])
        if ring:
            return ring
    return None


def self_test():
    edges, only = read_floors('core/base:\ncore/model: core/base\nplugins: sdk\nsdk:\nonly nlohmann/: plugins\n')
    cases = {
        'core/base/a.hpp': ('#include "core/model/b.hpp"\n', 1),
        'core/model/b.hpp': ('#include "core/base/a.hpp"\n#include <nlohmann/json.hpp>\n', 1),
        'plugins/p/p.cpp': ('#include "p.hpp"\n#include <storm/plugin.h>\n#include <nlohmann/json.hpp>\n', 0),
        'plugins/p/p.hpp': ('#include "core/base/a.hpp"\n', 1),
        'sdk/s.hpp': ('#include "../core/base/a.hpp"\n', 1),
        'cli/c.cpp': ('', 1),
    }
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for path, (text, _) in cases.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding='utf-8')
        faults, _, _ = check(root, edges, only)
    for path, (_, expected) in cases.items():
        found = [fault for fault in faults if fault.startswith(path + ':')]
        if len(found) != expected:
            raise SystemExit(f'self-test: {path}: expected {expected} faults, found {found}')
    if cycle_of({'a': ['b'], 'b': ['a']}) is None:
        raise SystemExit('self-test: a ring was not found')


def main():
    self_test()
    if sys.argv[1] == '--self-test':
        return 0
    root = pathlib.Path(sys.argv[1])
    floors = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else pathlib.Path(__file__).with_name('floors.txt')
    edges, only = read_floors(floors.read_text(encoding='utf-8'))
    ring = cycle_of(edges)
    if ring:
        print('floors.txt: a ring: ' + ' -> '.join(ring))
        return 1
    faults, count, seen = check(root, edges, only)
    print(*faults, f'{count} includes of {len(seen)} folders, {len(faults)} faults', sep='\n')
    return 1 if faults or not count else 0


if __name__ == '__main__':
    sys.exit(main())
