"""Grind."""
import os


class Gate :
    width=3

    def open( self ):
        return 1


STONES=[ 1,2 ]
def grind(corn): return corn
