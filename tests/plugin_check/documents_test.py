#!/usr/bin/env python3
"""The table of sdk/CHECKS.md has the checks that the program lists: documents_test.py PROGRAM ROOT"""
import json
import pathlib
import re
import subprocess
import sys


def main():
    program, root = sys.argv[1], pathlib.Path(sys.argv[2])
    listed = json.loads(subprocess.run([program, '--list', '--json'], check=True, capture_output=True, text=True).stdout)
    expected = [f'| `{one["id"]}` | {one["severity"]} | {one["what"]} |' for one in listed]
    written = [line.strip() for line in (root / 'sdk/CHECKS.md').read_text().splitlines() if re.match(r'\| `[a-z]+\.', line)]
    for line in expected:
        if line not in written:
            print(f'sdk/CHECKS.md has not: {line}')
    for line in written:
        if line not in expected:
            print(f'the program does not list: {line}')
    manual = (root / 'packaging/man/storm-plugin-check.1').read_text()
    help_text = subprocess.run([program, '--help'], check=True, capture_output=True, text=True).stdout
    missing = [flag for flag in re.findall(r'--([a-z-]+)', help_text) if f'Fl -{flag}' not in manual and flag != 'help']
    for flag in missing:
        print(f'the manual page has no --{flag}')
    return 1 if missing or expected != written else 0


if __name__ == '__main__':
    sys.exit(main())
