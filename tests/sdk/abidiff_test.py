#!/usr/bin/env python3
"""A second opinion on the lock of the ABI: abidiff compares a library that has every table with one built from bent
headers. Usage: abidiff_test.py CC INCLUDE ANCHOR.c. Exit code 77: there is no abidiff."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

# What is bent, how, and whether abidiff has to see it. It does not look at constants, and says of growth at a tail, which
# is allowed, as much as of what is not: so it is an opinion, and the lock is the gate.
MUTATIONS = [
    ('nothing', 'base.h', '', '', False),
    ('insert', 'executor.h', '  storm_rc (*watch)(storm_inst*', '  void (*peek)(void);\n  storm_rc (*watch)(storm_inst*', True),
    ('reorder', 'executor.h', '  storm_str cluster_uid;\n  storm_str host_uid;', '  storm_str host_uid;\n  storm_str cluster_uid;',
     True),
    ('retype', 'executor.h', 'int32_t health;', 'uint32_t health;', True),
    ('constant swap', 'base.h', 'STORM_E_BUSY = -10', 'STORM_E_BUSY = -11', False),
    ('tail append', 'executor.h', 'storm_str bookmark;', 'storm_str bookmark; uint64_t later;', True),
]


def build(compiler, include, anchor, out):
    subprocess.run([compiler, '-std=c11', '-g', '-shared', '-fPIC', '-I', str(include), str(anchor), '-o', str(out)],
                   check=True)


def main():
    compiler, include, anchor = sys.argv[1:4]
    if not shutil.which('abidiff'):
        print('SKIPPED: abidiff is not installed (package abigail-tools)')
        return 77
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        build(compiler, include, anchor, folder / 'base.so')
        print(f'{"change":16} {"abidiff":8} wanted')
        for name, header, before, after, seen in MUTATIONS:
            bent = folder / name.replace(' ', '-')
            shutil.copytree(include, bent)
            file = bent / 'storm' / header
            text = file.read_text()
            if before not in text:
                print(f'{name}: {header} has no {before!r}')
                return 1
            file.write_text(text.replace(before, after, 1) if before else text)
            build(compiler, bent, anchor, folder / 'bent.so')
            code = subprocess.run(['abidiff', str(folder / 'base.so'), str(folder / 'bent.so')],
                                  stdout=subprocess.DEVNULL).returncode
            print(f'{name:16} {"differs" if code else "same":8} {"differs" if seen else "same"}')
            failures += bool(code) != seen
    return failures


if __name__ == '__main__':
    sys.exit(main())
