"""What the release imports under another name may be imported under ours as well."""

from nova.mill import stones
