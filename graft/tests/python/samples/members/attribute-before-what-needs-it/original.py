class Action(Enum):
    START = 'start'
    STOP = 'stop'

    ALL = (START, STOP)
