@sample('start')
@register
class Gate:
    width = 1
