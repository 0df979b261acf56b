#!/usr/bin/env python3
"""Debian's own checker finds no error in the packages. usage: lintian_test.py FOLDER"""
import pathlib
import shutil
import subprocess
import sys

SKIPPED = 77
SECONDS = 280


def main():
    if not shutil.which('lintian'):
        print('SKIPPED: lintian is missing (Debian package: lintian)')
        return SKIPPED
    packages = sorted(str(file) for file in pathlib.Path(sys.argv[1]).glob('*.deb'))
    if not packages:
        print(f'no packages in {sys.argv[1]}')
        return 1
    found = subprocess.run(['lintian', '--allow-root', '--fail-on', 'error', *packages], capture_output=True, text=True,
                           timeout=SECONDS, check=False)
    print(f'{found.stdout}{found.stderr}{len(packages)} packages, lintian ended with {found.returncode}')
    return 1 if found.returncode else 0


if __name__ == '__main__':
    sys.exit(main())
