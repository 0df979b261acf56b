#!/usr/bin/env python3
"""Adds up what ctest wrote: count_results.py FOLDER [FAILED-STEP]...

Prints what failed, what was skipped and why, and last "N passed, N failed, N skipped".
"""
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def reason_of(case):
    """The line in which a skipped test says why, else its last one."""
    lines = [line.strip() for line in (case.findtext('system-out') or '').splitlines() if line.strip()]
    for line in lines:
        if 'skip' in line.lower():
            return line
    if lines:
        return lines[-1]
    skipped = case.find('skipped')
    return skipped.get('message', '') if skipped is not None else ''


def main():
    folder, failed_steps = pathlib.Path(sys.argv[1]), sys.argv[2:]
    passed, failures, skips = 0, [f'step "{step}"' for step in failed_steps], []
    for file in sorted(folder.glob('*.xml')):
        cases = ElementTree.parse(file).getroot().findall('testcase')
        seconds = sum(float(case.get('time', 0)) for case in cases)
        counts = {'passed': 0, 'failed': 0, 'skipped': 0}
        for case in cases:
            name = f'{file.stem}: {case.get("name")}'
            status = case.get('status')
            if status == 'run':
                counts['passed'] += 1
            elif status == 'fail':
                counts['failed'] += 1
                failures.append(name)
            else:
                counts['skipped'] += 1
                skips.append(f'{name}: {reason_of(case)}')
        # A step of tests failed because tests did: they are counted, not the step.
        if counts['failed']:
            failures = [entry for entry in failures if entry != f'step "tests {file.stem}"']
        passed += counts['passed']
        print(f'{file.stem}: {counts["passed"]} passed, {counts["failed"]} failed, '
              f'{counts["skipped"]} skipped, {seconds:.0f} s of tests')
    for title, entries in (('SKIPPED, so nothing is known of', skips), ('FAILED', failures)):
        if entries:
            print(f'\n{title}:')
            for entry in entries:
                print(f'  {entry}')
    print(f'\n{passed} passed, {len(failures)} failed, {len(skips)} skipped')
    return 1 if failures or passed == 0 else 0


if __name__ == '__main__':
    sys.exit(main())
