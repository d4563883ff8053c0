import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGES = ("events", "sinks", "streams")

WATCH_IMPORTS = """
import collections.abc, importlib, json, os, pkgutil, socket, sys
from pathlib import Path

ROOT = Path(sys.argv[1])
OURS = tuple(str(ROOT / name) + os.sep for name in sys.argv[2:])
reads, connections = [], []

def ours(directly):
    frame = sys._getframe(2)
    while frame is not None and "importlib" not in frame.f_code.co_filename:
        name = frame.f_code.co_filename
        if name.startswith(OURS):
            return f"{name}:{frame.f_lineno}"
        if directly and frame.f_globals["__name__"] not in ("os", "_collections_abc", "collections.abc", "__main__"):
            return None  # a library reads for itself
        frame = frame.f_back
    return None

class Watched(collections.abc.MutableMapping):
    def __init__(self, real):
        self.real = real
    def __getitem__(self, key):
        if (where := ours(directly=True)) is not None:
            reads.append(f"{key} at {where}")
        return self.real[key]
    def __setitem__(self, key, value):
        self.real[key] = value
    def __delitem__(self, key):
        del self.real[key]
    def __iter__(self):
        if (where := ours(directly=False)) is not None:
            reads.append(f"all at {where}")
        return iter(self.real)
    def __len__(self):
        return len(self.real)
    def copy(self):
        return dict(self)

def listen(event, _):
    if event in ("socket.connect", "socket.getaddrinfo"):
        connections.append(event)
    elif event in ("socket.bind", "subprocess.Popen") and ours(directly=False) is not None:
        connections.append(event)

os.environ = Watched(os.environ)
sys.addaudithook(listen)
sys.path.insert(0, str(ROOT))
modules = []
for name in sys.argv[2:]:
    modules += [each.name for each in pkgutil.walk_packages([str(ROOT / name)], name + ".")]
for name in modules:
    importlib.import_module(name)
print(json.dumps({"modules": len(modules), "reads": reads, "connections": connections}))
"""


def watch_imports(root: Path, *packages: str) -> str:
    """What happens when every module of these packages is imported, in a process of its own."""
    told = subprocess.run(
        [sys.executable, "-c", WATCH_IMPORTS, str(root), *packages], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    return told.stdout


def test_importing_any_module_connects_nowhere_and_reads_no_environment() -> None:
    told = watch_imports(ROOT, *PACKAGES)

    assert '"reads": [], "connections": []' in told
    assert '"modules": 0' not in told


def test_an_import_that_does_is_noticed(tmp_path: Path) -> None:
    package = tmp_path / "curious"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "reads.py").write_text("import os\nhome = os.environ.get('HOME')\nuser = os.getenv('USER')\n")
    (package / "settles.py").write_text(
        "from pydantic_settings import BaseSettings\nclass Settings(BaseSettings):\n    home: str\nSettings()\n"
    )
    (package / "listens.py").write_text("import socket\nsocket.socket(socket.AF_INET).bind(('127.0.0.1', 0))\n")
    (package / "looks.py").write_text("import socket\nsocket.getaddrinfo('127.0.0.1', 80)\n")

    told = watch_imports(tmp_path, "curious")

    assert "HOME at" in told
    assert "USER at" in told
    assert "all at" in told
    assert '"connections": ["socket.bind", "socket.getaddrinfo"]' in told
