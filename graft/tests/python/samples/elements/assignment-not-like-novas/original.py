STONES = make(1)
