# -*- coding: utf-8 -*-
# A licence.

import   os , sys


def grind( corn,stones = 3 ) :   # here
    """Grind.

      Oddly set.
    """
    a = 1; b = 2 ; 
    if a : return   b   # now
    text = '''one
  two	three
'''  ;  more = f"{ corn!r:>{a}} {b = }"
    turn(corn ,
         stones  # how many
         , fast = True
         )

    # last
    x = lambda : ( 1, )
    return text


# The end.


def rest( ) : pass
