"""The project's own text files: what git knows, else what lies there without build folders."""
import pathlib
import subprocess

BINARY = {'.png', '.ico', '.gz', '.db', '.woff2', '.pem', '.so'}


def project_files(root):
    root = pathlib.Path(root).resolve()
    answer = subprocess.run(['git', '-c', f'safe.directory={root}', '-C', str(root), 'ls-files', '-z', '--cached',
                             '--others', '--exclude-standard'], capture_output=True, check=False)
    if answer.returncode == 0:
        paths = [root / name for name in answer.stdout.decode().split('\0') if name]
    else:
        paths = [path for path in root.rglob('*') if not {'build', '.git', '.cache'} & set(path.relative_to(root).parts)]
    return [path for path in sorted(paths) if path.is_file() and path.suffix not in BINARY]
