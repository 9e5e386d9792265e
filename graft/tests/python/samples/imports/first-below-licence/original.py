# Copyright, and a licence.

import os

X = os
