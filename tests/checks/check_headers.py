#!/usr/bin/env python3
"""Every header compiles alone: check_headers.py BUILD-FOLDER ROOT

Takes the compiler and the include folders from the compile commands of the header's own folder.
"""
import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys

FOLDERS = ('core', 'cli', 'plugins')


def flags_by_folder(build, root):
    flags, merged = {}, {}
    for entry in json.loads((build / 'compile_commands.json').read_text(encoding='utf-8')):
        words = shlex.split(entry['command'])
        while words and os.path.basename(words[0]) in {'ccache', 'sccache'}:
            words.pop(0)
        keep, index = [words[0]], 1
        while index < len(words):
            word = words[index]
            if word in {'-isystem', '-I', '-D', '-include'}:
                keep += words[index:index + 2]
                index += 1
            elif word.startswith(('-I', '-D', '-std=', '-W', '-f')) and word not in {'-fsyntax-only'}:
                keep.append(word)
            index += 1
        folder = pathlib.Path(entry['file']).parent
        if folder.is_relative_to(root):
            merged.setdefault(folder, keep)
    flags.update(merged)
    return flags


def flags_for(header, flags, root):
    for folder in (header.parent, *header.parent.parents):
        if folder in flags:
            return flags[folder]
        if folder == root:
            return None
    return None


def main():
    build, root = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    flags = flags_by_folder(build, root)
    headers = sorted(header for folder in FOLDERS for header in (root / folder).rglob('*.hpp'))

    def compile_alone(header):
        words = flags_for(header, flags, root)
        if words is None:
            return f'{header.relative_to(root)}: nothing beside it is compiled'
        answer = subprocess.run([*words, '-fsyntax-only', '-w', '-x', 'c++', '-'], input=f'#include "{header}"\n',
                                capture_output=True, text=True, check=False)
        return f'{header.relative_to(root)}:\n{answer.stderr}' if answer.returncode else None

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = [fault for fault in pool.map(compile_alone, headers) if fault]
    print(*faults, f'{len(headers)} headers, {len(faults)} do not compile alone', sep='\n')
    return 1 if faults or not headers else 0


if __name__ == '__main__':
    sys.exit(main())
