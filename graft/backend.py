"""The build backend of this repository (PEP 517): what it builds is the forked Nova.

pip install .                                          the default release
pip install . --config-settings release=2026.1         another one
"""

from pathlib import Path
from typing import Any

from graft.build import build
from graft.project import Project

Settings = dict[str, Any] | None


def build_wheel(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    return _build('build_wheel', wheel_directory, config_settings)


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    return _build('build_sdist', sdist_directory, config_settings)


def _build(hook: str, target: str, config_settings: Settings) -> str:
    project = Project.at(Path(__file__).parent.parent)
    release = project.release((config_settings or {}).get('release'))
    return build(project, release, hook, Path(target))
