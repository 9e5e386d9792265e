import os

X = os
