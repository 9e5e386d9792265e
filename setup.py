"""For tools that still call setup.py: what they ask is asked of the woven source.

Lays the work tree of the default release and runs Nova's own setup.py there, with graft's Python.
"""

import os
import subprocess
import sys
from pathlib import Path

from graft import tree
from graft.project import Project

project = Project.at(Path(__file__).resolve().parent)
release = project.release()
source = tree.lay(project, release)
version = {**os.environ, 'PBR_VERSION': project.version(release)}
raise SystemExit(
    subprocess.call([sys.executable, 'setup.py', *sys.argv[1:]], cwd=source, env=version)
)
