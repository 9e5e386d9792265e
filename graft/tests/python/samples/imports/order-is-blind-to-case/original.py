from nova.mill import Alpha
from nova.mill import gamma

X = Alpha
