STONES = [ 1,2 ]
