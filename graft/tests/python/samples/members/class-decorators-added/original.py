@sample('start')
@sample('end')
@register
class Gate:
    width = 1
