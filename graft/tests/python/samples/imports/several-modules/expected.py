import abc
import os
import time

X = os
