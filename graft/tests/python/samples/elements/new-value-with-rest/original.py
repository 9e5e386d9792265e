SPEEDS = {'fine': [1]}
