"""The services report their version as it is installed: pbr takes the fork of a release for a development
version of the next one, 29.4.0+xloud.1 for 29.4.1."""

import functools
import importlib.metadata

version_info = ...  # nova
# pbr takes a local version such as 1.0+local.1 for a development version of
# the next release.
version_info.version_string = functools.partial(
    importlib.metadata.version, 'nova')
