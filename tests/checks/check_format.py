#!/usr/bin/env python3
"""Every C and C++ file looks as clang-format leaves it: check_format.py ROOT [--fix]. 77 when clang-format is missing."""
import shutil
import subprocess
import sys

from project_files import project_files

# Formats differ between releases of the tool; this is Debian 12's, by which the tree is formatted.
VERSION = '14'


def main():
    tool = shutil.which(f'clang-format-{VERSION}') or shutil.which('clang-format')
    if not tool:
        print(f'SKIPPED: clang-format is missing (Debian package: clang-format-{VERSION})')
        return 77
    version = subprocess.run([tool, '--version'], capture_output=True, text=True, check=True).stdout
    if f'version {VERSION}.' not in version:
        print(f'SKIPPED: the tree is formatted by clang-format {VERSION}, and here is: {version.strip()}')
        return 77
    files = [str(file) for file in project_files(sys.argv[1]) if file.suffix in {'.cpp', '.hpp', '.c', '.h', '.ipp'}]
    change = ['-i'] if '--fix' in sys.argv else ['--dry-run', '--Werror']
    answer = subprocess.run([tool, '--style=file', *change, *files], check=False)
    print(f'{len(files)} files; to format them: tests/checks/check_format.py . --fix')
    return answer.returncode


if __name__ == '__main__':
    sys.exit(main())
