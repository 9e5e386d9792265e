from nova.mill import stones as granite
from nova.mill import stones

X = granite
