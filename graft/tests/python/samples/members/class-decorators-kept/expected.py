@sample('start')
@register
class Gate:
    width = 1
    height = 2
