#!/usr/bin/env python3
"""The unit of stormd: systemd takes it as it is written, and rates how much it is shut in.
usage: unit_test.py UNIT_FILE"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
EXPOSURE_MAX = 1.5   # 0: nothing could be taken away any more, 10: a service without any restriction
SECONDS = 60


def main():
    unit = pathlib.Path(sys.argv[1])
    if not shutil.which('systemd-analyze'):
        print('SKIPPED: systemd-analyze is missing (Debian package: systemd)')
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix='storm-unit-') as folder:
        # The program need not be installed here; its manual need not either.
        text = re.sub(r'^ExecStart=.*', 'ExecStart=/bin/true', unit.read_text(encoding='utf-8'), flags=re.MULTILINE)
        text = re.sub(r'^Documentation=.*\n', '', text, flags=re.MULTILINE)
        copy = pathlib.Path(folder) / unit.name
        copy.write_text(text, encoding='utf-8')
        verified = subprocess.run(['systemd-analyze', 'verify', '--man=no', '--recursive-errors=no', str(copy)],
                                  capture_output=True, text=True, timeout=SECONDS, check=False)
        if verified.returncode != 0 or verified.stderr.strip():
            print(f'systemd does not take {unit}:\n{verified.stderr}')
            return 1
        rated = subprocess.run(['systemd-analyze', 'security', '--offline=true', '--no-pager', str(copy)],
                               capture_output=True, text=True, timeout=SECONDS, check=False)
    print(rated.stdout)
    exposure = re.search(r'Overall exposure level for \S+: ([0-9.]+)', rated.stdout)
    if not exposure:
        print(f'systemd-analyze does not rate it: {rated.stderr}')
        return 1
    if float(exposure[1]) > EXPOSURE_MAX:
        print(f'the exposure is {exposure[1]}, more than {EXPOSURE_MAX}')
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
