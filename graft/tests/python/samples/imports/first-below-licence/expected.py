# Copyright, and a licence.

import abc
import os

X = os
