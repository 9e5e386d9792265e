import os

from nova.mill import stones

X = os
