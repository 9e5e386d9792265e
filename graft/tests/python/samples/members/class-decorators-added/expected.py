@sample('start')
@sample('end')
@sample('error')
@register
class Gate:
    width = 1
