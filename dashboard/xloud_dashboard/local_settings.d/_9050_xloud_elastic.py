"""Adds the policies of elastic servers to those that Horizon has of Nova."""

from pathlib import Path

from django.conf import settings

import xloud_dashboard

_FOLDER = Path(xloud_dashboard.__file__).parent / 'conf' / 'xloud_policy.d'

settings.POLICY_DIRS.setdefault('compute', []).append(str(_FOLDER))
