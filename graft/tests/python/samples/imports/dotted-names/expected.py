import os
import os.path

X = os
