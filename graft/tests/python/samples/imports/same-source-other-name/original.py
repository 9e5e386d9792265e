from nova.mill import stones as granite

X = granite
