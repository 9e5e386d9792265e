@register
class Gate:
    width = 1
