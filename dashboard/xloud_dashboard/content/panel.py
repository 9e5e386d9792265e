"""A panel without an entry in the menu."""

import horizon
from django.utils.translation import gettext_lazy as _


class Elastic(horizon.Panel):
    """Has the URLs of the forms, which are opened from the tables of servers and flavors."""

    name = _('Elastic Servers')
    slug = 'elastic'
    nav = False
