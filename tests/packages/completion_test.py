#!/usr/bin/env python3
"""What zsh and fish make of the completions that stormctl prints. (bash is asked in tests/cli/golden.)
usage: completion_test.py STORMCTL"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
SECONDS = 60

# What is typed, the words of it that must be offered, and one that must not.
CASES = [
    (['gr'], {'group', 'groups', 'grp'}, 'agents'),
    (['-o', 'json', 'group', 'm'], {'members'}, 'import'),
    (['help', ''], {'exit-codes', 'query', 'environment', 'formatting'}, 'group'),
    (['completion', ''], {'bash', 'zsh', 'fish'}, 'group'),
    (['resources', 'ls', '-o', ''], {'table', 'ndjson'}, 'group'),
    (['resources', 'ls', '--t'], {'--tree', '--type', '--timeout', '--token-file'}, 'group'),
    (['im'], {'import'}, 'members'),
]

# zsh completes only in its line editor; what the function would offer is told by these in place of its own.
ZSH = r'''
compdef() { : }
begun() { print -rl -- ${(M)@:#${words[CURRENT]}*} }
compadd() { shift; begun "$@" }
_describe() { begun "${(@)${(@P)@[-1]}%%:*}" }
_files() { : }
source $1; shift
words=(stormctl "$@"); CURRENT=$#words
_stormctl
'''


def offered_by_zsh(script, folder, words, environment):
    program = folder / 'ask.zsh'
    program.write_text(ZSH, encoding='utf-8')
    return run(['zsh', '-f', str(program), str(script), *words], environment)


def offered_by_fish(script, folder, words, environment):
    typed = ' '.join(['stormctl', *words])
    del folder
    return run(['fish', '--no-config', '-c', f'source {script}; complete -C "{typed}"'], environment)


def run(command, environment):
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode != 0 or done.stderr.strip():
        return f'{" ".join(command)} ended with {done.returncode}: {done.stderr}'
    return {line.split('\t')[0] for line in done.stdout.splitlines()}


def main():
    stormctl = os.path.abspath(sys.argv[1])
    faults, missing = [], []
    with tempfile.TemporaryDirectory(prefix='storm-completion-') as name:
        folder = pathlib.Path(name)
        environment = {'PATH': f'{os.path.dirname(stormctl)}:{os.environ["PATH"]}', 'HOME': name, 'LC_ALL': 'C.UTF-8'}
        for shell, ask in (('zsh', offered_by_zsh), ('fish', offered_by_fish)):
            if not shutil.which(shell):
                missing.append(shell)
                continue
            script = folder / f'stormctl.{shell}'
            script.write_text(subprocess.run([stormctl, 'completion', shell], capture_output=True, text=True, check=True,
                                             timeout=SECONDS).stdout, encoding='utf-8')
            for words, wanted, unwanted in CASES:
                offered = ask(script, folder, words, environment)
                if isinstance(offered, str):
                    faults.append(offered)
                elif not wanted <= offered or unwanted in offered:
                    faults.append(f'{shell}, stormctl {" ".join(words)}: offered {sorted(offered)}')
            print(f'{shell}: {len(CASES)} lines were completed')
    print('\n'.join(faults), end='\n' if faults else '')
    if faults:
        return 1
    if missing:
        print(f'SKIPPED in part: {", ".join(missing)} is not installed')
        return SKIPPED
    return 0


if __name__ == '__main__':
    sys.exit(main())
